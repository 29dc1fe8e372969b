"""Poll Graph for a tenant's people, with a token that shows that the app still has consent."""

from collections.abc import Sequence

from presence.graph.batching import Fetch, Result
from presence.graph.failure_reasons import Fault
from presence.store.manifest import Manifest
from presence.store.snapshot import Snapshot
from presence.sync.run import SyncRun
from shared.clock import now_ms


async def poll(
    run: SyncRun, snapshot: Snapshot, ids: Sequence[str], suspects: Sequence[str]
) -> None:
    """Poll Graph for these people and record polled presence, result and reason in the run."""
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
    """Poll; if Graph refuses, once more with a new token, because a token may be older than the consent."""
    if not ids and not suspects:
        await run.runtime.credential.token(run.tenant_id)  # shows whether the app still has consent
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
        run.polled.take(snapshot, some, found, asked_at)

    fetch = Fetch(
        call,
        acquire=lambda: runtime.budget.take(run.tenant_id, "sync"),
        monotonic=app.clock.monotonic,
        pause=runtime.pause,
        deadline=run.deadline,
    )
    return await fetch.run(ids, suspects)


def _reason(result: Result, before: Manifest, *, asked: bool) -> str:
    """Return why the poll failed as a whole, or ""."""
    if result.refused:
        return "refused"
    if result.answered or not asked or _knows_nobody(result, before):
        return ""
    return "throttled" if result.throttled else "unavailable"


def _knows_nobody(result: Result, before: Manifest) -> bool:
    """Return whether Graph refused these people because they aren't the tenant's.

    If it has answered for people of this tenant before, a refusal of everything is more likely a fault of
    Graph, unless it refuses each ID by itself, again and again.
    """
    if not result.strangers or result.throttled:
        return False
    return not before.counts.known or (before.failures >= 3 and not result.failed)
