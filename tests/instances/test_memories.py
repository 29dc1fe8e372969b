"""Caches of an instance, and how long another instance's change can be missing from its responses.

docs/operations.md, "Several instances", lists them. Two hosts over one storage, with a clock that a
test advances. tests/contacts/test_freshness.py tests the age of presence in the same way.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import orjson
import pytest

import contacts.endpoints
import directories.endpoints
import scim.endpoints
from directories.audit import operator_actor
from directories.service import NewDirectory, create
from local.counting_tables import CountingTables
from local.host.host import Host
from local.host.sign_in import ACCOUNT
from shared.app import App
from shared.easy_auth import READER, Principal
from shared.http import Request
from shared.settings import Settings
from tests.clock import FixedClock
from tests.hosts import functions_of

ORIGIN = "http://127.0.0.1"


@dataclass(frozen=True, slots=True)
class Instance:
    """One host with its own App."""

    app: App
    host: Host

    async def call(
        self, method: str, path: str, body: Any = None, token: str = ""
    ) -> tuple[int, Any]:
        """Send a request; return the status and the parsed JSON."""
        sent = {"content-type": "application/json", "origin": ORIGIN}
        if token:
            sent["authorization"] = f"Bearer {token}"
        raw = b"" if body is None else orjson.dumps(body)
        if raw:
            sent["content-length"] = str(len(raw))
        response = await self.host.call(Request(method, f"{ORIGIN}{path}", sent, raw))
        return response.status, orjson.loads(response.body) if response.body else None

    async def names(self, query: str) -> list[str]:
        """Return the names that an agent's search over all directories finds."""
        _, found = await self.call("GET", f"/api/contacts?q={query}")
        return [one["displayName"] for one in found["contacts"]]


@pytest.fixture
async def two(tables: CountingTables, clock: FixedClock) -> AsyncIterator[list[Instance]]:
    """Yield two instances over the same storage."""
    found = list[Instance]()
    for _ in range(2):
        app = App(Settings.read({"WEBSITE_AUTH_ENABLED": "true"}), clock, CountingTables(tables))
        functions = functions_of(app, directories.endpoints, scim.endpoints, contacts.endpoints)
        host = Host(functions, environment={})
        found.append(Instance(app, host))
    yield found
    for one in found:
        await one.host.stop()
        await one.app.background.drain()


async def seconds_until(clock: FixedClock, limit: float, holds: Callable[[], Any]) -> float:
    """Return after how many seconds, at most `limit`, `holds` becomes true."""
    waited = 0.0
    for _ in range(200):
        if await holds():
            return waited
        assert waited < limit
        clock.advance(0.5)
        waited += 0.5
    raise AssertionError


async def test_a_revoked_credential_works_for_30_seconds_at_most(
    two: list[Instance], clock: FixedClock
) -> None:
    """It is refused at once on the instance that revoked it; a new one works at once everywhere."""
    one, other = two
    directory, token = await create(one.app, operator_actor(ACCOUNT), NewDirectory("Contoso"))
    users, own = f"/scim/{directory.id}/v2/Users?count=0", f"/api/directories/{directory.id}"
    assert [(await each.call("GET", users, token=token))[0] for each in two] == [200, 200]
    _, issued = await one.call("POST", f"{own}/tokens", {})
    new = issued["token"]
    assert [(await each.call("GET", users, token=new))[0] for each in two] == [200, 200]
    assert (await one.call("DELETE", f"{own}/tokens/{issued['id']}"))[0] in (200, 204)
    assert (await one.call("GET", users, token=new))[0] == 401

    async def is_refused() -> bool:
        return (await other.call("GET", users, token=new))[0] == 401

    assert 20 < await seconds_until(clock, 30.5, is_refused) <= 30


