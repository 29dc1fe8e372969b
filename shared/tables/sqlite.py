"""The embedded engine: one SQLite file with a write-ahead log; each transaction is on the disk before it returns.

Statements run on the event loop, because they take microseconds and handing them to a thread takes
longer. Only the commit, which waits for the disk, runs in a thread; transactions that arrive during
a commit are committed together afterwards (group commit).

All inserts of a transaction are one statement, and so are its upserts and deletes. The reason:
`sqlite3` releases the GIL in each step of a statement, and next to the worker's gRPC threads the
event loop then waits to get it again.
"""

import asyncio
import contextlib
import os
import random
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, partial
from itertools import repeat
from pathlib import Path

from shared.clock import Clock, SystemClock
from shared.tables import port, sqlite_file
from shared.tables.port import (
    AlreadyExists,
    Delete,
    Insert,
    NotFound,
    Operation,
    PreconditionFailed,
    Replace,
    Row,
    StorageUnavailable,
    TableError,
    Upsert,
)
from shared.tables.schema.base import TABLES

SYNCHRONOUS = "FULL"  # every commit is on the disk before it returns (sqlite.org/pragma.html)
_GROUP = 64  # most transactions per commit, so that none waits long
# Turns of the event loop without a new transaction, after which a group is committed.
_QUIET_TURNS = 2
_LOG_PAGES = 4000  # checkpoint the log at 16 MiB: a sixth fewer bytes are written than with SQLite's 1,000 pages
_LOOK_SECONDS = 1.0  # between two checks whether the file was moved
_PATIENT = "PRAGMA busy_timeout=10000"  # milliseconds to wait for another process's lock
# Not WITHOUT ROWID: with rowids, values are appended and the key index stays dense, so a write of 15 rows takes 0.6 of
# the time.
_CREATE = (
    "CREATE TABLE IF NOT EXISTS {0} (partition TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,"
    " version INTEGER NOT NULL, PRIMARY KEY (partition, key))"
)
# Not OR REPLACE, which moves the row. Without it, the rows of a person stay next to each other, on a page or two.
_OR_UPDATE = (
    "ON CONFLICT (partition, key) DO UPDATE SET value=excluded.value, version=excluded.version"
)
# Makes a Row of a tuple as `Row._make` does, but without a call of Python code for each: pages have hundreds.
_to_row: Callable[[tuple[str, bytes, str]], Row] = partial(tuple.__new__, Row)
_Way = Callable[[str, str, int, Sequence[Operation]], None]
_Outcome = list[str] | Exception
_Pending = tuple[str, str, Sequence[Operation], "asyncio.Future[list[str]]"]


