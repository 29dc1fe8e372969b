"""The presence state of an instance: snapshots, connections, tokens and rate limits.

All of it can be rebuilt, so nothing is lost when the process ends.
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
    """The refreshes on demand for one tenant.

    Attributes:
        waiting: The people for whom presence isn't requested yet, by object ID, with a future that is set
            when it is known.
        asking: The people for whom presence is being requested, in the same form.
        confirmed: When each person's presence was last requested (milliseconds since 1970).
        resume_at: No request is sent before this time (monotonic seconds).
        is_question: Whether an agent waits to know who is free now; False if only lists are refreshed.
    """

    waiting: dict[str, asyncio.Future[None]] = field(default_factory=dict)
    asking: dict[str, asyncio.Future[None]] = field(default_factory=dict)
    confirmed: dict[str, int] = field(default_factory=dict)
    resume_at: float = 0.0
    is_question: bool = False
    task: asyncio.Task[None] | None = None


@dataclass(slots=True, kw_only=True)
class Runtime:
    """The presence state of an App.

    Attributes:
        links: The link of each directory, with the time at which it was read (monotonic seconds).
        demand: The refreshes by tenant.
        pause: Waits within a sync.
        renewal_pause: Waits between two renewals of a lease.
        last_heartbeat: When each heartbeat or event was last written (monotonic seconds).
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

    @classmethod
    def made_for(cls, app: App) -> "Runtime":
        """Return a new presence state for the App, and register its closing with the App."""
        credential = Credential(app.settings, app.clock)
        home = app.settings.home_tenant_id
        graph = GraphClient(cloud_of(app.settings).graph_url, app.clock)
        runtime = cls(
            credential=credential,
            control=Control(credential, app.clock, home),
            names=TenantInformation(credential, graph, app.clock, home),
            graph=graph,
            budget=Budget(app.clock),
        )
        app.on_close(runtime.close)
        return runtime

    async def close(self) -> None:
        """Close connections and threads."""
        await self.graph.close()
        await self.credential.close()


def runtime_of(app: App) -> Runtime:
    """Return the presence state of `app`; it is closed with the App."""
    return app.state(Runtime)
