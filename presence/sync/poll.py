"""Asks Graph for a tenant's people, with a token that shows that consent stands."""

from collections.abc import Sequence

from presence.epoch_ms import now_ms
from presence.graph.batching import Fetch, Result
from presence.graph.failure_reasons import Fault
from presence.graph.tokens import Token
from presence.store.manifest import Manifest
from presence.store.snapshot import Snapshot
from presence.sync.run import Round


async def ask(this: Round, snapshot: Snapshot, ids: Sequence[str], suspects: Sequence[str]) -> None:
    """Ask for everybody; the round's `learnt`, `result` and `reason` say what came of it."""
    try:
        this.result = await _ask(this, snapshot, ids, suspects)
    except Fault as fault:
        this.reason = await this.runtime.control.whose(fault)
        this.result.retry_after = float(fault.retry_after or 0)
    else:
        this.reason = _reason(this.result, snapshot.head, asked=bool(ids or suspects))


async def _ask(
    this: Round, snapshot: Snapshot, ids: Sequence[str], suspects: Sequence[str]
) -> Result:
    """Refused once, ask those again with a fresh token, since a token may be older than the consent."""
    if not ids and not suspects:
        await _token(this)  # shows whether consent still stands
        return Result()
    first = await _ask_once(this, snapshot, ids, suspects)
    if not first.refused:
        return first
    this.runtime.credential.drop(this.tenant_id)
    again = await _ask_once(this, snapshot, first.failed, [])
    again.calls += first.calls
    again.answered += first.answered
    again.throttled += first.throttled
    again.bad += first.bad
    return again


async def _ask_once(
    this: Round, snapshot: Snapshot, ids: Sequence[str], suspects: Sequence[str]
) -> Result:
    app, runtime = this.app, this.runtime
    token = await _token(this)

    async def call(some: Sequence[str]) -> None:
        asked_at = now_ms(app.clock)
        found = await runtime.graph.presences(token.value, some)
        this.learnt.take(snapshot, some, found, asked_at)

    fetch = Fetch(
        call,
        acquire=lambda: runtime.budget.take(this.tenant_id, "sync"),
        monotonic=app.clock.monotonic,
        pause=runtime.pause,
        deadline=this.deadline,
    )
    return await fetch.run(ids, suspects)


async def _token(this: Round) -> Token:
    token = await this.runtime.credential.token(this.tenant_id)
    if not token.may_read_presence:
        raise Fault("no_role")
    return token


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
