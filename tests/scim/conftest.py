"""Fixtures for SCIM tests: the SCIM functions in the simulated host, storage that counts round
trips, and clients of several directories.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import pytest

from directories import store, tokens
from directories.models import Directory, Token
from local.counting_tables import CountingTables
from local.host.host import Host
from scim import endpoints
from scim.users import store as user_store
from scim.users.models import UserRecord
from shared.app import App
from shared.clock import timestamp
from shared.ids import new_id
from shared.settings import Settings
from shared.tables.port import Operation
from tests.clock import FixedClock
from tests.hosts import serving
from tests.scim.client import ScimClient

ACCOUNT = "00000000-0000-4000-8000-000000000001"


@pytest.fixture
def app(tables: CountingTables, clock: FixedClock) -> App:
    """Return an App with default settings, storage that counts, and a clock that a test
    advances.
    """
    return App(Settings.read({}), clock, tables)


@pytest.fixture
async def host(app: App) -> AsyncIterator[Host]:
    """Yield a simulated Functions host that routes requests to the SCIM functions."""
    async with serving(app, endpoints) as host:
        yield host


async def client_of(host: Host, app: App, directory_id: str, **options: object) -> ScimClient:
    """Create a directory and return a client with its token; `options` are fields of
    `Directory`.
    """
    token = tokens.new_secret(tokens.TOKEN_PREFIX)
    now = timestamp(app.clock.now())
    live = (Token(id="token", hash=tokens.digest(token), created=now),)
    directory = Directory(
        id=directory_id,
        name="Contoso",
        account=ACCOUNT,
        kind="entra",
        region="GB",
        created=now,
        tokens=live,
        **options,  # type: ignore[arg-type]
    )
    await store.insert(app.tables, directory, [])
    return ScimClient(host, app, directory_id, token)


@pytest.fixture
async def scim(host: Host, app: App) -> ScimClient:
    """Return a client of an empty directory."""
    return await client_of(host, app, "contoso")


@pytest.fixture
async def other_scim(host: Host, app: App) -> ScimClient:
    """Return a client of another directory of the same deployment."""
    return await client_of(host, app, "fabrikam")


@pytest.fixture
async def strict_scim(host: Host, app: App) -> ScimClient:
    """Return a client of a directory that refuses unreadable phone numbers."""
    return await client_of(host, app, "strict", strict_numbers=True)


@pytest.fixture
def filled(scim: ScimClient, app: App) -> Callable[[int], Awaitable[tuple[ScimClient, str]]]:
    """Return a function that stores N people in the directory.

    The people are `person0@example.com` and so on. It returns the client and the first person's id.
    """

    async def fill(count: int) -> tuple[ScimClient, str]:
        people = _people(count, app.clock.now())
        for batch in people.batches:
            await app.tables.transact("contacts", scim.directory_id, batch)
        app.clock.advance(0.001 * count)  # type: ignore[attr-defined]
        await _count(app, scim.directory_id, count)
        return scim, people.first_id

    return fill


@dataclass(frozen=True, slots=True)
class _People:
    """Operations that store people, in batches of one transaction each, and the first person's
    id.
    """

    first_id: str
    batches: list[list[Operation]]


@lru_cache(maxsize=8)  # many tests fill a directory alike
def _people(count: int, since: datetime) -> _People:
    """Return people who were created one millisecond apart."""
    clock, first_id, batches = FixedClock(since), "", list[list[Operation]]([[]])
    for number in range(count):
        clock.advance(0.001)
        user = _person(clock, number)
        first_id = first_id or user.id
        if len(batches[-1]) > 85:
            batches.append([])
        batches[-1] += user_store.insertion(user, "GB")
    return _People(first_id, batches)


def _person(clock: FixedClock, number: int) -> UserRecord:
    now = timestamp(clock.now())
    address = f"person{number}@example.com"
    resource = {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": address,
        "externalId": f"external-{number}",
        "emails": [{"type": "work", "value": address}],
    }
    return UserRecord(id=new_id(clock), resource=resource, created=now, modified=now)


async def _count(app: App, directory_id: str, users: int) -> None:
    """Store one event that counts all these users, because they were stored without events."""
    from directories.events import Event, write

    event = Event(at=timestamp(app.clock.now()), kind="user.created", users=users)
    await app.tables.transact("contacts", directory_id, [write(event, app.clock)])
    app.clock.advance(60)  # type: ignore[attr-defined]
