"""Check whether consent has taken effect: request a token, look for the role in it, then request a presence.

A consent takes effect at Microsoft after seconds to minutes. Tokens issued before lack the role,
and a cached one would be used for an hour. So each check requests a new token without any cache, at
growing intervals.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from directories import audit_relay, setup_link_service
from directories.audit import LINK_ACTOR, Actor
from presence import external_ids, tenant_links
from presence.consent import linking
from presence.graph.batching import Fetch
from presence.graph.client import BadRequest, GraphError, Refused
from presence.graph.failure_reasons import Fault
from presence.instance import runtime_of
from presence.presence_states import GraphPresence, shown
from presence.tenant_links import DirectoryLink
from shared import log
from shared.app import App
from shared.clock import DAY, SECOND, is_ahead, now_ms
from shared.messages import CodeFamily, Message

_FIRST_WAIT = 2 * SECOND
_MAX_WAIT = 30 * SECOND
_SAMPLE_SECONDS = 5.0


async def check(app: App, directory_id: str, actor: Actor) -> DirectoryLink | None:
    """Check the directory's pending consent if a check is due, and return the connection.

    A page may call this every two seconds. `actor` is named in the audit log if consent has taken
    effect. Nothing is requested for a company that isn't confirmed, or that was confirmed through a
    revoked set-up link.
    """
    link = await tenant_links.directory(app.tables, directory_id)
    if link is None or link.state != "propagating" or not link.is_confirmed:
        return link
    now = now_ms(app.clock)
    wait = min(_FIRST_WAIT << min(max(link.probes - 1, 0), 8), _MAX_WAIT) if link.probes else 0
    if is_ahead(link.probed_at + wait, now, _MAX_WAIT):
        return link
    if await _is_of_revoked_link(app, link):
        await drop_pending(app, actor, directory_id, link.decided_by)
        return await tenant_links.directory(app.tables, directory_id)
    found = await _look(app, link)
    # After a conflict, keep what another request stored during the check: a removal, or a new consent.
    with suppress(tenant_links.LinkConflict):
        if not found.reason:
            arrived = replace(link, sampled=found.sampled, sample_known=found.known)
            await _arrived(app, arrived, actor)
        else:
            await tenant_links.save_link(
                app.tables,
                replace(link, probed_at=now, probes=link.probes + 1, reason=found.reason),
            )
    return await tenant_links.directory(app.tables, directory_id)


async def _is_of_revoked_link(app: App, link: DirectoryLink) -> bool:
    """Return whether the company was confirmed through a set-up link that is revoked.

    One round trip if it was confirmed through a link.
    """
    if not link.decided_by.startswith(LINK_ACTOR):
        return False
    link_id = link.decided_by.removeprefix(LINK_ACTOR)
    return await setup_link_service.is_revoked(app, link.directory_id, link_id)


async def drop_pending(app: App, actor: Actor, directory_id: str, confirmed_by: str) -> None:
    """Remove a pending consent that this actor confirmed; a connected company stays connected."""

    def is_own_pending(link: DirectoryLink) -> bool:
        is_pending = link.state == "propagating" and link.is_confirmed
        return is_pending and link.decided_by == confirmed_by

    await linking.disconnect(app, directory_id, actor, only_if=is_own_pending)


def is_abandoned(link: DirectoryLink, now: int) -> bool:
    """Return whether the consent has been pending for a day, after which it isn't checked any more."""
    return not is_ahead(link.since + DAY, now, DAY)


@dataclass(frozen=True, slots=True)
class _Look:
    """The result of a check whether presence can be read.

    `reason` is why it can't be read, "" if it can. The presence of `sampled` people was requested,
    and Graph returned one for `known` of them.
    """

    reason: str = ""
    sampled: int = 0
    known: int = 0


async def _look(app: App, link: DirectoryLink) -> _Look:
    """Request a new token, then the presence of the company's administrator and of some of the people."""
    runtime = runtime_of(app)
    try:
        token = await runtime.credential.fresh_token(link.tenant_id)
    except Fault as fault:
        return _Look(await runtime.control.attribute_fault(fault))
    if token.tenant_id and token.tenant_id != link.tenant_id:
        return _Look("refused")
    if not token.may_read_presence:
        return _Look("no_role")
    try:
        await runtime.graph.presences(token.value, [link.probe_id])
    except Refused:
        # A consent may take effect at Graph later than at the login service.
        return _Look("no_role")
    except BadRequest:
        pass  # the permission is there; the administrator need not have Teams
    except GraphError:
        return _Look("unavailable")
    return await _sample(app, link, token.value)


async def _sample(app: App, link: DirectoryLink, token: str) -> _Look:
    """Request the presence of the directory's first people and return how many of them Graph knows.

    If it knows few, the tenant is probably another company's.
    """
    ids = (await external_ids.first(app.tables, link.directory_id)).object_ids
    if not ids:
        return _Look()
    runtime = runtime_of(app)
    found: dict[str, GraphPresence] = {}

    async def ask(some: Sequence[str]) -> None:
        found.update(await runtime.graph.presences(token, some))

    fetch = Fetch(
        ask,
        acquire=lambda: runtime.budget.charge(link.tenant_id, "demand"),
        monotonic=app.clock.monotonic,
        pause=runtime.pause,
        deadline=app.clock.monotonic() + _SAMPLE_SECONDS,
    )
    result = await fetch.run(ids)
    if result.failed and not result.strangers:
        return _Look()
    known = sum(1 for one in ids if one in found and shown(found[one])[0] != "unknown")
    return _Look("", len(ids), known)


async def _arrived(app: App, link: DirectoryLink, actor: Actor) -> None:
    """Connect the company; if its set-up link was revoked at the same moment, disconnect it again."""
    try:
        await linking.connect(app, link, actor)
    except tenant_links.TenantOwnedByOtherAccount:
        events = linking.link_events(app, actor, link, "consent.refused", outcome="owned")
        removed = replace(link, state="removed", reason="")
        await tenant_links.save_link(app.tables, removed, events)
        await audit_relay.relay(app, audit_relay.LINKS, events)
    else:
        log.event("presence.linked", directory_id=link.directory_id, tenant_id=link.tenant_id)
        if await _is_of_revoked_link(app, link):
            by = link.decided_by
            await linking.disconnect(
                app, link.directory_id, actor, only_if=lambda now: now.decided_by == by
            )


_GONE = frozenset({"gone", "disabled", "emptied"})
REMOVAL = CodeFamily("removal_", (*_GONE, "still_there", "unknown"))


@dataclass(frozen=True, slots=True)
class RemovalCheck:
    """Whether a company has removed the app; `found` is a value of the message codes `REMOVAL`."""

    found: str

    @property
    def gone(self) -> bool:
        """Whether the app has no access any more."""
        return self.found in _GONE

    @property
    def message(self) -> Message:
        """The result as a sentence."""
        return Message(REMOVAL.code(self.found))


async def is_gone(app: App, tenant_id: str) -> RemovalCheck:
    """Request a new token and return whether the company has removed the app."""
    runtime = runtime_of(app)
    try:
        token = await runtime.credential.fresh_token(tenant_id)
    except Fault as fault:
        reason = await runtime.control.attribute_fault(fault)
        if reason in ("deleted", "tenant_not_found"):
            return RemovalCheck("gone")
        if reason == "disabled":
            return RemovalCheck("disabled")
        return RemovalCheck("unknown")
    if token.may_read_presence:
        return RemovalCheck("still_there")
    return RemovalCheck("emptied")
