"""What a timer does for directories: removals go on each hour, and once a day each directory is tidied.

Directories are spread over the hours of the day by their id, so that thousands of idle ones cost next to nothing.
"""

import zlib
from datetime import timedelta

import orjson

from directories import deletion, events, quarantine_warning, store, totals
from directories.maintenance_jobs import MaintenanceJobs
from shared import keys, log
from shared.app import App
from shared.tables.limits import MAX_OPERATIONS, MAX_QUERY_ROWS
from shared.tables.port import Delete, NotFound

_HOURS = 24
_EXPIRING = ("access", "jti")


async def run(app: App, deadline: float) -> None:
    """One run, until the clock's monotonic `deadline`."""
    began = app.clock.monotonic()
    removed = await deletion.run(app, deadline)
    for job in app.state(MaintenanceJobs).jobs:
        await job(app, deadline)
    hour, tidied = app.clock.now().hour, 0
    for row in await store.index(app.tables, store.ALL):
        if zlib.crc32(row.key.encode()) % _HOURS != hour:
            continue
        if app.clock.monotonic() >= deadline:
            break
        if await store.get(app.tables, row.key) is None:
            await store.drop_orphan(app.tables, app.clock, store.ALL, row)
            continue
        await tidy(app, row.key)
        tidied += 1
    log.event("maintenance.done", removed=removed, tidied=tidied)
    log.event(
        "timer.run", timer="maintenance_timer", seconds=round(app.clock.monotonic() - began, 3)
    )


async def tidy(app: App, directory_id: str) -> None:
    """Fold the totals, drop events beyond their retention and credentials beyond their end, look at the quarantine."""
    through = await totals.fold(app, directory_id)
    oldest = app.clock.now() - timedelta(days=app.settings.event_retention_days)
    # Never beyond what the totals hold: an event that is gone can't be counted any more.
    await _trim_events(app, directory_id, min(events.bound(oldest), keys.successor(through)))
    for family in _EXPIRING:
        await _trim_expired(app, directory_id, family)
    await quarantine_warning.warn(app, directory_id)


async def _trim_events(app: App, directory_id: str, stop: str) -> None:
    start = keys.key(events.FAMILY, "")
    while start < stop:
        rows = await app.tables.query(events.TABLE, directory_id, start, stop, keys_only=True)
        await _drop(app, events.TABLE, directory_id, [row.key for row in rows])
        if len(rows) < MAX_QUERY_ROWS:
            return


async def _trim_expired(app: App, directory_id: str, family: str) -> None:
    start, stop = keys.prefix_range(family, "")
    now = store.now(app.clock)
    while True:
        rows = await app.tables.query(store.TABLE, directory_id, start, stop)
        expired = [row.key for row in rows if orjson.loads(row.value)["expires"] <= now]
        await _drop(app, store.TABLE, directory_id, expired)
        if len(rows) < MAX_QUERY_ROWS:
            return
        start = keys.successor(rows[-1].key)


async def _drop(app: App, table: str, partition: str, row_keys: list[str]) -> None:
    for at in range(0, len(row_keys), MAX_OPERATIONS):
        batch = row_keys[at : at + MAX_OPERATIONS]
        try:
            await app.tables.transact(table, partition, [Delete(key) for key in batch])
        except NotFound:  # another run was quicker with some
            for key in batch:
                await store.remove(app.tables, partition, key, table=table)
