"""Counts the round trips of each call for the metrics."""

from collections.abc import Sequence

from shared import log
from shared.tables.port import Operation, Row, Tables


class MeteredTables:
    """An engine that adds each call made through it to the request, tick or message that makes it."""

    def __init__(self, inner: Tables) -> None:
        self._inner = inner

    async def get(self, table: str, partition: str, key: str) -> Row | None:
        _count()
        return await self._inner.get(table, partition, key)

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
        _count()
        return await self._inner.query(
            table, partition, start, stop, limit=limit, keys_only=keys_only
        )

    async def transact(
        self, table: str, partition: str, operations: Sequence[Operation]
    ) -> list[str]:
        _count()
        return await self._inner.transact(table, partition, operations)

    async def close(self) -> None:
        await self._inner.close()


def _count() -> None:
    call = log.current()
    if call is not None:
        call.round_trips += 1
