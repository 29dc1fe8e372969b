"""The state of a directory's connection to presence, for the wizard, the directory's page and the API.

The states are: none -> (at Microsoft) -> propagating -> waiting -> active -> troubled -> lost ->
active; removed follows any of them.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime

from directories.hooks import Severity
from directories.models import Directory
from presence import external_ids, tenant_links
from presence.consent.names import company_words
from presence.graph.clouds import NO_PRESENCE, cloud_of
from presence.graph.failure_reasons import AFTER_AN_HOUR, REASONS, Reason
from presence.health import fresh_for
from presence.instance import runtime_of
from presence.response_models import ConnectionHealth, PresenceConnection, StateCode, Tone
from presence.store.manifest import Manifest, is_probably_wrong_company
from presence.tenant_links import DirectoryLink
from shared.app import App
from shared.clock import HOUR, MINUTE, SECOND, is_recent, moment, now_ms, timestamp
from shared.messages import Message, counted

_LONG = 3 * MINUTE
NO_PEOPLE = "no_people"  # the reason while the directory has no people
UNCONFIRMED = "unconfirmed"  # the reason while the company waits to be confirmed


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """The state of a connection, as shown.

    Attributes:
        moving: Whether to request the state again in a few seconds.
        impossible: Why no company can be connected; None if one can.
        health: Figures of the tenant.
        begun_by: The ID of the actor who began the consent.
    """

    state: StateCode
    tone: Tone
    title: Message
    sentence: Message
    remedy: Message | None = None
    reason: str = ""
    tenant_id: str = ""
    company: str = ""
    tenant_name: str = ""
    tenant_domain: str = ""
    accepted_by: str = ""
    begun_by: str = ""
    since: datetime | None = None
    moving: bool = False
    impossible: Message | None = None
    health: ConnectionHealth = field(default_factory=ConnectionHealth)

    @property
    def domain(self) -> str:
        """The company's domain: that of the sign-in, or else the tenant's primary domain, or ""."""
        return self.company or self.tenant_domain

    def as_json(self) -> PresenceConnection:
        """Return the JSON object of the API."""
        return {
            "state": self.state,
            "tone": self.tone,
            "title": self.title.text(),
            "sentence": self.sentence.text(),
            "remedy": self.remedy.text() if self.remedy else "",
            "reason": self.reason,
            "tenantId": self.tenant_id,
            "company": self.company,
            "tenantName": self.tenant_name,
            "tenantDomain": self.tenant_domain,
            "acceptedBy": self.accepted_by,
            "since": timestamp(self.since) if self.since else None,
            "moving": self.moving,
            "impossible": self.impossible.text() if self.impossible else "",
            "health": self.health,
        }


async def read(app: App, directory_id: str) -> Connection:
    """Return the state of the directory's connection. Two round trips: for the link and for the tenant."""
    return await describe(app, await tenant_links.directory(app.tables, directory_id))


def severity_of(connection: Connection) -> Severity:
    """Return how soon an administrator must act because of the connection."""
    if connection.state == "lost":
        return "bad"
    is_stale = connection.state == "active" and bool(connection.health.get("stale"))
    return "warn" if connection.state == "troubled" or is_stale else ""


async def severity(app: App, directory: Directory) -> Severity:
    """Return how soon an administrator must act because of the directory's presence. At most two round trips."""
    return severity_of(await read(app, directory.id)) if directory.kind == "entra" else ""


async def describe(app: App, link: DirectoryLink | None) -> Connection:
    """Return the state of the connection with the stored row `link`; None if there is no row."""
    described = await _described(app, link)
    if link is None:
        return described
    return replace(
        described,
        company=link.company,
        tenant_name=link.tenant_name,
        tenant_domain=link.tenant_domain,
        accepted_by=link.accepted_by,
        begun_by=link.begun_by,
    )


