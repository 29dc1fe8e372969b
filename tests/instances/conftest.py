"""Three instances of the product over each engine, started once for all tests of this folder."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.instances import cluster
from tests.instances.cluster import Client, Cluster

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def over_sqlite() -> Iterator[Cluster]:
    """Three instances over one SQLite file."""
    tables = cluster.scratch()
    running = Cluster.start(tables)
    yield running
    running.stop()
    cluster.remove(tables)


@pytest.fixture(scope="session")
def over_azurite(azurite_tables: str) -> Iterator[Cluster]:
    """Three instances over one Azurite."""
    running = Cluster.start(azurite_tables)
    yield running
    running.stop()


@pytest.fixture(params=["sqlite", pytest.param("azurite", marks=pytest.mark.needs_azurite)])
async def client(request: pytest.FixtureRequest) -> AsyncIterator[Client]:
    """A client of a new directory of its own, on each engine in turn."""
    running: Cluster = request.getfixturevalue(f"over_{request.param}")
    made = running.add_directory(request.node.name[-90:])
    async with running.client(made) as found:
        yield found
