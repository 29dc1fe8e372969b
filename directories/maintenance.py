"""Timer work for directories: deletions continue each hour, and once a day each directory is tidied.

Directories are spread over the hours of the day by their id, so that thousands of idle ones cost next to nothing.
"""

import zlib
from datetime import timedelta

from directories import deletion, events, quarantine_warning, store, totals
from directories.access_rows import expires_of
from directories.maintenance_jobs import MaintenanceJobs
from shared import keys, log
from shared.app import App
from shared.tables.limits import MAX_OPERATIONS, MAX_QUERY_ROWS
from shared.tables.port import Delete, NotFound
from shared.tables.schema import (
    ACCESS_TOKEN,
    ALL_DIRECTORIES,
    CONTACTS,
    DIRECTORIES,
    EVENT,
    USED_ASSERTION,
    Family,
)

_HOURS = 24
_EXPIRING = (ACCESS_TOKEN, USED_ASSERTION)


async def run(app: App, deadline: float) -> None:
    """One run, until the clock's monotonic `deadline`."""
    began = app.clock.monotonic()
    removed = await deletion.run(app, deadline)
    for job in app.state(MaintenanceJobs).jobs:
        await job(app, deadline)
    hour, tidied = app.clock.now().hour, 0
    for row in await store.index(app.tables, ALL_DIRECTORIES):
        if zlib.crc32(row.key.encode()) % _HOURS != hour:
            continue
        if app.clock.monotonic() >= deadline:
            break
        if await store.get(app.tables, row.key) is None:
            await store.drop_orphan(app.tables, app.clock, ALL_DIRECTORIES, row)
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
    # Never later than the totals: a deleted event can't be counted any more.
    await _trim_events(app, directory_id, min(events.bound(oldest), keys.successor(through)))
    for family in _EXPIRING:
        await _trim_expired(app, directory_id, family)
    await quarantine_warning.warn(app, directory_id)
    for tidying in app.state(MaintenanceJobs).tidying:
        await tidying(app, directory_id)


async def _trim_events(app: App, directory_id: str, stop: str) -> None:
    start = EVENT.all()[0]
    while start < stop:
        rows = await app.tables.query(CONTACTS, directory_id, start, stop, keys_only=True)
        await _drop(app, CONTACTS, directory_id, [row.key for row in rows])
        if len(rows) < MAX_QUERY_ROWS:
            return


async def _trim_expired(app: App, directory_id: str, family: Family) -> None:
    start, stop = family.all()
    now = store.now(app.clock)
    while True:
        rows = await app.tables.query(DIRECTORIES, directory_id, start, stop)
        expired = [row.key for row in rows if expires_of(row.value) <= now]
        await _drop(app, DIRECTORIES, directory_id, expired)
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
