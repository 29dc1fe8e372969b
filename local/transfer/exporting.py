"""Write every row of a deployment to a file; the deployment may be in use.

A directory that changes while it is read is read again, so that its rows in the file are
consistent. The file gets its name only when it is complete. Because it contains people's data and
the hashes of tokens, only its owner may read it.
"""

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

from directories import events, store
from local.transfer import partitions
from local.transfer.file import (
    Sum,
    TransferError,
    complete_line,
    end_line,
    header_line,
    row_line,
    section_line,
)
from local.transfer.partitions import Section
from local.transfer.progress import Progress
from presence.store.manifest import HEAD
from shared.app import App
from shared.clock import timestamp
from shared.tables.schema.base import CONTACTS, PRESENCE

_ATTEMPTS = 5
_LATE = timedelta(minutes=5)  # between the creation of an event's key and its transaction, at most
_ONLY_OWNER = 0o600
Mark = Callable[[], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Exported:
    """The result of an export; `restless` are the IDs of directories that changed during each attempt to read them."""

    directories: int
    rows: int
    restless: list[str]


@dataclass(slots=True, kw_only=True)
class _Writing:
    """The state of the export: the file that is being written, its counts and its checksum."""

    app: App
    out: IO[bytes]
    progress: Progress
    sections: int = 0
    rows: int = 0
    sums: Any = field(default_factory=hashlib.sha256)
    restless: list[str] = field(default_factory=list)


async def export(app: App, to: Path, progress: Progress) -> Exported:
    """Write the complete file or none; raise TransferError if it can't be written."""
    unfinished = to.with_name(to.name + ".part")
    with _opened(unfinished) as out:
        writing = _Writing(app=app, out=out, progress=progress)
        out.write(header_line(timestamp(app.clock.now())))
        ids = await _write_all(writing)
        out.write(complete_line(writing.sections, writing.rows, writing.sums.hexdigest()))
        out.flush()
        os.fsync(out.fileno())
    os.replace(unfinished, to)
    return Exported(len(ids), writing.rows, writing.restless)


@contextlib.contextmanager
def _opened(path: Path) -> Any:
    try:
        path.unlink(missing_ok=True)  # left by an interrupted export, perhaps with another mode
        file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _ONLY_OWNER), "wb")
    except OSError as error:
        raise TransferError(f"{path} can't be written: {error.strerror}.") from None
    with file:
        yield file


async def _write_all(writing: _Writing) -> list[str]:
    tables = writing.app.tables
    ids = await partitions.directory_ids(tables)
    await _write(writing, [partitions.INDEX], _nothing)
    for directory_id in ids:
        sections = partitions.of_directory(directory_id)
        if not await _write(writing, sections, _mark_of_directory(writing.app, directory_id)):
            writing.restless.append(directory_id)
    accounts = await partitions.account_sections(tables, ids)
    for section in [*accounts, *await partitions.audit_sections(tables)]:
        await _write(writing, [section], _nothing)
    for section in await partitions.presence_sections(tables):
        # If one changes at each attempt, that is harmless: the next sync writes what is missing.
        await _write(writing, [section], _mark_of_tenant(writing.app, section.partition))
    for section in partitions.last_sections():
        await _write(writing, [section], _nothing)
    return ids


async def _write(writing: _Writing, sections: list[Section], mark: Mark) -> bool:
    """Write the rows of related sections; if `mark` changed during the reading, read them again.

    Return False if it changed during each attempt; the rows of the last attempt are then in the
    file.
    """
    for attempt in range(_ATTEMPTS):
        before = await mark()
        with tempfile.TemporaryFile() as spool:
            sums = [await _spool(writing, section, spool) for section in sections]
            at_rest = await mark() == before
            if at_rest or attempt == _ATTEMPTS - 1:
                spool.seek(0)
                shutil.copyfileobj(spool, writing.out, 1 << 20)
                for found in sums:
                    writing.sections += 1
                    writing.rows += found.rows
                    writing.sums.update(found.sha256.encode())
                return at_rest
            writing.progress.add(-sum(found.rows for found in sums))
    raise AssertionError("unreachable")


async def _spool(writing: _Writing, section: Section, spool: IO[bytes]) -> Sum:
    found = Sum(section)
    spool.write(section_line(section))
    async for row in partitions.rows(writing.app.tables, section):
        line = row_line(row)
        found.add(line)
        spool.write(line)
        writing.progress.add(1, section.table)
    spool.write(end_line(found))
    return found


async def _nothing() -> str:
    return ""


def _mark_of_directory(app: App, directory_id: str) -> Mark:
    """Return a function that computes a mark of the directory.

    The mark changes with the directory's recent events and with the version of its record.
    """
    since = events.bound(app.clock.now() - _LATE)
    section = Section(CONTACTS, directory_id)

    async def mark() -> str:
        record = await store.get(app.tables, directory_id)
        digest = hashlib.sha256((record.etag if record else "").encode())
        async for row in _events(app, section, since):
            digest.update(row.encode())
        return digest.hexdigest()

    return mark


async def _events(app: App, section: Section, since: str) -> AsyncIterator[str]:
    async for row in partitions.rows(app.tables, section, keys_only=True, start=since):
        if row.key >= events.end():
            return
        yield row.key


def _mark_of_tenant(app: App, tenant_id: str) -> Mark:
    async def mark() -> str:
        row = await app.tables.get(PRESENCE, tenant_id, HEAD)
        return row.etag if row else ""

    return mark
