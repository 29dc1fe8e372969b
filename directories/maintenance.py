"""The maintenance timer's work: continue deletions each hour, and tidy each directory once a day.

The hour in which a directory is tidied is derived from its ID. So the work is spread over the day,
and thousands of idle directories cost almost nothing in each run.
"""

import math
import zlib
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta

import orjson

from directories import (
    audit_log,
    audit_relay,
    credential_expiry,
    deletion,
    erasure,
    events,
    quarantine_warning,
    store,
    totals,
)
from directories.access_rows import expires_of
from directories.audit_relay import Outbox
from directories.hooks import MaintenanceJobs
from shared import keys, log, row_versions
from shared.app import App
from shared.keys import Family
from shared.tables.port import MAX_OPERATIONS, MAX_QUERY_ROWS, Delete, NotFound, Row, Upsert
from shared.tables.schema.base import ALL_DIRECTORIES, CONTACTS, DIRECTORIES, HEALTH, WORK
from shared.tables.schema.contacts import EVENT
from shared.tables.schema.directories import ACCESS_TOKEN, USED_ASSERTION
from shared.tables.schema.work import MAINTENANCE_PLACE

_HOURS = 24
_EXPIRING = (ACCESS_TOKEN, USED_ASSERTION)


async def run(app: App, deadline: float) -> None:
    """Carry out one run, until the monotonic `deadline`; the next run continues from there."""
    began = app.clock.monotonic()
    removed = await deletion.run(app, deadline)
    for job in (
        audit_relay.relay_common,
        audit_log.trim_accounts,
        *app.state(MaintenanceJobs).jobs,
    ):
        try:
            await job(app, deadline)
        except Exception as error:  # the directories are tidied nevertheless
            log.failure("maintenance.failed", error)
    tidied = await _tidy_due(app, deadline)
    log.event("maintenance.done", removed=removed, tidied=tidied)
    log.event(
        "timer.run", timer="maintenance_timer", seconds=round(app.clock.monotonic() - began, 3)
    )


async def _tidy_due(app: App, deadline: float) -> int:
    """Tidy the directories of this hour, after those of hours that were missed; return how many were tidied."""
    present = int(app.clock.now().timestamp()) // 3600
    position = await _position(app)
    # Ignore a position more than two hours in the future: it comes from an instance with a wrong clock.
    is_usable = position is not None and present - _HOURS < position.hour <= present + 2
    first = position.hour if position and is_usable else present
    after = position.after if position and position.hour == first else ""
    by_hour = await _by_hour(app)
    tidied = 0
    for hour in range(first, present + 1):
        for row in by_hour.get(hour % _HOURS, []):
            if row.key <= after:
                continue
            if app.clock.monotonic() >= deadline:
                return tidied
            tidied += await _tidy_one(app, row, deadline)
            after = row.key
            await _store_position(app, Position(hour, after))
        after = ""
    if first <= present:
        await _store_position(app, Position(present + 1, ""))
    return tidied


async def _by_hour(app: App) -> dict[int, list[Row]]:
    """Return the index rows of all directories by the hour of the day in which they are tidied, sorted by ID."""
    found = defaultdict[int, list[Row]](list)
    for row in await store.index(app.tables, ALL_DIRECTORIES):
        found[zlib.crc32(row.key.encode()) % _HOURS].append(row)
    return found


async def _tidy_one(app: App, row: Row, deadline: float) -> bool:
    """Tidy a directory and return whether that succeeded.

    An exception is logged and not raised, so that the other directories are tidied too.
    """
    try:
        directory = await store.get(app.tables, row.key)
        if directory is None:
            await store.drop_orphan(app.tables, app.clock, ALL_DIRECTORIES, row)
            return False
        await tidy(app, row.key, deadline)
        await credential_expiry.warn(app, directory)
    except Exception as error:
        log.failure("maintenance.failed", error, directory_id=row.key)
        return False
    return True


@dataclass(frozen=True, slots=True)
class Position:
    """How far tidying has come: an hour (counted since 1970), and the last directory that was tidied in it."""

    hour: int
    after: str


async def _position(app: App) -> Position | None:
    row = await app.tables.get(WORK, HEALTH, MAINTENANCE_PLACE.key)
    return decode(row.value) if row else None


async def _store_position(app: App, position: Position) -> None:
    operation = Upsert(MAINTENANCE_PLACE.key, encode(position))
    await app.tables.transact(WORK, HEALTH, [operation])


def encode(position: Position) -> bytes:
    """Return the value of the position's row."""
    return orjson.dumps({"v": 1, "hour": position.hour, "after": position.after})


def decode(value: bytes) -> Position:
    """Return the position that `encode` encoded; raise UnsupportedRowVersion if a later release wrote it."""
    stored = row_versions.decode(value, "maintenance position")
    return Position(int(stored["hour"]), str(stored["after"]))


async def tidy(app: App, directory_id: str, deadline: float = math.inf) -> None:
    """Tidy a directory: totals, old events, expired credentials, and the rows of features above.

    People who were deleted more than a day ago are erased from its log. The people of a directory
    without events in the last day aren't counted again.
    """
    through = await totals.fold(app, directory_id)
    if await _has_changed(app, directory_id):
        await totals.recount(app, directory_id)
    oldest = app.clock.now() - timedelta(days=app.settings.event_retention_days)
    # Keep events that the totals don't include yet, because a deleted event can't be counted.
    await _trim_events(app, directory_id, min(events.bound(oldest), keys.successor(through)))
    await erasure.run(app, directory_id, deadline)
    for family in _EXPIRING:
        await _trim_expired(app, directory_id, family)
    await audit_relay.relay_waiting(app, Outbox(DIRECTORIES, directory_id))
    await audit_log.trim(app, audit_log.of_directory(directory_id), deadline)
    await quarantine_warning.warn(app, directory_id)
    for tidying in app.state(MaintenanceJobs).tidying:
        await tidying(app, directory_id)


async def _has_changed(app: App, directory_id: str) -> bool:
    """Return whether the directory has an event of the last day, plus two hours because clocks may differ."""
    start = events.bound(app.clock.now() - timedelta(hours=_HOURS + 2))
    rows = await app.tables.query(
        CONTACTS, directory_id, start, events.end(), limit=1, keys_only=True
    )
    return bool(rows)


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
        except NotFound:  # another run has deleted some of them
            for key in batch:
                await store.remove(app.tables, partition, key, table=table)