async def _described(app: App, link: DirectoryLink | None) -> Connection:
    if link is None:
        return Connection(
            state="none",
            tone="warn",
            title=Message("connection_none_title"),
            sentence=Message("connection_none_sentence"),
            impossible=_impossible(app),
        )
    if link.state == "propagating":
        return _propagating(app, link)
    if link.state == "removed":
        return Connection(
            state="removed",
            tone="good",
            title=Message("connection_removed_title"),
            sentence=Message("connection_removed_sentence"),
            remedy=Message("connection_removed_remedy"),
            tenant_id=link.tenant_id,
            since=moment(link.since),
            impossible=_impossible(app),
        )
    return await _linked(app, link)


def _impossible(app: App) -> Message | None:
    if not cloud_of(app.settings).has_presence:
        return NO_PRESENCE
    if runtime_of(app).credential.is_set_up:
        return None
    return Message("presence_impossible_setup")


def _propagating(app: App, link: DirectoryLink) -> Connection:
    """Return the state while consent is pending; in the first minutes a missing role is no fault."""
    if not link.is_confirmed:
        return Connection(
            state="propagating",
            tone="warn",
            title=Message("connection_unconfirmed_title"),
            sentence=Message("connection_unconfirmed_sentence"),
            remedy=Message("connection_unconfirmed_remedy"),
            reason=UNCONFIRMED,
            tenant_id=link.tenant_id,
            since=moment(link.since),
        )
    reason = REASONS.get(link.reason)
    is_late = not is_recent(link.since, now_ms(app.clock), _LONG)
    sentence = Message("connection_propagating_sentence")
    remedy: Message | None = None
    if reason is not None and (is_late or reason.code not in ("no_role", "deleted")):
        sentence, remedy = reason.sentence, reason.remedy
    return Connection(
        state="propagating",
        tone="warn",
        title=Message("connection_late_title" if is_late else "connection_propagating_title"),
        sentence=sentence,
        remedy=remedy,
        reason=link.reason,
        tenant_id=link.tenant_id,
        since=moment(link.since),
        moving=True,
    )


async def _linked(app: App, link: DirectoryLink) -> Connection:
    snapshot = await runtime_of(app).snapshots.get(app.tables, app.clock, link.tenant_id)
    if snapshot is None or not snapshot.head.bit(link.directory_id):
        return Connection(
            state="troubled",
            tone="bad",
            title=Message("connection_interrupted_title"),
            sentence=Message("connection_interrupted_sentence"),
            remedy=Message("connection_interrupted_remedy"),
            tenant_id=link.tenant_id,
        )
    head = snapshot.head
    figures = health(app, head)
    failed = _failing(app, link, head, figures)
    if failed is not None:
        return failed
    if not head.counts.people and await _has_no_people(app, link.directory_id):
        return Connection(
            state="active" if head.as_of else "waiting",
            tone="good",
            title=Message("connection_no_people_title"),
            sentence=Message("connection_no_people_sentence"),
            reason=NO_PEOPLE,
            tenant_id=link.tenant_id,
            since=moment(link.since),
            moving=not head.as_of,
            health=figures,
        )
    if not head.as_of:
        return Connection(
            state="waiting",
            tone="good",
            title=Message("connection_waiting_title"),
            sentence=Message("connection_waiting_sentence"),
            tenant_id=link.tenant_id,
            since=moment(link.since),
            moving=True,
            health=figures,
        )
    return Connection(
        state="active",
        tone="good",
        title=Message("connection_active_title"),
        sentence=counted(
            "connection_active_sentence",
            head.counts.people,
            seconds=app.settings.presence_interval,
        ),
        tenant_id=link.tenant_id,
        since=moment(link.since),
        health=figures,
    )


async def _has_no_people(app: App, directory_id: str) -> bool:
    found = await external_ids.first(app.tables, directory_id)
    return not found.object_ids and not found.others


