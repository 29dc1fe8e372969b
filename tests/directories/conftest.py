"""Fixtures of the directories' tests."""

from collections.abc import AsyncIterator

import pytest

from directories.memory import settled
from directories.service import NewDirectory, create
from shared.clock import FixedClock
from shared.services import Services
from shared.settings import Settings
from shared.tables.counting import CountingTables
from tests.directories.made import ACCOUNT, Made

_SETTINGS = Settings(platform_sign_in=True)


@pytest.fixture
async def services(tables: CountingTables, clock: FixedClock) -> AsyncIterator[Services]:
    """The embedded engine and a clock that stands still."""
    services = Services(_SETTINGS, clock, tables)
    yield services
    await settled(services)


@pytest.fixture
async def any_services(any_tables: CountingTables, clock: FixedClock) -> AsyncIterator[Services]:
    """Each engine in turn."""
    services = Services(_SETTINGS, clock, any_tables)
    yield services
    await settled(services)


@pytest.fixture
async def made(services: Services) -> Made:
    """A directory with its token."""
    return Made(*await create(services, ACCOUNT, NewDirectory("Contoso")))
