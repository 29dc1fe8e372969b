"""Search as agents type: words of any attribute, with or without accents, and numbers in any
format.
"""

import pytest

from local.counting_tables import CountingTables
from tests.contacts.people import Company, Person
from tests.rounds import rounds


@pytest.fixture
async def path(contoso: Company) -> str:
    """Create people in a company and return the path of its contacts."""
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
    """Of names, title, department, e-mail and user name, in any order, without accents; inactive
    people aren't found.
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
    """From three digits on; a national number is parsed for the directory's region."""
    assert await agent.names(path, q=text) == ["Anna Müller"]


@pytest.mark.parametrize(
    "number", ["+44 20 7946 0958", "0044 20 7946 0958", "020 7946 0958", "+49 89 21549000"]
)
async def test_a_number_is_found_after_each_typed_digit(
    agent: Person, contoso: Company, path: str, number: str
) -> None:
    """From the area code on, also while the typed digits could be a shorter complete number."""
    await contoso.hire("Berta Weit", "+49 89 21549000")
    name = "Berta Weit" if number.startswith("+49") else "Anna Müller"
    typed = [number[:end] for end in range(6, len(number) + 1)]
    assert [text for text in typed if name not in await agent.names(path, q=text)] == []


async def test_a_number_may_also_be_a_word(agent: Person, path: str) -> None:
    """Rooms and shops have numbers as names."""
    assert await agent.names(path, q="101") == ["Meeting Room 101"]


async def test_an_internal_extension_is_found(agent: Person, path: str) -> None:
    """A short internal number finds its person."""
    assert await agent.names(path, q="1234") == ["Annabel O'Brien"]


async def test_people_with_a_matching_name_come_first(agent: Person, contoso: Company) -> None:
    """A person named Sales comes before the people of the department Sales."""
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


async def test_pages_have_each_person_once(agent: Person, contoso: Company) -> None:
    """A person who matches by several words is returned once, for any page size."""
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


async def test_a_person_created_between_two_pages_changes_nothing_else(
    agent: Person, contoso: Company
) -> None:
    """The others are neither repeated nor skipped."""
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
    """Each person has its directory; people of another account are never found."""
    await contoso.hire("Anna Adams")
    await fabrikam.hire("Anna Bauer")
    await stranger.hire("Anna Strange")
    page = await agent.get("/api/contacts", q="anna")
    found = [(one["displayName"], one["directory"]["name"]) for one in page["contacts"]]
    assert found == [("Anna Adams", "Contoso"), ("Anna Bauer", "Fabrikam")]


async def test_pages_over_several_directories_have_each_person_once(
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
    """The index is searched for the longest word, and the others are compared; a short page
    continues with its cursor.
    """
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


async def test_no_one_is_repeated_if_a_directory_is_read_only_in_part(
    agent: Person, contoso: Company, fabrikam: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page ends at the last position up to which every directory was read, so one cursor is right
    for all.
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
    """One round trip for words, whole numbers and beginnings with a country code. Four if the
    digits may be at the end or in the middle of a number and fewer than five people have them at
    the end.
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


@pytest.mark.parametrize("text", ["+4", "4", "00", "Tel: +44 20", "0800 FLOWERS"])
async def test_a_person_with_several_numbers_is_shown_once(
    agent: Person, contoso: Company, text: str
) -> None:
    """The first digit of a number leads to a row per number, but a page has each person once."""
    await contoso.hire("Anna", "+44 20 7946 0018", "+44 7700 900123", "0800 FLOWERS")
    assert await agent.names("/api/contacts", q=text) == ["Anna"]
