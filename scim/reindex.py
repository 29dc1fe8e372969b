"""Rewrites index rows after the rules that derive them have changed.

The maintenance timer runs it in the background, for a limited number of records per directory and run;
`python -m local reindex` does all at once. Only index rows and their versions change: no event, total, ETag or
modification time. It is safe beside SCIM requests and other runs, because each record is replaced on condition of its
storage tag, together with its rows, and read again if another writer came first.
"""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from directories import reindex_progress, store
from directories.models import Directory
from directories.reindex_progress import Progress
from scim import resource_rows
from scim.groups import models as groups
from scim.users import models as user_record
from scim.users import store as users
from shared import log
from shared.app import App
from shared.clock import Clock, timestamp
from shared.concurrency import TimeSlice, each
from shared.tables.port import (
    MAX_OPERATIONS,
    AlreadyExists,
    Delete,
    NotFound,
    Operation,
    PreconditionFailed,
    Row,
    StorageUnavailable,
)
from shared.tables.schema.base import ALL_DIRECTORIES, CONTACTS
from shared.tables.schema.contacts import GROUP, INDEX_VERSION, USER

MAX_SECONDS_PER_RUN = 600.0
MAX_RECORDS_PER_RUN = 50_000  # of one directory, before the others have their turn
_PAGE = 200  # records between two notes of the progress
_MAX_TRANSACTION_BYTES = 400_000
_ATTEMPTS = 8
# A partition of Azure Tables takes 2,000 rows a second (learn.microsoft.com/azure/storage/tables/scalability-targets):
# half of them are left to the directory's own requests.
_MAX_ROWS_PER_SECOND = 1000.0
Kind = Literal["group", "user"]
_KINDS: tuple[Kind, Kind] = ("group", "user")  # in the order of a pass
_RECORDS = {"group": GROUP, "user": USER}
_USERS_BEGIN = USER.all()[0]  # the cursor of a pass that has gone by every group


@dataclass(frozen=True, slots=True)
class _Stale:
    """A record with rows that an older version of the rules derived, with the operations that rewrite them."""

    kind: Kind
    id: str
    operations: list[Operation]

    @property
    def size(self) -> int:
        return sum(len(one.value) for one in self.operations if not isinstance(one, Delete))


class _Pace:
    """The limits of a run: a `deadline` on the monotonic clock, at most `records` per directory."""

    def __init__(
        self,
        clock: Clock,
        deadline: float,
        records: float,
        rows_per_second: float = _MAX_ROWS_PER_SECOND,
    ) -> None:
        self.records = records
        self._clock, self._deadline, self._rate = clock, deadline, rows_per_second
        self._free_at = clock.monotonic()

    def is_over(self) -> bool:
        """Return whether the deadline has passed."""
        return self._clock.monotonic() >= self._deadline

    async def keep(self, rows: int) -> None:
        """Wait after writing `rows` rows, as long as the maximum rate requires.

        So the instance can serve requests during a run.
        """
        now = self._clock.monotonic()
        self._free_at = max(self._free_at, now - 1) + rows / self._rate
        await asyncio.sleep(max(0.0, self._free_at - now))


async def run(app: App, deadline: float) -> None:
    """Start or continue the reindexing of each directory that needs it, the one that has waited longest first.

    Ends at `deadline` on the monotonic clock, or after `MAX_SECONDS_PER_RUN`. If a directory fails, that is logged
    and the others continue.
    """
    deadline = min(deadline, app.clock.monotonic() + MAX_SECONDS_PER_RUN)
    known = await reindex_progress.read_all(app.tables)
    ids = [row.key for row in await store.index(app.tables, ALL_DIRECTORIES)]
    ids.sort(key=lambda directory_id: known[directory_id].updated if directory_id in known else "")
    for directory_id in ids:
        if app.clock.monotonic() >= deadline:
            return
        progress = known.get(directory_id)
        if progress and not progress.is_due(app.clock.now()):
            continue
        directory = await store.get(app.tables, directory_id)
        if directory is None or not directory.is_active:
            continue
        try:
            await advance(app, directory, _Pace(app.clock, deadline, MAX_RECORDS_PER_RUN))
        except Exception as error:
            log.failure("reindex.failed", error, directory_id=directory_id)


async def reindex(app: App, directory: Directory) -> Progress:
    """Reindex the whole directory now, and return its final progress."""
    begun = await _begin(app, directory, await reindex_progress.read(app.tables, directory.id))
    pace = _Pace(app.clock, math.inf, math.inf, rows_per_second=math.inf)
    while True:
        progress = await advance(app, directory, pace)
        if progress is not None and progress.is_finished and progress.started >= begun.started:
            return progress


async def advance(app: App, directory: Directory, pace: "_Pace") -> Progress | None:
    """Start or continue the directory's reindexing as far as `pace` allows.

    Return the progress stored last; None if another instance is reindexing the directory at the
    same time.
    """
    progress = await reindex_progress.read(app.tables, directory.id)
    if progress is None or progress.is_finished or progress.index_version != INDEX_VERSION:
        progress = await _begin(app, directory, progress)
    until = progress.passed + pace.records
    while not progress.is_finished:
        if pace.is_over() or progress.passed >= until:
            return progress
        saved = await reindex_progress.save(
            app.tables, directory.id, await _next_page(app, directory, progress, pace)
        )
        if saved is None:
            return None
        progress = saved
    if progress.rewritten or progress.skipped:
        log.event(
            "reindex.done",
            directory_id=directory.id,
            count=progress.rewritten,
            failed=progress.skipped,
        )
    return progress


