"""One sync of a tenant: lease, roster, Graph, commit. In the steady state four round trips to storage.

Whatever calls it twice does no harm: a lease in the head keeps a second worker out, the head's tag keeps out one that
was overtaken, and a tenant that was synced a moment ago is left alone.
"""

import secrets
from dataclasses import replace
from typing import Literal

from presence.moments import SECOND, is_ahead, is_recent, now_ms
from presence.runtime import runtime_of
from presence.statuses import cleaning, store
from presence.statuses.entries import Delta
from presence.statuses.head import Head, Roll
from presence.statuses.snapshot import Snapshot
from presence.sync import plan, roster, trouble
from presence.sync.asking import ask
from presence.sync.outcome import outcome
from presence.sync.roster import Moves
from presence.sync.round import Round
from presence.sync.telling import tell
from shared.each import each
from shared.services import Services

Outcome = Literal["synced", "failed", "lost", "not linked", "busy", "paused", "recent", "overtaken"]
_SHORTEST = 20  # seconds that a sync may take at least
_AFTER_DEADLINE = 15  # seconds for calls under way at the deadline, and for the commit
_COMMITS = 4


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
    this = Round(services, runtime, tenant_id, secrets.token_hex(8), started, services.clock.monotonic() + longest)
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
    if trouble.is_paused(head, now):
        return "paused"
    return "recent" if is_recent(head.as_of, now, interval * SECOND // 2) else None


async def _carry_out(this: Round, snapshot: Snapshot) -> Outcome:
    if snapshot.head.untidy:
        this.is_tidy = await cleaning.tidy(this.services.tables, this.tenant_id, snapshot)
    this.moves = await _moves(this, snapshot)
    members = plan.roster(snapshot, this.moves)
    await ask(this, snapshot, *plan.to_ask(snapshot, members, this.started))
    return await _commit(this, snapshot)


async def _moves(this: Round, snapshot: Snapshot) -> list[Moves]:
    """What happened in the directories, read some at a time."""

    async def one(roll: Roll) -> Moves:
        bit = snapshot.head.bit(roll.id)

        def is_known(object_id: str) -> bool:
            entry = snapshot.entries.get(object_id)
            return entry is not None and bool(entry.directories & bit)

        found = await roster.moves(this.services.tables, roll, is_known, this.started)
        return replace(found, bit=bit)

    return await each(snapshot.head.rolls(), one)


async def _commit(this: Round, snapshot: Snapshot | None) -> Outcome:
    """Store the outcome, over what others stored meanwhile."""
    tables, clock = this.services.tables, this.services.clock
    for _ in range(_COMMITS):
        if snapshot is None:
            raise store.NotLinked
        if snapshot.head.lease != this.lease:
            return "overtaken"
        before, now = snapshot.head, now_ms(clock)
        head, delta = outcome(this, snapshot, now)
        try:
            await store.commit(tables, this.tenant_id, snapshot, head, delta)
        except store.Overtaken:
            snapshot = await this.runtime.snapshots.get(tables, clock, this.tenant_id)
            continue
        return await tell(this, before, snapshot.head, now)
    return "overtaken"