def _failing(
    app: App, link: DirectoryLink, head: Manifest, figures: ConnectionHealth
) -> Connection | None:
    """Return the state if presence fails, or None if it doesn't."""
    now = now_ms(app.clock)
    lost, since = head.trouble.lost, head.trouble.since
    reason = _lasting_reason(head, now)
    title = Message("connection_lost_title" if lost else "connection_troubled_title")
    sentence = reason.sentence if reason else None
    if reason is None and not _is_synced(app, link, head, now):
        reason, since = REASONS["timer_stopped"], head.as_of
        title, sentence = Message("connection_timer_stopped_title"), reason.sentence
    if reason is None and _is_probably_wrong_company(link, head):
        reason, since = REASONS["wrong_company"], link.since
        title = Message("connection_wrong_company_title")
        known, people = _recognised(link, head)
        sentence = Message(
            "connection_wrong_company_sentence",
            known=known,
            people=people,
            company=company_words(link.tenant_name, link.domain, link.tenant_id),
        )
    if reason is None or sentence is None:
        return None
    return Connection(
        state="lost" if lost else "troubled",
        tone="bad" if lost else "warn",
        title=title,
        sentence=sentence,
        remedy=reason.remedy,
        reason=reason.code,
        tenant_id=link.tenant_id,
        since=moment(since),
        health=figures,
    )


def _lasting_reason(head: Manifest, now: int) -> Reason | None:
    """Return why the last syncs failed, or None; a passing fault is shown only from the third failure on."""
    reason = REASONS.get(head.trouble.reason)
    if reason is None or (
        reason.kind == "passing" and not head.trouble.lost and head.failures <= 2
    ):
        return None
    if reason.kind == "passing" and now - head.trouble.since >= HOUR:
        return REASONS[AFTER_AN_HOUR[reason.code]]
    return reason


def _is_synced(app: App, link: DirectoryLink, head: Manifest, now: int) -> bool:
    """Return whether syncs are running: the last one was less than three intervals ago or failed.

    Before the first sync, return whether the directory was linked less than two intervals ago.
    """
    if head.trouble.reason:
        return True  # syncs run, but fail
    interval = app.settings.presence_interval
    if head.as_of and head.as_of >= link.since:
        return is_recent(head.as_of, now, fresh_for(interval))
    return is_recent(link.since, now, 2 * interval * SECOND)


def _is_probably_wrong_company(link: DirectoryLink, head: Manifest) -> bool:
    if head.counts.asked:
        return head.counts.is_probably_wrong_company
    return is_probably_wrong_company(link.sampled, link.sample_known)


def _recognised(link: DirectoryLink, head: Manifest) -> tuple[int, int]:
    """Return how many people the tenant knows, and for how many the presence was requested."""
    if head.counts.asked:
        return head.counts.known, head.counts.asked
    return link.sample_known, link.sampled


def health(app: App, head: Manifest) -> ConnectionHealth:
    """Return the figures of a tenant: the age of its presence, its people and the requests to Graph."""
    now, counts = now_ms(app.clock), head.counts
    longest = fresh_for(app.settings.presence_interval)
    as_of = moment(head.as_of)
    return {
        "lastSync": timestamp(as_of) if as_of else None,
        "ageSeconds": max(0, now - head.as_of) // SECOND if as_of else None,
        "stale": not is_recent(head.as_of, now, longest),
        "intervalSeconds": app.settings.presence_interval,
        "people": counts.people,
        "known": counts.known,
        "unknown": counts.unknown,
        "quarantined": counts.quarantined,
        "withoutObjectId": head.not_ids,
        "notConfirmed": counts.failed,
        "calls": counts.calls,
        "callsTotal": counts.calls_total,
        "throttledTotal": counts.throttled_total,
        "syncsTotal": counts.syncs_total,
        "milliseconds": counts.took,
        "unfamiliarTotal": counts.unfamiliar_total,
        "unfamiliar": head.unfamiliar,
    }
