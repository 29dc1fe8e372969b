"""Ranges of any length, by queries that answer a thousand rows at the most."""

from shared import keys
from shared.tables.limits import MAX_QUERY_ROWS
from shared.tables.port import Row, Tables


async def everything(
    tables: Tables,
    table: str,
    partition: str,
    start: str = "",
    stop: str = keys.LAST,
    *,
    keys_only: bool = False,
) -> list[Row]:
    """All rows with start <= key < stop (by default all of the partition), a thousand a round trip."""
    rows: list[Row] = []
    while True:
        found = await tables.query(
            table, partition, start, stop, limit=MAX_QUERY_ROWS, keys_only=keys_only
        )
        rows += found
        if len(found) < MAX_QUERY_ROWS:
            return rows
        start = keys.after(found[-1].key)
