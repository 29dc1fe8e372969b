"""The SQLite engine: every acknowledged write is durable, concurrent writes share a commit, a
missing file is an error.
"""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.tables.port import AlreadyExists, Delete, Insert, Replace, StorageUnavailable, Upsert
from shared.tables.sqlite import SqliteTables
from shared.tables.sqlite_file import unavailable
from tests.clock import FixedClock
from tests.rounds import rounds

TABLE = "contacts"
_WRITER = """
import asyncio, sys
from pathlib import Path
from shared.tables.port import Insert
from shared.tables.sqlite import SqliteTables
from shared.tables.sqlite_file import unavailable

async def write(tables, writer):
    for turn in range(100_000):
        rows = [Insert(f"{writer}-{turn:06}-{n}", b"x" * 500) for n in range(4)]
        await tables.transact("contacts", "p", rows)
        print(f"{writer}-{turn:06}", flush=True)

async def main():
    tables = SqliteTables(Path(sys.argv[1]))
    await asyncio.gather(*(write(tables, writer) for writer in range(4)))

asyncio.run(main())
"""


async def test_acknowledged_rows_exist_after_reopening(tmp_path: Path) -> None:
    """A second start finds the rows of the first."""
    path = tmp_path / "new/folder/test.db"
    tables = SqliteTables(path)
    tags = await tables.transact(TABLE, "p", [Insert("a", b"1")])
    await tables.close()
    again = SqliteTables(path)
    row = await again.get(TABLE, "p", "a")
    await again.close()
    assert row is not None
    assert (row.value, [row.etag]) == (b"1", tags)


