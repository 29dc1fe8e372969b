"""Sync a tenant: acquire the lease, read the roster, poll Graph, commit. Usually four round trips to storage.

Calling it twice is harmless: a lease in the manifest keeps a second worker out, the manifest's ETag
stops a worker that was overtaken, and a tenant that was synced just now is skipped.

The lease is short, and its holder renews it. A worker that finds an expired lease can't know
whether the holder was killed or the clocks differ, so it waits and reads again: if the lease was
not renewed, the worker takes it over. So a killed holder's lease is free within two intervals,
whatever the clocks are.
"""

import asyncio
import secrets
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal

from presence.instance import runtime_of
from presence.store import commits
from presence.store.codec import Delta
from presence.store.manifest import LinkedDirectory, Manifest
from presence.store.snapshot import Snapshot
from presence.sync import backoff, diff, roster
from presence.sync.roster import RosterDelta
from presence.sync.run import SyncRun, outcome, poll, report
from shared.app import App
from shared.clock import SECOND, is_ahead, is_recent, now_ms
from shared.concurrency import each
from shared.tables.port import TableError

Outcome = Literal["synced", "failed", "lost", "not linked", "busy", "paused", "recent", "overtaken"]
_MIN_POLL_SECONDS = 20  # a sync may take so long, even if the interval is shorter
_MAX_COMMITS = 4


@dataclass(frozen=True, slots=True)
class LeaseTimes:
    """The times of a lease in seconds.

    The holder renews the lease after `renew_every`, and it expires after `lasts`. A worker that
    finds an expired lease waits for `observe` before it takes the lease over. `lasts` and `observe`
    together are at most one interval; the worker starts at a tick of the timer, up to one interval
    after the expiry. So a killed holder is replaced within two intervals.
    """

    renew_every: float
    lasts: float
    observe: float


def lease_times(interval: int) -> LeaseTimes:
    """Return the times of a lease; `interval` is the seconds between two syncs."""
    unit = min(3.0, interval / 5)
    return LeaseTimes(unit, 3 * unit, 2 * unit)


async def sync(app: App, tenant_id: str, *, now_due: bool = False) -> Outcome:
    """Bring a tenant's presence up to date and return the outcome.

    With `now_due`, sync even if the last sync was just now or a pause hasn't ended.
    """
    runtime = runtime_of(app)
    snapshot = await runtime.snapshots.get(app.tables, app.clock, tenant_id)
    if snapshot is None:
        return "not linked"
    interval = app.settings.presence_interval
    times = lease_times(interval)
    skipped = _skip_reason(app, snapshot.head, now_due=now_due)
    if skipped is not None:
        return skipped
    if snapshot.head.lease:
        snapshot = await _abandoned(app, tenant_id, snapshot.head, times)
        if snapshot is None:
            return "busy"
    run = SyncRun(
        app=app,
        runtime=runtime,
        tenant_id=tenant_id,
        lease=secrets.token_hex(8),
        started=now_ms(app.clock),
        deadline=app.clock.monotonic() + max(_MIN_POLL_SECONDS, interval - 5),
    )
    try:
        await _write_lease(run, snapshot, times)
        return await _carry_out(run, snapshot, times)
    except commits.Overtaken:
        return "busy"
    except commits.NotLinked:
        runtime.snapshots.forget(tenant_id)
        return "not linked"


def _skip_reason(app: App, manifest: Manifest, *, now_due: bool) -> Outcome | None:
    now, interval = now_ms(app.clock), app.settings.presence_interval
    if is_ahead(manifest.lease_until, now, int(lease_times(interval).lasts * SECOND)):
        return "busy"
    if now_due:
        return None
    if manifest.not_before and backoff.is_paused(manifest, now):
        return "paused"
    return "recent" if is_recent(manifest.as_of, now, interval * SECOND // 2) else None


async def _abandoned(
    app: App, tenant_id: str, seen: Manifest, times: LeaseTimes
) -> Snapshot | None:
    """Return the current snapshot if the lease in `seen` isn't renewed any more, or None if it is."""
    runtime = runtime_of(app)
    await runtime.pause(times.observe)
    snapshot = await runtime.snapshots.get(app.tables, app.clock, tenant_id)
    if snapshot is None:
        return None
    now = snapshot.head
    return snapshot if (now.lease, now.lease_until) == (seen.lease, seen.lease_until) else None


async def _write_lease(run: SyncRun, snapshot: Snapshot, times: LeaseTimes) -> None:
    until = now_ms(run.app.clock) + int(times.lasts * SECOND)
    leased = replace(snapshot.head, lease=run.lease, lease_until=until)
    await commits.commit(run.app.tables, run.tenant_id, snapshot, leased, Delta())


async def _keep_lease(run: SyncRun, times: LeaseTimes) -> None:
    """Renew the lease until another worker has it; a failed renewal is tried again after the next pause."""
    app, snapshots = run.app, run.runtime.snapshots
    while True:
        await run.runtime.renewal_pause(times.renew_every)
        with suppress(TableError, commits.Overtaken):
            snapshot = await snapshots.get(app.tables, app.clock, run.tenant_id)
            if snapshot is None or snapshot.head.lease != run.lease:
                return
            await _write_lease(run, snapshot, times)


async def _carry_out(run: SyncRun, snapshot: Snapshot, times: LeaseTimes) -> Outcome:
    keeping = asyncio.create_task(_keep_lease(run, times))
    try:
        if snapshot.head.untidy:
            run.is_tidy = await commits.tidy(run.app.tables, run.tenant_id, snapshot)
        run.moves = await _moves(run, snapshot)
        members = diff.roster(snapshot, run.moves)
        await poll(run, snapshot, *diff.to_ask(snapshot, members, run.started))
    finally:
        keeping.cancel()
        with suppress(asyncio.CancelledError, commits.NotLinked):
            await keeping
    return await _commit(run, snapshot)


async def _moves(run: SyncRun, snapshot: Snapshot) -> list[RosterDelta]:
    """Return the changes of the people of each directory, reading several directories at the same time."""

    async def one(linked: LinkedDirectory) -> RosterDelta:
        bit = snapshot.head.bit(linked.id)

        def is_known(object_id: str) -> bool:
            entry = snapshot.entries.get(object_id)
            return entry is not None and bool(entry.directories & bit)

        found = await roster.moves(run.app.tables, linked, is_known, run.started)
        return replace(found, bit=bit)

    linked = snapshot.head.linked_directories()
    return [await one(linked[0])] if len(linked) == 1 else await each(linked, one)


async def _commit(run: SyncRun, snapshot: Snapshot | None) -> Outcome:
    """Store the outcome of the run, based on the changes that others stored during it."""
    tables, clock = run.app.tables, run.app.clock
    for _ in range(_MAX_COMMITS):
        if snapshot is None:
            raise commits.NotLinked
        if snapshot.head.lease != run.lease:
            return "overtaken"
        before, now = snapshot.head, now_ms(clock)
        manifest, delta = outcome(run, snapshot, now)
        try:
            await commits.commit(tables, run.tenant_id, snapshot, manifest, delta)
        except commits.Overtaken:
            snapshot = await run.runtime.snapshots.get(tables, clock, run.tenant_id)
            continue
        return await report(run, before, snapshot.head, now)
    return "overtaken"
