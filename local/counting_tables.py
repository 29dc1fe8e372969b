"""Counts round trips to the tables, so that tests can check an operation's budget on any machine."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from shared.tables.port import Operation, Row, Tables


class CountingTables:
    """A wrapper of an engine that records each call as method and table: `("get", "contacts")`."""

    def __init__(self, inner: Tables) -> None:
        self._inner = inner
        self.calls: list[tuple[str, str]] = []

    @property
    def count(self) -> int:
        """The number of round trips so far."""
        return len(self.calls)

    @contextmanager
    def measured(self) -> Iterator[list[tuple[str, str]]]:
        """Yield a list that receives the calls made inside the block."""
        outer, self.calls = self.calls, []
        try:
            yield self.calls
        finally:
            self.calls = outer + self.calls

    async def get(self, table: str, partition: str, key: str) -> Row | None:
        self.calls.append(("get", table))
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
        self.calls.append(("query", table))
        return await self._inner.query(
            table, partition, start, stop, limit=limit, keys_only=keys_only
        )

    async def transact(
        self, table: str, partition: str, operations: Sequence[Operation]
    ) -> list[str]:
        self.calls.append(("transact", table))
        return await self._inner.transact(table, partition, operations)

    async def close(self) -> None:
        await self._inner.close()
