"""Accounts with many directories: the results are those of each directory alone, for fewer and a
bounded number of round trips.
"""

import random

import orjson
import pytest

from contacts import account_directories, index_scan, number_lookup, search
from contacts.index_scan import Found, Range
from directories.service import list_directories
from local.counting_tables import CountingTables
from shared.app import App
from shared.tables.schema.contacts import LIST
from tests.clock import FixedClock
from tests.contacts.conftest import make_company
from tests.contacts.people import ACCOUNT, Company, Person
from tests.rounds import rounds

_WORDS = ("Anna", "Ann", "Ansel", "Ben", "Bo", "Zoë")


async def _companies(app: App, count: int) -> list[Company]:
    return [await make_company(app, ACCOUNT, f"Company {number}", "GB") for number in range(count)]


async def _peopled(app: App, dice: random.Random, count: int) -> list[Company]:
    """Return companies of very different sizes."""
    companies = await _companies(app, count)
    for company in companies:
        for _ in range(dice.choice((0, 1, 3, 40))):
            name = f"{dice.choice(_WORDS)} {dice.choice(_WORDS)}"
            await company.hire(
                name, f"020 7946 0{dice.randrange(900, 912)}", title=dice.choice(("", "Accountant"))
            )
    return companies


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("text", ["an", "ann accountant", "bo"])
async def test_pages_over_many_directories_have_everyone_once(
    app: App, seed: int, text: str
) -> None:
    """For any page size, all pages together have the people that searches of each single directory
    find.
    """
    dice = random.Random(seed)
    await _peopled(app, dice, dice.choice((2, 5, 20)))
    directories = await list_directories(app, ACCOUNT)
    one_by_one = set[str]()
    for directory in directories:
        one_by_one |= {
            one.card.id for one in (await search.search(app, [directory], text, 200)).found
        }
    for limit in (1, 7, 200):
        met, cursor = list[str](), ""
        for _ in rounds():
            page = await search.search(app, directories, text, limit, cursor)
            assert len(page.found) <= limit
            met += [one.card.id for one in page.found]
            if not (cursor := page.cursor):
                break
        assert (len(met), set(met)) == (len(one_by_one), one_by_one)


async def test_pages_are_in_one_order(app: App) -> None:
    """People are ordered by name over all directories and pages."""
    await _peopled(app, random.Random(1), 20)
    directories, met, cursor = await list_directories(app, ACCOUNT), list[Found](), ""
    for _ in rounds():
        page = await index_scan.walk(app, directories, Range(LIST), 9, cursor)
        met += page.found
        if not (cursor := page.cursor):
            break
    assert [one.position for one in met] == sorted(one.position for one in met)


