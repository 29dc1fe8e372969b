"""One sync of a tenant: lease, roster, Graph, commit. In the steady state four round trips to storage.

Whatever calls it twice does no harm: a lease in the head keeps a second worker out, the head's tag keeps out one that
was overtaken, and a tenant that was synced a moment ago is left alone.
"""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from directories import provisioning_log
from presence import links
from presence.graph.fetch import Fetch, Result
from presence.graph.reasons import Fault
from presence.moments import DAY, SECOND, is_ahead, is_recent, now_ms
from presence.runtime import Runtime, runtime_of
from presence.statuses import store
from presence.statuses.entries import Delta
from presence.statuses.head import Head, Roll, Trouble
from presence.statuses.snapshot import Snapshot
from presence.statuses.values import unfamiliar
from presence.sync import plan, roster, signs, trouble
from presence.sync.plan import Learnt
from presence.sync.roster import Moves
from shared import log
from shared.metrics import metrics
from shared.services import Services

Outcome = Literal["synced", "failed", "lost", "not linked", "busy", "paused", "recent", "overtaken"]
_SHORTEST = 20  # seconds that a sync may take at least
_AFTER_DEADLINE = 15  # seconds for calls under way at the deadline, and for the commit
_COMMITS = 4
_UNFAMILIAR = 20  # values kept for the operator to see


@dataclass(slots=True)
class _Round:
    """One sync under way; times in milliseconds."""

    services: Services
    runtime: Runtime
    tenant_id: str
    lease: str
    started: int
    deadline: float
    moves: list[Moves] = field(default_factory=list)
    learnt: Learnt = field(default_factory=Learnt)
    result: Result = field(default_factory=Result)
    reason: str = ""


async def sync(services: Services, tenant_id: str, *, now_due: bool = False) -> Outcome:
    """Bring a tenant's presence up to date. `now_due`: also if it was done a moment ago, or a pause is not over."""
    runtime = runtime_of(services)
    snapshot = await runtime.snapshots.get(services.tables, services.clock, tenant_id)
    if snapshot is None:
        return "not linked"
    interval = services.settings.presence_interval
    longest = max(_SHORTEST, interval - 5)
    started = now_ms(services.clock)
    wait = _why_not(snapshot.head, started, interval, longest, now_due=now_due)
    if wait is not None:
        return wait
    this = _Round(services, runtime, tenant_id, secrets.token_hex(8), started, services.clock.monotonic() + longest)
    until = started + (longest + _AFTER_DEADLINE) * SECOND
    try:
        leased = replace(snapshot.head, lease=this.lease, lease_until=until)
        await store.commit(services.tables, tenant_id, snapshot, leased, Delta())
        return await _carry_out(this, snapshot)
    except store.Overtaken:
        return "busy"
    except store.NotLinked:
        runtime.snapshots.forget(tenant_id)
        return "not linked"


