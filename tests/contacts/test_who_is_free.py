"""The filter of free people: confirmed presence, further filters, order, pages and round trips."""

import pytest

from contacts.availability import among, who_is_free
from contacts.listing import read_person
from contacts.people_query import PeopleQuery
from local.graph.simulator import FABRIKAM
from shared.http import HttpError
from tests.contacts.conftest import make_company
from tests.contacts.desk import Desk, desk, graph_simulator, served_simulator, world
from tests.contacts.people import ACCOUNT
from tests.rounds import rounds

__all__ = ["desk", "graph_simulator", "served_simulator", "world"]


async def test_only_free_people_of_the_department_are_found(desk: Desk) -> None:
    """The text is compared with departments as it is with names; the presence decides who is
    returned.
    """
    await desk.hire("Anna", department="Sales UK")
    await desk.hire("Ben", "Busy", department="Sales UK")
    await desk.hire("Carla", department="Sales DE")
    await desk.hire("Dora", "Offline", department="Sales UK")
    await desk.hire("Emil", "AvailableIdle", department="Sales UK")
    await desk.world.tick()
    assert await desk.free("free now in Sales UK") == ["Anna", "Emil"]
    assert await desk.free(department="sales uk", text="") == ["Anna", "Emil"]


async def test_company_and_office_are_filters(desk: Desk) -> None:
    """A company is the organization or the directory's name; an office is a city or part of an
    address.
    """
    await desk.hire("Anna", organization="Litware Ltd", office="London")
    await desk.hire("Ben", organization="Litware Ltd", office="Leeds")
    await desk.hire("Carla", organization="Tailspin", office="London")
    await desk.world.tick()
    assert await desk.free("free now company:Litware") == ["Anna", "Ben"]
    assert await desk.free("free now company:Litware office:London") == ["Anna"]
    assert await desk.free("free now", company="Contoso") == ["Anna", "Ben", "Carla"]


async def test_a_department_matches_by_whole_words(desk: Desk) -> None:
    """The filter IT doesn't match Italy."""
    await desk.hire("Anna", department="IT")
    await desk.hire("Ben", department="Italy")
    await desk.world.tick()
    assert await desk.free("free now department:IT") == ["Anna"]


async def test_free_people_of_a_group_are_found(desk: Desk) -> None:
    """With and without a search text."""
    anna, ben = await desk.hire("Anna Hill"), await desk.hire("Ben Hill", "Busy")
    await desk.hire("Carla Hill")
    group = await desk.company.group("Helpdesk", anna, ben)
    await desk.world.tick()
    assert await desk.free(group=group) == ["Anna Hill"]
    assert await desk.free("hill", group=group) == ["Anna Hill"]


async def test_a_group_may_be_named_in_the_search_text(desk: Desk) -> None:
    """With a colon, or as the only words if no person matches; over several pages."""
    ids = [await desk.hire(f"Person {number}") for number in range(5)]
    await desk.company.group("Night Desk", *ids[:4])
    await desk.world.tick()
    expected = [f"Person {number}" for number in range(4)]
    assert await desk.free("free now in Night Desk") == expected
    assert await desk.free('free now group:"night desk"') == expected
    assert await desk.free('free now group:"night desk" person 2') == ["Person 2"]
    assert await desk.free("free now group:nobody") == []
    names, cursor = list[str](), ""
    for _ in rounds():
        query = PeopleQuery.typed("free now in night desk")
        page = await who_is_free(desk.world.app, [desk.company.directory], query, 3, cursor)
        names += [one.found.card.name for one in page.people]
        cursor = page.cursor
        if not cursor:
            break
    assert names == expected


@pytest.mark.parametrize("limit", [1, 2, 50])
async def test_a_name_of_a_department_and_a_group_matches_both(desk: Desk, limit: int) -> None:
    """People of the department first, then the group's other members; once each, for any page
    size.
    """
    anna = await desk.hire("Anna", department="Sales")
    await desk.hire("Ben", department="Sales")
    carla, dora = await desk.hire("Carla"), await desk.hire("Dora", "Busy")
    await desk.hire("Emil")
    await desk.company.group("Sales", anna, carla, dora)
    await desk.world.tick()
    names, cursor = list[str](), ""
    query = PeopleQuery.typed("free now in sales")
    for _ in rounds():
        page = await who_is_free(desk.world.app, [desk.company.directory], query, limit, cursor)
        names += [one.found.card.name for one in page.people]
        cursor = page.cursor
        if not cursor:
            break
    assert names == ["Anna", "Ben", "Carla"]


async def test_a_directory_may_be_named_in_the_search_text(desk: Desk) -> None:
    """The name alone or with further words, if the account has several directories."""
    other = await make_company(desk.world.app, ACCOUNT, "Fabrikam", "GB")
    await desk.hire("Anna", department="Sales")
    await desk.hire("Ben")
    await desk.hire("Carla", "Busy")
    await desk.world.tick()
    directories = [desk.company.directory, other.directory]

    async def free(text: str) -> list[str]:
        query = PeopleQuery.typed(text)
        page = await who_is_free(desk.world.app, directories, query, 10)
        return [one.found.card.name for one in page.people]

    assert await free("free now in contoso") == ["Anna", "Ben"]
    assert await free("free now in contoso sales") == ["Anna"]
    assert await free("free now in fabrikam") == []


