"""Fixtures: the product's SCIM functions in the simulated host, with a new directory per test."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import pytest

from directories.audit import operator_actor
from directories.models import Directory
from directories.service import NewDirectory, create
from local.counting_tables import CountingTables
from local.host.host import Host
from local.host.running import running
from scim import endpoints
from shared.app import App
from shared.http import Request
from shared.settings import Settings
from tests.clock import FixedClock
from tests.hosts import functions_of
from tests.shapes.player import Mismatch, Step, play, play_http

ACCOUNT = "00000000-0000-4000-8000-000000000001"


@dataclass(frozen=True, slots=True)
class Product:
    """One directory of the running product; its clock advances by a second with each request."""

    host: Host
    clock: FixedClock
    directory: Directory
    token: str
    url: str = "https://app.example"

    @property
    def base(self) -> str:
        """Return the SCIM base URL."""
        return f"{self.url}/scim/{self.directory.id}/v2"

    async def send(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Send a request without a connection, through everything but the web server."""
        self.clock.advance(1)
        framed = {**headers, "Content-Length": str(len(body))} if body else headers
        answer = await self.host.call(Request(method, self.base + path, framed, body))
        return answer.status, answer.headers, answer.body

    async def play(self, steps: list[Step]) -> list[Mismatch]:
        """Play steps without a connection."""
        return await play(steps, self.send, headers={"Authorization": f"Bearer {self.token}"})

    async def play_http(self, steps: list[Step]) -> list[Mismatch]:
        """Play steps over HTTP."""
        return await play_http(self.base, self.token, steps)


@pytest.fixture
async def product(tables: CountingTables, clock: FixedClock) -> AsyncIterator[Product]:
    """The product with an empty directory, without a web server."""
    app = App(Settings.read({}), clock, tables)
    host = Host(functions_of(app, endpoints), environment={})
    yield Product(host, clock, *await create(app, operator_actor(ACCOUNT), NewDirectory("Contoso")))
    await host.stop()
    await app.background.drain()


@pytest.fixture
async def served(tables: CountingTables, clock: FixedClock) -> AsyncIterator[Product]:
    """The product with an empty directory, at an address."""
    app = App(Settings.read({}), clock, tables)
    async with running(functions_of(app, endpoints)) as server:
        yield Product(
            server.host,
            clock,
            *await create(app, operator_actor(ACCOUNT), NewDirectory("Contoso")),
            url=server.url,
        )
    await app.background.drain()
