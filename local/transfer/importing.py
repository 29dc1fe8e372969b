"""Store the rows of an exported file in a deployment's tables.

The target stores the progress (table `work`, partition `import`), so an interrupted import
continues when it is started again with the same file. Rows are written as upserts, so that rows
after the last stored progress can be written again without effect. Finally each partition is read
and compared with the file's checksum.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import orjson

from local.transfer import file, partitions
from local.transfer.file import Begin, End, Overview, Sum, TransferError, row_line
from local.transfer.partitions import Section
from local.transfer.progress import Progress
from shared import row_versions
from shared.app import App
from shared.tables.port import (
    MAX_OPERATIONS,
    MAX_TRANSACTION_BYTES,
    Delete,
    LimitExceeded,
    NotFound,
    Operation,
    Row,
    StorageUnavailable,
    Upsert,
)
from shared.tables.schema.base import IMPORT, REINDEX, WORK

_MARK = Section(WORK, IMPORT)
_STATE = "state"
_AT_ONCE = 4  # transactions
_BATCH_BYTES = MAX_TRANSACTION_BYTES // 4  # of values, which are longer as they are sent
_PATIENCE = (1.0, 2.0, 4.0, 8.0)  # seconds before each retry if storage is unavailable
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class _State:
    """The progress of an import, as stored in the target.

    `sha256` identifies the file. While `clearing`, earlier rows of the target are being removed. After
    that, all sections before number `section` are stored, and the first `rows` rows of that section.
    """

    sha256: str
    clearing: bool = False
    section: int = 0
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Imported:
    """The result of an import; `continued` is True if it resumed an interrupted one."""

    overview: Overview
    continued: bool


@dataclass(slots=True, kw_only=True)
class _Loading:
    app: App
    source: Path
    progress: Progress
    overview: Overview
    state: _State


async def load(app: App, source: Path, progress: Progress, *, replace: bool = False) -> Imported:
    """Store all rows of the file and return the result.

    Raise TransferError if that isn't possible; most reasons are found before anything is changed.
    """
    overview = file.overview(source)
    state = await _state(app)
    continued = state is not None and state.sha256 == overview.sha256
    if state is None or not continued:
        if not replace and not await _is_empty(app):
            raise TransferError(
                "The target holds directories or the beginning of another import. Nothing was changed."
                " With --replace all of its rows are removed first."
            )
        state = _State(overview.sha256, clearing=True)
        await _note(app, state)
    if state.clearing:
        await _clear(app)
        state = _State(overview.sha256)
        await _note(app, state)
    # The file's index rows may follow earlier rules, so each directory must be reindexed again.
    await _clear_one(app, Section(WORK, REINDEX))
    loading = _Loading(app=app, source=source, progress=progress, overview=overview, state=state)
    await _write_all(loading)
    await _compare(loading)
    await _drop(app, _MARK, [_STATE])
    return Imported(overview, continued)


async def unfinished(app: App) -> bool:
    """Return whether an import into these tables was started and not finished."""
    return await _state(app) is not None


async def _state(app: App) -> _State | None:
    row = await app.tables.get(_MARK.table, _MARK.partition, _STATE)
    if row is None:
        return None
    state: _State = row_versions.build(_State, row_versions.decode(row.value, "import"))
    return state


async def _note(app: App, state: _State) -> None:
    value = orjson.dumps({"v": 1, **asdict(state)})
    await _patiently(
        lambda: app.tables.transact(_MARK.table, _MARK.partition, [Upsert(_STATE, value)])
    )


async def _is_empty(app: App) -> bool:
    for section in (partitions.INDEX, *partitions.last_sections(), _MARK):
        async for _ in partitions.rows(app.tables, section, keys_only=True):
            return False
    return True


async def _clear(app: App) -> None:
    """Remove every row; the index rows, by which the other partitions are found, are removed last."""
    tables = app.tables
    ids = await partitions.directory_ids(tables)
    accounts = await partitions.account_sections(tables, ids)
    accounts += await partitions.audit_sections(tables)
    sections = [*await partitions.presence_sections(tables), *accounts]
    sections += [section for each in ids for section in partitions.of_directory(each)]
    for section in [*sections, *partitions.last_sections(), partitions.INDEX]:
        await _clear_one(app, section)


async def _clear_one(app: App, section: Section) -> None:
    waiting: list[str] = []
    async for row in partitions.rows(app.tables, section, keys_only=True):
        waiting.append(row.key)
        if len(waiting) == MAX_OPERATIONS:
            await _drop(app, section, waiting)
            waiting = []
    await _drop(app, section, waiting)


async def _drop(app: App, section: Section, row_keys: list[str]) -> None:
    """Delete rows; if some of them don't exist, delete the others one by one."""
    if not row_keys:
        return
    operations: list[Operation] = [Delete(key) for key in row_keys]
    try:
        await _patiently(lambda: app.tables.transact(section.table, section.partition, operations))
    except NotFound:
        if len(row_keys) > 1:
            for key in row_keys:
                await _drop(app, section, [key])


