"""The maximum age of a presence in a response of the contacts API.

A stored presence is at most as old as the interval and the duration of a sync; one requested on
demand, at most twelve seconds.

The functions run in the simulated host with its timer and queue, on a clock that the test advances.
One instance syncs, another serves agents. Each second some people change their status in Teams, and
an agent's client sends a request. A presence is too old if the person's status changed longer ago
than the limit.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import azure.functions as func
import pytest

import contacts.endpoints
import presence.endpoints
from local.counting_tables import CountingTables
from local.host.host import Host, HostOptions
from local.host.hostfile import HostFile
from shared.clock import parse_timestamp
from tests.clock import FixedClock
from tests.contacts.conftest import make_company
from tests.contacts.people import ACCOUNT, Company, Person
from tests.local.graph.fixtures import RunningSimulator, graph_simulator, served_simulator
from tests.presence.world import World, settings_for

__all__ = ["graph_simulator", "served_simulator"]
PEOPLE = 12


@dataclass
class Teams:
    """A company in Teams; each change gives a person a status that occurs only once."""

    world: World
    syncing: Host
    answering: Host
    company: Company
    ids: list[str]
    told: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    ended: dict[tuple[str, str], datetime] = field(default_factory=dict)
    ages: list[float] = field(default_factory=list)
    count: int = 0
    limit: float = 0.0  # seconds that an answer may be old

    def change(self, object_id: str) -> None:
        """Give a person a new status now."""
        now = self.world.clock.now()
        if object_id in self.told:
            self.ended[object_id, self.told[object_id][0]] = now
        self.count += 1
        self.told[object_id] = f"Status{self.count}", now
        self.world.set(object_id, f"Status{self.count}")

    async def second(self, changes: int = 2) -> None:
        """Advance the clock by a second: `changes` people change, the timer runs if due, and the
        queue is emptied.
        """
        for object_id in random.Random(self.count).sample(self.ids, changes):
            self.change(object_id)
        self.world.clock.advance(1)
        await asyncio.gather(*self.syncing.timers.tick())
        await self.syncing.queues.idle()

    def look(self, contacts: list[dict[str, Any]]) -> None:
        """Record the ages of the presences in a response: the time since the person's status
        changed to another.
        """
        now = self.world.clock.now()
        by_name = {f"Person {n:02}": one for n, one in enumerate(self.ids)}
        for contact in contacts:
            status, object_id = contact["presence"], by_name[contact["displayName"]]
            as_of, shown = parse_timestamp(status["asOf"]), status["availability"]
            ended = self.ended.get((object_id, shown))
            assert ended is None or as_of <= ended  # no time is claimed at which it was not so
            self.ages.append((now - ended).total_seconds() if ended else 0.0)
            assert now - as_of <= timedelta(seconds=self.limit)


def instance(world: World, feature: Any) -> Host:
    """Return a simulated host with the functions of one feature."""
    functions = func.FunctionApp()
    functions.register_functions(feature.endpoints.blueprint(world.app))
    options = HostOptions(timers=False, platform_sign_in=False)
    return Host(
        functions,
        environment={},
        host_file=HostFile(route_prefix=""),
        clock=world.clock,
        options=options,
    )


async def started(world: World) -> AsyncIterator[Teams]:
    """Yield a company that is provisioned, connected and synced once."""
    company = await make_company(world.app, ACCOUNT, "Contoso", "GB")
    ids = world.people(PEOPLE)
    for n, object_id in enumerate(ids):
        await company.hire(f"Person {n:02}", externalId=object_id)
    await world.link(company.id, account=ACCOUNT)
    other = await world.restarted()
    found = Teams(world, instance(world, presence), instance(other, contacts), company, ids)
    for object_id in ids:
        found.change(object_id)
    for _ in range(world.settings.presence_interval):
        await found.second(0)
    yield found
    for host in (found.syncing, found.answering):
        await host.stop()
    await world.close()


@pytest.fixture
async def teams(
    request: pytest.FixtureRequest,
    tables: CountingTables,
    clock: FixedClock,
    graph_simulator: RunningSimulator,
) -> AsyncIterator[Teams]:
    """Yield a company in a deployment with the interval of the parameter."""
    settings = settings_for(
        graph_simulator, PRESENCE_INTERVAL_SECONDS=str(getattr(request, "param", 30))
    )
    async for found in started(World(tables, clock, graph_simulator, settings)):
        yield found


@pytest.mark.parametrize("teams", [10, 30, 60], indirect=True)
async def test_a_presence_in_a_list_is_at_most_an_interval_old(teams: Teams) -> None:
    """A client requests stored presence each second; only the timer calls Microsoft."""
    reader, interval = Person(teams.answering), teams.world.settings.presence_interval
    teams.limit = interval
    calls = teams.world.calls()
    for _ in range(4 * interval):
        await teams.second()
        teams.look((await reader.get("/api/contacts"))["contacts"])
    assert 0 < max(teams.ages) <= interval
    assert teams.world.calls() - calls == 4


async def test_a_slow_sync_adds_only_its_duration_to_the_age(teams: Teams) -> None:
    """Graph responds after five seconds with the presence at the time of the request."""
    reader, graph = Person(teams.answering), teams.world.runtime.graph
    asked = graph.presences

    async def slow(token: str, some: Any) -> Any:
        found = await asked(token, some)
        for object_id in teams.ids[::3]:
            teams.change(object_id)
        teams.world.clock.advance(5)
        return found

    graph.presences = slow  # type: ignore[method-assign,assignment]
    teams.limit = 30 + 5
    for _ in range(120):
        await teams.second()
        teams.look((await reader.get("/api/contacts"))["contacts"])
    assert 0 < max(teams.ages) <= 30 + 5


@pytest.mark.parametrize("every", [1, 2])
@pytest.mark.parametrize("how", ["list", "search", "directory", "contact"])
async def test_fresh_presence_is_at_most_twelve_seconds_old(
    teams: Teams, how: str, every: int
) -> None:
    """A client that requests fresh presence every second or two sees each change within twelve
    seconds.
    """
    reader, company = Person(teams.answering), teams.company.id
    teams.limit = 10
    seen: dict[str, str] = {}
    delays: list[float] = []
    one = (await reader.get("/api/contacts", q="Person 03"))["contacts"][0]["id"]
    for second in range(120):
        await teams.second(1)
        if second % every:
            continue
        shown = await _fresh(reader, how, company, one)
        teams.look(shown)
        for contact in shown:
            delays += _delay(teams, contact, seen)
    assert max(teams.ages) <= 10
    assert 0 < max(delays) <= 12


async def _fresh(reader: Person, how: str, company: str, one: str) -> list[dict[str, Any]]:
    match how:
        case "list":
            found = await reader.get("/api/contacts", presence="fresh")
        case "search":
            found = await reader.get("/api/contacts", q="person", presence="fresh")
        case "directory":
            found = await reader.get(f"/api/directories/{company}/contacts", presence="fresh")
        case _:
            return [
                await reader.get(f"/api/directories/{company}/contacts/{one}", presence="fresh")
            ]
    contacts: list[dict[str, Any]] = found["contacts"]
    assert len(contacts) == PEOPLE
    return contacts


def _delay(teams: Teams, contact: dict[str, Any], seen: dict[str, str]) -> list[float]:
    """Return the age of a status when the client first sees it, or an empty list if it isn't
    new.
    """
    name, shown = contact["displayName"], contact["presence"]["availability"]
    if seen.get(name) == shown:
        return []
    is_first, seen[name] = name not in seen, shown
    began = dict(teams.told.values()).get(shown)
    return [] if is_first or began is None else [(teams.world.clock.now() - began).total_seconds()]


async def test_fresh_presence_costs_microsoft_few_calls(teams: Teams) -> None:
    """Ten clients show the same people and send requests each second: Graph is called about every
    ten seconds.
    """
    clients = [Person(teams.answering) for _ in range(10)]
    calls = teams.world.calls()
    for _ in range(60):
        await teams.second(0)
        await asyncio.gather(*(client.get("/api/contacts", presence="fresh") for client in clients))
    assert teams.world.calls() - calls <= 60 / 10 + 2


@pytest.mark.parametrize(
    "path", ["/api/contacts", "/api/directories/{}/contacts", "/api/directories/{}/contacts/{}"]
)
async def test_another_value_of_the_presence_parameter_is_refused(teams: Teams, path: str) -> None:
    """The error has the field, the fault and the remedy."""
    reader = Person(teams.answering)
    one = (await reader.get("/api/contacts"))["contacts"][0]["id"]
    answer = await reader.call("GET", path.format(teams.company.id, one), presence="now")
    assert answer.status == 400
    assert b"presence=fresh" in answer.body
