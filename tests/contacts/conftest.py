"""Two companies of one account, one of another, and people who are signed in."""

from collections.abc import AsyncIterator

import azure.functions as func
import pytest

from contacts import endpoints
from directories.memory import settled
from directories.service import NewDirectory, create
from local.host.host import Host, HostOptions
from local.host.hostfile import HostFile
from shared.clock import FixedClock
from shared.services import Services
from shared.settings import Settings
from shared.tables.counting import CountingTables
from tests.contacts.people import ACCOUNT, OTHER_ACCOUNT, Company, Person


@pytest.fixture
def services(tables: CountingTables, clock: FixedClock) -> Services:
    """The embedded engine, a clock that stands still, the platform's sign-in on."""
    return Services(Settings.read({"WEBSITE_AUTH_ENABLED": "true"}), clock, tables)


@pytest.fixture
async def host(services: Services) -> AsyncIterator[Host]:
    """The functions of the contacts API, routed as the platform's host does."""
    app = func.FunctionApp()
    app.register_functions(endpoints.blueprint(services))
    host = Host(
        app,
        environment={},
        host_file=HostFile(route_prefix=""),
        options=HostOptions(platform_sign_in=False),
    )
    yield host
    await host.stop()
    await settled(services)


async def make_company(services: Services, account: str, name: str, region: str) -> Company:
    """A company with a directory and nobody in it yet."""
    services.clock.advance(1)  # type: ignore[attr-defined]
    directory, _ = await create(services, account, NewDirectory(name, region=region))
    return Company(services, directory)


@pytest.fixture
async def contoso(services: Services) -> Company:
    """A British company."""
    return await make_company(services, ACCOUNT, "Contoso", "GB")


@pytest.fixture
async def fabrikam(services: Services) -> Company:
    """A German company of the same account."""
    return await make_company(services, ACCOUNT, "Fabrikam", "DE")


@pytest.fixture
async def stranger(services: Services) -> Company:
    """A company of another account."""
    return await make_company(services, OTHER_ACCOUNT, "Stranger", "GB")


@pytest.fixture
def agent(host: Host) -> Person:
    """An agent of the account."""
    return Person(host)


@pytest.fixture
def admin(host: Host) -> Person:
    """An administrator of the account."""
    return Person(host, role="Directory.Admin")
