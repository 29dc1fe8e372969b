"""A filled deployment, and the effect of a command on it."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from local.counting_tables import CountingTables
from shared.app import App
from shared.clock import FixedClock
from shared.settings import Settings
from tests.local.transfer.filled import Deployment, filled, scim_host


@pytest.fixture
def app(tables: CountingTables, clock: FixedClock) -> App:
    """Settings as on a fresh machine, the embedded engine in `tmp_path / "test.db"`."""
    return App(Settings.read({}), clock, tables)


@pytest.fixture
async def deployment(app: App) -> AsyncIterator[Deployment]:
    """Rows of every kind."""
    async with scim_host(app) as host:
        yield await filled(app, host)


@pytest.fixture
def place(tmp_path: Path) -> Callable[[str], str]:
    """The setting TABLES for an embedded engine of another name."""
    return lambda name: f"sqlite:///{tmp_path}/{name}.db"
