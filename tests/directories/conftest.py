"""Fixtures for tests of directories."""

from collections.abc import AsyncIterator

import pytest

from directories import store
from directories.audit import operator_actor
from directories.service import NewDirectory, create
from local.counting_tables import CountingTables
from shared.app import App
from shared.settings import Settings
from shared.tables.schema.base import names_partition
from shared.tables.schema.directories import NAMES_COMPLETE
from tests.clock import FixedClock
from tests.directories.made import ACCOUNT, OTHER_ACCOUNT, Made

_SETTINGS = Settings(platform_sign_in=True)


@pytest.fixture
async def app(tables: CountingTables, clock: FixedClock) -> AsyncIterator[App]:
    """Yield an App over SQLite, with a clock that a test advances."""
    app = App(_SETTINGS, clock, tables)
    yield app
    await app.background.drain()


@pytest.fixture
async def any_app(any_tables: CountingTables, clock: FixedClock) -> AsyncIterator[App]:
    """Yield an App over each engine in turn.

    The emulator's tables keep rows between tests, so names of directories are removed first.
    """
    for account in (ACCOUNT, OTHER_ACCOUNT):
        partition = names_partition(account)
        for row in await store.index(any_tables, partition):
            if row.key != NAMES_COMPLETE.key:
                await store.remove(any_tables, partition, row.key)
    app = App(_SETTINGS, clock, any_tables)
    yield app
    await app.background.drain()


@pytest.fixture
async def made(app: App) -> Made:
    """Return a new directory with its token."""
    return Made(*await create(app, operator_actor(ACCOUNT), NewDirectory("Contoso")))
