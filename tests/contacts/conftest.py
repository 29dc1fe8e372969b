"""Two companies of one account, one of another, and people who are signed in."""

from collections.abc import AsyncIterator

import azure.functions as func
import pytest

from contacts import endpoints
from directories.audit import operator_actor
from directories.service import NewDirectory, create
from local.counting_tables import CountingTables
from local.host.host import Host, HostOptions
from local.host.hostfile import HostFile
from shared.app import App
from shared.clock import FixedClock
from shared.settings import Settings
from tests.contacts.people import ACCOUNT, OTHER_ACCOUNT, Company, Person


@pytest.fixture
def app(tables: CountingTables, clock: FixedClock) -> App:
    """The embedded engine, a clock that moves only when told to, the platform's sign-in on."""
    return App(Settings.read({"WEBSITE_AUTH_ENABLED": "true"}), clock, tables)


@pytest.fixture
async def host(app: App) -> AsyncIterator[Host]:
    """The functions of the contacts API, routed as the platform's host does."""
    functions = func.FunctionApp()
    functions.register_functions(endpoints.blueprint(app))
    host = Host(
        functions,
        environment={},
        host_file=HostFile(route_prefix=""),
        options=HostOptions(platform_sign_in=False),
    )
    yield host
    await host.stop()
    await app.background.drain()


async def make_company(app: App, account: str, name: str, region: str) -> Company:
    """Return a function that makes a company with an empty directory."""
    app.clock.advance(1)  # type: ignore[attr-defined]
    directory, _ = await create(app, operator_actor(account), NewDirectory(name, region=region))
    return Company(app, directory)


@pytest.fixture
async def contoso(app: App) -> Company:
    """A British company."""
    return await make_company(app, ACCOUNT, "Contoso", "GB")


@pytest.fixture
async def fabrikam(app: App) -> Company:
    """A German company of the same account."""
    return await make_company(app, ACCOUNT, "Fabrikam", "DE")


@pytest.fixture
async def stranger(app: App) -> Company:
    """A company of another account."""
    return await make_company(app, OTHER_ACCOUNT, "Stranger", "GB")


@pytest.fixture
def agent(host: Host) -> Person:
    """An agent of the account."""
    return Person(host)


@pytest.fixture
def admin(host: Host) -> Person:
    """An administrator of the account."""
    return Person(host, role="Directory.Admin")