async def test_a_killed_process_loses_no_acknowledged_transaction(tmp_path: Path) -> None:
    """After SIGKILL during writes, every acknowledged transaction is stored, and every stored one
    is complete.
    """
    path = tmp_path / "test.db"
    with subprocess.Popen(
        [sys.executable, "-c", _WRITER, path], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        answered = [process.stdout.readline().strip() for _ in range(200)]
        process.send_signal(signal.SIGKILL)
        answered += [line.strip() for line in process.stdout if line.endswith("\n")]
    tables = SqliteTables(path)
    stored, start = list[str](), "0"
    for _ in rounds():
        if not (rows := await tables.query(TABLE, "p", start, "9", keys_only=True)):
            break
        stored += [row.key for row in rows]
        start = rows[-1].key + " "
    await tables.close()
    whole = {key.rpartition("-")[0] for key in stored}
    assert set(answered) <= whole
    assert sorted(stored) == sorted(f"{turn}-{n}" for turn in whole for n in range(4))


@pytest.mark.usefixtures("durable")
async def test_every_commit_is_synced_to_the_disk(tmp_path: Path) -> None:
    """synchronous=FULL with a write-ahead log (sqlite.org/pragma.html)."""
    tables = SqliteTables(tmp_path / "test.db")
    modes = [
        tables._writer.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous")
    ]
    await tables.close()
    assert modes == ["wal", 2]


async def test_concurrent_transactions_share_a_commit(tmp_path: Path) -> None:
    """A hundred waiting writers need a few disk syncs, and each gets its own result."""
    tables = SqliteTables(tmp_path / "test.db")
    statements = list[str]()
    tables._writer.set_trace_callback(statements.append)
    calls = [tables.transact(TABLE, "p", [Insert(f"{n % 90:02}", b"")]) for n in range(100)]
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    await tables.close()
    assert statements.count("COMMIT") <= 3
    assert [isinstance(outcome, list) for outcome in outcomes] == [n < 90 for n in range(100)]


async def test_transactions_that_arrive_in_the_next_turns_of_the_loop_share_a_commit(
    tmp_path: Path,
) -> None:
    """Requests that have arrived need no wait before they write, so one commit can hold them all.

    A commit takes as much processor time as the statements of a transaction.
    """
    tables = SqliteTables(tmp_path / "test.db")
    statements = list[str]()
    tables._writer.set_trace_callback(statements.append)

    async def write(turn: int) -> None:
        for _ in range(turn):
            await asyncio.sleep(0)
        await tables.transact(TABLE, "p", [Insert(f"{turn}", b"")])

    await asyncio.gather(*map(write, range(8)))
    await tables.close()
    assert statements.count("COMMIT") == 1


async def test_a_refused_transaction_does_not_undo_others_of_its_group(tmp_path: Path) -> None:
    """The group is executed again with savepoints: the others are stored once, the refused one
    isn't.
    """
    tables = SqliteTables(tmp_path / "test.db")
    await tables.transact(TABLE, "p", [Insert("taken", b"1")])
    statements = list[str]()
    tables._writer.set_trace_callback(statements.append)
    outcomes = await asyncio.gather(
        tables.transact(TABLE, "p", [Insert("a", b"1")]),
        tables.transact(TABLE, "p", [Upsert("b", b"1"), Insert("taken", b"2")]),
        tables.transact(TABLE, "p", [Insert("c", b"1")]),
        return_exceptions=True,
    )
    rows = await tables.query(TABLE, "p", "a", "z")
    await tables.close()
    assert [isinstance(outcome, AlreadyExists) for outcome in outcomes] == [False, True, False]
    assert [(row.key, row.value) for row in rows] == [("a", b"1"), ("c", b"1"), ("taken", b"1")]
    assert [row.etag for row in rows[:2]] == [outcomes[0][0], outcomes[2][0]]  # type: ignore[index]
    assert (statements.count("ROLLBACK"), statements.count("COMMIT")) == (1, 1)


async def test_another_process_may_write_too(tmp_path: Path) -> None:
    """While a command holds the lock, the app's writes wait without blocking its other work."""
    tables = SqliteTables(tmp_path / "test.db")
    other = sqlite3.connect(tmp_path / "test.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writing = asyncio.create_task(tables.transact(TABLE, "p", [Insert("a", b"1")]))
    for _ in range(20):
        assert await tables.get(TABLE, "p", "a") is None
        await asyncio.sleep(0)
    assert not writing.done()
    other.execute(f"INSERT INTO {TABLE} VALUES ('p', 'b', x'32', 1)")
    other.execute("COMMIT")
    other.close()
    await writing
    rows = await tables.query(TABLE, "p", "a", "c")
    await tables.close()
    assert [row.value for row in rows] == [b"1", b"2"]


@pytest.mark.parametrize("loss", ["removed", "replaced"])
async def test_a_lost_file_accepts_no_rows(tmp_path: Path, loss: str) -> None:
    """Rows in a file that was deleted or replaced would be lost at the next start, so writes fail.

    The engine checks the file once a second.
    """
    path, clock = tmp_path / "test.db", FixedClock()
    tables = SqliteTables(path, clock=clock)
    await tables.transact(TABLE, "p", [Insert("a", b"1")])
    path.rename(tmp_path / "moved.db")
    if loss == "replaced":
        path.write_bytes(b"")
    clock.advance(1)
    with pytest.raises(StorageUnavailable) as refusal:
        await tables.transact(TABLE, "p", [Insert("b", b"1")])
    assert refusal.value.retry_after > 0
    (tmp_path / "moved.db").rename(path)
    await tables.transact(TABLE, "p", [Insert("c", b"1")])
    assert [row.key for row in await tables.query(TABLE, "p", "a", "d")] == ["a", "c"]
    await tables.close()


async def test_a_write_needs_one_thread_switch_and_no_file_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each thread switch and system call releases the GIL, and waits to acquire it again."""
    tables, hops, looks = SqliteTables(tmp_path / "test.db", clock=FixedClock()), 0, 0
    to_thread, stat = asyncio.to_thread, os.stat

    async def hop(function: Callable[..., Any], *arguments: Any) -> Any:
        nonlocal hops
        hops += 1
        return await to_thread(function, *arguments)

    def look(*arguments: Any, **options: Any) -> os.stat_result:
        nonlocal looks
        looks += 1
        return stat(*arguments, **options)

    monkeypatch.setattr("shared.tables.sqlite.asyncio.to_thread", hop)
    monkeypatch.setattr("shared.tables.sqlite.os.stat", look)
    for number in range(20):
        await tables.transact(TABLE, "p", [Insert(f"{number:02}", b"1"), Upsert("x", b"1")])
        await tables.get(TABLE, "p", "x")
    assert (hops, looks) == (20, 0)
    await tables.close()


async def test_all_rows_of_a_kind_are_one_statement(tmp_path: Path) -> None:
    """`sqlite3` releases the GIL in each step; with one statement per row, a POST released it 22
    times more.
    """
    tables = SqliteTables(tmp_path / "test.db")
    stored = [Insert(f"old{n:02}", b"1") for n in range(30)]
    (tag, *_) = await tables.transact(TABLE, "p", stored)
    statements = list[str]()
    tables._writer.set_trace_callback(statements.append)
    await tables.transact(
        TABLE,
        "p",
        [
            Replace("old00", b"2", tag),
            *(Insert(f"new{n:02}", b"1") for n in range(20)),
            *(Upsert(f"old{n:02}", b"2") for n in range(1, 15)),
            *(Delete(f"old{n:02}") for n in range(15, 30)),
        ],
    )
    begun = [statement.split()[0] for statement in statements]
    assert begun == "BEGIN INSERT INSERT DELETE UPDATE COMMIT".split()
    assert len(await tables.query(TABLE, "p", "n", "p")) == 20 + 15
    await tables.close()


async def test_a_full_disk_is_storage_unavailable_and_recovers(tmp_path: Path) -> None:
    """A transaction that doesn't fit is refused as a whole; with free space the app continues
    without a restart.
    """
    tables = SqliteTables(tmp_path / "test.db")
    await tables.transact(TABLE, "p", [Insert("a", b"1")])
    pages = tables._writer.execute("PRAGMA page_count").fetchone()[0]
    tables._writer.execute(f"PRAGMA max_page_count={pages + 2}")
    with pytest.raises(StorageUnavailable) as refused:
        await tables.transact(TABLE, "p", [Upsert("a", b"2"), Insert("b", b"x" * 100_000)])
    assert refused.value.cause == "full"
    assert [row.value for row in await tables.query(TABLE, "p", "a", "c")] == [b"1"]
    tables._writer.execute("PRAGMA max_page_count=1000000")
    await tables.transact(TABLE, "p", [Upsert("a", b"2")])
    await tables.close()


async def test_a_damaged_file_is_storage_unavailable(tmp_path: Path) -> None:
    """Reading a damaged file is a storage error, never an empty directory."""
    path = tmp_path / "test.db"
    tables = SqliteTables(path)
    await tables.transact(TABLE, "p", [Insert(f"{n:03}", b"x" * 20_000) for n in range(50)])
    await tables.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))
    broken = sqlite3.connect(path)
    broken.close()
    damaged = SqliteTables.__new__(SqliteTables)
    damaged._reader = sqlite3.connect(path)
    with pytest.raises(StorageUnavailable):
        await damaged.query(TABLE, "p", "0", "9")
    with pytest.raises(StorageUnavailable):
        await damaged.get(TABLE, "p", "001")
    damaged._reader.close()


async def test_closing_waits_for_pending_writes(tmp_path: Path) -> None:
    """A shutdown loses no transaction that was accepted."""
    tables = SqliteTables(tmp_path / "test.db")
    writing = asyncio.create_task(tables.transact(TABLE, "p", [Insert("a", b"1")]))
    await asyncio.sleep(0)
    await tables.close()
    assert len(await writing) == 1


async def test_only_the_owner_has_access_to_the_file(tmp_path: Path) -> None:
    """It contains personal data: mode 0600, also if the file had another mode, and 0700 for its
    folder.
    """
    path = tmp_path / "data" / "test.db"
    for _ in range(2):
        tables = SqliteTables(path)
        await tables.transact(TABLE, "p", [Upsert("a", b"1")])
        modes = {one.name: one.stat().st_mode & 0o777 for one in path.parent.iterdir()}
        assert set(modes.values()) == {0o600}
        assert path.parent.stat().st_mode & 0o777 == 0o700
        await tables.close()
        path.chmod(0o644)


async def test_a_file_that_vanished_is_not_replaced_by_an_empty_one(tmp_path: Path) -> None:
    """An empty file would have no users and refuse every token; the error has the remedy."""
    path = tmp_path / "test.db"
    await SqliteTables(path).close()
    path.unlink()
    with pytest.raises(OSError, match="restore a backup"):
        SqliteTables(path)
    assert not path.exists()
    (tmp_path / "test.db-made").unlink()
    await SqliteTables(path).close()


async def test_a_read_only_file_can_be_read(tmp_path: Path) -> None:
    """`check` and `export` need no right to write, and create no other file."""
    path = tmp_path / "test.db"
    tables = SqliteTables(path)
    await tables.transact(TABLE, "p", [Insert("a", b"1")])
    await tables.close()
    path.chmod(0o400)
    reading = SqliteTables(path, read_only=True)
    assert await reading.get(TABLE, "p", "a") is not None
    with pytest.raises(StorageUnavailable) as refused:
        await reading.transact(TABLE, "p", [Insert("b", b"1")])
    assert refused.value.cause == "read_only"
    await reading.close()
    assert path.stat().st_mode & 0o777 == 0o400


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (sqlite3.SQLITE_FULL, "full"),
        (sqlite3.SQLITE_CORRUPT, "damaged"),
        (sqlite3.SQLITE_NOTADB, "damaged"),
        (sqlite3.SQLITE_READONLY_DBMOVED, "read_only"),
        (sqlite3.SQLITE_CANTOPEN, "missing"),
        (sqlite3.SQLITE_BUSY, ""),
    ],
)
def test_an_error_has_its_cause(code: int, cause: str) -> None:
    """The page and the operator's log show it."""
    error = sqlite3.OperationalError("x")
    error.sqlite_errorcode = code
    assert unavailable(error).cause == cause
