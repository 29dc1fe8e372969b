"""Search as agents type: words of any attribute, accents or not, numbers in any format."""

import pytest

from local.counting_tables import CountingTables
from tests.contacts.people import Company, Person
from tests.rounds import rounds


@pytest.fixture
async def path(contoso: Company) -> str:
    """The contacts of a company with some people; its path."""
    await contoso.hire(
        "Anna Müller",
        "+44 20 7946 0958",
        "mobile:07700 900123",
        mail="a.mueller@contoso.example",
        title="Sales Manager",
        department="Field Sales",
    )
    await contoso.hire("Annabel O'Brien", "1234", title="Engineer", department="R&D")
    await contoso.hire(
        "Jean-Luc Picard", "+33 1 42 68 53 00", title="Captain", mail="captain@contoso.example"
    )
    await contoso.hire("Meeting Room 101", title="Room")
    await contoso.hire("Anna Gone", "+44 20 7946 0111", active=False)
    return f"/api/directories/{contoso.id}/contacts"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("müller", ["Anna Müller"]),
        ("muller", ["Anna Müller"]),
        ("MUL", ["Anna Müller"]),
        ("mu\u0308l", ["Anna Müller"]),
        ("ann", ["Anna Müller", "Annabel O'Brien"]),
        ("anna mül", ["Anna Müller"]),
        ("mül anna", ["Anna Müller"]),
        ("a m", ["Anna Müller"]),
        ("anna nobody", []),
        ("annabel obrien", ["Annabel O'Brien"]),
        ("annabel o'b", ["Annabel O'Brien"]),
        ("picard cap", ["Jean-Luc Picard"]),
        ("obrien", ["Annabel O'Brien"]),
        ("o'brien", ["Annabel O'Brien"]),
        ("o’br", ["Annabel O'Brien"]),
        ("luc", ["Jean-Luc Picard"]),
        ("jean-luc", ["Jean-Luc Picard"]),
        ("engineer", ["Annabel O'Brien"]),
        ("field", ["Anna Müller"]),
        ("sales anna", ["Anna Müller"]),
        ("a.mueller@con", ["Anna Müller"]),
        ("a.mueller", ["Anna Müller"]),
        ("captain", ["Jean-Luc Picard"]),
        ("room 101", ["Meeting Room 101"]),
        ("anna 0958", ["Anna Müller"]),
        ("ller", []),
        ("gone", []),
        ("|", []),
        ("&", []),
        ("' OR 1=1 --", []),
        ("😀", []),
    ],
)
async def test_words_are_found_by_their_beginnings(
    agent: Person, path: str, text: str, names: list[str]
) -> None:
    """Names, title, department, e-mail and user name, in any order, without accents too; no
    inactive person.
    """
    assert await agent.names(path, q=text) == names


@pytest.mark.parametrize(
    "text",
    [
        "+442079460958",
        "+44 20 7946 0958",
        "0044 20 7946 0958",
        "020 7946 0958",
        "(020) 7946-0958",
        "tel:+442079460958",
        "02079460958 ext. 3",
        "7946 0958",
        "0958",
        "958",
        "020 79",
        "+44 20",
        "0044 20 7",
        "442079",
        "07700 9",
        "900123",
    ],
)
async def test_numbers_are_found_by_beginning_and_end_in_any_format(
    agent: Person, path: str, text: str
) -> None:
    """From three digits on; a national number is read as of the directory's region."""
    assert await agent.names(path, q=text) == ["Anna Müller"]


@pytest.mark.parametrize(
    "number", ["+44 20 7946 0958", "0044 20 7946 0958", "020 7946 0958", "+49 89 21549000"]
)
async def test_a_number_is_found_all_the_way_as_it_is_typed(
    agent: Person, contoso: Company, path: str, number: str
) -> None:
    """With each digit from the area code on: a beginning that could be a whole number of its own is a beginning too."""
    await contoso.hire("Berta Weit", "+49 89 21549000")
    name = "Berta Weit" if number.startswith("+49") else "Anna Müller"
    typed = [number[:end] for end in range(6, len(number) + 1)]
    assert [text for text in typed if name not in await agent.names(path, q=text)] == []


async def test_a_number_may_also_be_a_word(agent: Person, path: str) -> None:
    """Rooms and shops are called by numbers."""
    assert await agent.names(path, q="101") == ["Meeting Room 101"]


async def test_an_internal_extension_is_found(agent: Person, path: str) -> None:
    """A number that is no public one still belongs to a person."""
    assert await agent.names(path, q="1234") == ["Annabel O'Brien"]


async def test_people_whose_name_was_meant_come_first(agent: Person, contoso: Company) -> None:
    """A person who is called Sales comes before the department of that name."""
    for n in range(3):
        await contoso.hire(f"Person {n}", department="Sales")
    await contoso.hire("Zoe Salesbury")
    path = f"/api/directories/{contoso.id}/contacts"
    assert await agent.names(path, q="sales") == [
        "Zoe Salesbury",
        "Person 0",
        "Person 1",
        "Person 2",
    ]