async def test_many_directories_are_read_in_proportion(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page of sixty people from forty directories reads a few people of each, not sixty of
    each.
    """
    companies = await _companies(app, 40)
    for company in companies:
        await company.fill(60)
    read, query = list[int](), app.tables.query

    async def counted(*place: str, limit: int = 1000, keys_only: bool = False) -> object:
        rows = await query(*place, limit=limit, keys_only=keys_only)
        read.append(len(rows))
        return rows

    directories = await list_directories(app, ACCOUNT)
    monkeypatch.setattr(app.tables, "query", counted)
    page = await search.search(app, directories, "an", 60)
    assert len(page.found) == 60
    assert sum(read) <= 40 * 16 + 60 * 2


async def test_a_search_with_few_matches_reads_a_bounded_number_of_rows(
    app: App, tables: CountingTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A frequent word together with one that no one has; a page may be empty and have a cursor."""
    monkeypatch.setattr(index_scan, "_MAX_ROWS", 300)
    for company in await _companies(app, 5):
        await company.fill(280)
    directories, pages, cursor = await list_directories(app, ACCOUNT), 0, ""
    for _ in rounds():
        with tables.measured() as calls:
            page = await search.search(app, directories, "accountant nobody", 10, cursor)
        assert not page.found
        similar = 0 if cursor else 3 * 5
        assert len(calls) <= 300 // 16 + similar
        pages += 1
        if not (cursor := page.cursor):
            break
    assert 2 <= pages <= 4


async def test_a_longer_word_is_not_searched_in_directories_without_its_prefix(
    app: App, tables: CountingTables, clock: FixedClock
) -> None:
    """While an agent types, only directories that had a match are queried; after some seconds, all
    of them again.
    """
    companies = await _companies(app, index_scan.MANY_DIRECTORIES + 4)
    await companies[3].hire("Zoë Zander")
    directories = await list_directories(app, ACCOUNT)

    async def cost(text: str) -> tuple[int, int]:
        with tables.measured() as calls:
            page = await search.search(app, directories, text, 50)
        return len(page.found), len(calls)

    assert await cost("z") == (1, len(directories))
    assert await cost("zo") == await cost("zoe z") == (1, 1)
    await companies[5].hire("Zoltan")
    similar = len(directories)  # those of the same sound, asked for once
    assert await cost("zol") == (0, 1 + similar)
    assert await cost("zol") == (0, 0)
    clock.advance(index_scan.EMPTY_SECONDS)
    assert await cost("zol") == (1, len(directories) + similar)


@pytest.mark.parametrize("seed", range(4))
async def test_many_numbers_have_the_matches_of_each_alone(app: App, seed: int) -> None:
    """Whether the numbers of a directory are read in one query or one by one, the result is the
    same.
    """
    dice = random.Random(seed)
    await _peopled(app, dice, 6)
    directories = await list_directories(app, ACCOUNT)
    texts = [f"+44 20 7946 0{number}" for number in range(895, 915)] + [
        "12",
        "0901",
        "7946 0903",
        "901",
        "x",
    ]
    alone = [(await number_lookup.lookup_numbers(app, directories, [text]))[0] for text in texts]
    assert await number_lookup.lookup_numbers(app, directories, texts) == alone
    assert any(alone)


@pytest.mark.parametrize("people", [3, 1500])
async def test_a_directory_with_few_numbers_is_one_round_trip(
    agent: Person, contoso: Company, tables: CountingTables, people: int
) -> None:
    """A hundred numbers cost one round trip for a directory of up to a thousand numbers, otherwise
    one each and the first read.
    """
    await contoso.fill(people)
    await agent.lookup("+442070000000")
    numbers = [f"020 7000 {n:04}" for n in range(0, 1500, 15)]
    with tables.measured() as calls:
        answers = await agent.lookup(*numbers)
    assert sum(map(len, answers)) == len([n for n in range(0, 1500, 15) if n < people])
    assert len([call for call in calls if call[1] == "contacts"]) <= (1 if people < 1000 else 101)


async def test_numbers_with_the_same_end_are_one_round_trip(
    agent: Person, contoso: Company, tables: CountingTables
) -> None:
    """A call log has one caller in many formats."""
    await contoso.hire("Anna", "+442079460958")
    await agent.lookup("+442079460958")
    with tables.measured() as calls:
        answers = await agent.lookup(
            "+442079460958", "020 7946 0958", "0044 20 79460958", "7946 0958"
        )
    assert [own[0][0] for own in answers] == ["Anna"] * 4
    assert len([call for call in calls if call[1] == "contacts"]) == 1


async def test_too_many_numbers_get_an_error_with_the_permitted_count(
    agent: Person,
    contoso: Company,
    fabrikam: Company,
    tables: CountingTables,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """400 after one round trip per directory. A single number is always looked up."""
    monkeypatch.setattr(number_lookup, "MAX_QUERY_ROWS", 2)
    monkeypatch.setattr(number_lookup, "MAX_LOOKUPS", 9)
    for company in (contoso, fabrikam):
        await company.fill(50)
    await agent.lookup("+442070000000")
    numbers = [f"+4420700000{n:02}" for n in range(50)]
    with tables.measured() as calls:
        response = await agent.call("POST", "/api/contacts/lookup", {"numbers": numbers})
    problem = orjson.loads(response.body)
    assert (response.status, problem["field"]) == (400, "numbers")
    assert "at most 4 at a time" in problem["detail"]
    assert len(calls) == 2
    assert all(await agent.lookup(*numbers[:4]))
    monkeypatch.setattr(number_lookup, "MAX_LOOKUPS", 1)
    assert await agent.lookup(numbers[0]) == [[(await agent.lookup(numbers[0]))[0][0]] * 2]


async def test_agents_share_the_totals_that_their_pages_poll(
    app: App, tables: CountingTables, clock: FixedClock
) -> None:
    """Every open page polls the totals; an instance caches them for a short time."""
    await _companies(app, 5)
    directories = await list_directories(app, ACCOUNT)
    await account_directories.totals_of(app, directories)
    with tables.measured() as calls:
        await account_directories.totals_of(app, directories)
    assert calls == []
    clock.advance(account_directories.SHARED)
    with tables.measured() as calls:
        assert len(await account_directories.totals_of(app, directories)) == 5
    assert len(calls) == 5


async def test_totals_of_many_directories_are_read_more_rarely(
    app: App, tables: CountingTables, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The round trips per second are limited, however many directories and open pages there are."""
    monkeypatch.setattr(account_directories, "A_SECOND", 2)
    await _companies(app, 10)
    directories = await list_directories(app, ACCOUNT)
    await account_directories.totals_of(app, directories)
    with tables.measured() as calls:
        for _ in range(10):
            clock.advance(1.0)
            await account_directories.totals_of(app, directories)
    assert len(calls) == 10 * account_directories.A_SECOND
