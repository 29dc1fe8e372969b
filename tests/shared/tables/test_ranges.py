"""Ranges of keys, the same on both engines: order, bounds, continuation, keys only, any Unicode in
a key.
"""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.counting_tables import CountingTables
from shared import keys
from shared.tables.port import Insert, Tables, Upsert, query_all
from tests.rounds import rounds

TABLE = "contacts"


async def _fill(tables: Tables, partition: str, row_keys: list[str]) -> None:
    for at in range(0, len(row_keys), 100):
        await tables.transact(
            TABLE, partition, [Insert(key, b"{}") for key in row_keys[at : at + 100]]
        )


async def _found(tables: Tables, partition: str, start: str, stop: str) -> list[str]:
    return [row.key for row in await tables.query(TABLE, partition, start, stop)]


async def test_a_range_has_its_start_and_not_its_stop(any_tables: Tables, partition: str) -> None:
    """A key is in the range if start <= key < stop."""
    await _fill(any_tables, partition, ["a", "b", "bb", "c"])
    assert await _found(any_tables, partition, "a", "c") == ["a", "b", "bb"]
    assert await _found(any_tables, partition, "aa", "bb") == ["b"]
    assert await _found(any_tables, partition, "c", "a") == []
    assert await _found(any_tables, partition, "b", "b") == []


async def test_order_is_that_of_code_points(any_tables: Tables, partition: str) -> None:
    """Digits, capitals, small letters, accented letters, whatever the order of writing; no locale
    applies.
    """
    row_keys = [
        "é",
        "z",
        "a",
        "A",
        "Z",
        "9",
        "10",
        "-",
        "_",
        "ß",
        "ｚ",
        "中",
        "a b",
        "a|b",
        "ab",
        "O'Brien",
        "a'",
    ]
    await _fill(any_tables, partition, row_keys)
    assert await _found(any_tables, partition, " ", "\ufffe") == sorted(row_keys)


async def test_pages_return_every_row_once(any_tables: Tables, partition: str) -> None:
    """Pages of any size, each continued after the last key, have no gap and no overlap."""
    row_keys = [
        *(keys.key("find", "word", f"{n:03}") for n in range(95)),
        keys.key("find", "word ", "x"),
    ]
    await _fill(any_tables, partition, row_keys)
    start, stop = keys.prefix_range("find", "word")
    for size in (7, 95, 96, 1000):
        walked, at = list[str](), start
        for _ in rounds():
            if not (rows := await any_tables.query(TABLE, partition, at, stop, limit=size)):
                break
            assert len(rows) <= size
            walked += [row.key for row in rows]
            at = keys.successor(rows[-1].key)
        assert walked == sorted(row_keys)


async def test_a_query_ends_at_a_thousand_rows(any_tables: Tables, partition: str) -> None:
    """The service returns at most 1,000 rows per response, so the port does on every engine."""
    await _fill(any_tables, partition, [f"{n:04}" for n in range(1030)])
    rows = await any_tables.query(TABLE, partition, "0", "9")
    assert [row.key for row in rows] == [f"{n:04}" for n in range(1000)]
    rest = await any_tables.query(TABLE, partition, keys.successor(rows[-1].key), "9")
    assert [row.key for row in rest] == [f"{n:04}" for n in range(1000, 1030)]


async def test_all_rows_of_a_range_are_a_round_trip_for_each_thousand(
    tables: CountingTables, partition: str
) -> None:
    """Each row once, in order; without bounds, the rows of the whole partition."""
    row_keys = [keys.key("find", f"{n:04}") for n in range(2001)]
    await _fill(tables, partition, [*row_keys, "a", "z"])
    with tables.measured() as calls:
        rows = await query_all(
            tables, TABLE, partition, *keys.prefix_range("find", ""), keys_only=True
        )
    assert ([row.key for row in rows], len(calls)) == (row_keys, 3)
    assert [row.key for row in await query_all(tables, TABLE, partition)] == ["a", *row_keys, "z"]


@pytest.mark.parametrize("limit", [0, -1, 1001])
async def test_a_limit_out_of_bounds_raises_value_error(
    any_tables: Tables, partition: str, limit: int
) -> None:
    """The port permits 1 to 1,000."""
    with pytest.raises(ValueError, match="limit"):
        await any_tables.query(TABLE, partition, "a", "b", limit=limit)


async def test_keys_only_queries_return_no_values(any_tables: Tables, partition: str) -> None:
    """Callers that need only keys don't transfer values."""
    await any_tables.transact(TABLE, partition, [Insert("a", b"x" * 100_000), Insert("b", b"1")])
    rows = await any_tables.query(TABLE, partition, "a", "c", keys_only=True)
    assert [(row.key, row.value, row.etag) for row in rows] == [("a", b"", ""), ("b", b"", "")]


_PART = st.text(max_size=12) | st.text(
    "|~/\\#?%'\"\x00\x1f\x7f\x85 +&;:@=$,\ud800\U0001f600\ufffd\uffff", max_size=12
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(parts=st.lists(st.tuples(_PART, _PART), min_size=1, max_size=12, unique=True))
async def test_any_unicode_is_kept_and_ordered(
    any_tables: Tables, partition: str, parts: list[tuple[str, str]]
) -> None:
    """Keys may contain names, addresses and ids of any script, separators and control
    characters.
    """
    row_keys = [keys.key("u", *pair) for pair in parts]
    await any_tables.transact(TABLE, partition, [Upsert(key, b"{}") for key in row_keys])
    for key in row_keys:
        row = await any_tables.get(TABLE, partition, key)
        assert row is not None
        assert row.key == key
    stored = await _found(any_tables, partition, *keys.prefix_range("u", ""))
    assert stored == sorted(stored)
    assert set(row_keys) <= set(stored)
    assert {tuple(keys.split(key)[1:]) for key in row_keys} == set(parts)
