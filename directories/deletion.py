"""Deleting a directory: hidden at once and its tokens dead, restorable for ten minutes, then all its rows are removed.

The removal is noted in table `work` before the directory changes, goes on wherever a killed run stopped, and the
directory's own row goes last. Instances may believe a token for 30 seconds more, so what is removed sooner than two
minutes after the deletion (command line) is gone through once more by a later run.
"""

import asyncio
import dataclasses
from datetime import timedelta

import orjson

from directories import service, store
from directories.cache import CACHED_SECONDS, cache
from directories.errors import NotThere
from directories.models import Directory
from shared import keys, log
from shared.clock import parse_timestamp
from shared.services import Services
from shared.tables.limits import MAX_OPERATIONS, MAX_QUERY_ROWS
from shared.tables.port import Delete, NotFound, PreconditionFailed, Row, Upsert

RESTORE_WINDOW = timedelta(minutes=10)
_LATE_WRITES = timedelta(seconds=4 * CACHED_SECONDS)
_ABANDONED = timedelta(hours=1)
_WORK = "work"
_PARTITION = "directory-removal"
_TABLES = ("contacts", "presence")
_AT_ONCE = 4  # transactions


async def delete(
    services: Services, account: str, directory_id: str, expected: str = ""
) -> Directory:
    """Hide the directory and kill its tokens; its rows go later. Raises NotThere, Overtaken."""
    await service.read(services, account, directory_id)
    at = store.now(services.clock)
    value = orjson.dumps({"v": 1, "since": at})
    await services.tables.transact(_WORK, _PARTITION, [Upsert(directory_id, value)])
    return await service.change(
        services,
        account,
        directory_id,
        lambda directory: dataclasses.replace(directory, state="deleting", deleted=at),
        expected,
    )


async def restore(services: Services, account: str, directory_id: str) -> Directory:
    """Undo a deletion of the last ten minutes: people, tokens and all; raises NotThere."""
    directory = await store.get(services.tables, directory_id)
    if directory is None or directory.account != account or not is_restorable(services, directory):
        raise NotThere(directory_id)
    try:
        restored = await store.replace(
            services.tables, dataclasses.replace(directory, state="active", deleted="")
        )
    except (PreconditionFailed, NotFound):
        raise NotThere(directory_id) from None
    await store.remove(services.tables, _PARTITION, directory_id, table=_WORK)
    cache(services).forget(directory_id)
    return restored


async def restorable(services: Services, account: str) -> list[Directory]:
    """The account's deleted directories that can still be restored."""
    found = await store.of_account(services.tables, services.clock, account)
    return [directory for directory in found if is_restorable(services, directory)]


def is_restorable(services: Services, directory: Directory) -> bool:
    """Whether a deletion can still be undone."""
    return directory.state == "deleting" and _age(services, directory.deleted) < RESTORE_WINDOW


async def remove_now(services: Services, account: str, directory_id: str, deadline: float) -> bool:
    """Delete without a way back and remove the rows here and now, until the `deadline`; whether all are gone."""
    directory = await delete(services, account, directory_id)
    return await _remove(services, await _past_undo(services, directory), deadline)


async def run(services: Services, deadline: float) -> int:
    """Carry on all removals that are due, until the clock's monotonic `deadline`; how many were finished."""
    finished = 0
    for row in await store.index(services.tables, _PARTITION, table=_WORK):
        if services.clock.monotonic() >= deadline:
            break
        finished += await _carry_on(services, row, deadline)
    return finished


async def _carry_on(services: Services, row: Row, deadline: float) -> bool:
    directory = await store.get(services.tables, row.key)
    if directory is None:
        await _finish(services, row.key, None)
        return True
    if directory.is_active:  # killed before it was marked, or about to be
        if _age(services, orjson.loads(row.value)["since"]) > _ABANDONED:
            await store.remove(services.tables, _PARTITION, row.key, table=_WORK)
        return False
    if is_restorable(services, directory):
        return False
    try:
        directory = await _past_undo(services, directory)
    except (PreconditionFailed, NotFound):
        return False  # restored at the last moment, or another run is at it
    if (
        not await _remove(services, directory, deadline)
        or _age(services, directory.deleted) < _LATE_WRITES
    ):
        return False
    await _finish(services, row.key, directory)
    log.event("directory.removed", directory_id=row.key)
    return True


async def _past_undo(services: Services, directory: Directory) -> Directory:
    """From here on it can't be restored: the tag of the row lets either this or a restoration win."""
    if directory.state == "removing":
        return directory
    return await store.replace(services.tables, dataclasses.replace(directory, state="removing"))


async def _remove(services: Services, directory: Directory, deadline: float) -> bool:
    """Remove the rows of the directory in every table but its own record; False where the time was up."""
    for table in _TABLES:
        if not await _clear(services, table, directory.id, "", deadline):
            return False
    before = await _clear(services, store.TABLE, directory.id, "", deadline, keys.key(store.RECORD))
    return before and await _clear(
        services, store.TABLE, directory.id, keys.after(store.RECORD), deadline
    )


async def _clear(
    services: Services,
    table: str,
    partition: str,
    start: str,
    deadline: float,
    stop: str = keys.LAST,
) -> bool:
    """Remove a range of rows in transactions of 100; another run may be doing the same."""
    while services.clock.monotonic() < deadline:
        rows = await services.tables.query(table, partition, start, stop, keys_only=True)
        batches = [rows[at : at + MAX_OPERATIONS] for at in range(0, len(rows), MAX_OPERATIONS)]
        for at in range(0, len(batches), _AT_ONCE):
            await asyncio.gather(
                *(_drop(services, table, partition, batch) for batch in batches[at : at + _AT_ONCE])
            )
        if len(rows) < MAX_QUERY_ROWS:
            return True
    return False


async def _drop(services: Services, table: str, partition: str, rows: list[Row]) -> None:
    try:
        await services.tables.transact(table, partition, [Delete(row.key) for row in rows])
    except NotFound:
        for row in rows:
            await store.remove(services.tables, partition, row.key, table=table)


async def _finish(services: Services, directory_id: str, directory: Directory | None) -> None:
    """Remove the index rows (hidden as it is, nobody misses them), the record that names its account, the work row."""
    tables = services.tables
    if directory is not None:
        await store.remove(tables, store.account_partition(directory.account), directory_id)
    await store.remove(tables, store.ALL, directory_id)
    await store.remove(tables, directory_id, store.RECORD)
    await store.remove(tables, _PARTITION, directory_id, table=_WORK)
    cache(services).forget(directory_id)


def _age(services: Services, since: str) -> timedelta:
    return services.clock.now() - parse_timestamp(since)
