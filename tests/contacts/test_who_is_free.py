"""Who is free: the filters over people and presence, confirmed statuses, order, pages and round trips."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from contacts.availability import who_is_free
from contacts.people_query import PeopleQuery
from local.counting_tables import CountingTables
from presence.instance import runtime_of
from scim.users.contact_cards import ENTERPRISE
from shared.clock import FixedClock
from shared.http import HttpError
from tests.contacts.conftest import make_company
from tests.contacts.people import ACCOUNT, Company
from tests.local.graph.fixtures import RunningSimulator, graph_simulator, served_simulator
from tests.presence.world import World, settings_for
from tests.rounds import rounds

__all__ = ["graph_simulator", "served_simulator"]


@pytest.fixture
async def world(
    tables: CountingTables, clock: FixedClock, graph_simulator: RunningSimulator
) -> AsyncIterator[World]:
    """A deployment whose presence comes from the simulator."""
    world = World(tables, clock, graph_simulator, settings_for(graph_simulator))
    yield world
    await runtime_of(world.app).close()


class Desk:
    """A linked company; people have a status from the start."""

    def __init__(self, world: World, company: Company, ids: list[str]) -> None:
        self.world, self.company, self._ids = world, company, iter(ids)
        self.object_ids = dict[str, str]()

    async def hire(self, name: str, status: str = "Available", **more: Any) -> str:
        """Store a person; `organization`, `department` and `office` are words."""
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
        """Give a person another status in Teams."""
        self.world.set(self.object_ids[name], status, **more)

    async def free(self, text: str = "free now", limit: int = 50, **filters: Any) -> list[str]:
        """The names that are found for a text."""
        query = PeopleQuery.typed(text).over(PeopleQuery(**filters))
        page = await who_is_free(self.world.app, [self.company.directory], query, limit)
        return [one.found.card.name for one in page.people]


@pytest.fixture
async def desk(world: World) -> Desk:
    """A company of up to 2,000 people, linked; `world.tick()` reads the statuses."""
    company = await make_company(world.app, ACCOUNT, "Contoso", "GB")
    ids = world.people(2000)
    world.tenant().moving = False
    await world.link(company.id, account=ACCOUNT)
    return Desk(world, company, ids)


async def test_only_free_people_of_the_department_are_found(desk: Desk) -> None:
    """Words find a department as they find a name; the status decides who stays."""
    await desk.hire("Anna", department="Sales UK")
    await desk.hire("Ben", "Busy", department="Sales UK")
    await desk.hire("Carla", department="Sales DE")
    await desk.hire("Dora", "Offline", department="Sales UK")
    await desk.hire("Emil", "AvailableIdle", department="Sales UK")
    await desk.world.tick()
    assert await desk.free("free now in Sales UK") == ["Anna", "Emil"]
    assert await desk.free(department="sales uk", text="") == ["Anna", "Emil"]


async def test_company_and_office_are_filters(desk: Desk) -> None:
    """A company is an organization, or the directory's name; an office is a city or the text of an address."""
    await desk.hire("Anna", organization="Litware Ltd", office="London")
    await desk.hire("Ben", organization="Litware Ltd", office="Leeds")
    await desk.hire("Carla", organization="Tailspin", office="London")
    await desk.world.tick()
    assert await desk.free("free now company:Litware") == ["Anna", "Ben"]
    assert await desk.free("free now company:Litware office:London") == ["Anna"]
    assert await desk.free("free now", company="Contoso") == ["Anna", "Ben", "Carla"]


async def test_whole_words_of_a_department_are_meant(desk: Desk) -> None:
    """IT isn't Italy."""
    await desk.hire("Anna", department="IT")
    await desk.hire("Ben", department="Italy")
    await desk.world.tick()
    assert await desk.free("free now department:IT") == ["Anna"]


async def test_free_people_of_a_group_are_found(desk: Desk) -> None:
    """With and without words."""
    anna, ben = await desk.hire("Anna Hill"), await desk.hire("Ben Hill", "Busy")
    await desk.hire("Carla Hill")
    group = await desk.company.group("Helpdesk", anna, ben)
    await desk.world.tick()
    assert await desk.free(group=group) == ["Anna Hill"]
    assert await desk.free("hill", group=group) == ["Anna Hill"]


