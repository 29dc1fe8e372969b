"""Results of insert, upsert, replace and delete, the same on both engines."""

import asyncio

import pytest

from shared.tables.port import (
    AlreadyExists,
    Delete,
    Insert,
    NotFound,
    Operation,
    PreconditionFailed,
    Replace,
    Row,
    TableError,
    Tables,
    Upsert,
)
from tests.rounds import rounds

TABLE = "contacts"


async def _all(tables: Tables, partition: str) -> dict[str, bytes]:
    return {row.key: row.value for row in await tables.query(TABLE, partition, "!", "~~")}


async def test_a_read_returns_the_etag_of_the_write(any_tables: Tables, partition: str) -> None:
    """A transaction returns the ETag that a later read has."""
    (tag,) = await any_tables.transact(TABLE, partition, [Insert("a", b'{"n":"M\xc3\xbcller"}')])
    row = Row("a", b'{"n":"M\xc3\xbcller"}', tag)
    assert await any_tables.get(TABLE, partition, "a") == row
    assert await any_tables.query(TABLE, partition, "a", "b") == [row]


async def test_an_empty_value_is_a_value(any_tables: Tables, partition: str) -> None:
    """A row may have all of its data in the key."""
    await any_tables.transact(TABLE, partition, [Insert("a", b"")])
    row = await any_tables.get(TABLE, partition, "a")
    assert row is not None
    assert row.value == b""


async def test_a_missing_row_is_none(any_tables: Tables, partition: str) -> None:
    """Also in a partition without rows; it is no error."""
    assert await any_tables.get(TABLE, partition, "a") is None
    assert await any_tables.query(TABLE, partition, "a", "b") == []


async def test_an_existing_key_is_not_inserted(any_tables: Tables, partition: str) -> None:
    """Unique values, such as user names, rely on it. The error has the key, and nothing changes."""
    await any_tables.transact(TABLE, partition, [Insert("taken", b"1")])
    with pytest.raises(AlreadyExists) as refusal:
        await any_tables.transact(
            TABLE, partition, [Insert("a", b"2"), Insert("taken", b"2"), Insert("z", b"2")]
        )
    assert refusal.value.key == "taken"
    assert await _all(any_tables, partition) == {"taken": b"1"}


async def test_every_write_gives_a_new_etag(any_tables: Tables, partition: str) -> None:
    """Also if the value is the same."""
    tags = [(await any_tables.transact(TABLE, partition, [Upsert("a", b"1")]))[0] for _ in range(3)]
    assert len(set(tags)) == 3


async def test_an_upsert_replaces_any_row(any_tables: Tables, partition: str) -> None:
    """The row is stored whether or not one existed, and isn't merged with it."""
    await any_tables.transact(TABLE, partition, [Upsert("a", b"x" * 70_000)])
    await any_tables.transact(TABLE, partition, [Upsert("a", b"1")])
    assert await _all(any_tables, partition) == {"a": b"1"}


async def test_a_replace_needs_the_etag_that_was_read(any_tables: Tables, partition: str) -> None:
    """The second of two writers that read the same version gets an error."""
    (first,) = await any_tables.transact(TABLE, partition, [Insert("a", b"x" * 70_000)])
    (second,) = await any_tables.transact(TABLE, partition, [Replace("a", b"2", first)])
    with pytest.raises(PreconditionFailed) as refusal:
        await any_tables.transact(TABLE, partition, [Replace("a", b"3", first)])
    assert refusal.value.key == "a"
    assert await any_tables.get(TABLE, partition, "a") == Row("a", b"2", second)


async def test_the_etag_of_a_deleted_row_does_not_match_a_new_one(
    any_tables: Tables, partition: str
) -> None:
    """A row that was deleted and created again is another version."""
    (tag,) = await any_tables.transact(TABLE, partition, [Insert("a", b"1")])
    await any_tables.transact(TABLE, partition, [Delete("a")])
    await any_tables.transact(TABLE, partition, [Insert("a", b"1")])
    with pytest.raises(PreconditionFailed):
        await any_tables.transact(TABLE, partition, [Replace("a", b"2", tag)])


