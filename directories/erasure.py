"""Erase deleted people from the provisioning log (GDPR article 17).

When a person is deleted, the record and index rows are removed at once. Events of the log keep the
name, user name and external ID for a day, so that an administrator can see who was deleted by
mistake. Then the daily maintenance removes these from every event.

A *pass* erases the people of up to 5,000 deletions. It reads the whole log page by page and stores
its position, so that another run continues after a killed one. It first changes other people's
events, then the deleted people's own events, which have the names to search for, and last the
deletion events, which say whom to erase.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import orjson

from directories import events
from directories.erased_people import ErasedPeople
from directories.events import Event
from shared import row_versions
from shared.app import App
from shared.concurrency import TimeSlice
from shared.keys import successor
from shared.tables.port import (
    MAX_OPERATIONS,
    MAX_QUERY_ROWS,
    NotFound,
    PreconditionFailed,
    Replace,
    Row,
    Upsert,
)
from shared.tables.schema.base import CONTACTS
from shared.tables.schema.contacts import ERASURE, EVENT

ERASE_AFTER = timedelta(hours=24)
MAX_DELETIONS = 5000  # per pass, because each person takes about 300 bytes of memory


@dataclass(frozen=True, slots=True)
class Progress:
    """How far erasure has come, as keys of events.

    People whose deletion is at or before `through` are erased. If `until` is set, a pass is
    running: it erases the people of the deletions after `through` up to `until`, and it has changed
    other people's events up to `position`.
    """

    through: str = ""
    until: str = ""
    position: str = ""


async def run(app: App, directory_id: str, deadline: float) -> bool:
    """Erase the people who were deleted more than a day ago; return False if the monotonic `deadline` came first."""
    progress = await _read(app, directory_id)
    while app.clock.monotonic() < deadline:
        erased, until = await _deletions(app, directory_id, progress)
        if not erased.ids:
            if until > progress.through:
                await _store(app, directory_id, Progress(until))
            return True
        if not progress.until:
            progress = replace(progress, until=until)
            await _store(app, directory_id, progress)
        if not await _erase(app, directory_id, progress, erased, deadline):
            return False
        progress = Progress(progress.until)
        await _store(app, directory_id, progress)
    return False


async def _erase(
    app: App, directory_id: str, progress: Progress, erased: ErasedPeople, deadline: float
) -> bool:
    """Erase people from all events; return False if the deadline came first.

    Other people's events come first, because the names to search for in them are only in the
    deleted people's own events. Those follow, and the deletion events come last.
    """
    if progress.position != events.end():
        async for rows in _pages(app, directory_id, EVENT.all()[0], events.end()):
            await _each_event(app, rows, erased.learn)
        if not await _erase_from_others(app, directory_id, progress, erased, deadline):
            return False
    start, stop = EVENT.all()[0], events.end()
    async for rows in _pages(app, directory_id, start, stop):
        own = [row for row in rows if not _is_of_pass(row.key, progress)]
        await _rewrite(app, directory_id, own, erased.without_own)
        if app.clock.monotonic() >= deadline and len(rows) == MAX_QUERY_ROWS:
            return False
    start = successor(progress.through) if progress.through else start
    async for rows in _pages(app, directory_id, start, successor(progress.until)):
        deletions = [row for row in rows if _is_deletion(row.key)]
        await _rewrite(app, directory_id, deletions, erased.without_own)
    return True


async def _erase_from_others(
    app: App, directory_id: str, progress: Progress, erased: ErasedPeople, deadline: float
) -> bool:
    start = successor(progress.position) if progress.position else EVENT.all()[0]
    async for rows in _pages(app, directory_id, start, events.end()):
        await _rewrite(app, directory_id, rows, erased.without_mentions)
        is_last = len(rows) < MAX_QUERY_ROWS
        position = events.end() if is_last else rows[-1].key
        await _store(app, directory_id, replace(progress, position=position))
        if app.clock.monotonic() >= deadline and not is_last:
            return False
    return True


async def _deletions(app: App, directory_id: str, progress: Progress) -> tuple[ErasedPeople, str]:
    """Return the people of the running pass, or of the next one, and the key of the last event that it covers."""
    erased, last = ErasedPeople(), progress.through
    horizon = events.bound(app.clock.now() - ERASE_AFTER)
    stop = successor(progress.until) if progress.until else horizon
    start = successor(progress.through) if progress.through else EVENT.all()[0]
    async for rows in _pages(app, directory_id, start, stop):
        for row in rows:
            last = row.key
            if _is_deletion(row.key):
                erased.add(events.decode(row.value).resource_id)
                if len(erased.ids) >= MAX_DELETIONS and not progress.until:
                    return erased, last
    return erased, progress.until or last


def _is_deletion(row_key: str) -> bool:
    """Return whether the event is the deletion of a person, from the counters in its key."""
    return events.marks(row_key).users < 0


def _is_of_pass(row_key: str, progress: Progress) -> bool:
    return progress.through < row_key <= progress.until and _is_deletion(row_key)


async def _pages(app: App, directory_id: str, start: str, stop: str) -> AsyncIterator[list[Row]]:
    """Yield the rows of a range of events, 1,000 at a time."""
    while start < stop:
        rows = await app.tables.query(CONTACTS, directory_id, start, stop)
        yield rows
        if len(rows) < MAX_QUERY_ROWS:
            return
        start = successor(rows[-1].key)


async def _rewrite(
    app: App, directory_id: str, rows: Sequence[Row], change: Callable[[Event], Event]
) -> None:
    """Replace the rows that have another event after `change`; skip rows that another run has replaced or removed."""
    operations = list[Replace]()
    keys = iter(rows)

    def add(event: Event) -> None:
        row, changed = next(keys), change(event)
        if changed != event:
            operations.append(Replace(row.key, events.encode(changed), row.etag))

    await _each_event(app, rows, add)
    for at in range(0, len(operations), MAX_OPERATIONS):
        await _replace(app, directory_id, operations[at : at + MAX_OPERATIONS])


async def _each_event(app: App, rows: Sequence[Row], use: Callable[[Event], None]) -> None:
    """Call `use` with the event of each row; let other tasks run in between."""
    time_slice = TimeSlice(app)
    for row in rows:
        use(events.decode(row.value))
        await time_slice.yield_when_over()


async def _replace(app: App, directory_id: str, batch: Sequence[Replace]) -> None:
    try:
        await app.tables.transact(CONTACTS, directory_id, batch)
    except (NotFound, PreconditionFailed):
        if len(batch) > 1:
            for one in batch:
                await _replace(app, directory_id, [one])


async def _read(app: App, directory_id: str) -> Progress:
    row = await app.tables.get(CONTACTS, directory_id, ERASURE.key)
    return decode(row.value) if row else Progress()


async def _store(app: App, directory_id: str, progress: Progress) -> None:
    await app.tables.transact(CONTACTS, directory_id, [Upsert(ERASURE.key, encode(progress))])


def encode(progress: Progress) -> bytes:
    """Return the value of the progress row."""
    return orjson.dumps({**row_versions.as_row(progress), "v": 1})


def decode(value: bytes) -> Progress:
    """Return the progress that `encode` encoded; raise UnsupportedRowVersion if a later release wrote it."""
    progress: Progress = row_versions.build(Progress, row_versions.decode(value, "erasure"))
    return progress
