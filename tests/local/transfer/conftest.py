"""Fixtures: a filled deployment, and settings for further databases."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from local.counting_tables import CountingTables
from shared.app import App
from shared.settings import Settings
from tests.clock import FixedClock
from tests.local.transfer.filled import Deployment, filled, scim_host


@pytest.fixture
def app(tables: CountingTables, clock: FixedClock) -> App:
    """Return an App with default settings over the SQLite file `tmp_path / "test.db"`."""
    return App(Settings.read({}), clock, tables)


@pytest.fixture
async def deployment(app: App) -> AsyncIterator[Deployment]:
    """Yield a deployment with rows of every family."""
    async with scim_host(app) as host:
        yield await filled(app, host)


@pytest.fixture
def place(tmp_path: Path) -> Callable[[str], str]:
    """Return a function that returns the setting TABLES for an SQLite file with this name."""
    return lambda name: f"sqlite:///{tmp_path}/{name}.db"
