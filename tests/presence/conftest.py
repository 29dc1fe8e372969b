"""Fixtures: the simulator of Graph and of the sign-in service, and a deployment that uses it."""

from collections.abc import AsyncIterator

import pytest

from directories import service as directories
from directories.audit import operator_actor
from directories.service import NewDirectory
from local.counting_tables import CountingTables
from presence.constants import CALLBACK, LINK_CALLBACK
from presence.store import commits
from tests.clock import FixedClock
from tests.local.graph.fixtures import RunningSimulator, graph_simulator, served_simulator
from tests.presence.browser import LOOPBACK, ORIGIN, Browser
from tests.presence.world import ACCOUNT, DIRECTORY, World, settings_for

__all__ = ["graph_simulator", "served_simulator"]


@pytest.fixture
async def world(
    tables: CountingTables, clock: FixedClock, graph_simulator: RunningSimulator
) -> AsyncIterator[World]:
    """Yield a deployment without a connected directory; the simulator has the same clock."""
    world = World(tables, clock, graph_simulator, settings_for(graph_simulator))
    yield world
    await world.close()


@pytest.fixture
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the size of stored pages and deltas to a tenth, so that 3,000 people need as many as
    30,000 would.
    """
    monkeypatch.setattr(commits, "PAGE", commits.PAGE // 10)
    monkeypatch.setattr(commits, "MAX_DELTA", commits.MAX_DELTA // 10)


@pytest.fixture
async def browser(world: World) -> Browser:
    """Return a browser of an administrator whose directory isn't connected yet."""
    await directories.create(
        world.app, operator_actor(ACCOUNT), NewDirectory("Contoso", id=DIRECTORY)
    )
    world.running.simulator.application.redirects = {
        f"{origin}{path}" for origin in (ORIGIN, LOOPBACK) for path in (CALLBACK, LINK_CALLBACK)
    }
    return Browser(world)
