"""Delete a directory: hide it at once, keep it restorable for ten minutes, then remove its rows.

A row in table `work` is written before the directory changes, so a later run continues after a
killed one; the directory's own row is removed last. Other instances may accept a token for 30
seconds more and write rows. So if the command line removes a directory within two minutes of its
deletion, a later run removes its rows once more.
"""

import asyncio
import dataclasses
from datetime import timedelta

import orjson

from directories import audit, audit_relay, names, reindex_progress, service, store
from directories.audit import Act, Actor, system_actor
from directories.audit_relay import Outbox
from directories.errors import NotThere
from directories.hooks import MaintenanceJobs
from directories.models import Directory
from directories.store import CACHED_SECONDS, cache
from shared import keys, log
from shared.app import App
from shared.clock import parse_timestamp
from shared.tables.port import (
    MAX_OPERATIONS,
    MAX_QUERY_ROWS,
    Delete,
    NotFound,
    PreconditionFailed,
    Row,
    Upsert,
)
from shared.tables.schema.base import (
    ALL_DIRECTORIES,
    CONTACTS,
    DELETIONS,
    DIRECTORIES,
    PRESENCE,
    WORK,
    account_partition,
)
from shared.tables.schema.directories import DIRECTORY

RESTORE_WINDOW = timedelta(minutes=10)
_LATE_WRITES = timedelta(seconds=4 * CACHED_SECONDS)
_ABANDONED = timedelta(hours=1)
_TABLES = (CONTACTS, PRESENCE)
_AT_ONCE = 4  # transactions


async def delete(app: App, actor: Actor, directory_id: str, expected: str = "") -> Directory:
    """Hide the directory and refuse its tokens; a timer removes its rows later. Raise NotThere or Overtaken."""
    await service.read(app, actor.account, directory_id)
    at = store.now(app.clock)
    value = orjson.dumps({"v": 1, "since": at})
    await app.tables.transact(WORK, DELETIONS, [Upsert(directory_id, value)])
    return await service.change(
        app,
        actor,
        directory_id,
        lambda directory: dataclasses.replace(directory, state="deleting", deleted=at),
        expected,
    )


async def restore(app: App, actor: Actor, directory_id: str) -> Directory:
    """Undo a deletion of the last ten minutes; people, tokens and settings are as before.

    Raises:
        NotThere: The account has no such deleted directory, or the ten minutes are over.
        NameTaken: Another directory of the account has this name by now.
    """
    directory = await store.get(app.tables, directory_id)
    if directory is None or directory.account != actor.account or not is_restorable(app, directory):
        raise NotThere(directory_id)
    await names.claim(app, actor.account, directory.name, directory_id)
    try:
        active = dataclasses.replace(directory, state="active", deleted="")
        restored = await service.replace(app, actor, directory, active)
    except (PreconditionFailed, NotFound):
        raise NotThere(directory_id) from None
    await store.remove(app.tables, DELETIONS, directory_id, table=WORK)
    return restored


def is_restorable(app: App, directory: Directory) -> bool:
    """Return whether the directory's deletion can still be undone."""
    return directory.state == "deleting" and _age(app, directory.deleted) < RESTORE_WINDOW


async def remove_now(app: App, actor: Actor, directory_id: str, deadline: float) -> bool:
    """Delete a directory without the ten minutes to undo, and remove its rows until the monotonic `deadline`.

    Return whether all rows are removed. A deletion that began before, on a page or by a killed
    command, is continued. Raise NotThere or Overtaken.
    """
    found = await store.get(app.tables, directory_id)
    if found is not None and found.account == actor.account and not found.is_active:
        if found.state == "removing" and not await _has_rows(app, found):
            raise NotThere(directory_id)
        directory = found
    else:
        directory = await delete(app, actor, directory_id)
    return await _remove(app, await _past_undo(app, actor, directory), deadline)


async def run(app: App, deadline: float) -> int:
    """Continue all due removals until the monotonic `deadline`; return how many were finished."""
    finished = 0
    for row in await store.index(app.tables, DELETIONS, table=WORK):
        if app.clock.monotonic() >= deadline:
            break
        try:
            finished += await _carry_on(app, row, deadline)
        except Exception as error:  # the other directories are removed nevertheless
            log.failure("maintenance.failed", error, directory_id=row.key)
    return finished


