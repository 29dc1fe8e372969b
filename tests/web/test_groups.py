"""The filter by group on the Organisation page."""

import re
from typing import Any

from directories.audit import operator_actor
from directories.service import NewDirectory, create
from local.counting_tables import CountingTables
from scim.users.contact_cards import ENTERPRISE
from shared.app import App
from tests.contacts.people import Company
from tests.web.conftest import ACCOUNT, Visitor

FORM = "application/x-www-form-urlencoded"


async def _company(app: App, name: str) -> Company:
    directory, _ = await create(app, operator_actor(ACCOUNT), NewDirectory(name))
    return Company(app, directory)


async def _list(visit: Visitor, query: str) -> str:
    return (await visit("GET", f"/contacts/list?{query}", hx_request="true")).body.decode()


async def test_groups_are_read_again_only_for_another_directory(
    visit: Visitor, app: App, tables: CountingTables
) -> None:
    """While the user types, only the people are refreshed, and the field of groups stays."""
    company = await _company(app, "Contoso")
    await company.hire("Anna")
    await company.group("Sales")
    of = company.directory.id
    assert "Sales" in await _list(visit, "q=a")
    costs = []
    for query in ("q=a", f"q=a&groups_of={of}"):
        app.clock.advance(20)  # type: ignore[attr-defined]
        await _list(visit, query)
        with tables.measured() as calls:
            page = await _list(visit, query)
        costs.append(len(calls))
    assert "Anna" in page
    assert "group-field" not in page
    assert costs[0] - costs[1] == 1


async def test_a_search_offers_groups_by_their_names(
    visit: Visitor, app: App, tables: CountingTables
) -> None:
    """From three letters on, at most five groups; their links keep the filter of free people.

    A search costs one round trip for groups, and none while the user types further letters and
    there was no match.
    """
    company = await _company(app, "Contoso")
    night = await company.group("Night Desk")
    for number in range(40):
        await company.group(f"Team {number:02}")
    assert 'class="chip"' not in await _list(visit, "q=ni")
    page = await _list(visit, "q=NIGHT")
    assert f'href="/contacts?directory={company.id}&amp;group={night}"' in page
    page = await _list(visit, "q=free+now+in+night")
    assert f"group={night}&amp;free=now" in page
    assert (await _list(visit, "q=team")).count('class="chip"') == 5

    async def cost() -> int:
        with tables.measured() as calls:
            await _list(visit, f"q=nixo&groups_of={company.id}")
        return len([call for call in calls if call[1] == "contacts"])

    await _list(visit, "q=nix")
    app.clock.advance(2)  # type: ignore[attr-defined]
    remembered = await cost()
    app.clock.advance(6)  # type: ignore[attr-defined]
    assert await cost() - remembered == 1


async def test_people_with_notes_are_filtered_too(visit: Visitor, app: App) -> None:
    """By department and group; the search text is compared with the notes."""
    company = await _company(app, "Contoso")
    people = list[str]()
    for name, department in (("Anna", "Sales"), ("Ben", "Claims")):
        more: dict[str, Any] = {ENTERPRISE: {"department": department}}
        people.append(await company.hire(name, **more))
    group = await company.group("Night Desk", people[0])
    for person in people:
        body = f"act=add&key={company.id}.{person}&text=only+after+10&days=7"
        headers = {"origin": "https://app.example.com", "content_type": FORM}
        assert (await visit("POST", "/contacts/notes", body, **headers)).status == 303
    of = f"noted=1&directory={company.id}"
    for query, shown in (
        ("q=after", ["Anna", "Ben"]),
        ("q=after&department=claims", ["Ben"]),
        (f"q=after&group={group}&groups_of={company.id}", ["Anna"]),
        ("q=free+now", []),
    ):
        page = await _list(visit, f"{of}&{query}")
        assert re.findall(r'class="name ellipsis"><bdi>([^<]+)</bdi>', page) == shown, query


async def test_without_a_script_the_group_filter_stays(visit: Visitor, app: App) -> None:
    """The whole page lists the groups and selects the one of the URL."""
    company = await _company(app, "Contoso")
    group, of = await company.group("Sales"), company.directory.id
    page = (
        await visit("GET", f"/contacts?q=&directory={of}&group={group}&groups_of={of}")
    ).body.decode()
    assert f'<option value="{group}" selected>Sales</option>' in page


async def test_another_directory_clears_the_group_filter(visit: Visitor, app: App) -> None:
    """The group doesn't exist there, so all people are listed."""
    contoso, fabrikam = [await _company(app, name) for name in ("Contoso", "Fabrikam")]
    await fabrikam.hire("Anna")
    group = await contoso.group("Sales")
    page = await _list(
        visit, f"directory={fabrikam.directory.id}&group={group}&groups_of={contoso.directory.id}"
    )
    assert re.findall(r"<bdi>([^<]+)</bdi>", page)[0] == "Anna"


async def test_a_truncated_list_of_groups_says_so(visit: Visitor, app: App) -> None:
    """Only the first 500 are listed, and a text states that."""
    company = await _company(app, "Contoso")
    for number in range(501):
        await company.group(f"Group {number}")
    page = await _list(visit, "")
    assert page.count("<option value") == 501
    assert "Only the first 500 groups are listed" in page