async def _write_all(loading: _Loading) -> None:
    number = -1
    section, row_number = partitions.INDEX, 0
    batches: list[list[Row]] = []
    with closing(file.read(loading.source)) as parts:  # type: ignore[type-var]
        for part in _batched(parts):
            match part:
                case Begin():
                    section, number, row_number = part.section, number + 1, 0
                case list():
                    row_number += len(part)
                    loading.progress.add(len(part), section.table)
                    if (number, row_number) <= (loading.state.section, loading.state.rows):
                        continue  # an earlier run stored it
                    batches.append(part)
                    if len(batches) == _AT_ONCE:
                        await _store(
                            loading,
                            section,
                            batches,
                            _State(loading.overview.sha256, False, number, row_number),
                        )
                        batches = []
                case End() if batches:
                    await _store(
                        loading,
                        section,
                        batches,
                        _State(loading.overview.sha256, False, number, row_number),
                    )
                    batches = []


def _batched(parts: Iterator[file.Part]) -> Iterator[Begin | list[Row] | End]:
    """Yield the parts of the file, with rows in batches that fit into a transaction.

    The batches are the same in every run, so that a continued import can skip those already stored.
    """
    batch, size = list[Row](), 0
    for part in parts:
        if not isinstance(part, Row):
            if batch:
                yield batch
            batch, size = [], 0
            if not isinstance(part, Overview):
                yield part
            continue
        if batch and (len(batch) == MAX_OPERATIONS or size + len(part.value) > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(part)
        size += len(part.value)


async def _store(
    loading: _Loading, section: Section, batches: list[list[Row]], state: _State
) -> None:
    await asyncio.gather(*(_upsert(loading.app, section, batch) for batch in batches))
    await _note(loading.app, state)


async def _upsert(app: App, section: Section, rows: list[Row]) -> None:
    operations: list[Operation] = [Upsert(row.key, row.value) for row in rows]
    try:
        await _patiently(lambda: app.tables.transact(section.table, section.partition, operations))
    except LimitExceeded:
        if len(rows) == 1:
            raise
        await _upsert(app, section, rows[: len(rows) // 2])
        await _upsert(app, section, rows[len(rows) // 2 :])


async def _compare(loading: _Loading) -> None:
    """Read every partition and compare it with the file, byte for byte. Raise TransferError if they differ."""
    for part in file.read(loading.source):
        if isinstance(part, End):
            found = Sum(part.section)
            async for row in partitions.rows(loading.app.tables, part.section):
                found.add(row_line(row))
            if (found.rows, found.sha256) != (part.rows, part.sha256):
                raise TransferError(
                    f"Partition {part.section.partition} of table {part.section.table} is not what the file says:"
                    f" {found.rows} rows instead of {part.rows}, or other values. Something else writes to the target;"
                    " stop the app there and import again with --replace."
                )


async def _patiently(work: Callable[[], Awaitable[Result]]) -> Result:
    """Run `work`, and repeat it while storage is unavailable; repeated upserts and deletes change nothing."""
    for seconds in _PATIENCE:
        try:
            return await work()
        except StorageUnavailable:
            await asyncio.sleep(seconds)
    return await work()