async def _carry_on(app: App, row: Row, deadline: float) -> bool:
    directory = await store.get(app.tables, row.key)
    if directory is None:
        await _finish(app, row.key, None)
        return True
    if directory.is_active:
        # The run that wrote the row was killed before it changed the directory, or is about to change it.
        if _age(app, orjson.loads(row.value)["since"]) > _ABANDONED:
            await store.remove(app.tables, DELETIONS, row.key, table=WORK)
        return False
    if is_restorable(app, directory):
        return False
    try:
        directory = await _past_undo(app, _timer(directory), directory)
    except (PreconditionFailed, NotFound):
        return False  # restored at the last moment, or another run is removing it
    if not await _remove(app, directory, deadline) or _age(app, directory.deleted) < _LATE_WRITES:
        return False
    await _finish(app, row.key, directory)
    log.event("directory.removed", directory_id=row.key)
    return True


def _timer(directory: Directory) -> Actor:
    return system_actor(directory.account, "maintenance_timer")


async def _past_undo(app: App, actor: Actor, directory: Directory) -> Directory:
    """Change the state to `removing`, after which the deletion can't be undone, and return the directory.

    If a restoration happens at the same moment, the row's ETag lets only one of them succeed.
    """
    if directory.state == "removing":
        return directory
    return await service.replace(
        app, actor, directory, dataclasses.replace(directory, state="removing")
    )


async def _remove(app: App, directory: Directory, deadline: float) -> bool:
    """Remove the rows of the directory in every table except its own record; return False if the deadline came first.

    Audit events in its outbox are first copied to the account's log.
    """
    await audit_relay.relay_waiting(app, Outbox(DIRECTORIES, directory.id))
    for removal in app.state(MaintenanceJobs).removals:
        await removal(app, directory)
    for table in _TABLES:
        if not await _clear(app, table, directory.id, "", deadline):
            return False
    before = await _clear(app, DIRECTORIES, directory.id, "", deadline, DIRECTORY.key)
    return before and await _clear(
        app, DIRECTORIES, directory.id, keys.successor(DIRECTORY.key), deadline
    )


async def _has_rows(app: App, directory: Directory) -> bool:
    """Return whether people or presence of the directory are still stored."""
    for table in _TABLES:
        if await app.tables.query(table, directory.id, "", keys.MAX_KEY_CHAR, limit=1):
            return True
    return False


async def _clear(
    app: App,
    table: str,
    partition: str,
    start: str,
    deadline: float,
    stop: str = keys.MAX_KEY_CHAR,
) -> bool:
    """Remove a range of rows in transactions of 100; return False if the deadline came first.

    Another run may be removing the same rows.
    """
    while app.clock.monotonic() < deadline:
        rows = await app.tables.query(table, partition, start, stop, keys_only=True)
        batches = [rows[at : at + MAX_OPERATIONS] for at in range(0, len(rows), MAX_OPERATIONS)]
        for at in range(0, len(batches), _AT_ONCE):
            await asyncio.gather(
                *(_drop(app, table, partition, batch) for batch in batches[at : at + _AT_ONCE])
            )
        if len(rows) < MAX_QUERY_ROWS:
            return True
    return False


async def _drop(app: App, table: str, partition: str, rows: list[Row]) -> None:
    try:
        await app.tables.transact(table, partition, [Delete(row.key) for row in rows])
    except NotFound:
        for row in rows:
            await store.remove(app.tables, partition, row.key, table=table)


async def _finish(app: App, directory_id: str, directory: Directory | None) -> None:
    """Remove the directory's index rows, its record, and last the row in table `work`.

    `directory` is None if an earlier run has already removed the record.
    """
    tables = app.tables
    if directory is not None:
        await _note_purge(app, directory)
        await names.release(app, directory.account, directory.name, directory_id)
        await store.remove(tables, account_partition(directory.account), directory_id)
    await reindex_progress.forget(tables, directory_id)
    await store.remove(tables, ALL_DIRECTORIES, directory_id)
    await store.remove(tables, directory_id, DIRECTORY.key)
    await store.remove(tables, DELETIONS, directory_id, table=WORK)
    cache(app).forget(directory_id)


async def _note_purge(app: App, directory: Directory) -> None:
    """Store an event in the account's log which says that the directory's rows are removed.

    If the run is killed after this, before the directory's record is removed, the next run stores the
    event again.
    """
    actor, act = _timer(directory), Act("directory.purged")
    events = audit.new_events(app.clock, actor, [act], directory.id, directory.name)
    await audit_relay.append_to_account(app, directory.account, events)


def _age(app: App, since: str) -> timedelta:
    return app.clock.now() - parse_timestamp(since)
