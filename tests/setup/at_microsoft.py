"""Two instances that use the simulator of Microsoft, and the steps of a user on its pages."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from directories.audit import operator_actor
from directories.service import NewDirectory, create
from local.counting_tables import CountingTables
from presence.constants import CALLBACK, LINK_CALLBACK
from presence.instance import runtime_of
from tests.clock import FixedClock
from tests.local.graph.calls import call
from tests.local.graph.fixtures import RunningSimulator, graph_simulator, served_simulator
from tests.openapi.conftest import ACCOUNT, TOKEN
from tests.presence.world import settings_for
from tests.setup.world import DIRECTORY, ORIGIN, World, deployed

__all__ = ["graph_simulator", "served_simulator"]
GLORIA = "gloria@contoso.example"
FRANK = "gloria@fabrikam.example"


@pytest.fixture
async def world(
    tables: CountingTables, clock: FixedClock, tmp_path: Path, graph_simulator: RunningSimulator
) -> AsyncIterator[World]:
    """Yield two instances that use the simulator."""
    simulator = graph_simulator.simulator
    simulator.clock = clock
    simulator.application.redirects = {f"{ORIGIN}{path}" for path in (CALLBACK, LINK_CALLBACK)}
    settings = settings_for(graph_simulator, PUBLIC_URL=ORIGIN)
    first, second = (deployed(tables, clock, settings) for _ in range(2))
    made = World(first, second, tables, clock, tmp_path / "test.db")
    new = NewDirectory("Contoso", region="DE", id=DIRECTORY, token=TOKEN)
    await create(first.app, operator_actor(ACCOUNT), new)
    yield made
    for one in (first, second):
        await one.host.stop()
        await one.app.background.close()
        await runtime_of(one.app).close()


async def answered(address: str, who: str, decide: str = "") -> str:
    """Submit Microsoft's page; return path and query of the URL to which it redirects."""
    asked = {"sign_in_as": who} | ({"decide": decide} if decide else {})
    status, body, headers = await call(f"{address}&{urlencode(asked)}")
    assert status == 302, body
    return headers["location"].removeprefix(ORIGIN)