async def test_a_deleted_directory_accepts_requests_for_30_seconds_at_most(
    two: list[Instance], clock: FixedClock
) -> None:
    """An instance remembers which `Authorization` was valid, but not longer than the directory.

    Further requests with it don't extend the time. It ends at once on the instance that deleted the
    directory, and works at once everywhere after a restoration.
    """
    one, other = two
    directory, token = await create(one.app, operator_actor(ACCOUNT), NewDirectory("Contoso"))
    users, own = f"/scim/{directory.id}/v2/Users?count=0", f"/api/directories/{directory.id}"
    assert [(await each.call("GET", users, token=token))[0] for each in two] == [200, 200]
    clock.advance(10)
    assert (await other.call("GET", users, token=token))[0] == 200
    assert (await one.call("DELETE", own))[0] == 202
    assert (await one.call("GET", users, token=token))[0] == 401

    async def is_refused() -> bool:
        return (await other.call("GET", users, token=token))[0] == 401

    assert 15 < await seconds_until(clock, 20.5, is_refused) <= 20
    await one.call("POST", f"{own}/restore", {})
    assert [(await each.call("GET", users, token=token))[0] for each in two] == [200, 200]


async def test_a_changed_setting_holds_after_30_seconds_at_most(
    two: list[Instance], clock: FixedClock
) -> None:
    """At once on the instance that changed it; another one has cached the directory."""
    one, other = two
    directory, token = await create(one.app, operator_actor(ACCOUNT), NewDirectory("Contoso"))
    users, own = f"/scim/{directory.id}/v2/Users", f"/api/directories/{directory.id}"
    assert [(await each.call("GET", users, token=token))[0] for each in two] == [200, 200]
    assert (await one.call("PATCH", own, {"strictNumbers": True}))[0] == 200
    wrong = {"userName": "a", "phoneNumbers": [{"type": "work", "value": "no number"}]}
    assert (await one.call("POST", users, wrong, token))[0] == 400
    names = iter(range(1000))

    async def is_strict() -> bool:
        person = {**wrong, "userName": f"a{next(names)}"}
        return (await other.call("POST", users, person, token))[0] == 400

    assert 20 < await seconds_until(clock, 30.5, is_strict) <= 30


async def test_a_new_directory_is_searched_after_5_seconds_at_most(
    two: list[Instance], clock: FixedClock
) -> None:
    """At once on the instance that created, renamed, deleted or restored it."""
    one, other = two
    for each in two:
        assert await each.names("given") == []
    directory, token = await create(one.app, operator_actor(ACCOUNT), NewDirectory("Contoso"))
    person = {"userName": "a", "displayName": "Given A", "active": True}
    await one.call("POST", f"/scim/{directory.id}/v2/Users", person, token)
    assert await one.names("given") == ["Given A"]

    async def is_found() -> bool:
        return await other.names("given") == ["Given A"]

    assert await seconds_until(clock, 5.5, is_found) <= 5
    own = f"/api/directories/{directory.id}"
    await one.call("DELETE", own)
    assert await one.names("given") == []
    await one.call("POST", f"{own}/restore", {})
    assert await one.names("given") == ["Given A"]


async def test_totals_of_pages_are_a_second_old_at_most(
    two: list[Instance], clock: FixedClock
) -> None:
    """For SCIM clients, every instance counts each write at once."""
    from contacts.account_directories import all_directories, totals_of

    one, other = two
    directory, token = await create(one.app, operator_actor(ACCOUNT), NewDirectory("Contoso"))
    users = f"/scim/{directory.id}/v2/Users"
    agent = Principal(account=ACCOUNT, object_id="", name="", roles=frozenset({READER}))

    async def is_counted(count: int) -> bool:
        listed = await all_directories(other.app, agent)
        return [found.users for found in await totals_of(other.app, listed)] == [count]

    assert await is_counted(0)
    await one.call("POST", users, {"userName": "a"}, token)
    _, found = await other.call("GET", f"{users}?count=0", token=token)
    assert found["totalResults"] == 1
    assert await seconds_until(clock, 1.5, lambda: is_counted(1)) <= 1


async def test_a_person_is_found_after_5_seconds_at_most(
    two: list[Instance], clock: FixedClock
) -> None:
    """In accounts with many directories, an instance caches which of them have no name with a
    prefix.
    """
    one, other = two
    made = [
        await create(one.app, operator_actor(ACCOUNT), NewDirectory(f"D{number}"))
        for number in range(20)
    ]
    assert await other.names("given") == []
    assert await other.names("givena") == []
    directory, token = made[7]
    person = {"userName": "a", "displayName": "Givena B", "active": True}
    await one.call("POST", f"/scim/{directory.id}/v2/Users", person, token)

    async def is_found() -> bool:
        return await other.names("givena") == ["Givena B"]

    assert 0 < await seconds_until(clock, 5.5, is_found) <= 5
