"""The request inspector: records the requests of a directory's client, without values, for an hour.

An administrator switches it on (`Directory.inspect_until`); it ends by itself, because each
instance compares that time with the clock at every request. Other instances learn of a switch
within 30 seconds (`directories.store`). Requests are stored in the background, at most
`MAX_REQUESTS`, which each instance may exceed by `_AT_ONCE`. The daily maintenance removes them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import orjson

from directories import service, store
from directories.audit import Actor
from directories.models import Directory
from shared import row_versions
from shared.app import App
from shared.clock import timestamp
from shared.ids import new_ulid
from shared.limits import LruCache
from shared.tables.port import MAX_OPERATIONS, Delete, Insert, TableError, query_all
from shared.tables.schema.base import DIRECTORIES
from shared.tables.schema.directories import INSPECTED

DURATION = timedelta(hours=1)
MAX_REQUESTS = 500
_AT_ONCE = 50  # rows that an instance stores before it counts all of them again
_MAX_WAITING = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """One recorded request: method, path, query without values, the types in the body, and the response's status.

    `body` is JSON with each value replaced by its type, "" without a body. `size` is the body's
    length in bytes.
    """

    at: str
    method: str
    path: str
    query: str = ""
    body: str = ""
    size: int = 0
    status: int
    scim_type: str = ""
    milliseconds: int
    client: str = ""


@dataclass(slots=True, kw_only=True)
class _Session:
    """The recording of a directory on one instance; it may store `room` rows before it counts them again."""

    until: str
    room: int = 0
    is_full: bool = False
    is_storing: bool = False
    waiting: list[Inspected] = field(default_factory=list)


@dataclass(slots=True)
class _Sessions:
    by_directory: LruCache[str, _Session] = field(default_factory=lambda: LruCache(1024))


def is_on(app: App, directory: Directory) -> bool:
    """Return whether the directory's requests are being recorded."""
    return bool(directory.inspect_until) and store.now(app.clock) < directory.inspect_until


async def switch(app: App, actor: Actor, directory_id: str, *, on: bool) -> Directory:
    """Start recording the directory's requests for an hour, or stop; return the changed directory. Raise NotThere.

    Starting removes the previous recording.
    """
    until = ""
    if on:
        directory = await service.read(app, actor.account, directory_id)
        await clear(app, directory.id)
        until = timestamp(app.clock.now() + DURATION)
    return await service.set_up(app, actor, directory_id, inspect_until=until)


def record(app: App, directory: Directory, request: Inspected) -> None:
    """Store a request in the background, so that its response doesn't wait."""
    sessions = app.state(_Sessions).by_directory
    session = sessions.get(directory.id)
    if session is None or session.until != directory.inspect_until:
        session = _Session(until=directory.inspect_until)
        sessions.put(directory.id, session)
    if session.is_full or len(session.waiting) >= _MAX_WAITING:
        return
    session.waiting.append(request)
    if not session.is_storing:
        session.is_storing = True
        app.background.start_optional(_store(app, directory.id, session), "inspector.lost")


async def read(app: App, directory_id: str) -> list[Inspected]:
    """Return the recorded requests, newest first."""
    rows = await query_all(app.tables, DIRECTORIES, directory_id, *INSPECTED.all())
    return sorted([decode(row.value) for row in rows], key=lambda one: one.at, reverse=True)


async def clear(app: App, directory_id: str) -> None:
    """Remove the directory's recorded requests."""
    rows = await query_all(app.tables, DIRECTORIES, directory_id, *INSPECTED.all(), keys_only=True)
    await _delete(app, directory_id, [row.key for row in rows])


async def tidy(app: App, directory_id: str) -> None:
    """Remove the recorded requests if the recording ended more than a day ago."""
    directory = await store.get(app.tables, directory_id)
    ended = timestamp(app.clock.now() - timedelta(days=1))
    if directory is None or directory.inspect_until < ended:
        await clear(app, directory_id)


async def _store(app: App, directory_id: str, session: _Session) -> None:
    try:
        while session.waiting and not session.is_full:
            if session.room <= 0:
                session.room = min(_AT_ONCE, MAX_REQUESTS - await _count(app, directory_id))
                session.is_full = session.room <= 0
                continue
            part = session.waiting[: session.room]
            del session.waiting[: len(part)]
            session.room -= len(part)
            work = [
                Insert(INSPECTED.key(new_ulid(app.clock)), encode(one), is_unique=True)
                for one in part
            ]
            await app.tables.transact(DIRECTORIES, directory_id, work)
    except TableError:
        session.waiting.clear()  # the recording has a gap
    finally:
        session.is_storing = False


async def _count(app: App, directory_id: str) -> int:
    return len(
        await query_all(app.tables, DIRECTORIES, directory_id, *INSPECTED.all(), keys_only=True)
    )


async def _delete(app: App, directory_id: str, row_keys: Sequence[str]) -> None:
    for at in range(0, len(row_keys), MAX_OPERATIONS):
        part = [Delete(key) for key in row_keys[at : at + MAX_OPERATIONS]]
        await app.tables.transact(DIRECTORIES, directory_id, part)


def encode(request: Inspected) -> bytes:
    """Return the value of a recorded request's row."""
    return orjson.dumps({**row_versions.as_row(request), "v": 1})


def decode(value: bytes) -> Inspected:
    """Return the request of a row; raise UnsupportedRowVersion if a later release wrote it."""
    found: Inspected = row_versions.build(
        Inspected, row_versions.decode(value, "inspected request")
    )
    return found
