"""Progress of a directory's reindex: one row per directory, so that any instance continues after another stopped.

When a release changes how index rows are derived, the rows of every user and group are written again in the background
(`scim.reindex`). A *pass* goes through all records of a directory in the order of their keys. Table `work`, partition
`reindex`, key = directory id; a directory without a row has not had a pass.
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

# An instance of the release before may write a record that a pass has gone by already, during an upgrade or after a
# rollback. So a finished pass is followed by another one: soon if it had something to write, else once a day.
REPEAT_AFTER_CHANGES = timedelta(hours=1)
REPEAT_AFTER = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A pass through a directory's records.

    `index_version` is the version of the rules that the pass writes; `cursor` the row key of the last record that it
    went by; `passed` and `rewritten` count records; `skipped` counts those that can't be read. Times are RFC 3339,
    `finished` is "" while the pass runs. `repeats`: an earlier pass of the same version has ended.
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
        """Whether the pass has gone by every record."""
        return bool(self.finished)

    def is_due(self, now: datetime) -> bool:
        """Return whether there is something to do at the time `now`: to continue this pass, or to begin another one."""
        if self.index_version != INDEX_VERSION or not self.finished:
            return True
        pause = REPEAT_AFTER_CHANGES if self.rewritten else REPEAT_AFTER
        # A time far ahead was written by an instance whose clock was wrong.
        return abs(now - parse_timestamp(self.finished)) >= pause


@dataclass(frozen=True, slots=True)
class ReindexStatus:
    """The progress shown on the directory's page and in its status API while records wait to be rewritten.

    `done` of `total` records have been gone by. `waiting`: the pass begins with the next run of the maintenance timer.
    """

    state: Literal["waiting", "running"]
    done: int
    total: int


async def read(tables: Tables, directory_id: str) -> Progress | None:
    """Return the directory's pass, or None before its first one, in one round trip."""
    row = await tables.get(WORK, REINDEX, directory_id)
    return decode(row.value, row.etag) if row else None


async def read_all(tables: Tables) -> dict[str, Progress]:
    """Return the passes of all directories by directory id, in one round trip per 1,000."""
    rows = await store.index(tables, REINDEX, table=WORK)
    return {row.key: decode(row.value, row.etag) for row in rows}


async def save(tables: Tables, directory_id: str, progress: Progress) -> Progress | None:
    """Store the pass and return it; None if another instance stored one since it was read."""
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
    """Remove the directory's row, so that the next run of the maintenance timer begins a pass."""
    await store.remove(tables, REINDEX, directory_id, table=WORK)


async def status(app: App, directory_id: str) -> ReindexStatus | None:
    """Return the progress of the directory's reindex: None if the present rules wrote all its records.

    One round trip, and while a pass runs those of `totals.read`. A repeated pass is shown only if it found something.
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
    """Return the value of the row."""
    return orjson.dumps({**row_versions.as_row(progress, "etag"), "v": 1})


def decode(value: bytes, etag: str) -> Progress:
    """Return the pass of a row; raises UnsupportedRowVersion."""
    stored = row_versions.read(value, "reindex")
    progress: Progress = row_versions.build(Progress, {**stored, "etag": etag})
    return progress