async def test_a_delete_may_have_an_etag(any_tables: Tables, partition: str) -> None:
    """With an ETag only that version is deleted, without one any version."""
    (old,) = await any_tables.transact(TABLE, partition, [Insert("a", b"1")])
    (new,) = await any_tables.transact(TABLE, partition, [Upsert("a", b"2")])
    with pytest.raises(PreconditionFailed) as refusal:
        await any_tables.transact(TABLE, partition, [Delete("a", old)])
    assert refusal.value.key == "a"
    assert await any_tables.transact(TABLE, partition, [Delete("a", new)]) == [""]
    assert await any_tables.get(TABLE, partition, "a") is None


@pytest.mark.parametrize(
    "operation", [Delete("gone"), Delete("gone", "TAG"), Replace("gone", b"", "TAG")], ids=str
)
async def test_a_missing_row_is_neither_replaced_nor_deleted(
    any_tables: Tables, partition: str, operation: Operation
) -> None:
    """NotFound has the key, with or without an ETag."""
    (tag,) = await any_tables.transact(TABLE, partition, [Insert("a", b"1")])
    if isinstance(operation, Delete) and operation.etag:
        operation = Delete("gone", tag)
    elif isinstance(operation, Replace):
        operation = Replace("gone", b"", tag)
    with pytest.raises(NotFound) as refusal:
        await any_tables.transact(TABLE, partition, [Insert("b", b"1"), operation])
    assert refusal.value.key == "gone"
    assert await _all(any_tables, partition) == {"a": b"1"}


@pytest.mark.parametrize(
    "tag", ["", "1", "9" * 40, "W/\"datetime'2026-01-01T00%3A00%3A00.0000000Z'\""]
)
async def test_an_invented_etag_matches_no_row(
    any_tables: Tables, partition: str, tag: str
) -> None:
    """ETags are opaque; a malformed one is only a mismatch."""
    await any_tables.transact(TABLE, partition, [Insert("a", b"1")])
    with pytest.raises(PreconditionFailed):
        await any_tables.transact(TABLE, partition, [Delete("a", tag)])
    await any_tables.transact(TABLE, partition, [Upsert("a", b"2")])
    assert await _all(any_tables, partition) == {"a": b"2"}


@pytest.mark.parametrize("place", [0, 50, 99])
@pytest.mark.parametrize("fault", [AlreadyExists, NotFound, PreconditionFailed])
async def test_a_hundred_rows_are_stored_all_or_none(
    any_tables: Tables, partition: str, place: int, fault: type[TableError]
) -> None:
    """One refused operation at any index of a full transaction stores nothing."""
    (tag,) = await any_tables.transact(TABLE, partition, [Insert("old", b"1")])
    await any_tables.transact(TABLE, partition, [Upsert("old", b"2")])
    operations: list[Operation] = [Insert(f"k{n:03}", b"1") for n in range(100)]
    refused: dict[type[TableError], Operation] = {
        AlreadyExists: Insert("old", b"3"),
        NotFound: Delete("gone"),
        PreconditionFailed: Replace("old", b"3", tag),
    }
    with pytest.raises(fault) as refusal:
        await any_tables.transact(
            TABLE, partition, [*operations[:place], refused[fault], *operations[place + 1 :]]
        )
    assert getattr(refusal.value, "key", "") == refused[fault].key
    assert await _all(any_tables, partition) == {"old": b"2"}
    await any_tables.transact(TABLE, partition, operations)
    assert len(await _all(any_tables, partition)) == 101


async def test_of_two_faults_the_first_is_reported(any_tables: Tables, partition: str) -> None:
    """A caller retries after an outdated record, but not after an existing name, so the order
    counts.
    """
    (tag,) = await any_tables.transact(TABLE, partition, [Insert("record", b"1")])
    await any_tables.transact(TABLE, partition, [Upsert("record", b"2"), Insert("name", b"1")])
    with pytest.raises(PreconditionFailed):
        await any_tables.transact(
            TABLE, partition, [Replace("record", b"3", tag), Insert("name", b"3")]
        )
    with pytest.raises(AlreadyExists):
        await any_tables.transact(
            TABLE, partition, [Insert("name", b"3"), Replace("record", b"3", tag)]
        )
    with pytest.raises(NotFound):
        await any_tables.transact(TABLE, partition, [Delete("gone"), Insert("name", b"3")])


