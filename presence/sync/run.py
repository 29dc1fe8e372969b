"""One sync of a tenant: poll Graph, derive the manifest and the delta, and report the result.

The poll fails if no token with the permission can be obtained, so it also checks the consent.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Literal

from directories import provisioning_log
from presence import health, tenant_links
from presence.graph.batching import Fetch, Result
from presence.graph.failure_reasons import Fault
from presence.health import fresh_for
from presence.instance import Runtime
from presence.presence_states import unknown_values
from presence.store.codec import Delta
from presence.store.manifest import FailureState, Manifest
from presence.store.snapshot import Snapshot
from presence.sync import backoff, diff
from presence.sync.diff import PolledPresence
from presence.sync.roster import RosterDelta
from shared import log
from shared.app import App
from shared.clock import DAY, SECOND, is_recent, now_ms

_MAX_UNKNOWN_VALUES = 20  # stored in the manifest, for the operator


@dataclass(slots=True, kw_only=True)
class SyncRun:
    """The state of a running sync.

    Attributes:
        lease: A random name of this run, which the manifest has while it runs.
        started: Milliseconds since 1970.
        deadline: The monotonic time (seconds) after which no request is sent.
        reason: Why presence couldn't be read, or "".
        is_tidy: Whether the rows that were waiting for deletion have been deleted.
    """

    app: App
    runtime: Runtime
    tenant_id: str
    lease: str
    started: int
    deadline: float
    moves: list[RosterDelta] = field(default_factory=list)
    polled: PolledPresence = field(default_factory=PolledPresence)
    result: Result = field(default_factory=Result)
    reason: str = ""
    is_tidy: bool = False


async def poll(
    run: SyncRun, snapshot: Snapshot, ids: Sequence[str], suspects: Sequence[str]
) -> None:
    """Poll Graph for these people; store the presences, the result and the reason of a failure in `run`."""
    try:
        run.result = await _poll(run, snapshot, ids, suspects)
    except Fault as fault:
        run.reason = await run.runtime.control.attribute_fault(fault)
        run.result.retry_after = float(fault.retry_after or 0)
    else:
        run.reason = _reason(run.result, snapshot.head, asked=bool(ids or suspects))


async def _poll(
    run: SyncRun, snapshot: Snapshot, ids: Sequence[str], suspects: Sequence[str]
) -> Result:
    """Poll Graph; if it refuses, once more with a new token, because the first may be older than the consent."""
    if not ids and not suspects:
        await run.runtime.credential.token(run.tenant_id)  # raises Fault if consent is gone
        return Result()
    first = await _poll_once(run, snapshot, ids, suspects)
    if not first.refused:
        return first
    run.runtime.credential.drop(run.tenant_id)
    again = await _poll_once(run, snapshot, first.failed, [])
    again.calls += first.calls
    again.answered += first.answered
    again.throttled += first.throttled
    again.bad += first.bad
    return again


async def _poll_once(
    run: SyncRun, snapshot: Snapshot, ids: Sequence[str], suspects: Sequence[str]
) -> Result:
    app, runtime = run.app, run.runtime
    token = await run.runtime.credential.token(run.tenant_id)

    async def call(some: Sequence[str]) -> None:
        asked_at = now_ms(app.clock)
        found = await runtime.graph.presences(token.value, some)
        run.polled.add_response(snapshot, some, found, asked_at)

    fetch = Fetch(
        call,
        acquire=lambda: runtime.budget.charge(run.tenant_id, "sync"),
        monotonic=app.clock.monotonic,
        pause=runtime.pause,
        deadline=run.deadline,
    )
    return await fetch.run(ids, suspects)


def _reason(result: Result, before: Manifest, *, asked: bool) -> str:
    """Return why the poll failed as a whole, "" if it didn't.

    `asked` is False if there was no one to poll, which is no failure.
    """
    if result.refused:
        return "refused"
    if result.answered or not asked or _knows_nobody(result, before):
        return ""
    return "throttled" if result.throttled else "unavailable"


def _knows_nobody(result: Result, before: Manifest) -> bool:
    """Return whether Graph refused these people because the tenant doesn't have them.

    Return False if Graph has known people of this tenant before, because then a refusal of all is more likely a fault
    of Graph. Return True even so if in several syncs Graph has refused each ID in a request of its own.
    """
    if not result.strangers or result.throttled:
        return False
    return not before.counts.known or (before.failures >= 3 and not result.failed)


def outcome(run: SyncRun, snapshot: Snapshot, now: int) -> tuple[Manifest, Delta]:
    """Return the manifest and the delta that result from a run.

    `snapshot` may be newer than the one that the run began with, because refreshes store changes
    during the run.
    """
    before = snapshot.head
    failure = FailureState(unknown_fields=before.trouble.unknown_fields)
    if run.reason:
        failure = backoff.record_failure(before.trouble, run.reason, now)
    manifest = replace(
        before,
        lease="",
        lease_until=0,
        untidy=before.untidy and not run.is_tidy,
        directories=diff.linked_directories(before, run.moves),
        trouble=failure,
    )
    if failure.lost:
        # All people are removed from the snapshot, so the directories must be read again when consent returns.
        manifest.directories = [
            replace(one, full_at=0) if one else None for one in manifest.directories
        ]
    delta = _delta(run, snapshot, now, is_lost=failure.lost)
    if run.reason:
        manifest.failures += 1
    else:
        manifest.failures, manifest.as_of = 0, run.started
        if diff.are_strangers_due(before, run.started):
            manifest.strangers_asked_at = run.started
    manifest.not_before = _not_before(run, manifest, now)
    _count(run, snapshot, delta, manifest, now)
    return manifest, delta


def _delta(run: SyncRun, snapshot: Snapshot, now: int, *, is_lost: bool) -> Delta:
    if is_lost:
        return Delta(gone=tuple(snapshot.entries))
    result, members = run.result, diff.roster(snapshot, run.moves)
    failed = result.failed if result.answered or not run.reason else ()
    bad = () if run.reason else result.bad
    return diff.delta(snapshot, members, run.polled, failed, bad, now)


def _not_before(run: SyncRun, manifest: Manifest, now: int) -> int:
    interval, retry_after = run.app.settings.presence_interval, run.result.retry_after
    if not run.reason:
        return now + int(retry_after * SECOND) if run.result.failed and retry_after else 0
    return now + backoff.pause(manifest.trouble, manifest.failures, interval, retry_after, now)


def _count(run: SyncRun, snapshot: Snapshot, delta: Delta, manifest: Manifest, now: int) -> None:
    """Update the manifest's figures with the run's results."""
    result, people = run.result, snapshot.entries
    if delta:
        people = {**people, **delta.changed}
        for object_id in delta.gone:
            people.pop(object_id, None)
    counts = diff.counts(people, manifest.counts)
    counts.not_ids = manifest.not_ids
    counts.failed, counts.calls, counts.took = len(result.failed), result.calls, now - run.started
    counts.calls_total += result.calls
    counts.throttled_total += result.throttled
    counts.syncs_total += not run.reason
    new = {text for kind in run.polled.kinds for text in unknown_values(kind)}
    counts.unfamiliar_total += len(new)
    manifest.unfamiliar = sorted({*manifest.unfamiliar, *new})[:_MAX_UNKNOWN_VALUES]
    manifest.counts = counts
    is_old = not is_recent(manifest.as_of, now, fresh_for(run.app.settings.presence_interval))
    manifest.stale_noted = bool(run.reason) and is_old and not manifest.trouble.lost


async def report(
    run: SyncRun, before: Manifest, manifest: Manifest, now: int
) -> Literal["synced", "failed", "lost"]:
    """Report the changes of a sync, and return how it ended.

    It writes log events, marks for the health check, and the tenant's link, each only if something
    changed.
    """
    if before.as_of and manifest.as_of != before.as_of:
        run.app.metrics.presence(min(now - before.as_of, DAY) / SECOND)
    if run.reason in ("own_credential", "misconfigured"):
        log.event("credential.invalid", tenant_id=run.tenant_id)
    await _report_age(run, before, manifest, now)
    await _report_loss(run, before, manifest, now)
    if manifest.trouble.lost:
        return "lost"
    return "failed" if run.reason else "synced"


async def _report_age(run: SyncRun, before: Manifest, manifest: Manifest, now: int) -> None:
    app, tenant_id = run.app, run.tenant_id
    if manifest.stale_noted:
        age = min(now - manifest.as_of, DAY) // SECOND
        log.event("presence.stale", tenant_id=tenant_id, age_seconds=age, reason=run.reason)
        await health.mark_stale(app, tenant_id, manifest.as_of)
    elif before.stale_noted:
        await health.clear_stale(app, tenant_id)


async def _report_loss(run: SyncRun, before: Manifest, manifest: Manifest, now: int) -> None:
    tables, tenant_id = run.app.tables, run.tenant_id
    if manifest.trouble.lost:
        if not before.trouble.lost:
            log.event("presence.lost", tenant_id=tenant_id, reason=run.reason)
            await _note_in_directories(run, manifest, "presence.lost", run.reason)
        run.runtime.credential.drop(tenant_id)
        since, until = manifest.trouble.since, manifest.not_before
        with suppress(tenant_links.LinkConflict):  # the manifest has the same pause
            await tenant_links.pause(tables, tenant_id, run.reason, since, until, now)
    elif before.trouble.lost:
        log.event("presence.back", tenant_id=tenant_id)
        await _note_in_directories(run, manifest, "presence.back")
        with suppress(tenant_links.LinkConflict):  # the pause ends by itself
            await tenant_links.pause(tables, tenant_id, "", now, 0, now)


async def _note_in_directories(
    run: SyncRun, manifest: Manifest, kind: str, reason: str = ""
) -> None:
    """Write an event to the provisioning log of each directory that is linked with the tenant."""
    for linked in manifest.linked_directories():
        await provisioning_log.happened(run.app, linked.id, kind, reason)