async def test_given_people_are_filtered_and_ordered(desk: Desk) -> None:
    """Favourites, for example, by presence, department and name of a group; free people come
    first.
    """
    anna = await desk.hire("Anna", "InACall", department="Sales")
    ben = await desk.hire("Ben", department="Sales")
    carla = await desk.hire("Carla", "Offline")
    await desk.company.group("Night Desk", anna, carla)
    await desk.world.tick()
    directory = desk.company.directory
    kept = [await read_person(desk.world.app, directory, one) for one in (anna, ben, carla)]

    async def of(**filters: str) -> list[str]:
        query = PeopleQuery(**filters)  # type: ignore[arg-type]
        page = await among(desk.world.app, [directory], query, [one for one in kept if one])
        return [one.card.name for one in page.found]

    assert await of(free="now") == ["Ben"]
    assert await of(free="soon") == ["Ben", "Anna"]
    assert await of(free="soon", department="sales", group_name="night desk") == ["Anna"]
    assert await of(group_name="night desk") == ["Anna", "Carla"]


async def test_free_people_come_before_those_who_will_soon_be_free(desk: Desk) -> None:
    """Soon are: in a call, in a meeting, busy, be right back. Not: away, offline, do not disturb,
    unknown.
    """
    await desk.hire("Anna", "InACall")
    await desk.hire("Ben", "BeRightBack")
    await desk.hire("Carla")
    for name, status in (("D", "Away"), ("E", "Offline"), ("F", "DoNotDisturb"), ("G", "Odd")):
        await desk.hire(name, status)
    await desk.world.tick()
    assert await desk.free("free soon") == ["Carla", "Anna", "Ben"]


async def test_a_person_out_of_office_is_not_free(desk: Desk) -> None:
    """Teams may show Available at the same time."""
    await desk.hire("Anna")
    desk.set("Anna", "Available", out_of_office=True)
    await desk.world.tick()
    assert await desk.free() == []


async def test_a_person_who_became_busy_since_the_last_sync_is_left_out(desk: Desk) -> None:
    """A presence older than ten seconds is requested again before the person is recommended."""
    await desk.hire("Anna")
    await desk.hire("Ben")
    await desk.world.tick()
    desk.set("Anna", "Busy")
    desk.world.clock.advance(12)
    assert await desk.free() == ["Ben"]


async def test_no_one_is_recommended_by_an_old_presence(desk: Desk) -> None:
    """If Microsoft doesn't respond, people whose presence is older than 15 seconds are counted but
    not named.
    """
    await desk.hire("Anna")
    await desk.world.tick()
    desk.world.running.simulator.tenants.clear()
    desk.world.clock.advance(16)
    page = await who_is_free(desk.world.app, [desk.company.directory], PeopleQuery(free="now"), 10)
    assert (page.people, page.unconfirmed) == ([], 1)


@pytest.mark.parametrize(("count", "every"), [(700, 3), (700, 100), (130, 2)])
async def test_pages_show_each_free_person_once(desk: Desk, count: int, every: int) -> None:
    """Whether many or few are free, the cursor continues until all have been returned."""
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
    """At most four for people and one for presence, however many people there are; each further
    page costs more.
    """
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
    """An instance caches the presence of a limited number of tenants; the error has the remedy."""
    directories = [desk.company.directory] * 101
    with pytest.raises(HttpError) as refused:
        await who_is_free(desk.world.app, directories, PeopleQuery(), 10)
    assert (refused.value.status, refused.value.extra["field"]) == (400, "free")


async def test_a_cursor_of_another_kind_is_refused(desk: Desk) -> None:
    """400 for a cursor of a list without this filter, and for a malformed one."""
    for cursor in ("9abc", "x", "0%%%", "g9", "\u00e9"):
        with pytest.raises(HttpError) as refused:
            await who_is_free(desk.world.app, [desk.company.directory], PeopleQuery(), 10, cursor)
        assert refused.value.status == 400


async def test_a_companys_name_in_the_search_text_finds_its_free_people(desk: Desk) -> None:
    """People whose own name matches come first, over all pages."""
    app = desk.world.app
    brightwater = await make_company(app, ACCOUNT, "Brightwater Ltd", "GB")
    ids = desk.world.people(4, FABRIKAM)
    desk.world.tenant(FABRIKAM).moving = False
    await desk.world.link(brightwater.id, FABRIKAM, ACCOUNT)
    states = {"Anna Arnold": "Available", "Bob Baker": "Busy", "Carla Cole": "Available"}
    for object_id, (name, status) in zip(ids, states.items(), strict=False):
        desk.world.running.simulator.presence.set(FABRIKAM, object_id, status, status)
        await brightwater.hire(name, externalId=object_id)
    await desk.hire("Conny Brightwater")
    await desk.hire("Anna Ames")
    await desk.world.tick()
    await desk.world.tick(tenant_id=FABRIKAM)

    async def found(text: str, limit: int) -> list[str]:
        names, cursor = list[str](), ""
        directories = [desk.company.directory, brightwater.directory]
        for _ in rounds():
            page = await who_is_free(app, directories, PeopleQuery.typed(text), limit, cursor)
            names += [one.found.card.name for one in page.people]
            if not (cursor := page.cursor):
                break
        return names

    for limit in (1, 2, 50):
        expected = ["Conny Brightwater", "Anna Arnold", "Carla Cole"]
        assert await found("free now in brightwater", limit) == expected
        assert await found("brightwater anna free now", limit) == ["Anna Arnold"]
    assert await found("contoso anna free now", 50) == ["Anna Ames"]
    assert await found("brightwater free soon", 50) == [*expected, "Bob Baker"]