async def test_partitions_and_tables_are_separate(any_tables: Tables, partition: str) -> None:
    """The same key in another partition or table is another row, and no range covers both."""
    other = partition + "x"
    await any_tables.transact(TABLE, partition, [Insert("a", b"1")])
    await any_tables.transact(TABLE, other, [Insert("a", b"2")])
    await any_tables.transact("presence", partition, [Insert("a", b"3")])
    assert await _all(any_tables, partition) == {"a": b"1"}
    assert await _all(any_tables, other) == {"a": b"2"}


async def test_an_unknown_table_raises_value_error(any_tables: Tables, partition: str) -> None:
    """The port lists the tables; a name from a request never reaches an engine."""
    with pytest.raises(ValueError, match="unknown table"):
        await any_tables.get("contacts; drop table contacts", partition, "a")


async def test_of_concurrent_inserts_one_succeeds(any_tables: Tables, partition: str) -> None:
    """No row of the other transactions is stored."""

    async def claim(writer: int, turn: int) -> bool:
        rows = [Insert(f"claim{turn}", b"1"), Insert(f"{turn}-{writer}", b"1")]
        try:
            await any_tables.transact(TABLE, partition, rows)
        except AlreadyExists:
            return False
        return True

    for turn in range(5):
        assert sum(await asyncio.gather(*(claim(writer, turn) for writer in range(8)))) == 1
    assert len(await _all(any_tables, partition)) == 10


async def test_no_increment_is_lost(any_tables: Tables, partition: str) -> None:
    """Concurrent writers that read, change and replace with the ETag count exactly."""
    await any_tables.transact(TABLE, partition, [Insert("n", b"0")])

    async def increment() -> None:
        for _ in rounds():
            if not (row := await any_tables.get(TABLE, partition, "n")):
                break
            try:
                await any_tables.transact(
                    TABLE, partition, [Replace("n", b"%d" % (int(row.value) + 1), row.etag)]
                )
            except PreconditionFailed:
                continue
            return

    await asyncio.gather(*(increment() for _ in range(10)))
    assert await _all(any_tables, partition) == {"n": b"10"}


async def test_a_reader_never_sees_half_a_transaction(any_tables: Tables, partition: str) -> None:
    """All rows of a transaction become visible at once."""
    keys = [f"k{n}" for n in range(20)]
    await any_tables.transact(TABLE, partition, [Upsert(key, b"0") for key in keys])

    async def write() -> None:
        for turn in range(1, 6):
            await any_tables.transact(TABLE, partition, [Upsert(key, b"%d" % turn) for key in keys])

    writing = asyncio.create_task(write())
    for _ in rounds():
        if writing.done():
            break
        assert len(set((await _all(any_tables, partition)).values())) == 1
        await asyncio.sleep(0)  # the embedded engine reads without a pause
    await writing


async def test_a_cancelled_transaction_does_not_affect_others(
    any_tables: Tables, partition: str
) -> None:
    """Its own rows are stored all or none."""
    calls = [
        asyncio.create_task(
            any_tables.transact(TABLE, partition, [Insert(f"{n}a", b"1"), Insert(f"{n}b", b"1")])
        )
        for n in range(6)
    ]
    await asyncio.sleep(0)
    for call in calls[::2]:
        call.cancel()
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(outcome, list) for outcome in outcomes[1::2])
    await any_tables.transact(TABLE, partition, [Insert("last", b"1")])
    stored = await _all(any_tables, partition)
    assert {"1a", "1b", "3a", "3b", "5a", "5b", "last"} <= stored.keys()
    assert all((f"{n}a" in stored) == (f"{n}b" in stored) for n in range(6))
