"""A wrapper of an engine that counts the round trips of each call and logs faults of storage."""

import logging
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from shared import log
from shared.clock import Clock, SystemClock
from shared.tables.port import Operation, Row, StorageUnavailable, Tables

if TYPE_CHECKING:
    from shared.app import App

_EVERY_SECONDS = 60.0
_MAX_REASONS = 32
Result = TypeVar("Result")


class MeteredTables:
    """Wraps an engine, and counts each of its operations as a round trip of the current call (see `shared.log`)."""

    def __init__(self, inner: Tables, clock: Clock | None = None) -> None:
        self._inner = inner
        self._faults = StorageFaults(clock or SystemClock())

    async def get(self, table: str, partition: str, key: str) -> Row | None:
        return await self._counted(self._inner.get(table, partition, key))

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
        return await self._counted(
            self._inner.query(table, partition, start, stop, limit=limit, keys_only=keys_only)
        )

    async def transact(
        self, table: str, partition: str, operations: Sequence[Operation]
    ) -> list[str]:
        return await self._counted(self._inner.transact(table, partition, operations))

    async def close(self) -> None:
        await self._inner.close()

    async def _counted(self, operation: Awaitable[Result]) -> Result:
        call = log.current()
        if call is not None:
            call.round_trips += 1
        try:
            return await operation
        except StorageUnavailable as error:
            self._faults.report(error.reason)
            raise


@dataclass(slots=True)
class StorageFaults:
    """Logs the event `storage.unavailable`, at most once a minute per reason."""

    clock: Clock
    _logged: dict[str, float] = field(default_factory=dict)

    @classmethod
    def made_for(cls, app: "App") -> "StorageFaults":
        """Return the object for an App, with the App's clock."""
        return cls(app.clock)

    def report(self, reason: str) -> None:
        """Log that storage can't be used, unless the same reason was logged during the last minute."""
        now = self.clock.monotonic()
        recent = {one: at for one, at in self._logged.items() if now - at < _EVERY_SECONDS}
        self._logged = recent
        if reason in recent or len(recent) >= _MAX_REASONS:
            return
        recent[reason] = now
        log.event("storage.unavailable", level=logging.ERROR, reason=reason)
