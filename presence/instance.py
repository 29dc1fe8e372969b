"""What one instance keeps between calls: snapshots, connections, tokens, budgets. Gone with the process, no loss."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from presence.graph.client import GraphClient
from presence.graph.clouds import cloud_of
from presence.graph.fault_attribution import Control
from presence.graph.rate_limit import Budget
from presence.graph.token_provider import Credential
from presence.store.snapshot import Snapshots
from presence.tenant_links import DirectoryLink
from shared.app import App
from shared.cache import LruCache

_LINKS = 20_000


@dataclass(slots=True)
class RefreshState:
    """One tenant's refreshes on demand: who waits to be asked for, who is asked for just now.

    `confirmed`: when a person was asked for last; `resume_at`: no call before (monotonic seconds).
    """

    waiting: dict[str, asyncio.Future[None]] = field(default_factory=dict)
    asking: dict[str, asyncio.Future[None]] = field(default_factory=dict)
    confirmed: dict[str, int] = field(default_factory=dict)
    resume_at: float = 0.0
    task: asyncio.Task[None] | None = None


@dataclass(slots=True)
class Runtime:
    """`links`: a directory's link and when (monotonic) it was read; `demand`: refreshes under way, by tenant.

    `control`: whose a fault is; `beats`: when (monotonic) a sign of life was last stored.
    """

    credential: Credential
    control: Control
    graph: GraphClient
    budget: Budget
    snapshots: Snapshots = field(default_factory=Snapshots)
    links: LruCache[str, tuple[float, DirectoryLink | None]] = field(
        default_factory=lambda: LruCache(_LINKS)
    )
    demand: dict[str, RefreshState] = field(default_factory=dict)
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    renewal_pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    last_heartbeat: dict[str, float] = field(default_factory=dict)

    async def close(self) -> None:
        """Let go of connections and threads."""
        await self.graph.close()
        await self.credential.close()


def runtime_of(app: App) -> Runtime:
    """Return the presence state of `app`, which closes with the App."""

    def make() -> Runtime:
        credential = Credential(app.settings, app.clock)
        runtime = Runtime(
            credential,
            Control(credential, app.clock, app.settings.home_tenant_id),
            GraphClient(cloud_of(app.settings).graph_url, app.clock),
            Budget(app.clock),
        )
        app.on_close(runtime.close)
        return runtime

    return app.state(Runtime, make)
