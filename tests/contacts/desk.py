"""A company whose people have Teams presence, for tests of who is free and who can take a call."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from contacts.availability import who_is_free
from contacts.people_query import PeopleQuery
from local.counting_tables import CountingTables
from presence.instance import runtime_of
from scim.users.contact_cards import ENTERPRISE
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


class Desk:
    """A company connected to a tenant; its people have a presence from the beginning."""

    def __init__(self, world: World, company: Company, ids: list[str]) -> None:
        self.world, self.company, self._ids = world, company, iter(ids)
        self.object_ids = dict[str, str]()

    async def hire(self, name: str, status: str = "Available", **more: Any) -> str:
        """Store a person with this Teams status and return the id; `office` becomes the locality of
        the address.
        """
        self.object_ids[name] = object_id = next(self._ids)
        self.world.set(object_id, status)
        enterprise = {
            one: more.pop(one) for one in ("organization", "department", "manager") if one in more
        }
        if office := more.pop("office", ""):
            more["addresses"] = [{"type": "work", "locality": office}]
        resource: dict[str, Any] = {ENTERPRISE: enterprise} if enterprise else {}
        return await self.company.hire(name, externalId=object_id, **resource, **more)

    def set(self, name: str, status: str, **more: Any) -> None:
        """Change a person's status in Teams."""
        self.world.set(self.object_ids[name], status, **more)

    async def free(self, text: str = "free now", limit: int = 50, **filters: Any) -> list[str]:
        """Return the names that a search for free people finds, in order."""
        query = PeopleQuery.typed(text).over(PeopleQuery(**filters))
        page = await who_is_free(self.world.app, [self.company.directory], query, limit)
        return [one.found.card.name for one in page.people]


@pytest.fixture
async def desk(world: World) -> Desk:
    """Return a connected company for up to 2,000 people; `world.tick()` syncs their presence."""
    company = await make_company(world.app, ACCOUNT, "Contoso", "GB")
    ids = world.people(2000)
    world.tenant().moving = False
    await world.link(company.id, account=ACCOUNT)
    return Desk(world, company, ids)
