"""Fixtures: a directory with a client secret that also trusts an identity of the Entra simulator,
and a client of its token endpoint.
"""

from collections.abc import AsyncIterator

import pytest

from directories import credentials, service
from directories.audit import operator_actor
from directories.models import TrustedIdentity
from directories.service import NewDirectory
from local.counting_tables import CountingTables
from local.graph.simulator import CONTOSO
from local.host.host import Host
from scim import endpoints
from shared.app import App
from shared.settings import Settings
from tests.clock import FixedClock
from tests.hosts import functions_of
from tests.local.graph.fixtures import RunningSimulator, graph_simulator, served_simulator
from tests.scim.sign_in.client import ACCOUNT, AUDIENCE, SUBJECT, TokenClient

__all__ = ["graph_simulator", "served_simulator"]


@pytest.fixture
async def app(
    graph_simulator: RunningSimulator, tables: CountingTables, clock: FixedClock
) -> AsyncIterator[App]:
    """Yield an App whose sign-in service is the simulator; both have the same clock."""
    graph_simulator.simulator.clock = clock
    app = App(Settings(login_url=graph_simulator.login_url), clock, tables)
    yield app
    await app.background.drain()


def host_of(app: App) -> Host:
    """Return a simulated host with the SCIM functions of this App."""
    return Host(functions_of(app, endpoints), environment={})


@pytest.fixture
async def client(app: App) -> AsyncIterator[TokenClient]:
    """Yield a client of a directory that has a client secret and a trusted identity."""
    host = host_of(app)
    directory, _ = await service.create(app, operator_actor(ACCOUNT), NewDirectory("Contoso"))
    secret = (await credentials.issue(app, operator_actor(ACCOUNT), directory.id, "secrets")).plain
    await credentials.set_trust(
        app,
        operator_actor(ACCOUNT),
        directory.id,
        TrustedIdentity(tenant_id=CONTOSO, subject=SUBJECT, audiences=("api://other", AUDIENCE)),
    )
    yield TokenClient(host, app, directory.id, secret)
    await app.background.drain()
    await host.stop()