def _why_not(head: Head, now: int, interval: int, longest: int, *, now_due: bool) -> Outcome | None:
    if is_ahead(head.lease_until, now, (longest + _AFTER_DEADLINE) * SECOND):
        return "busy"
    if now_due:
        return None
    if is_ahead(head.not_before, now, trouble.LONGEST_PAUSE):
        return "paused"
    return "recent" if is_recent(head.as_of, now, interval * SECOND // 2) else None


async def _carry_out(this: _Round, snapshot: Snapshot) -> Outcome:
    if snapshot.head.untidy:
        await store.tidy(this.services.tables, this.tenant_id, snapshot.head)
    this.moves = await _moves(this, snapshot)
    members = plan.roster(snapshot, this.moves)
    ids, suspects = plan.to_ask(snapshot, members, this.started)
    try:
        this.result = await _ask(this, snapshot, ids, suspects)
    except Fault as fault:
        this.reason = await trouble.whose(this.services, this.runtime, fault)
        this.result.retry_after = float(fault.retry_after or 0)
    else:
        this.reason = this.reason or _reason(this.result, asked=bool(ids or suspects))
    return await _commit(this, snapshot)


async def _moves(this: _Round, snapshot: Snapshot) -> list[Moves]:
    """What happened in the directories, read side by side."""

    async def one(roll: Roll) -> Moves:
        bit = snapshot.head.bit(roll.id)

        def is_known(object_id: str) -> bool:
            entry = snapshot.entries.get(object_id)
            return entry is not None and bool(entry.directories & bit)

        return await roster.moves(this.services.tables, roll, is_known, this.started)

    return await asyncio.gather(*map(one, snapshot.head.rolls()))


async def _ask(this: _Round, snapshot: Snapshot, ids: Sequence[str], suspects: Sequence[str]) -> Result:
    """Ask Graph; refused once, ask those again with a fresh token, since a token may be older than the consent."""
    if not ids and not suspects:
        token = await this.runtime.credential.token(this.tenant_id)  # shows whether consent still stands
        if not token.may_read_presence:
            raise Fault("no_role")
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


async def _ask_once(this: _Round, snapshot: Snapshot, ids: Sequence[str], suspects: Sequence[str]) -> Result:
    services, runtime = this.services, this.runtime
    token = await runtime.credential.token(this.tenant_id)
    if not token.may_read_presence:
        raise Fault("no_role")

    async def call(some: Sequence[str]) -> None:
        asked_at = now_ms(services.clock)
        found = await runtime.graph.presences(token.value, some)
        this.learnt.take(snapshot, some, found, asked_at)

    fetch = Fetch(
        call,
        leave=lambda: runtime.budget.take(this.tenant_id, "sync"),
        monotonic=services.clock.monotonic,
        pause=runtime.pause,
        deadline=this.deadline,
    )
    return await fetch.run(ids, suspects)


def _reason(result: Result, *, asked: bool) -> str:
    """Why the asking failed, where it failed as a whole."""
    if result.refused:
        return "refused"
    if result.answered or not asked:
        return ""
    return "throttled" if result.throttled else "unavailable"


async def _commit(this: _Round, snapshot: Snapshot | None) -> Outcome:
    """Store the outcome, over what others stored meanwhile."""
    tables, clock = this.services.tables, this.services.clock
    for _ in range(_COMMITS):
        if snapshot is None:
            raise store.NotLinked
        if snapshot.head.lease != this.lease:
            return "overtaken"
        before, now = snapshot.head, now_ms(clock)
        head, delta = _outcome(this, snapshot, now)
        try:
            await store.commit(tables, this.tenant_id, snapshot, head, delta)
        except store.Overtaken:
            snapshot = await this.runtime.snapshots.get(tables, clock, this.tenant_id)
            continue
        return await _tell(this, before, snapshot.head, now)
    return "overtaken"


def _outcome(this: _Round, snapshot: Snapshot, now: int) -> tuple[Head, Delta]:
    """The head and the delta that this round comes to."""
    head, result, members = snapshot.head, this.result, plan.roster(snapshot, this.moves)
    trouble_now = trouble.hit(head.trouble, this.reason, now) if this.reason else Trouble()
    head = replace(head, lease="", lease_until=0, untidy=False, directories=plan.rolls(head, this.moves))
    if trouble_now.lost:
        delta = Delta(gone=tuple(snapshot.entries))
        # Nobody is left, so whoever is there when consent returns has to be found afresh.
        head.directories = [replace(roll, full_at=0) if roll else None for roll in head.directories]
    else:
        failed = result.failed if result.answered else ()
        delta = plan.delta(snapshot, members, this.learnt, failed, result.bad, now)
    head.trouble = trouble_now
    if this.reason:
        head.failures += 1
    else:
        head.failures, head.as_of = 0, this.started
    head.not_before = _not_before(this, head, now)
    _count(this, snapshot, delta, head, now)
    return head, delta


def _not_before(this: _Round, head: Head, now: int) -> int:
    interval, retry_after = this.services.settings.presence_interval, this.result.retry_after
    if not this.reason:
        return now + int(retry_after * SECOND) if this.result.failed and retry_after else 0
    return now + trouble.pause(head.trouble, head.failures, interval, retry_after)


def _count(this: _Round, snapshot: Snapshot, delta: Delta, head: Head, now: int) -> None:
    result = this.result
    people = snapshot.entries
    if delta:
        people = {**people, **delta.changed}
        for object_id in delta.gone:
            people.pop(object_id, None)
    counts = plan.counts(people, head.counts)
    not_ids = [move.not_ids for move in this.moves if move.not_ids is not None]
    counts.not_ids = sum(not_ids) if not_ids else counts.not_ids
    counts.failed, counts.calls, counts.took = len(result.failed), result.calls, now - this.started
    counts.calls_total += result.calls
    counts.throttled_total += result.throttled
    counts.syncs_total += not this.reason
    new = {text for kind in this.learnt.kinds for text in unfamiliar(kind)}
    counts.unfamiliar_total += len(new)
    head.unfamiliar = sorted({*head.unfamiliar, *new})[:_UNFAMILIAR]
    head.counts = counts
    is_old = not is_recent(head.as_of, now, 3 * this.services.settings.presence_interval * SECOND)
    head.stale_noted = bool(this.reason) and is_old and not head.trouble.lost


async def _tell(this: _Round, before: Head, head: Head, now: int) -> Outcome:
    """Tell the log, the monitor and the tenant's link what changed; nothing in the steady state."""
    services, tenant_id, reason = this.services, this.tenant_id, this.reason
    if before.as_of and head.as_of != before.as_of:
        metrics.presence(min(now - before.as_of, DAY) / SECOND)
    if reason == "own_credential":
        log.event("credential.invalid", tenant_id=tenant_id)
    if head.stale_noted:
        log.event(
            "presence.stale", tenant_id=tenant_id, age_seconds=min(now - head.as_of, DAY) // SECOND, reason=reason
        )
    if head.stale_noted and not before.stale_noted:
        await signs.is_stale(services, tenant_id, head.as_of)
    if before.stale_noted and not head.stale_noted:
        await signs.is_fresh(services, tenant_id)
    if head.trouble.lost:
        if not before.trouble.lost:
            log.event("presence.lost", tenant_id=tenant_id, reason=reason)
            await _note(services, head, "presence.lost", reason)
        this.runtime.credential.drop(tenant_id)
        await links.pause(services.tables, tenant_id, reason, head.trouble.since, head.not_before)
        return "lost"
    if before.trouble.lost:
        log.event("presence.back", tenant_id=tenant_id)
        await _note(services, head, "presence.back")
        await links.pause(services.tables, tenant_id, "", now, 0)
    return "failed" if reason else "synced"


async def _note(services: Services, head: Head, kind: str, reason: str = "") -> None:
    """A line in the log of each directory that reads the tenant's presence."""
    for roll in head.rolls():
        await provisioning_log.happened(services, roll.id, kind, reason)
