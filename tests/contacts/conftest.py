"""Fixtures: two companies of one account, one company of another account, and signed-in users."""

from collections.abc import AsyncIterator

import pytest

from contacts import endpoints
from directories.audit import operator_actor
from directories.service import NewDirectory, create
from local.counting_tables import CountingTables
from local.host.host import Host, HostOptions
from shared.app import App
from shared.settings import Settings
from tests.clock import FixedClock
from tests.contacts.people import ACCOUNT, OTHER_ACCOUNT, Company, Person
from tests.hosts import serving


@pytest.fixture
def app(tables: CountingTables, clock: FixedClock) -> App:
    """Return an App over SQLite with the platform's sign-in, and a clock that a test advances."""
    return App(Settings.read({"WEBSITE_AUTH_ENABLED": "true"}), clock, tables)


@pytest.fixture
async def host(app: App) -> AsyncIterator[Host]:
    """Yield a simulated Functions host with the functions of the contacts API."""
    async with serving(app, endpoints, options=HostOptions(platform_sign_in=False)) as host:
        yield host


async def make_company(app: App, account: str, name: str, region: str) -> Company:
    """Create an empty directory and return it as a Company."""
    app.clock.advance(1)  # type: ignore[attr-defined]
    directory, _ = await create(app, operator_actor(account), NewDirectory(name, region=region))
    return Company(app, directory)


@pytest.fixture
async def contoso(app: App) -> Company:
    """Return a company whose default region is GB."""
    return await make_company(app, ACCOUNT, "Contoso", "GB")


@pytest.fixture
async def fabrikam(app: App) -> Company:
    """Return a company of the same account whose default region is DE."""
    return await make_company(app, ACCOUNT, "Fabrikam", "DE")


@pytest.fixture
async def stranger(app: App) -> Company:
    """Return a company of another account."""
    return await make_company(app, OTHER_ACCOUNT, "Stranger", "GB")


@pytest.fixture
def agent(host: Host) -> Person:
    """Return a client that is signed in as an agent of the account."""
    return Person(host)


@pytest.fixture
def admin(host: Host) -> Person:
    """Return a client that is signed in as an administrator of the account."""
    return Person(host, role="Directory.Admin")