async def _begin(app: App, directory: Directory, before: Progress | None) -> Progress:
    """Store that reindexing begins, or return the progress that another instance stored at the same time."""
    now = timestamp(app.clock.now())
    is_same = before is not None and before.index_version == INDEX_VERSION
    begun = Progress(
        index_version=INDEX_VERSION,
        started=now,
        updated=now,
        repeats=before is not None and is_same and (before.is_finished or before.repeats),
        etag=before.etag if before else "",
        unknown_fields=before.unknown_fields if before else {},
    )
    saved = await reindex_progress.save(app.tables, directory.id, begun)
    if saved is not None:
        return saved
    found = await reindex_progress.read(app.tables, directory.id)
    if found is None:  # removed at this moment: the directory's region changed, or it was deleted
        return await _begin(app, directory, None)
    return found


async def _next_page(app: App, directory: Directory, progress: Progress, pace: "_Pace") -> Progress:
    """Rewrite the outdated rows of the next page of records, and return the new progress."""
    kind = _kind_of(progress.cursor)
    after = progress.cursor if progress.cursor != _USERS_BEGIN else ""
    found, more = await resource_rows.page(app, directory.id, _RECORDS[kind], after, _PAGE)
    computing, stale, skipped, rewritten = TimeSlice(app), list[_Stale](), 0, 0
    for rows in found:
        await computing.yield_when_over()
        try:
            one = _stale(directory, kind, rows[0])
        except (StorageUnavailable, ValueError, KeyError, TypeError, AttributeError):
            skipped += 1  # of a later release, or damaged: `check` names it
            continue
        if one is not None:
            stale.append(one)
    for batch in _batches(stale):
        rewritten += await _write(app, directory, batch)
        await pace.keep(sum(len(one.operations) for one in batch))
    now, is_last = timestamp(app.clock.now()), not more and kind == _KINDS[-1]
    cursor = found[-1][0].key if found else progress.cursor
    if not more and not is_last:
        cursor = _USERS_BEGIN
    return replace(
        progress,
        cursor=cursor,
        passed=progress.passed + len(found),
        rewritten=progress.rewritten + rewritten,
        skipped=progress.skipped + skipped,
        updated=now,
        finished=now if is_last else "",
    )


def _kind_of(cursor: str) -> Kind:
    """Return the kind of record at the cursor of the progress."""
    return "user" if cursor.startswith(_USERS_BEGIN) else "group"


def _stale(
    directory: Directory,
    kind: Kind,
    row: Row,
    present: frozenset[str] | None = None,
    *,
    keep_name: bool = False,
) -> _Stale | None:
    """Return the operations for a record, or None if its rows are current.

    `present` are the keys of its rows that exist, None if all exist. With `keep_name` its name row
    isn't written.
    """
    identifier = _RECORDS[kind].parts_of(row.key)[0]
    if kind == "user":
        user = user_record.decode(identifier, row.value)
        if users.is_current(user, directory.region):
            return None
        there = frozenset(users.stored_keys(user)) if present is None else present
        operations = users.reindexing(
            user, row.etag, directory.region, present=there, keep_name=keep_name
        )
        return _Stale(kind, identifier, operations)
    group = groups.decode(identifier, row.value)
    if groups.is_current(group):
        return None
    there = frozenset(groups.stored_keys(group)) if present is None else present
    operations = groups.reindexing(group, row.etag, present=there, keep_name=keep_name)
    return _Stale(kind, identifier, operations)


def _batches(stale: Sequence[_Stale]) -> list[list[_Stale]]:
    """Divide the records into batches, so that the operations of each fit in a transaction."""
    batches, operations, size = list[list[_Stale]](), MAX_OPERATIONS, 0
    for one in stale:
        operations, size = operations + len(one.operations), size + one.size
        if operations > MAX_OPERATIONS or size > _MAX_TRANSACTION_BYTES:
            batches.append([])
            operations, size = len(one.operations), one.size
        batches[-1].append(one)
    return batches


async def _write(app: App, directory: Directory, batch: list[_Stale]) -> int:
    """Write the rows of these records in one transaction, or one record at a time after a conflict.

    Return how many records were written.
    """
    operations = [operation for one in batch for operation in one.operations]
    try:
        await app.tables.transact(CONTACTS, directory.id, operations)
    except (PreconditionFailed, NotFound, AlreadyExists):
        return sum([await _write_one(app, directory, one) for one in batch])
    return len(batch)


async def _write_one(app: App, directory: Directory, one: _Stale) -> int:
    """Read one record again and write its rows.

    Return 1, or 0 if its rows are current by then.
    """
    row_key, keep_name = _RECORDS[one.kind].key(one.id), False
    for _ in range(_ATTEMPTS):
        row = await app.tables.get(CONTACTS, directory.id, row_key)
        if row is None:
            return 0
        present = await _present(app, directory.id, one.kind, row)
        stale = _stale(directory, one.kind, row, present, keep_name=keep_name)
        if stale is None:
            return 0
        try:
            await app.tables.transact(CONTACTS, directory.id, stale.operations)
        except (PreconditionFailed, NotFound):
            continue  # changed or deleted at this moment
        except AlreadyExists:
            keep_name = True  # by the new rules another resource has the name
            continue
        return 1
    return 0  # changed all the time, and so by the present rules


async def _present(app: App, directory_id: str, kind: Kind, row: Row) -> frozenset[str]:
    """Return the keys of those rows that exist among the rows that the record lists."""
    identifier = _RECORDS[kind].parts_of(row.key)[0]
    listed = (
        list(users.stored_keys(user_record.decode(identifier, row.value)))
        if kind == "user"
        else groups.stored_keys(groups.decode(identifier, row.value))
    )
    found = await each(listed, lambda key: app.tables.get(CONTACTS, directory_id, key))
    return frozenset(key for key, there in zip(listed, found, strict=True) if there is not None)
