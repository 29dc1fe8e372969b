"""One sync of a tenant: lease, roster, Graph, commit. In the steady state four round trips to storage.

Whatever calls it twice does no harm: a lease in the head keeps a second worker out, the head's tag keeps out one that
was overtaken, and a tenant that was synced a moment ago is left alone.
"""

import secrets
from dataclasses import replace
from typing import Literal

from presence.epoch_ms import SECOND, is_ahead, is_recent, now_ms
from presence.instance import runtime_of
from presence.store import commits, garbage
from presence.store.codec import Delta
from presence.store.manifest import LinkedDirectory, Manifest
from presence.store.snapshot import Snapshot
from presence.sync import backoff, diff, roster
from presence.sync.poll import ask
from presence.sync.report import tell
from presence.sync.result import outcome
from presence.sync.roster import RosterDelta
from presence.sync.run import Round
from shared.app import App
from shared.concurrency import each

Outcome = Literal["synced", "failed", "lost", "not linked", "busy", "paused", "recent", "overtaken"]
_SHORTEST = 20  # seconds that a sync may take at least
_AFTER_DEADLINE = 15  # seconds for calls under way at the deadline, and for the commit
_COMMITS = 4


async def sync(app: App, tenant_id: str, *, now_due: bool = False) -> Outcome:
    """Bring a tenant's presence up to date. `now_due`: also if it was done a moment ago, or a pause is not over."""
    runtime = runtime_of(app)
    snapshot = await runtime.snapshots.get(app.tables, app.clock, tenant_id)
    if snapshot is None:
        return "not linked"
    interval = app.settings.presence_interval
    longest = max(_SHORTEST, interval - 5)
    started = now_ms(app.clock)
    wait = _skip_reason(snapshot.head, started, interval, longest, now_due=now_due)
    if wait is not None:
        return wait
    this = Round(
        app,
        runtime,
        tenant_id,
        secrets.token_hex(8),
        started,
        app.clock.monotonic() + longest,
    )
    until = started + (longest + _AFTER_DEADLINE) * SECOND
    try:
        leased = replace(snapshot.head, lease=this.lease, lease_until=until)
        await commits.commit(app.tables, tenant_id, snapshot, leased, Delta())
        return await _carry_out(this, snapshot)
    except commits.Overtaken:
        return "busy"
    except commits.NotLinked:
        runtime.snapshots.forget(tenant_id)
        return "not linked"


def _skip_reason(
    head: Manifest, now: int, interval: int, longest: int, *, now_due: bool
) -> Outcome | None:
    if is_ahead(head.lease_until, now, (longest + _AFTER_DEADLINE) * SECOND):
        return "busy"
    if now_due:
        return None
    if backoff.is_paused(head, now):
        return "paused"
    return "recent" if is_recent(head.as_of, now, interval * SECOND // 2) else None


async def _carry_out(this: Round, snapshot: Snapshot) -> Outcome:
    if snapshot.head.untidy:
        this.is_tidy = await garbage.tidy(this.app.tables, this.tenant_id, snapshot)
    this.moves = await _moves(this, snapshot)
    members = diff.roster(snapshot, this.moves)
    await ask(this, snapshot, *diff.to_ask(snapshot, members, this.started))
    return await _commit(this, snapshot)


async def _moves(this: Round, snapshot: Snapshot) -> list[RosterDelta]:
    """What happened in the directories, read some at a time."""

    async def one(roll: LinkedDirectory) -> RosterDelta:
        bit = snapshot.head.bit(roll.id)

        def is_known(object_id: str) -> bool:
            entry = snapshot.entries.get(object_id)
            return entry is not None and bool(entry.directories & bit)

        found = await roster.moves(this.app.tables, roll, is_known, this.started)
        return replace(found, bit=bit)

    return await each(snapshot.head.rolls(), one)


async def _commit(this: Round, snapshot: Snapshot | None) -> Outcome:
    """Store the outcome, over what others stored meanwhile."""
    tables, clock = this.app.tables, this.app.clock
    for _ in range(_COMMITS):
        if snapshot is None:
            raise commits.NotLinked
        if snapshot.head.lease != this.lease:
            return "overtaken"
        before, now = snapshot.head, now_ms(clock)
        head, delta = outcome(this, snapshot, now)
        try:
            await commits.commit(tables, this.tenant_id, snapshot, head, delta)
        except commits.Overtaken:
            snapshot = await this.runtime.snapshots.get(tables, clock, this.tenant_id)
            continue
        return await tell(this, before, snapshot.head, now)
    return "overtaken"
