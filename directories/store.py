"""Rows of directories to values and back, and the directories that an instance remembers; knows rows, not rules.

Table `directories`: partition = directory id with the row `directory` and its small rows (`used|…`,
`access|…`, `jti|…`); partition `account|{account}` has a row for each directory of the account, and
partition `index|all` one for each directory. Index rows are written before the directory and stay as long as it can be
seen, so that none is ever without them; one without a directory is passed over, and removed once it is old.

A cached directory is at most 30 seconds old. A token that another instance issued a moment ago must work at once, or
Entra would quarantine the job after a rotation; so a directory is read again if a token doesn't match it. A flood of
wrong tokens must not become a flood of reads, so re-reading has an allowance: ten at once, then one per second for each
directory. Strangers must not learn from the number of reads whether a directory exists. So the allowances of known and
unknown directories are in one cache, as large as that of the unknown ones: made-up ids push both out of it alike.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson

from directories import audit
from directories.audit import AuditEvent
from directories.models import Directory, Readers, Token, TrustedIdentity, is_directory_id
from shared import row_versions
from shared.app import App
from shared.clock import Clock, parse_timestamp, timestamp
from shared.concurrency import each
from shared.limits import Bucket, Buckets, LruCache
from shared.tables.port import (
    AlreadyExists,
    Delete,
    Insert,
    NotFound,
    Operation,
    Replace,
    Row,
    TableError,
    Tables,
    Upsert,
    query_all,
)
from shared.tables.schema.base import (
    ALL_DIRECTORIES,
    DIRECTORIES,
    account_partition,
    overview_partition,
)
from shared.tables.schema.directories import DIRECTORY

_ORPHAN_SECONDS = 3600.0
CACHED_SECONDS = 30.0
_KNOWN = 4096
_UNKNOWN = 1024  # kept apart, so that calls to made-up addresses push no real directory out
_ALLOWANCE = 10.0
_ALLOWANCE_RATE = 1.0  # per second


class AlreadyThere(Exception):
    """A directory with this id exists."""


class AccountFull(Exception):
    """The account has its maximum of directories."""


async def get(tables: Tables, directory_id: str) -> Directory | None:
    """Return the directory with this id, whatever its state."""
    if not is_directory_id(directory_id):
        return None
    row = await tables.get(DIRECTORIES, directory_id, DIRECTORY.key)
    return decode(directory_id, row.value, row.etag) if row else None


async def insert(
    tables: Tables, directory: Directory, events: Sequence[AuditEvent], most: int = 100_000
) -> Directory:
    """Store a new directory with its audit events.

    The account's index is written first and counted after that, so however many instances create
    directories at the same time, the account never has more than `most`.

    Raises:
        AlreadyThere: The ID is taken.
        AccountFull: The account has `most` directories, deleted ones that can be restored included.
    """
    entry = orjson.dumps({"v": 1, "created": directory.created})
    # Upserts: a run that was killed before the last step left the same rows.
    await tables.transact(
        DIRECTORIES, account_partition(directory.account), [Upsert(directory.id, entry)]
    )
    if await _count(tables, directory.account) > most:
        if await get(tables, directory.id) is None:
            await remove(tables, account_partition(directory.account), directory.id)
        raise AccountFull(directory.account)
    await tables.transact(DIRECTORIES, ALL_DIRECTORIES, [Upsert(directory.id, entry)])
    try:
        row = Insert(DIRECTORY.key, encode(directory), is_unique=True)
        etag, *_ = await tables.transact(
            DIRECTORIES, directory.id, [row, *audit.operations(events)]
        )
    except AlreadyExists:
        raise AlreadyThere(directory.id) from None
    return decode(directory.id, encode(directory), etag)


async def replace(tables: Tables, directory: Directory, also: Sequence[Operation]) -> Directory:
    """Store the next version of a directory in one transaction with `also`, such as its audit events.

    Raises:
        PreconditionFailed: Another writer came first.
        NotFound: The directory is gone.
    """
    value = encode(directory)
    row = Replace(DIRECTORY.key, value, directory.etag)
    etag, *_ = await tables.transact(DIRECTORIES, directory.id, [row, *also])
    # Lists of the account read its state again. The change is stored, so a failure here must not
    # be its answer: lists then show the old state until it is due (`directories.overview`).
    with contextlib.suppress(TableError):
        await remove(tables, overview_partition(directory.account), directory.id)
    return decode(directory.id, value, etag)


async def of_account(tables: Tables, clock: Clock, account: str) -> list[Directory]:
    """Return the account's directories by creation time, with those deleted ones that can still be restored."""
    partition = account_partition(account)
    entries = await index(tables, partition)
    found = await get_many(tables, [entry.key for entry in entries])
    by_id = {directory.id: directory for directory in found if directory.account == account}
    for entry in entries:
        if entry.key not in by_id:
            await drop_orphan(tables, clock, partition, entry)
    return sorted(by_id.values(), key=lambda directory: (directory.created, directory.id))


