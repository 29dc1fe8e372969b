"""Pages of a search by number: together they have everyone whose number contains the digits, once
each.
"""

import pytest

from directories.audit import operator_actor
from directories.service import NewDirectory, create
from local.counting_tables import CountingTables
from shared.app import App
from tests.contacts.people import ACCOUNT, Company, Person
from tests.rounds import rounds


async def _walk(agent: Person, text: str, limit: int = 7, path: str = "/api/contacts") -> list[str]:
    """Return the names on all pages, in order."""
    found, cursor = list[str](), ""
    for _ in rounds():
        query = {"q": text, "limit": limit, **({"cursor": cursor} if cursor else {})}
        page = await agent.get(path, **query)
        assert len(page["contacts"]) <= limit
        found += [one["displayName"] for one in page["contacts"]]
        cursor = page.get("nextCursor", "")
        if not cursor:
            return found
    return found


@pytest.mark.parametrize(
    "text", ["+44 20 7946", "0044 20 7946", "020 7946", "7946", "79460", "46 00", "+44"]
)
async def test_everyone_with_the_digits_is_on_exactly_one_page(
    agent: Person, contoso: Company, text: str
) -> None:
    """At the beginning or in the middle of a number; more people than one page."""
    names = [f"Person {n:02}" for n in range(40)]
    for n, name in enumerate(names):
        await contoso.hire(name, f"+44 20 7946 00{n:02}")
    found = await _walk(agent, text)
    assert sorted(found) == names


async def test_digits_at_the_end_and_in_the_middle_are_both_found(
    agent: Person, contoso: Company
) -> None:
    """People whose number ends with the digits come first, even if they fill a page."""
    for n in range(12):
        await contoso.hire(f"End {n:02}", f"+44 20 79{n:02} 4711")
    for n in range(12):
        await contoso.hire(f"Middle {n:02}", f"+44 20 4711 00{n:02}")
    found = await _walk(agent, "4711")
    assert [name.split()[0] for name in found] == ["End"] * 12 + ["Middle"] * 12
    assert len(set(found)) == 24


async def test_a_person_with_several_matching_numbers_is_shown_once(
    agent: Person, contoso: Company
) -> None:
    """Also if the rows of the numbers are on different pages."""
    for n in range(20):
        numbers = (
            f"+44 20 7946 0{n:02}1",
            f"mobile:+44 7700 9{n:02}794",
            f"other:+1 212 794 6{n:02}9",
        )
        await contoso.hire(f"Person {n:02}", *numbers)
    for limit in (1, 3, 7, 200):
        found = await _walk(agent, "794", limit)
        assert len(found) == len(set(found)), limit
    for limit in (2, 7):
        assert len(await _walk(agent, "7946", limit)) == 20


async def test_people_who_share_a_number_fill_several_pages(
    agent: Person, contoso: Company, fabrikam: Company
) -> None:
    """A main number has more people than the lookup of one call returns."""
    for n in range(30):
        await contoso.hire(f"Person {n:02}", "+44 20 7946 0000")
    await contoso.hire("Longer", "+44 20 7946 00001")
    found = await _walk(agent, "+44 20 7946 0000", 8)
    assert sorted(found) == [f"Person {n:02}" for n in range(30)]
    assert sorted(
        await _walk(agent, "020 7946 0000", 8, f"/api/directories/{contoso.id}/contacts")
    ) == [f"Person {n:02}" for n in range(30)]


async def test_pages_over_directories_of_several_regions_have_everyone_once(
    app: App, agent: Person, contoso: Company, fabrikam: Company
) -> None:
    """National digits are another number in each region; one cursor has the positions in all
    directories.
    """
    for n in range(15):
        await contoso.hire(f"British {n:02}", f"+44 89 7946 00{n:02}")
        await fabrikam.hire(f"German {n:02}", f"+49 89 7946 00{n:02}")
    found = await _walk(agent, "089 7946")
    assert len(found) == len(set(found)) == 30
    for n in range(18):  # many directories: those without such a number are not asked again
        app.clock.advance(1)  # type: ignore[attr-defined]
        await create(app, operator_actor(ACCOUNT), NewDirectory(f"Empty {n}", region="FR"))
    app.clock.advance(10)  # type: ignore[attr-defined]
    assert len(await _walk(agent, "089 7946")) == 30


async def test_a_group_limits_every_page(agent: Person, contoso: Company) -> None:
    """Only members of the group are returned, although most people with the digits aren't
    members.
    """
    people = [await contoso.hire(f"Person {n:02}", f"+44 20 7946 00{n:02}") for n in range(40)]
    group = await contoso.group("Sales", *people[::4])
    path = f"/api/directories/{contoso.id}/contacts"
    found, cursor = list[str](), ""
    for _ in rounds():
        query = {"q": "7946", "limit": 3, "group": group, **({"cursor": cursor} if cursor else {})}
        page = await agent.get(path, **query)
        found += [one["displayName"] for one in page["contacts"]]
        cursor = page.get("nextCursor", "")
        if not cursor:
            break
    assert sorted(found) == [f"Person {n:02}" for n in range(0, 40, 4)]


async def test_a_cursor_of_a_search_by_name_is_refused(agent: Person, contoso: Company) -> None:
    """400 for a cursor from the other kind of search."""
    for n in range(12):
        await contoso.hire(f"Sam {n:02}", f"+44 20 7946 00{n:02}")
    by_name = (await agent.get("/api/contacts", q="sam", limit=5))["nextCursor"]
    by_number = (await agent.get("/api/contacts", q="7946", limit=5))["nextCursor"]
    for text, cursor in (("7946", by_name), ("sam", by_number)):
        answer = await agent.call("GET", "/api/contacts", q=text, limit=5, cursor=cursor)
        assert answer.status == 400
        assert b'"cursor_not_valid"' in answer.body


async def test_a_further_page_costs_a_round_trip_per_person_more(
    agent: Person, contoso: Company, tables: CountingTables
) -> None:
    """Each person's record shows whether another of their numbers was on an earlier page."""
    for n in range(40):
        await contoso.hire(f"Person {n:02}", f"+44 20 7946 00{n:02}")
    first = await agent.get("/api/contacts", q="+44 20 7946", limit=10)
    with tables.measured() as calls:
        await agent.get("/api/contacts", q="+44 20 7946", limit=10, cursor=first["nextCursor"])
    own = [call for call in calls if call[1] == "contacts"]
    assert (own.count(("query", "contacts")), own.count(("get", "contacts"))) == (1, 10)
