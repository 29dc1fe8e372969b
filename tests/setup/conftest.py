"""Fixtures: two instances of the app over one storage, with the directory `contoso`."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from directories.audit import operator_actor
from directories.service import NewDirectory, create
from local.counting_tables import CountingTables
from presence.instance import runtime_of
from tests.clock import FixedClock
from tests.openapi.conftest import ACCOUNT, TOKEN
from tests.setup.world import Link, World, deployed


@pytest.fixture
async def world(tables: CountingTables, clock: FixedClock, tmp_path: Path) -> AsyncIterator[World]:
    """Yield both instances."""
    made = World(
        deployed(tables, clock), deployed(tables, clock), tables, clock, tmp_path / "test.db"
    )
    await create(
        made.first.app,
        operator_actor(ACCOUNT),
        NewDirectory("Contoso", region="DE", id="contoso", token=TOKEN),
    )
    yield made
    for one in (made.first, made.second):
        await one.host.stop()
        await one.app.background.close()
        await runtime_of(one.app).close()


@pytest.fixture
async def link(world: World) -> Link:
    """Return a set-up link as the company's administrator receives it."""
    return await world.link()