class SqliteTables:
    """The tables in the file at `path`, which is created with its folder; other processes may use it at the same time.

    With `read_only`, the file must exist and is never written. Raise OSError if the file was
    created before and is missing now. `clock` decides when to check whether the file still exists.
    """

    def __init__(self, path: Path, *, read_only: bool = False, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._is_read_only = read_only
        if read_only:
            self._reader = self._writer = sqlite_file.open_read_only(path)
        else:
            self._open_writer(path)
        self._path, self._file = path, _file_of(path)
        self._looked = self._clock.monotonic()
        self._pending: list[_Pending] = []
        self._committing: asyncio.Task[None] | None = None
        self._versions = random.Random(random.SystemRandom().getrandbits(64))

    def _open_writer(self, path: Path) -> None:
        sqlite_file.make(path)
        self._writer = _connect(path)
        self._writer.execute(f"PRAGMA synchronous={SYNCHRONOUS}")
        self._writer.execute("PRAGMA journal_mode=WAL")
        # Overwrite the bytes of deleted rows, so that nothing of erased people is left.
        self._writer.execute("PRAGMA secure_delete=ON")
        self._writer.execute(f"PRAGMA wal_autocheckpoint={_LOG_PAGES}")
        for table in TABLES:
            self._writer.execute(_CREATE.format(table))
        sqlite_file.mark_made(path)
        # From here on, the wait for another process's lock is in a thread, not on the event loop.
        self._writer.execute("PRAGMA busy_timeout=0")
        self._reader = _connect(path)

    async def get(self, table: str, partition: str, key: str) -> Row | None:
        port.check_key(key)
        try:
            found = self._reader.execute(
                f"SELECT value, version FROM {_known(table)} WHERE partition=? AND key=?",
                (partition, key),
            ).fetchone()
        except sqlite3.Error as error:
            raise sqlite_file.unavailable(error) from error
        return Row(key, found[0], str(found[1])) if found else None

    async def query(
        self,
        table: str,
        partition: str,
        start: str,
        stop: str,
        *,
        limit: int = 1000,
        keys_only: bool = False,
    ) -> list[Row]:
        if not 1 <= limit <= port.MAX_QUERY_ROWS:
            raise ValueError(f"limit {limit} is not in 1..{port.MAX_QUERY_ROWS}")
        where = f"FROM {_known(table)} WHERE partition=? AND key>=? AND key<? ORDER BY key LIMIT ?"
        statement = f"SELECT key, value, CAST(version AS TEXT) {where}"
        if keys_only:
            # One row instead of thousands: a count reads the keys of many events, and each row is a step.
            statement = f"SELECT group_concat(key, char(10)) FROM (SELECT key {where})"
        try:
            found = self._reader.execute(statement, (partition, start, stop, limit)).fetchall()
        except sqlite3.Error as error:
            raise sqlite_file.unavailable(error) from error
        return list(map(_to_row, _keys_alone(found[0][0]) if keys_only else found))

    async def transact(
        self, table: str, partition: str, operations: Sequence[Operation]
    ) -> list[str]:
        port.check(operations)
        if self._is_read_only:
            raise StorageUnavailable("the file is open for reading only", cause="read_only")
        answer: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()
        self._pending.append((_known(table), partition, operations, answer))
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit_pending())
        return await answer

    async def close(self) -> None:
        if self._committing is not None:
            await self._committing
        self._reader.close()
        if self._writer is not self._reader:
            self._writer.close()

    async def _commit_pending(self) -> None:
        try:
            while self._pending:
                await self._gather()
                group, self._pending = self._pending[:_GROUP], self._pending[_GROUP:]
                await self._commit(group)
        finally:
            self._committing = None

    async def _gather(self) -> None:
        """Wait while transactions arrive that requests in progress can send without waiting for anything.

        A commit takes as much processor time as the statements of a transaction, and hands the GIL
        to another thread twice.
        """
        count, quiet = len(self._pending), 0
        while quiet < _QUIET_TURNS and count < _GROUP:
            await asyncio.sleep(0)
            quiet = quiet + 1 if len(self._pending) == count else 0
            count = len(self._pending)

    async def _commit(self, group: list[_Pending]) -> None:
        """Commit a group of transactions, wait for the disk once, then set the result or error of each.

        A refused transaction waits too, because the reason may be a row of its group that isn't
        durable yet.
        """
        outcomes: list[_Outcome]
        try:
            await self._begin()
            outcomes = self._apply_all(group) or await self._apply_each(group)
            await asyncio.to_thread(self._writer.execute, "COMMIT")
        except Exception as error:
            self._roll_back()
            is_storage = isinstance(error, sqlite3.Error | OSError)
            failure = sqlite_file.unavailable(error) if is_storage else error
            outcomes = [failure] * len(group)
        for (*_, answer), outcome in zip(group, outcomes, strict=True):
            if answer.cancelled():
                continue
            if isinstance(outcome, Exception):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)

    async def _begin(self) -> None:
        """Acquire the write lock; raise OSError if the file was moved, because rows written to it would be lost."""
        self._check_file()
        try:
            self._writer.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            await asyncio.to_thread(self._begin_behind_another_process)

    def _check_file(self) -> None:
        """Raise OSError if the file was moved. It checks once a second, because each check releases the GIL."""
        now = self._clock.monotonic()
        if now - self._looked < _LOOK_SECONDS:
            return
        try:
            is_same = _file_of(self._path) == self._file
        except FileNotFoundError:
            is_same = False
        if not is_same:
            raise sqlite_file.lost(self._path)
        self._looked = now

    def _begin_behind_another_process(self) -> None:
        self._writer.execute(_PATIENT)
        try:
            self._writer.execute("BEGIN IMMEDIATE")
        finally:
            self._writer.execute("PRAGMA busy_timeout=0")

    def _roll_back(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")

    def _apply_all(self, group: list[_Pending]) -> list[_Outcome] | None:
        """Carry out all transactions of the group and return their outcomes; return None if one is refused.

        Refusals are rare, so it uses no savepoints: each would be two more steps in which the GIL
        is released.
        """
        outcomes: list[_Outcome] = []
        for table, partition, operations, _ in group:
            version = self._versions.getrandbits(62)
            try:
                self._together(table, partition, version, operations)
            except TableError:
                return None
            outcomes.append(_tags(operations, version))
        return outcomes

    async def _apply_each(self, group: list[_Pending]) -> list[_Outcome]:
        """Roll back, begin again, and carry out each transaction of the group on its own; return their outcomes."""
        self._writer.execute("ROLLBACK")
        await self._begin()
        return [
            self._apply(table, partition, operations) for table, partition, operations, _ in group
        ]

    def _apply(self, table: str, partition: str, operations: Sequence[Operation]) -> _Outcome:
        """Carry out a transaction and return its new tags, or the error if it is refused.

        Operations of one kind are one statement. If that fails, they are carried out one by one to
        find the first error.
        """
        version = self._versions.getrandbits(62)
        if self._try(self._together, table, partition, version, operations):
            refusal = self._try(self._in_order, table, partition, version, operations)
            if refusal is not None:
                return refusal
        return _tags(operations, version)

    def _try(
        self,
        carry_out: _Way,
        table: str,
        partition: str,
        version: int,
        operations: Sequence[Operation],
    ) -> TableError | None:
        """Carry out all operations and return None, or carry out none and return the error of the refused one."""
        self._writer.execute("SAVEPOINT one")
        try:
            carry_out(table, partition, version, operations)
        except TableError as refusal:
            self._writer.execute("ROLLBACK TO one")
            return refusal
        finally:
            if self._writer.in_transaction:
                self._writer.execute("RELEASE one")
        return None

    def _together(
        self, table: str, partition: str, version: int, operations: Sequence[Operation]
    ) -> None:
        inserts = [o for o in operations if type(o) is Insert]
        try:
            self._store(table, partition, version, inserts)
        except sqlite3.IntegrityError:
            raise AlreadyExists("") from None
        if len(inserts) == len(operations):
            return
        upserts = [o for o in operations if type(o) is Upsert]
        self._store(table, partition, version, upserts)
        self._remove(table, partition, [o for o in operations if type(o) is Delete])
        for operation in operations:
            if type(operation) is Replace:
                self._change(table, partition, version, operation)

    def _remove(self, table: str, partition: str, rows: Sequence[Delete]) -> None:
        """Delete all rows with one statement.

        Raise NotFound if one is missing, or has another tag than its Delete names.
        """
        if rows:
            tagged = [row for row in rows if row.etag is not None]
            parameters: list[object] = [partition, *[row.key for row in rows]]
            for row in tagged:
                parameters += (row.key, _version_of(row.etag or ""))
            done = self._writer.execute(_deletion(table, len(rows), len(tagged)), parameters)
            if done.rowcount != len(rows):
                raise NotFound("")

    def _store(
        self, table: str, partition: str, version: int, rows: Sequence[Insert | Upsert]
    ) -> None:
        """Store all rows with one statement; raise sqlite3.IntegrityError if the key of an Insert exists."""
        if rows:
            parameters: list[object] = [partition, version]
            for row in rows:
                parameters += (row.key, row.value)
            statement = _storing(table, len(rows), or_update=isinstance(rows[0], Upsert))
            self._writer.execute(statement, parameters)

    def _in_order(
        self, table: str, partition: str, version: int, operations: Sequence[Operation]
    ) -> None:
        for operation in operations:
            self._change(table, partition, version, operation)

    def _change(self, table: str, partition: str, version: int, operation: Operation) -> None:
        where = "WHERE partition=? AND key=?"
        match operation:
            case Insert(key, value) | Upsert(key, value):
                if (
                    isinstance(operation, Insert)
                    and self._version(table, partition, key) is not None
                ):
                    raise AlreadyExists(key)
                self._store(table, partition, version, [operation])
                return
            case Replace(key, value, etag):
                done = self._writer.execute(
                    f"UPDATE {table} SET value=?, version=? {where} AND version=?",
                    (value, version, partition, key, _version_of(etag)),
                )
            case Delete(key, None):
                done = self._writer.execute(_deletion(table, 1), (partition, key))
            case Delete(key, str(etag)):
                done = self._writer.execute(
                    f"DELETE FROM {table} {where} AND version=?",
                    (partition, key, _version_of(etag)),
                )
        if done.rowcount == 0:
            raise (
                NotFound(operation.key)
                if self._version(table, partition, operation.key) is None
                else PreconditionFailed(operation.key)
            )

    def _version(self, table: str, partition: str, key: str) -> int | None:
        found = self._writer.execute(
            f"SELECT version FROM {table} WHERE partition=? AND key=?", (partition, key)
        ).fetchone()
        return int(found[0]) if found else None


def _keys_alone(together: str | None) -> Iterable[tuple[str, bytes, str]]:
    """Return a row with only a key for each line of `together`, sorted; [] for None.

    The keys can be joined by line ends, because no key contains one (`shared.keys`).
    """
    if together is None:
        return []
    # SQLite concatenates in the order of the subquery, but its documentation doesn't promise it.
    return zip(sorted(together.split("\n")), repeat(b""), repeat(""))


def _tags(operations: Sequence[Operation], version: int) -> list[str]:
    """Return the new tag per operation: the version, "" for a Delete."""
    tag = str(version)
    return ["" if type(operation) is Delete else tag for operation in operations]


def _file_of(path: Path) -> tuple[int, int]:
    """Return the device and inode of the file at the path, which identify the file."""
    status = os.stat(path)
    return status.st_dev, status.st_ino


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    connection.execute(_PATIENT)
    connection.execute("PRAGMA cache_size=-32768")
    connection.execute("PRAGMA temp_store=MEMORY")
    return connection


@lru_cache(maxsize=256)
def _storing(table: str, count: int, *, or_update: bool) -> str:
    """Return the SQL that stores `count` rows.

    Its parameter ?1 is the partition, ?2 the version; then come each row's key and value.
    """
    rows = ",".join(f"(?1,?{at},?{at + 1},?2)" for at in range(3, 3 + 2 * count, 2))
    return f"INSERT INTO {table} VALUES {rows} {_OR_UPDATE if or_update else ''}"


@lru_cache(maxsize=256)
def _deletion(table: str, count: int, tagged: int = 0) -> str:
    """Return the SQL that deletes `count` rows of a partition by their keys.

    After the keys come `tagged` pairs of a key and a version: such a row is deleted only if it has
    this version.
    """
    keys = ",".join("?" * count)
    versions = " AND (key<>? OR version=?)" * tagged
    return f"DELETE FROM {table} WHERE partition=? AND key IN ({keys}){versions}"


def _known(table: str) -> str:
    """Return `table`, which is put into SQL; raise ValueError if the schema has no such table."""
    if table not in TABLES:
        raise ValueError(f"unknown table {table!r}")
    return table


def _version_of(etag: str) -> int:
    return int(etag) if etag.isdecimal() and len(etag) <= 19 and int(etag) < 1 << 63 else -1
