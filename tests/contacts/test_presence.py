"""Presence in lists, lookups and a contact, read from the rows of the presence sync."""

from collections.abc import AsyncIterator

import orjson
import pytest

from contacts.details import read_contact
from contacts.index_scan import Found
from contacts.listing import list_contacts
from contacts.search import search
from contacts.serializers import page_json, person_json
from local.counting_tables import CountingTables
from presence.instance import runtime_of
from tests.clock import FixedClock
from tests.contacts.conftest import make_company
from tests.contacts.people import ACCOUNT, Company
from tests.local.graph.fixtures import RunningSimulator, graph_simulator, served_simulator
from tests.presence.world import World, settings_for

__all__ = ["graph_simulator", "served_simulator"]


@pytest.fixture
async def world(
    tables: CountingTables, clock: FixedClock, graph_simulator: RunningSimulator
) -> AsyncIterator[World]:
    """Yield a deployment that reads presence from the Graph simulator."""
    world = World(tables, clock, graph_simulator, settings_for(graph_simulator))
    yield world
    await runtime_of(world.app).close()


async def _linked(world: World, count: int) -> tuple[Company, list[str]]:
    """Return a connected company with `count` people whose presence is synced, and their object
    ids.
    """
    company = await make_company(world.app, ACCOUNT, "Contoso", "GB")
    ids = world.people(count)
    world.tenant().moving = False
    for n, object_id in enumerate(ids):
        await company.hire(f"Person {n:02}", externalId=object_id)
    await world.link(company.id, account=ACCOUNT)
    await world.tick()
    return company, ids


async def test_a_list_has_the_presence_of_each_person(world: World) -> None:
    """State, text and time of confirmation; a person whose presence isn't known has none."""
    company, _ = await _linked(world, 3)
    await company.hire("Unknown")
    page = await list_contacts(world.app, [company.directory], 10)
    *known, unknown = (await page_json(world.app, page.found, page.cursor))["contacts"]
    assert [one["presence"]["stale"] for one in known] == [False] * 3
    assert all(one["presence"]["shown"] and one["presence"]["asOf"] for one in known)
    assert "presence" not in unknown


async def test_people_with_presence_come_first_in_a_search(world: World) -> None:
    """Among equally good matches; people without presence follow, alphabetically."""
    company, _ = await _linked(world, 2)
    for name in ("Person", "Abe Person", "Person 99"):
        await company.hire(name)
    page = await search(world.app, [company.directory], "person", 10)
    names = [one.card.name for one in page.found]
    assert names == ["Person", "Person 00", "Person 01", "Abe Person", "Person 99"]
    found = await search(world.app, [company.directory], "perzon", 10)
    names = [one.card.name for one in found.found]
    assert names == ["Person 00", "Person 01", "Abe Person", "Person", "Person 99"]


async def test_a_page_of_people_costs_one_round_trip_for_presence(world: World) -> None:
    """Whatever its size; further requests within a second cost none."""
    company, _ = await _linked(world, 50)
    page = await list_contacts(world.app, [company.directory], 50)
    await page_json(world.app, page.found, "")
    world.clock.advance(2)
    with world.tables.measured() as calls:
        await page_json(world.app, page.found, "")
    assert len(calls) <= 1
    with world.tables.measured() as calls:
        await page_json(world.app, page.found, "")
    assert calls == []


async def test_a_contact_has_its_presence(world: World) -> None:
    """The same JSON object as in a list."""
    company, _ = await _linked(world, 1)
    page = await list_contacts(world.app, [company.directory], 1)
    found: Found = page.found[0]
    one = await person_json(
        world.app, await read_contact(world.app, company.directory, found.card.id)
    )
    listed = (await page_json(world.app, page.found, ""))["contacts"][0]
    assert one["presence"] == listed["presence"]
    assert orjson.dumps(one)
