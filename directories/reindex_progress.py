"""The progress of a directory's reindex, stored so that any instance continues after another one stopped.

If a release changes how index rows are derived, the rows of every user and group are written again
in the background (`scim.reindex`). A *pass* reads all records of a directory in the order of their
keys. Its row is in table `work`, partition `reindex`, with the directory ID as the key; a directory
without a row has had no pass yet.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

import orjson

from directories import store, totals
from shared import row_versions
from shared.app import App
from shared.clock import parse_timestamp
from shared.tables.port import AlreadyExists, Insert, NotFound, PreconditionFailed, Replace, Tables
from shared.tables.schema.base import REINDEX, WORK
from shared.tables.schema.contacts import INDEX_VERSION

# During an upgrade or after a rollback, an instance of the previous release may write a record that a pass has already
# read. So another pass follows a finished one: soon if that one rewrote something, else after a day.
REPEAT_AFTER_CHANGES = timedelta(hours=1)
REPEAT_AFTER = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A pass over a directory's records.

    Attributes:
        index_version: The version of the rules that the pass applies.
        cursor: The row key of the last record that it has read.
        passed: The number of records that it has read.
        rewritten: The number of records whose index rows it has written again.
        skipped: The number of records that can't be decoded.
        started: When the pass began. This, `updated` and `finished` are RFC 3339 times.
        finished: When the pass ended; "" while it runs.
        repeats: Whether an earlier pass with the same version has finished.
    """

    index_version: int
    started: str
    cursor: str = ""
    passed: int = 0
    rewritten: int = 0
    skipped: int = 0
    updated: str = ""
    finished: str = ""
    repeats: bool = False
    etag: str = ""
    unknown_fields: Mapping[str, Any] = field(
        default_factory=dict, compare=False, repr=False, kw_only=True
    )

    @property
    def is_finished(self) -> bool:
        """Whether the pass has read every record."""
        return bool(self.finished)

    def is_due(self, now: datetime) -> bool:
        """Return whether this pass must be continued, or another one must begin, at the time `now`."""
        if self.index_version != INDEX_VERSION or not self.finished:
            return True
        pause = REPEAT_AFTER_CHANGES if self.rewritten else REPEAT_AFTER
        # `abs`, because a time far in the future was written by an instance with a wrong clock.
        return abs(now - parse_timestamp(self.finished)) >= pause


@dataclass(frozen=True, slots=True)
class ReindexStatus:
    """The progress that the directory's page and the API show until all records are rewritten.

    `done` of `total` records have been read. `waiting` means that the pass begins with the next run
    of the maintenance timer.
    """

    state: Literal["waiting", "running"]
    done: int
    total: int


async def read(tables: Tables, directory_id: str) -> Progress | None:
    """Return the directory's latest pass, or None if it has had none. One round trip."""
    row = await tables.get(WORK, REINDEX, directory_id)
    return decode(row.value, row.etag) if row else None


async def read_all(tables: Tables) -> dict[str, Progress]:
    """Return the latest pass of each directory by directory ID, in one round trip per 1,000."""
    rows = await store.index(tables, REINDEX, table=WORK)
    return {row.key: decode(row.value, row.etag) for row in rows}


async def save(tables: Tables, directory_id: str, progress: Progress) -> Progress | None:
    """Store the pass and return it with its new ETag; return None if another instance has stored it since."""
    value = encode(progress)
    operation = (
        Replace(directory_id, value, progress.etag)
        if progress.etag
        else Insert(directory_id, value)
    )
    try:
        (etag,) = await tables.transact(WORK, REINDEX, [operation])
    except (AlreadyExists, PreconditionFailed, NotFound):
        return None
    return replace(progress, etag=etag)


async def forget(tables: Tables, directory_id: str) -> None:
    """Delete the directory's row, so that the next run of the maintenance timer begins a new pass."""
    await store.remove(tables, REINDEX, directory_id, table=WORK)


async def status(app: App, directory_id: str) -> ReindexStatus | None:
    """Return the progress of the directory's reindex, or None if there is nothing to show.

    A repeated pass is shown only if it has rewritten something. One round trip, and while a pass
    runs those of `totals.read`.
    """
    progress = await read(app.tables, directory_id)
    if progress is None:
        return None
    is_waiting = progress.index_version != INDEX_VERSION
    if not is_waiting and (progress.is_finished or (progress.repeats and not progress.rewritten)):
        return None
    found = await totals.read(app, directory_id)
    total = found.users + found.groups
    if is_waiting:
        return ReindexStatus("waiting", 0, total)
    return ReindexStatus("running", min(progress.passed, total), total)


def encode(progress: Progress) -> bytes:
    """Return the value of a pass's row; the ETag isn't stored."""
    return orjson.dumps({**row_versions.as_row(progress, "etag"), "v": 1})


def decode(value: bytes, etag: str) -> Progress:
    """Return the pass of a row; raise UnsupportedRowVersion if a later release wrote it."""
    stored = row_versions.decode(value, "reindex")
    progress: Progress = row_versions.build(Progress, {**stored, "etag": etag})
    return progress