async def test_pages_join_without_gap_or_repetition(agent: Person, contoso: Company) -> None:
    """People with several fitting words are shown once, whatever the page size."""
    for n in range(25):
        await contoso.hire(f"Sam Samson {n:02}", title="Sampler", mail=f"sam{n}@contoso.example")
    path = f"/api/directories/{contoso.id}/contacts"
    for limit in (1, 7, 25, 200):
        found, cursor = list[str](), ""
        for _ in rounds():
            page = await agent.get(
                path, q="sam", limit=limit, **({"cursor": cursor} if cursor else {})
            )
            found += [one["id"] for one in page["contacts"]]
            assert len(page["contacts"]) <= limit
            if not (cursor := page.get("nextCursor", "")):
                break
        assert len(found) == len(set(found)) == 25


async def test_a_walk_survives_changes_between_its_pages(agent: Person, contoso: Company) -> None:
    """A person hired in between neither repeats nor hides another."""
    for name in ("Sam A", "Sam B", "Sam C", "Sam D"):
        await contoso.hire(name)
    path = f"/api/directories/{contoso.id}/contacts"
    first = await agent.get(path, q="sam", limit=2)
    await contoso.hire("Sam Aa")
    second = await agent.get(path, q="sam", limit=10, cursor=first["nextCursor"])
    names = [one["displayName"] for page in (first, second) for one in page["contacts"]]
    assert sorted(names) == sorted(set(names))
    assert {"Sam A", "Sam B", "Sam C", "Sam D"} <= set(names)


async def test_a_search_covers_all_directories_of_the_account(
    agent: Person, contoso: Company, fabrikam: Company, stranger: Company
) -> None:
    """Each person comes with its directory; another account's people never come."""
    await contoso.hire("Anna Adams")
    await fabrikam.hire("Anna Bauer")
    await stranger.hire("Anna Strange")
    page = await agent.get("/api/contacts", q="anna")
    found = [(one["displayName"], one["directory"]["name"]) for one in page["contacts"]]
    assert found == [("Anna Adams", "Contoso"), ("Anna Bauer", "Fabrikam")]


async def test_pages_over_many_directories_join(
    agent: Person, contoso: Company, fabrikam: Company
) -> None:
    """The cursor is one position in the common order of all directories."""
    for n in range(9):
        await (contoso if n % 2 else fabrikam).hire(f"Sam {n}")
    await contoso.hire("Tom Zed", title="Sampler")
    found, cursor = list[str](), ""
    for _ in rounds():
        page = await agent.get(
            "/api/contacts", q="sam", limit=4, **({"cursor": cursor} if cursor else {})
        )
        found += [one["displayName"] for one in page["contacts"]]
        if not (cursor := page.get("nextCursor", "")):
            break
    assert sorted(found) == [*(f"Sam {n}" for n in range(9)), "Tom Zed"]


async def test_a_rare_word_next_to_a_frequent_one_is_found(agent: Person, contoso: Company) -> None:
    """The longest word is looked up, the others checked; a page that comes short goes on with its cursor."""
    await contoso.fill(600)
    await contoso.hire("Zoe Rare", title="Accountant")
    path, found, cursor = f"/api/directories/{contoso.id}/contacts", list[str](), ""
    for _ in range(10):
        page = await agent.get(
            path, q="zoe accountant", limit=5, **({"cursor": cursor} if cursor else {})
        )
        found += [one["displayName"] for one in page["contacts"]]
        if not (cursor := page.get("nextCursor", "")):
            break
    assert found == ["Zoe Rare"]


async def test_no_one_is_repeated_where_a_directory_comes_short(
    agent: Person, contoso: Company, fabrikam: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page ends at the end of the directory that was read least far, so that the cursor is right
    for all of them.
    """
    monkeypatch.setattr("contacts.index_scan._MAX_ROWS", 1)
    for n in range(60):
        await contoso.hire(f"Person {n}", title="Accountant")
    await fabrikam.hire("Zoe Fabrikam", title="Accountant")
    await contoso.hire("Zoe Contoso", title="Accountant")
    found, cursor = list[str](), ""
    for _ in rounds():
        query = {"q": "zoe accountant", "limit": 2, **({"cursor": cursor} if cursor else {})}
        page = await agent.get("/api/contacts", **query)
        found += [one["displayName"] for one in page["contacts"]]
        if not (cursor := page.get("nextCursor", "")):
            break
    assert sorted(found) == ["Zoe Contoso", "Zoe Fabrikam"]


@pytest.mark.parametrize("count", [60, 2500])
async def test_a_search_costs_the_same_whatever_the_size(
    agent: Person, contoso: Company, tables: CountingTables, count: int
) -> None:
    """One round trip for words, whole numbers and beginnings with a country code; four if digits may be the end or the
    middle of a number and fewer than five people have them at the end.
    """
    await contoso.fill(count)
    path = f"/api/directories/{contoso.id}/contacts"
    await agent.get(path, q="warm")
    costs = {}
    for text in (
        "person3@",
        "anna",
        "a",
        "manager sal",
        "+442070000003",
        "+44 20 7000",
        "020 7000",
        "0003",
    ):
        with tables.measured() as calls:
            assert (await agent.get(path, q=text))["contacts"], text
        costs[text] = len([call for call in calls if call[1] == "contacts"])
    with tables.measured() as calls:
        await agent.get(path)
    costs[""] = len(calls)
    words = {"person3@": 1, "anna": 1, "a": 1, "manager sal": 1, "": 1}
    assert costs == words | {"+442070000003": 1, "+44 20 7000": 1, "020 7000": 4, "0003": 4}
