"""The product's storage made unavailable or slow for a while."""

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from shared.tables.port import Operation, Row, Tables
from shared.tables.schema.base import TABLES


class GatedTables:
    """An engine whose calls wait while its gate is shut, as on a slow network."""

    def __init__(self, inner: Tables) -> None:
        self._inner = inner
        self._gate = asyncio.Event()
        self._gate.set()
        self.reached = threading.Event()

    async def shut(self) -> None:
        """Let every call wait from now on; `reached` is set by the first one."""
        self.reached.clear()
        self._gate.clear()

    async def open(self) -> None:
        """Let all waiting calls continue."""
        self._gate.set()

    async def _pass(self) -> None:
        if not self._gate.is_set():
            self.reached.set()
            await self._gate.wait()

    async def get(self, table: str, partition: str, key: str) -> Row | None:
        await self._pass()
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
        await self._pass()
        return await self._inner.query(
            table, partition, start, stop, limit=limit, keys_only=keys_only
        )

    async def transact(
        self, table: str, partition: str, operations: Sequence[Operation]
    ) -> list[str]:
        await self._pass()
        return await self._inner.transact(table, partition, operations)

    async def close(self) -> None:
        await self._inner.close()


@contextlib.contextmanager
def away(path: Path) -> Iterator[None]:
    """Rename the tables of the file during a block, so that every statement of the engine fails."""
    _rename(path, "{0}", "{0}_away")
    try:
        yield
    finally:
        _rename(path, "{0}_away", "{0}")


def _rename(path: Path, name: str, to: str) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None, timeout=20)) as file:
        file.execute("BEGIN IMMEDIATE")
        for table in TABLES:
            file.execute(f"ALTER TABLE {name.format(table)} RENAME TO {to.format(table)}")
        file.execute("COMMIT")
