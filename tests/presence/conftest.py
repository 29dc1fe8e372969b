"""The simulator and a deployment that gets its presence from it."""

from collections.abc import AsyncIterator

import pytest

from directories import service as directories
from directories.audit import operator_actor
from directories.service import NewDirectory
from local.counting_tables import CountingTables
from presence.constants import CALLBACK, LINK_CALLBACK
from presence.store import commits
from shared.clock import FixedClock
from tests.local.graph.fixtures import RunningSimulator, graph_simulator, served_simulator
from tests.presence.browser import LOOPBACK, ORIGIN, Browser
from tests.presence.world import ACCOUNT, DIRECTORY, World, settings_for

__all__ = ["graph_simulator", "served_simulator"]


@pytest.fixture
async def world(
    tables: CountingTables, clock: FixedClock, graph_simulator: RunningSimulator
) -> AsyncIterator[World]:
    """A deployment with nothing linked yet; the simulator's time is the deployment's."""
    world = World(tables, clock, graph_simulator, settings_for(graph_simulator))
    yield world
    await world.close()


@pytest.fixture
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages and deltas of a tenth of their size, so that 3,000 people are as many pages as 30,000."""
    monkeypatch.setattr(commits, "PAGE", commits.PAGE // 10)
    monkeypatch.setattr(commits, "MAX_DELTA", commits.MAX_DELTA // 10)


@pytest.fixture
async def browser(world: World) -> Browser:
    """An administrator of the account; the directory is not connected yet."""
    await directories.create(
        world.app, operator_actor(ACCOUNT), NewDirectory("Contoso", id=DIRECTORY)
    )
    world.running.simulator.application.redirects = {
        f"{origin}{path}" for origin in (ORIGIN, LOOPBACK) for path in (CALLBACK, LINK_CALLBACK)
    }
    return Browser(world)
