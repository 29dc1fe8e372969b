"""The snapshots that an instance keeps: bounded, shared by everybody who asks, read again after a second at most."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field

from presence.store import commits
from presence.store.snapshot import Snapshot
from shared.clock import Clock
from shared.tables.port import Tables

SHARED_FOR = 1.0  # seconds that a snapshot serves without a look at the table
_TENANTS = 256
_PEOPLE = 500_000


@dataclass(slots=True)
class _Kept:
    snapshot: Snapshot | None = None
    read_at: float = float("-inf")
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Snapshots:
    """By tenant, the least recently used ones let go first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    async def get(
        self, tables: Tables, clock: Clock, tenant_id: str, *, at_most: float = 0.0
    ) -> Snapshot | None:
        """The tenant's snapshot, at most `at_most` seconds old (0: read now); None where it is not linked."""
        kept = self._kept.setdefault(tenant_id, _Kept())
        self._kept.move_to_end(tenant_id)
        asked = clock.monotonic()
        async with kept.lock:
            # Who waited for another's reading has what that one read.
            if kept.read_at > asked or 0 <= asked - kept.read_at < at_most:
                return kept.snapshot
            began = clock.monotonic()
            if kept.snapshot is None:
                kept.snapshot = await commits.load(tables, tenant_id)
            else:
                kept.snapshot = await commits.catch_up(tables, tenant_id, kept.snapshot)
            kept.read_at = began
        self._bound()
        return kept.snapshot

    def expire(self, tenant_id: str) -> None:
        """Read the table again before the tenant's snapshot serves anybody."""
        if (kept := self._kept.get(tenant_id)) is not None:
            kept.read_at = float("-inf")

    def forget(self, tenant_id: str) -> None:
        """Let go of a tenant."""
        self._kept.pop(tenant_id, None)

    def _bound(self) -> None:
        while len(self._kept) > _TENANTS or (len(self._kept) > 1 and self._people() > _PEOPLE):
            self._kept.popitem(last=False)

    def _people(self) -> int:
        return sum(len(kept.snapshot.entries) for kept in self._kept.values() if kept.snapshot)
