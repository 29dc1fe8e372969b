"""The memory of an instance between calls: snapshots, connections, tokens, budgets.

Nothing is lost when the process ends.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from presence.graph.client import Budget, GraphClient
from presence.graph.clouds import cloud_of
from presence.graph.tenant_information import TenantInformation
from presence.graph.token_provider import Control, Credential
from presence.store.snapshot import Snapshots
from presence.tenant_links import DirectoryLink
from shared.app import App
from shared.limits import LruCache

_LINKS = 20_000


@dataclass(slots=True, kw_only=True)
class RefreshState:
    """Refreshes on demand for one tenant.

    `waiting` and `asking` are people by object ID with the future of their answer: not asked for yet, and being
    asked for. `confirmed`: when a person was last asked for (milliseconds). `resume_at`: no call before
    (monotonic seconds). `is_question`: an agent waits for who is free, not for the next look at a list.
    """

    waiting: dict[str, asyncio.Future[None]] = field(default_factory=dict)
    asking: dict[str, asyncio.Future[None]] = field(default_factory=dict)
    confirmed: dict[str, int] = field(default_factory=dict)
    resume_at: float = 0.0
    is_question: bool = False
    task: asyncio.Task[None] | None = None


@dataclass(slots=True, kw_only=True)
class Runtime:
    """Everything an App remembers for presence.

    `links`: a directory's link and when (monotonic) it was read. `demand`: refreshes by tenant. `last_heartbeat`:
    when (monotonic) a heartbeat or event was last written. `pause` waits within a sync; `renewal_pause` between
    two renewals of a lease.
    """

    credential: Credential
    control: Control
    names: TenantInformation
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
        """Close connections and threads."""
        await self.graph.close()
        await self.credential.close()


def runtime_of(app: App) -> Runtime:
    """Return the presence state of `app`, which closes with the App."""

    def make() -> Runtime:
        credential = Credential(app.settings, app.clock)
        home = app.settings.home_tenant_id
        graph = GraphClient(cloud_of(app.settings).graph_url, app.clock)
        runtime = Runtime(
            credential=credential,
            control=Control(credential, app.clock, home),
            names=TenantInformation(credential, graph, app.clock, home),
            graph=graph,
            budget=Budget(app.clock),
        )
        app.on_close(runtime.close)
        return runtime

    return app.state(Runtime, make)