async def _count(tables: Tables, account: str) -> int:
    """Return how many directories the account's index has, in one round trip per 1,000."""
    partition = account_partition(account)
    return len(await query_all(tables, DIRECTORIES, partition, keys_only=True))


async def get_many(tables: Tables, ids: list[str]) -> list[Directory]:
    """Return those directories with these ids that exist."""
    found = await each(ids, lambda directory_id: get(tables, directory_id))
    return [directory for directory in found if directory is not None]


async def index(tables: Tables, partition: str, table: str = DIRECTORIES) -> list[Row]:
    """Return all rows of a small partition."""
    return await query_all(tables, table, partition)


async def remove(tables: Tables, partition: str, key: str, table: str = DIRECTORIES) -> None:
    """Remove one row if it is there."""
    with contextlib.suppress(NotFound):
        await tables.transact(table, partition, [Delete(key)])


async def drop_orphan(tables: Tables, clock: Clock, partition: str, entry: Row) -> None:
    """Remove an old index row without a directory.

    A new one may belong to a directory that is being created.
    """
    created = parse_timestamp(orjson.loads(entry.value)["created"])
    if (clock.now() - created).total_seconds() > _ORPHAN_SECONDS:
        await remove(tables, partition, entry.key)


def encode(directory: Directory) -> bytes:
    """Return the value of the directory's row; its id is in the key, and the tag isn't part of it."""
    return orjson.dumps({**row_versions.as_row(directory, "id", "etag"), "v": 1})


def decode(directory_id: str, value: bytes, etag: str) -> Directory:
    """Return the directory that `encode` wrote; raises UnsupportedRowVersion."""
    stored = row_versions.read(value, "directory")
    for credentials in ("tokens", "secrets"):
        held = stored.get(credentials, ())
        stored[credentials] = tuple(row_versions.build(Token, token) for token in held)
    if trust := stored.get("trust"):
        audiences = tuple(trust["audiences"])
        stored["trust"] = row_versions.build(TrustedIdentity, {**trust, "audiences": audiences})
    if readers := stored.get("readers"):
        named = {name: tuple(readers.get(name, ())) for name in ("roles", "groups")}
        stored["readers"] = row_versions.build(Readers, {**readers, **named})
    directory: Directory = row_versions.build(
        Directory, {**stored, "id": directory_id, "etag": etag}
    )
    return directory


def now(clock: Clock) -> str:
    """Return the time as it is stored and compared."""
    return timestamp(clock.now())


@dataclass(slots=True)
class _Entry:
    directory: Directory | None
    read_at: float


@dataclass(slots=True)
class DirectoryCache:
    """Directories by id, absent ones too."""

    # How often this instance changed a directory: whoever remembers a list of them compares it.
    changes: int = 0
    known: LruCache[str, _Entry] = field(default_factory=lambda: LruCache(_KNOWN))
    unknown: LruCache[str, _Entry] = field(default_factory=lambda: LruCache(_UNKNOWN))
    rereads: Buckets[str] = field(default_factory=lambda: Buckets(_UNKNOWN))

    async def get(self, app: App, directory_id: str) -> tuple[Directory | None, bool]:
        """Return the directory, or None, and whether it was read from storage just now."""
        entry = self._entry(directory_id)
        if entry and app.clock.monotonic() - entry.read_at < CACHED_SECONDS:
            return entry.directory, False
        return await self._read(app, directory_id), True

    async def again(self, app: App, directory_id: str) -> Directory | None:
        """Return the directory: read again from storage if the allowance permits, else from the cache."""
        entry = self._entry(directory_id)
        if entry is None:
            return await self._read(app, directory_id)
        if self._allowance(app, directory_id).wait(1.0, _ALLOWANCE_RATE):
            return entry.directory
        return await self._read(app, directory_id)

    def forget(self, directory_id: str) -> None:
        """Forget the directory after this instance changed it, so that it is read again."""
        self.changes += 1
        self._drop(directory_id)

    def _drop(self, directory_id: str) -> None:
        self.known.forget(directory_id)
        self.unknown.forget(directory_id)

    def _allowance(self, app: App, directory_id: str) -> Bucket:
        """Return the token bucket of re-reads for an ID."""
        now = app.clock.monotonic()
        return self.rereads.filled(directory_id, now, _ALLOWANCE_RATE, _ALLOWANCE)

    def _entry(self, directory_id: str) -> _Entry | None:
        return self.known.get(directory_id) or self.unknown.get(directory_id)

    async def _read(self, app: App, directory_id: str) -> Directory | None:
        if not is_directory_id(directory_id):
            return None
        allowance = self._allowance(app, directory_id)
        allowance.level = max(0.0, allowance.level - 1.0)
        directory = await get(app.tables, directory_id)
        directory = directory if directory and directory.is_active else None
        entry = _Entry(directory, app.clock.monotonic())
        self._drop(directory_id)
        (self.known if directory else self.unknown).put(directory_id, entry)
        return directory


def cache(app: App) -> DirectoryCache:
    """Return the directory cache of `app`."""
    return app.state(DirectoryCache)
