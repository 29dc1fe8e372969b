"""The limits of Azure's table service, enforced on both engines, because the emulator alone permits
more.

Source: Microsoft Learn, "Understanding the Table service data model" and "Performing entity group
transactions".
"""

import orjson
import pytest

from local.counting_tables import CountingTables
from shared.tables import port
from shared.tables.port import (
    Delete,
    DuplicateKey,
    Insert,
    LimitExceeded,
    Operation,
    Replace,
    Upsert,
)

# The transport hints that a body of megabytes is copied at once; these tests send such on purpose.
pytestmark = pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
TABLE = "contacts"
KIB = 1024
MIB = 1024 * 1024


async def _refused(
    tables: CountingTables, partition: str, operations: list[Operation]
) -> LimitExceeded:
    with pytest.raises(LimitExceeded) as refusal:
        await tables.transact(TABLE, partition, operations)
    assert await tables.query(TABLE, partition, "!", "~~") == []
    return refusal.value


@pytest.mark.parametrize("count", [0, 101])
async def test_a_transaction_has_1_to_100_operations(
    any_tables: CountingTables, partition: str, count: int
) -> None:
    """An entity group transaction has at most 100 entities."""
    refusal = await _refused(any_tables, partition, [Insert(f"{n}", b"") for n in range(count)])
    assert (refusal.limit, refusal.size, refusal.allowed) == (
        "operations in a transaction",
        count,
        100,
    )


async def test_a_transaction_names_a_key_once(any_tables: CountingTables, partition: str) -> None:
    """An entity may occur once in a transaction."""
    with pytest.raises(DuplicateKey):
        await any_tables.transact(
            TABLE, partition, [Insert("a", b""), Upsert("b", b""), Delete("a")]
        )
    assert await any_tables.query(TABLE, partition, "!", "~~") == []


async def test_a_key_has_at_most_1_kib(any_tables: CountingTables, partition: str) -> None:
    """1 KiB of UTF-16. A key within the limit can be read; a longer one can't be queried."""
    longest = "é" * 512
    await any_tables.transact(TABLE, partition, [Insert(longest, b"1")])
    assert await any_tables.get(TABLE, partition, longest)
    assert [
        row.key for row in await any_tables.query(TABLE, partition, longest, longest + " ")
    ] == [longest]
    await any_tables.transact(TABLE, partition, [Delete(longest)])
    refusal = await _refused(any_tables, partition, [Insert(longest + "x", b"1")])
    assert (refusal.limit, refusal.allowed) == ("bytes in a key", KIB)
    with pytest.raises(LimitExceeded):
        await any_tables.get(TABLE, partition, longest + "x")


@pytest.mark.parametrize(
    "value",
    [
        "x" * (32 * KIB),
        "x" * (32 * KIB + 1),
        "é" * (32 * KIB + 1),
        "x" * 16_383 + "\U0001f600" * 20_000,
        "\U0001f600" * 80_000,
        "x" * 523_000,
    ],
    ids=["64 KiB", "64 KiB and one", "accents", "astral at a border", "astral", "nearly 1 MiB"],
)
async def test_a_long_value_is_split_and_joined(
    any_tables: CountingTables, partition: str, value: str
) -> None:
    """A property holds 64 KiB. Callers of the port don't notice, and no character is split."""
    (tag,) = await any_tables.transact(TABLE, partition, [Insert("a", value.encode())])
    await any_tables.transact(TABLE, partition, [Replace("a", value.encode() + b"!", tag)])
    row = await any_tables.get(TABLE, partition, "a")
    assert row is not None
    assert row.value.decode() == value + "!"


@pytest.mark.parametrize(
    "value", ["x" * 524_288, "é" * 524_288, "\U0001f600" * 262_144], ids=["ascii", "é", "astral"]
)
async def test_a_row_has_at_most_1_mib(
    any_tables: CountingTables, partition: str, value: str
) -> None:
    """1 MiB per entity in UTF-16, names and key included."""
    refusal = await _refused(any_tables, partition, [Insert("a", value.encode())])
    assert refusal.limit == "bytes in a row"
    assert refusal.size > refusal.allowed


@pytest.mark.parametrize(
    "text", ["x", '"', "é", "\U0001f600"], ids=["plain", "quotes", "é", "astral"]
)
async def test_a_transaction_has_at_most_4_mib(
    any_tables: CountingTables, partition: str, text: str
) -> None:
    """4 MiB as sent, and JSON with escapes is longer than its text."""
    wire = len(orjson.dumps(text)) - 2
    value = text * (4 * MIB // 50 // wire)
    refusal = await _refused(
        any_tables, partition, [Insert(f"{n}", value.encode()) for n in range(50)]
    )
    assert refusal.limit == "bytes in a transaction"
    await any_tables.transact(TABLE, partition, [Insert(f"{n}", value.encode()) for n in range(48)])


@pytest.mark.parametrize("text", ["x" * 524_000, "é" * 524_000, "\U0001f600" * 262_000])
def test_pieces_are_properties_of_the_service(text: str) -> None:
    """Each piece has at most 64 KiB of UTF-16, and there are far fewer than 252."""
    pieces = port.split(text)
    assert "".join(pieces) == text
    assert len(pieces) <= 252 - 3  # with the keys and the time
    assert all(len(piece.encode("utf-16-le")) <= 64 * KIB for piece in pieces)
