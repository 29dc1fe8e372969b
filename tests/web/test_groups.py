"""The filter by group on the Organisation page."""

import re

from directories.audit import operator_actor
from directories.service import NewDirectory, create
from local.counting_tables import CountingTables
from shared.app import App
from tests.contacts.people import Company
from tests.web.conftest import ACCOUNT, Visitor


async def _company(app: App, name: str) -> Company:
    directory, _ = await create(app, operator_actor(ACCOUNT), NewDirectory(name))
    return Company(app, directory)


async def _list(visit: Visitor, query: str) -> str:
    return (await visit("GET", f"/contacts/list?{query}", hx_request="true")).body.decode()


async def test_groups_are_read_again_only_for_another_directory(
    visit: Visitor, app: App, tables: CountingTables
) -> None:
    """A search letter by letter draws people alone: the field stays as it is."""
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


async def test_without_script_the_filter_stays(visit: Visitor, app: App) -> None:
    """The form names the directory of its groups; the whole page offers them all the same, and
    keeps the group.
    """
    company = await _company(app, "Contoso")
    group, of = await company.group("Sales"), company.directory.id
    page = (
        await visit("GET", f"/contacts?q=&directory={of}&group={group}&groups_of={of}")
    ).body.decode()
    assert f'<option value="{group}" selected>Sales</option>' in page


async def test_a_group_is_left_with_its_directory(visit: Visitor, app: App) -> None:
    """Whoever looks at another directory sees all of its people, not those of a group that it does not have."""
    contoso, fabrikam = [await _company(app, name) for name in ("Contoso", "Fabrikam")]
    await fabrikam.hire("Anna")
    group = await contoso.group("Sales")
    page = await _list(
        visit, f"directory={fabrikam.directory.id}&group={group}&groups_of={contoso.directory.id}"
    )
    assert re.findall(r"<bdi>([^<]+)</bdi>", page)[0] == "Anna"


async def test_more_groups_than_are_offered_are_told_of(visit: Visitor, app: App) -> None:
    """No one searches in vain for the one that is missing."""
    company = await _company(app, "Contoso")
    for number in range(501):
        await company.group(f"Group {number}")
    page = await _list(visit, "")
    assert page.count("<option value") == 501
    assert "Only the first 500 groups are listed" in page
