"""Read and write the rows of directories, and cache directories in an instance; the rules are in `service`.

Table `directories`: a directory's partition is its ID, with the row `directory` and small rows
(`used|…`, `access|…`, `jti|…`). Partition `account|{account}` has an index row per directory of the
account, and partition `index|all` one per directory. Index rows are written before the directory
and kept as long as it can be seen, so no directory is ever without them; an index row without a
directory is ignored, and removed after an hour.

A cached directory is at most 30 seconds old. A token that another instance issued just now must
work at once, or Entra would quarantine the job after a rotation, so a directory is read again if a
token doesn't match. To keep a flood of wrong tokens from becoming a flood of reads, these reads are
limited per directory: ten at once, then one per second. The number of reads must not show a
stranger whether a directory exists. So the limits for existing and made-up IDs are in one cache, of
the size of the cache for made-up IDs: a flood of made-up IDs evicts both alike.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson

from directories import audit
from directories.audit import AuditEvent
from directories.models import Directory, Readers, Token, TrustedIdentity, is_directory_id
from directories.rate_limits import Bucket, Buckets
from shared import row_versions
from shared.app import App
from shared.clock import Clock, parse_timestamp, timestamp
from shared.concurrency import each
from shared.limits import LruCache
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
_UNKNOWN = 1024  # a separate cache, so that requests with made-up IDs evict no real directory
_ALLOWANCE = 10.0
_ALLOWANCE_RATE = 1.0  # per second


class AlreadyThere(Exception):
    """Raised if a directory with this ID exists."""


class AccountFull(Exception):
    """Raised if the account has as many directories as allowed."""


async def get(tables: Tables, directory_id: str) -> Directory | None:
    """Return the directory with this ID in any state, or None."""
    if not is_directory_id(directory_id):
        return None
    row = await tables.get(DIRECTORIES, directory_id, DIRECTORY.key)
    return decode(directory_id, row.value, row.etag) if row else None


async def insert(
    tables: Tables, directory: Directory, events: Sequence[AuditEvent], most: int = 100_000
) -> Directory:
    """Store a new directory with its audit events, and return it with its ETag.

    The account's index row is written before the index is counted. So the account never has more
    than `most` directories, however many instances create some at the same time.

    Raises:
        AlreadyThere: The ID is taken.
        AccountFull: The account has `most` directories, including deleted ones that can be restored.
    """
    entry = orjson.dumps({"v": 1, "created": directory.created})
    # Upserts, because a killed run may have left the same index rows.
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
    """Store the next version of a directory and `also`, such as its audit events, in one transaction.

    Return it with its new ETag.

    Raises:
        PreconditionFailed: Another writer came first.
        NotFound: The directory is gone.
    """
    value = encode(directory)
    row = Replace(DIRECTORY.key, value, directory.etag)
    etag, *_ = await tables.transact(DIRECTORIES, directory.id, [row, *also])
    # Delete the overview, so that lists compute the state again. The change is stored already, so an error here must
    # not be the response; lists then show the old state until it is due (`directories.overview`).
    with contextlib.suppress(TableError):
        await remove(tables, overview_partition(directory.account), directory.id)
    return decode(directory.id, value, etag)


async def of_account(tables: Tables, clock: Clock, account: str) -> list[Directory]:
    """Return the account's directories sorted by creation time, including deleted ones that still have rows."""
    partition = account_partition(account)
    entries = await index(tables, partition)
    found = await get_many(tables, [entry.key for entry in entries])
    by_id = {directory.id: directory for directory in found if directory.account == account}
    for entry in entries:
        if entry.key not in by_id:
            await drop_orphan(tables, clock, partition, entry)
    return sorted(by_id.values(), key=lambda directory: (directory.created, directory.id))


async def _count(tables: Tables, account: str) -> int:
    """Return the number of index rows of the account, in one round trip per 1,000."""
    partition = account_partition(account)
    return len(await query_all(tables, DIRECTORIES, partition, keys_only=True))


async def get_many(tables: Tables, ids: list[str]) -> list[Directory]:
    """Return the directories with these IDs; IDs that don't exist are skipped."""
    found = await each(ids, lambda directory_id: get(tables, directory_id))
    return [directory for directory in found if directory is not None]


async def index(tables: Tables, partition: str, table: str = DIRECTORIES) -> list[Row]:
    """Return all rows of a partition; used for index partitions, which are small."""
    return await query_all(tables, table, partition)


async def remove(tables: Tables, partition: str, key: str, table: str = DIRECTORIES) -> None:
    """Delete one row if it exists."""
    with contextlib.suppress(NotFound):
        await tables.transact(table, partition, [Delete(key)])


async def drop_orphan(tables: Tables, clock: Clock, partition: str, entry: Row) -> None:
    """Delete an index row without a directory if it is more than an hour old.

    A newer one may belong to a directory that is being created.
    """
    created = parse_timestamp(orjson.loads(entry.value)["created"])
    if (clock.now() - created).total_seconds() > _ORPHAN_SECONDS:
        await remove(tables, partition, entry.key)


def encode(directory: Directory) -> bytes:
    """Return the value of a directory's row; the ID is in the key, and the ETag isn't stored."""
    return orjson.dumps({**row_versions.as_row(directory, "id", "etag"), "v": 1})


def decode(directory_id: str, value: bytes, etag: str) -> Directory:
    """Return the directory that `encode` encoded; raise UnsupportedRowVersion if a later release wrote it."""
    stored = row_versions.decode(value, "directory")
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
    """Return the current time as text, in the form in which times are stored and compared."""
    return timestamp(clock.now())


@dataclass(slots=True)
class _Entry:
    directory: Directory | None
    read_at: float


@dataclass(slots=True)
class DirectoryCache:
    """The directories that an instance has read lately, by ID; None is cached too, for IDs that don't exist."""

    # How often this instance changed a directory. A cached list of directories compares it to detect changes.
    changes: int = 0
    known: LruCache[str, _Entry] = field(default_factory=lambda: LruCache(_KNOWN))
    unknown: LruCache[str, _Entry] = field(default_factory=lambda: LruCache(_UNKNOWN))
    rereads: Buckets[str] = field(default_factory=lambda: Buckets(_UNKNOWN))

    async def get(self, app: App, directory_id: str) -> tuple[Directory | None, bool]:
        """Return the active directory, or None, and whether it was read from storage just now."""
        entry = self._entry(directory_id)
        if entry and app.clock.monotonic() - entry.read_at < CACHED_SECONDS:
            return entry.directory, False
        return await self._read(app, directory_id), True

    async def again(self, app: App, directory_id: str) -> Directory | None:
        """Read the active directory from storage again and return it; return the cached one if the limit is reached."""
        entry = self._entry(directory_id)
        if entry is None:
            return await self._read(app, directory_id)
        if self._allowance(app, directory_id).wait(1.0, _ALLOWANCE_RATE):
            return entry.directory
        return await self._read(app, directory_id)

    def read_again_at(self, directory_id: str) -> float:
        """Return when (monotonic seconds) `get` will read the directory again; 0 if it isn't in the cache."""
        entry = self._entry(directory_id)
        return entry.read_at + CACHED_SECONDS if entry else 0.0

    def forget(self, directory_id: str) -> None:
        """Remove the directory from the cache after this instance changed it, so that it is read again."""
        self.changes += 1
        self._drop(directory_id)

    def _drop(self, directory_id: str) -> None:
        self.known.forget(directory_id)
        self.unknown.forget(directory_id)

    def _allowance(self, app: App, directory_id: str) -> Bucket:
        """Return the token bucket that limits repeated reads of this ID."""
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
