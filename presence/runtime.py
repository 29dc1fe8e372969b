"""What one instance keeps between calls: snapshots, connections, tokens, budgets. Gone with the process, no loss."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from presence.graph.budget import Budget
from presence.graph.client import GraphClient
from presence.graph.clouds import cloud_of
from presence.graph.credential import Credential
from presence.links import DirectoryLink
from presence.statuses.snapshots import Snapshots
from shared.services import Services
from shared.tables.port import Tables

if TYPE_CHECKING:
    from presence.sync.demand import Demand


@dataclass(slots=True)
class Runtime:
    """`links`: a directory's link and when (monotonic) it was read; `demand`: refreshes under way, by tenant.

    `beats`: when (monotonic) a sign of life was last stored; `probe`: when our own credential was tried, and its fault.
    """

    credential: Credential
    graph: GraphClient
    budget: Budget
    snapshots: Snapshots = field(default_factory=Snapshots)
    links: dict[str, tuple[float, DirectoryLink | None]] = field(default_factory=dict)
    demand: "dict[str, Demand]" = field(default_factory=dict)
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    beats: dict[str, float] = field(default_factory=dict)
    probe: tuple[float, str | None] | None = None

    async def close(self) -> None:
        """Let go of connections and threads."""
        await self.graph.close()
        await self.credential.close()


_runtimes: "WeakKeyDictionary[Tables, Runtime]" = WeakKeyDictionary()


def runtime_of(services: Services) -> Runtime:
    """The runtime that belongs to these services; all features of a process share it."""
    found = _runtimes.get(services.tables)
    if found is None:
        found = _runtimes[services.tables] = Runtime(
            Credential(services.settings, services.clock),
            GraphClient(cloud_of(services.settings).graph_url, services.clock),
            Budget(services.clock),
        )
    return found
