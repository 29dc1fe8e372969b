"""Search by the name of a company, which is its directory's name."""

import pytest

from contacts.company_search import company_of
from local.counting_tables import CountingTables
from shared.app import App
from tests.contacts.conftest import make_company
from tests.contacts.people import ACCOUNT, Company, Person
from tests.rounds import rounds


@pytest.fixture
async def companies(app: App) -> list[Company]:
    """Return three companies with people; Conny Brightwater has the name of a company but works for
    another one.
    """
    names = ("Brightwater Ltd", "Contoso UK", "Contoso Deutschland")
    found = [await make_company(app, ACCOUNT, name, "GB") for name in names]
    await found[0].hire("Anna Arnold")
    await found[0].hire("Bob Baker")
    await found[1].hire("Anna Ames")
    await found[1].hire("Conny Brightwater")
    await found[2].hire("Anna Adler")
    return found


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("brightwater", ["Conny Brightwater", "Anna Arnold", "Bob Baker"]),
        ("Brightw", ["Conny Brightwater", "Anna Arnold", "Bob Baker"]),
        ("brightwater anna", ["Anna Arnold"]),
        ("anna brightwater ltd", ["Anna Arnold"]),
        ("contoso anna", ["Anna Adler", "Anna Ames"]),
        ("contoso uk anna", ["Anna Ames"]),
        ("contoso deutschland", ["Anna Adler"]),
        ("anna", ["Anna Adler", "Anna Ames", "Anna Arnold"]),
        ("brightwater arnolt", ["Anna Arnold"]),
        ("aymes contoso", ["Anna Ames"]),
    ],
)
async def test_a_companys_name_finds_its_people(
    agent: Person, companies: list[Company], text: str, names: list[str]
) -> None:
    """The name, its beginning, or the name with a person's name, also if that is misspelt; people
    whose own name matches come first.
    """
    assert len(companies) == 3
    assert await agent.names("/api/contacts", q=text) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("brightwater ltd", ["Anna Arnold", "Bob Baker"]),
        ("bob brightwater ltd", ["Bob Baker"]),
        ("brightwater", []),
    ],
)
async def test_the_whole_name_of_the_chosen_company_finds_its_people(
    agent: Person, companies: list[Company], text: str, names: list[str]
) -> None:
    """With one directory there is no company to choose, so a part of its name is a person's name."""
    path = f"/api/directories/{companies[0].directory.id}/contacts"
    assert await agent.names(path, q=text) == names


@pytest.mark.parametrize("limit", [1, 2, 50])
async def test_pages_of_a_company_have_each_person_once(
    app: App, agent: Person, companies: list[Company], limit: int
) -> None:
    """The pages, of any size, contain people whose name matches and the company's people."""
    await companies[0].hire("Bea Brightwater")
    found, cursor = list[str](), ""
    for _ in rounds():
        page = await agent.get("/api/contacts", q="brightwater", limit=limit, cursor=cursor)
        found += [one["displayName"] for one in page["contacts"]]
        if not (cursor := page.get("nextCursor", "")):
            break
    assert sorted(found) == ["Anna Arnold", "Bea Brightwater", "Bob Baker", "Conny Brightwater"]


async def test_a_query_that_names_no_company_costs_nothing_more(
    app: App, agent: Person, companies: list[Company], tables: CountingTables
) -> None:
    """It costs one round trip per directory. Two letters are too few for a company's name."""
    for number in range(6):
        await companies[0].hire(f"Coco {number}")
    await agent.names("/api/contacts", q="co")
    with tables.measured() as calls:
        assert len(await agent.names("/api/contacts", q="co")) == 7
    assert len([call for call in calls if call[1] == "contacts"]) == 3
    directories = [one.directory for one in companies]
    assert company_of(directories, "co") is None
    assert company_of(directories[:1], "brightwater") is None