async def test_the_free_come_before_those_who_soon_will_be(desk: Desk) -> None:
    """Soon: in a call, in a meeting, busy, right back. Away, offline, do not disturb and unknown never are."""
    await desk.hire("Anna", "InACall")
    await desk.hire("Ben", "BeRightBack")
    await desk.hire("Carla")
    for name, status in (("D", "Away"), ("E", "Offline"), ("F", "DoNotDisturb"), ("G", "Odd")):
        await desk.hire(name, status)
    await desk.world.tick()
    assert await desk.free("free soon") == ["Carla", "Anna", "Ben"]


async def test_who_is_out_of_office_is_not_free(desk: Desk) -> None:
    """Teams may show Available beside it."""
    await desk.hire("Anna")
    desk.set("Anna", "Available", out_of_office=True)
    await desk.world.tick()
    assert await desk.free() == []


async def test_who_became_busy_since_the_last_sync_is_left_out(desk: Desk) -> None:
    """Statuses older than ten seconds are asked for again before somebody is recommended."""
    await desk.hire("Anna")
    await desk.hire("Ben")
    await desk.world.tick()
    desk.set("Anna", "Busy")
    desk.world.clock.advance(12)
    assert await desk.free() == ["Ben"]


async def test_no_one_is_recommended_by_an_old_status(desk: Desk) -> None:
    """When Microsoft doesn't answer, people with a status older than 15 seconds are counted, not named."""
    await desk.hire("Anna")
    await desk.world.tick()
    desk.world.running.simulator.tenants.clear()
    desk.world.clock.advance(16)
    page = await who_is_free(desk.world.app, [desk.company.directory], PeopleQuery(free="now"), 10)
    assert (page.people, page.unconfirmed) == ([], 1)


@pytest.mark.parametrize(("count", "every"), [(700, 3), (700, 100), (130, 2)])
async def test_pages_show_each_free_person_once(desk: Desk, count: int, every: int) -> None:
    """Whether many or few are free: the cursor goes on until all have been shown."""
    for number in range(count):
        await desk.hire(f"Person {number:04}", "Available" if number % every == 0 else "Busy")
    await desk.world.tick()
    names, cursor = list[str](), ""
    for _ in rounds():
        page = await who_is_free(
            desk.world.app, [desk.company.directory], PeopleQuery(free="now"), 60, cursor
        )
        names += [one.found.card.name for one in page.people]
        cursor = page.cursor
        if not cursor:
            break
    assert names == [f"Person {number:04}" for number in range(0, count, every)]


async def test_a_page_of_free_people_costs_few_round_trips(desk: Desk) -> None:
    """At most four for people and one for presence, however many people there are; more only for a page after it."""
    for number in range(700):
        await desk.hire(f"Person {number:04}", "Available" if number % 3 == 0 else "Busy")
    await desk.world.tick()
    desk.world.clock.advance(2)
    with desk.world.tables.measured() as calls:
        assert len(await desk.free(limit=60)) == 60
    assert len(calls) <= 3
    with desk.world.tables.measured() as calls:
        await desk.free("free now person 0699", limit=60)
    assert len(calls) <= 5


async def test_too_many_directories_are_refused(desk: Desk) -> None:
    """An instance keeps the presence of so many tenants; the error says what to do."""
    directories = [desk.company.directory] * 101
    with pytest.raises(HttpError) as refused:
        await who_is_free(desk.world.app, directories, PeopleQuery(), 10)
    assert (refused.value.status, refused.value.extra["field"]) == (400, "free")


async def test_the_cursor_of_another_question_is_refused(desk: Desk) -> None:
    """A cursor of a list without the filter goes on with nothing here."""
    for cursor in ("9abc", "x", "0%%%"):
        with pytest.raises(HttpError) as refused:
            await who_is_free(desk.world.app, [desk.company.directory], PeopleQuery(), 10, cursor)
        assert refused.value.status == 400
