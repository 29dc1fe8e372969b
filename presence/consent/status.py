"""A directory's connection to presence as one state machine, for the wizard, the page and the API.

none -> (Microsoft) -> propagating -> waiting -> active -> troubled -> lost -> active; removed from each of them.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from presence import tenant_links
from presence.consent.outcomes import Tone
from presence.epoch_ms import HOUR, MINUTE, SECOND, fresh_for, is_recent, moment, now_ms
from presence.graph.clouds import NO_PRESENCE, cloud_of
from presence.graph.failure_reasons import AFTER_AN_HOUR, REASONS, Reason
from presence.instance import runtime_of
from presence.store.manifest import Manifest
from presence.tenant_links import DirectoryLink
from shared.app import App
from shared.clock import timestamp

StateCode = Literal["none", "propagating", "waiting", "active", "troubled", "lost", "removed"]
_LONG = 3 * MINUTE


@dataclass(frozen=True, slots=True)
class Connection:
    """`moving`: ask again in a few seconds. `impossible`: why nothing can be connected. `health`: figures."""

    state: StateCode
    tone: Tone
    title: str
    sentence: str
    remedy: str = ""
    reason: str = ""
    tenant_id: str = ""
    since: datetime | None = None
    moving: bool = False
    impossible: str = ""
    health: dict[str, Any] = field(default_factory=dict)
    params: dict[str, object] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The object of the JSON API."""
        return {
            "state": self.state,
            "tone": self.tone,
            "title": self.title,
            "sentence": self.sentence,
            "remedy": self.remedy,
            "reason": self.reason,
            "tenantId": self.tenant_id,
            "since": timestamp(self.since) if self.since else None,
            "moving": self.moving,
            "impossible": self.impossible,
            "health": self.health,
        }


async def read(app: App, directory_id: str) -> Connection:
    """The connection as it is stored; a round trip for the link and one for the tenant."""
    return await describe(app, await tenant_links.directory(app.tables, directory_id))


async def describe(app: App, link: DirectoryLink | None) -> Connection:
    """The connection that a link stands for."""
    if link is None:
        return Connection(
            "none",
            "warn",
            "Not connected",
            "Presence is not synced.",
            impossible=_impossible(app),
        )
    if link.state == "propagating":
        return _propagating(app, link)
    if link.state == "removed":
        return Connection(
            "removed",
            "good",
            "Access removed",
            "Statuses are no longer read, and what was stored of them is deleted.",
            "Delete the enterprise application in Entra ID as well, then check that access is gone.",
            tenant_id=link.tenant_id,
            since=moment(link.since),
            impossible=_impossible(app),
        )
    return await _linked(app, link)


def _impossible(app: App) -> str:
    if not cloud_of(app.settings).has_presence:
        return NO_PRESENCE
    return "" if runtime_of(app).credential.is_set_up else REASONS["not_set_up"].sentence


def _propagating(app: App, link: DirectoryLink) -> Connection:
    """A missing role or service principal is normal for some minutes, and then it is not."""
    reason = REASONS.get(link.reason)
    is_late = not is_recent(link.since, now_ms(app.clock), _LONG)
    sentence = "The company's administrator came back from Microsoft; the permission is on its way to all of its servers."
    remedy = ""
    if reason is not None and (is_late or reason.code not in ("no_role", "deleted")):
        sentence, remedy = reason.sentence, reason.remedy
    return Connection(
        "propagating",
        "warn",
        "Waiting for Microsoft" if not is_late else "Still waiting for Microsoft",
        sentence,
        remedy,
        link.reason,
        link.tenant_id,
        moment(link.since),
        moving=True,
    )


async def _linked(app: App, link: DirectoryLink) -> Connection:
    snapshot = await runtime_of(app).snapshots.get(app.tables, app.clock, link.tenant_id)
    if snapshot is None or not snapshot.head.bit(link.directory_id):
        return Connection(
            "troubled",
            "bad",
            "Interrupted",
            "Removing access was interrupted half-way.",
            "Remove access once more, then connect again if presence is wanted.",
            tenant_id=link.tenant_id,
        )
    head = snapshot.head
    figures = health(app, head)
    failed = _failing(app, link, head, figures)
    if failed is not None:
        return failed
    if not head.as_of:
        return Connection(
            "waiting",
            "good",
            "Connected",
            "The first statuses are being read.",
            tenant_id=link.tenant_id,
            since=moment(link.since),
            moving=True,
            health=figures,
        )
    return Connection(
        "active",
        "good",
        "Presence is on",
        f"Statuses of {head.counts.people} people are read every {app.settings.presence_interval} seconds.",
        tenant_id=link.tenant_id,
        since=moment(link.since),
        health=figures,
    )


def _failing(
    app: App, link: DirectoryLink, head: Manifest, figures: dict[str, Any]
) -> Connection | None:
    """Return the connection if presence does not come, or None."""
    now = now_ms(app.clock)
    lost, since = head.trouble.lost, head.trouble.since
    reason = _lasting_reason(head, now)
    title = "Presence is lost" if lost else "Presence is in doubt"
    params: dict[str, object] = {}
    if reason is None and not _is_synced(app, link, head, now):
        reason, since, title = REASONS["timer_stopped"], head.as_of, "Presence is not being read"
    if reason is None and _is_probably_wrong_company(link, head):
        reason, since, title = REASONS["wrong_company"], link.since, "Probably the wrong company"
        known, people = _recognised(link, head)
        company = f"{link.company} ({link.tenant_id})" if link.company else link.tenant_id
        params = {"known": known, "people": people, "company": company}
    if reason is None:
        return None
    return Connection(
        "lost" if lost else "troubled",
        "bad" if lost else "warn",
        title,
        _sentence(reason, params),
        reason.remedy,
        reason.code,
        link.tenant_id,
        moment(since),
        health=figures,
        params=params,
    )


def _sentence(reason: Reason, params: dict[str, object]) -> str:
    if not params:
        return reason.sentence
    known, people, company = params["known"], params["people"], params["company"]
    return (
        f"Microsoft knows {known} of {people} people of this directory in the connected tenant {company}. "
        "This is probably the wrong company."
    )


def _lasting_reason(head: Manifest, now: int) -> Reason | None:
    """Return why the last syncs failed, or None; a single passing failure is not worth a word."""
    reason = REASONS.get(head.trouble.reason)
    if reason is None or (
        reason.kind == "passing" and not head.trouble.lost and head.failures <= 2
    ):
        return None
    if reason.kind == "passing" and now - head.trouble.since >= HOUR:
        return REASONS[AFTER_AN_HOUR[reason.code]]
    return reason


def _is_synced(app: App, link: DirectoryLink, head: Manifest, now: int) -> bool:
    """Return whether syncs run: three intervals may pass since the last, two before the first."""
    if head.trouble.reason:
        return True  # they run, and fail
    interval = app.settings.presence_interval
    if head.as_of and head.as_of >= link.since:
        return is_recent(head.as_of, now, fresh_for(interval))
    return is_recent(link.since, now, 2 * interval * SECOND)


def _is_probably_wrong_company(link: DirectoryLink, head: Manifest) -> bool:
    if head.counts.asked:
        return head.counts.is_probably_wrong_company
    return link.sampled > 0 and not link.sample_known


def _recognised(link: DirectoryLink, head: Manifest) -> tuple[int, int]:
    """Return how many people the tenant knows, and of how many."""
    if head.counts.asked:
        return head.counts.known, head.counts.asked
    return link.sample_known, link.sampled


def health(app: App, head: Manifest) -> dict[str, Any]:
    """The figures of a tenant: how old its presence is, whom it covers, what it took."""
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
