"""Counts the round trips of each call for the metrics, and logs faults of storage."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from shared import log
from shared.clock import Clock, SystemClock
from shared.tables.port import Operation, Row, StorageUnavailable, Tables
from shared.tables.storage_faults import StorageFaults


class MeteredTables:
    """An engine that adds each call made through it to the request, tick or message that makes it."""

    def __init__(self, inner: Tables, clock: Clock | None = None) -> None:
        self._inner = inner
        self._faults = StorageFaults(clock or SystemClock())

    async def get(self, table: str, partition: str, key: str) -> Row | None:
        with self._counted():
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
        with self._counted():
            return await self._inner.query(
                table, partition, start, stop, limit=limit, keys_only=keys_only
            )

    async def transact(
        self, table: str, partition: str, operations: Sequence[Operation]
    ) -> list[str]:
        with self._counted():
            return await self._inner.transact(table, partition, operations)

    async def close(self) -> None:
        await self._inner.close()

    @contextmanager
    def _counted(self) -> Iterator[None]:
        call = log.current()
        if call is not None:
            call.round_trips += 1
        try:
            yield
        except StorageUnavailable as error:
            self._faults.report(error.reason)
            raise
