"""A filled deployment, and what a command does with it."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from shared.clock import FixedClock
from shared.services import Services
from shared.settings import Settings
from shared.tables.counting import CountingTables
from tests.local.transfer.filled import Deployment, filled, scim_host


@pytest.fixture
def services(tables: CountingTables, clock: FixedClock) -> Services:
    """Settings as on a fresh machine, the embedded engine in `tmp_path / "test.db"`."""
    return Services(Settings.read({}), clock, tables)


@pytest.fixture
async def deployment(services: Services) -> AsyncIterator[Deployment]:
    """Rows of every kind."""
    async with scim_host(services) as host:
        yield await filled(services, host)


@pytest.fixture
def place(tmp_path: Path) -> Callable[[str], str]:
    """The setting TABLES for an embedded engine of another name."""
    return lambda name: f"sqlite:///{tmp_path}/{name}.db"
