"""Queries: paging, sorting, filters, cursors (RFC 7644 section 3.4.2, RFC 9865)."""

import base64
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import pytest

from local.counting_tables import CountingTables
from tests.clock import FixedClock
from tests.rounds import rounds
from tests.scim.client import ScimClient

Filled = Callable[[int], Awaitable[tuple[ScimClient, str]]]


@pytest.mark.clause("7644/3.4.2-list", "7644/3.4.2-total", "7644/3.4.2.4-walk", "okta/paging")
async def test_paging_by_index_returns_every_user_once(filled: Filled) -> None:
    """Microsoft's pagination test: the next startIndex is startIndex + itemsPerPage, and responses
    repeat startIndex.
    """
    scim, _ = await filled(23)
    start, seen = 1, list[str]()
    for _ in rounds():
        page = await scim.get("/Users", startIndex=start, count=5)
        assert page.body["startIndex"] == start
        assert page.body["totalResults"] == 23
        assert page.body["itemsPerPage"] == len(page.resources)
        if not page.resources:
            break
        seen += [user["userName"] for user in page.resources]
        start += len(page.resources)
    assert seen == [f"person{number}@example.com" for number in range(23)]


async def test_each_page_of_a_walk_costs_the_same(filled: Filled, tables: CountingTables) -> None:
    """It reads new events, the stored position of the page, its rows and further positions, and
    writes the next position.

    Positions are stored because another instance may handle the next page.
    """
    scim, _ = await filled(1500)
    await scim.get("/Users", count=0)
    await scim.app.background.drain()
    trips = []
    for start in range(1, 1501, 100):
        with tables.measured() as calls:
            await scim.get("/Users", startIndex=start, count=100)
        trips.append(len(calls))
    assert trips[1:] == [5] * 13 + [3]
    with tables.measured() as calls:
        await scim.get("/Users", startIndex=101, count=100)
    assert len(calls) == 4  # the next start is stored already


async def test_a_page_without_a_stored_position_is_found_by_counting_keys(filled: Filled) -> None:
    """Another instance may handle the next page, or a client may start in the middle."""
    scim, _ = await filled(30)
    page = await scim.get("/Users", startIndex=21, count=3)
    assert [user["userName"] for user in page.resources] == [
        f"person{n}@example.com" for n in (20, 21, 22)
    ]


async def test_pages_contain_users_only(scim: ScimClient) -> None:
    """A user's memberships are stored in the rows after it; they fill its `groups`, but not the
    page.
    """
    people = sorted([(await scim.user(f"p{n}@example.com")).id for n in range(5)])
    groups = [(await scim.group(f"g{n}", *people)).id for n in range(3)]
    first = await scim.get("/Users", startIndex=1, count=3)
    rest = await scim.get("/Users", startIndex=4, count=3)
    assert [user["id"] for user in [*first.resources, *rest.resources]] == people
    assert all({g["value"] for g in user["groups"]} == set(groups) for user in first.resources)


@pytest.mark.clause("7644/3.4.2.4-start", "7644/3.4.2.4-count", "ipsie/paging", "interop/count")
@pytest.mark.parametrize(
    ("start", "count", "items", "echoed"),
    [(0, 2, 2, 1), (-5, 2, 2, 1), (1, 0, 0, 1), (1, -3, 0, 1), (99, 2, 0, 99)],
)
async def test_odd_paging_values(
    filled: Filled, start: int, count: int, items: int, echoed: int
) -> None:
    """RFC 7644 section 3.4.2.4: startIndex below 1 counts as 1, a negative count as 0, and count 0
    returns only the total.
    """
    scim, _ = await filled(4)
    page = await scim.get("/Users", startIndex=start, count=count)
    assert (page.body["totalResults"], len(page.resources), page.body["startIndex"]) == (
        4,
        items,
        echoed,
    )


@pytest.mark.clause("7644/3.4.2.4-count")
async def test_a_count_that_is_no_number_is_refused(scim: ScimClient) -> None:
    """400 names the parameter."""
    answer = await scim.get("/Users", count="many")
    assert (answer.status, answer.body["scimType"]) == (400, "invalidValue")
    assert "count" in answer.body["detail"]


async def test_a_filter_without_an_index_scans(filled: Filled) -> None:
    """RFC 7644 section 3.4.2.2: every attribute may be filtered by, and totalResults counts all
    matches.
    """
    scim, _ = await filled(12)
    page = await scim.get("/Users", filter='userName sw "person1"', startIndex=2, count=1)
    assert (page.body["totalResults"], page.body["itemsPerPage"]) == (3, 1)
    assert page.resources[0]["userName"] == "person10@example.com"


async def test_a_filter_applies_its_other_terms_to_indexed_results(filled: Filled) -> None:
    """`userName eq … and title eq …`: the index finds the user, and the title decides."""
    scim, _ = await filled(3)
    both = await scim.get(
        "/Users", filter='userName eq "person1@example.com" and externalId eq "external-2"'
    )
    assert both.body["totalResults"] == 0


@pytest.mark.clause("7644/3.4.2.3")
async def test_sorted_both_ways(filled: Filled) -> None:
    """RFC 7644 section 3.4.2.3: sortOrder is ascending by default."""
    scim, _ = await filled(12)
    down = await scim.get("/Users", sortBy="userName", sortOrder="descending", count=2)
    assert [user["userName"] for user in down.resources] == [
        "person9@example.com",
        "person8@example.com",
    ]
    up = await scim.get("/Users", sortBy="userName", count=2, startIndex=2)
    assert [user["userName"] for user in up.resources] == [
        "person10@example.com",
        "person11@example.com",
    ]


@pytest.mark.clause("9865/2-cursor", "ipsie/paging")
async def test_paging_by_cursor_returns_every_user_once(filled: Filled) -> None:
    """RFC 9865 section 2: start with an empty cursor, continue with nextCursor until it is
    absent.
    """
    scim, _ = await filled(11)
    cursor: str | None = ""
    seen: list[str] = []
    for _ in rounds():
        if cursor is None:
            break
        page = await scim.get("/Users", cursor=cursor, count=4)
        seen += [user["userName"] for user in page.resources]
        cursor = page.body.get("nextCursor")
    assert seen == [f"person{number}@example.com" for number in range(11)]


@pytest.mark.clause("9865/2-filter")
async def test_paging_by_cursor_with_a_filter_returns_every_match_once(filled: Filled) -> None:
    """RFC 9865 section 2: a cursor may be combined with a filter."""
    scim, _ = await filled(25)
    cursor: str | None = ""
    seen: list[str] = []
    for _ in rounds():
        if cursor is None:
            break
        page = await scim.get("/Users", cursor=cursor, count=2, filter='userName co "1"')
        seen += [user["userName"] for user in page.resources]
        cursor = page.body.get("nextCursor")
    assert len(seen) == len(set(seen)) == 12


@pytest.mark.clause("9865/2-opaque")
@pytest.mark.parametrize("cursor", ["nonsense", "bnVsbA", "W10", "WyJhIl0"])
async def test_a_broken_cursor_is_refused(scim: ScimClient, cursor: str) -> None:
    """RFC 9865 section 2: 400 invalidCursor."""
    answer = await scim.get("/Users", cursor=cursor)
    assert (answer.status, answer.body["scimType"]) == (400, "invalidCursor")


@pytest.mark.clause("9865/2-expired")
async def test_an_old_cursor_is_refused(filled: Filled, clock: FixedClock) -> None:
    """RFC 9865 section 2: 400 expiredCursor. cursorTimeout is a minimum; one more hour allows for
    clocks that differ.
    """
    scim, _ = await filled(3)
    cursor = (await scim.get("/Users", cursor="", count=1)).body["nextCursor"]
    clock.advance(2 * 3600 + 1)
    answer = await scim.get("/Users", cursor=cursor)
    assert (answer.status, answer.body["scimType"]) == (400, "expiredCursor")


@pytest.mark.clause("9865/2-count")
async def test_a_negative_count_with_a_cursor_is_refused(scim: ScimClient) -> None:
    """RFC 9865 section 2: 400 invalidCount."""
    answer = await scim.get("/Users", cursor="", count=-1)
    assert (answer.status, answer.body["scimType"]) == (400, "invalidCount")


@pytest.mark.clause("9865/2-search")
async def test_a_search_by_post_continues_with_a_cursor(filled: Filled) -> None:
    """RFC 9865 section 2: `cursor` and `count` are members of the SearchRequest."""
    scim, _ = await filled(5)
    met, cursor = list[str](), ""
    for _ in rounds():
        body = {"cursor": cursor, "count": 2, "attributes": ["userName"]}
        page = await scim.post("/Users/.search", body)
        met += [resource["userName"] for resource in page.resources]
        if not (cursor := page.body.get("nextCursor", "")):
            break
    assert (len(met), len(set(met))) == (5, 5)


@pytest.mark.clause("7644/3.4.3", "7644/7.5.2")
async def test_a_search_is_a_query_by_post(filled: Filled) -> None:
    """RFC 7644 section 3.4.3: POST .search has the same response as the GET."""
    scim, _ = await filled(5)
    body = {"schemas": [], "filter": 'userName sw "person"', "count": 2, "attributes": ["userName"]}
    searched = await scim.post("/Users/.search", body)
    read = await scim.get("/Users", filter='userName sw "person"', count=2, attributes="userName")
    assert searched.body == read.body


@pytest.mark.clause("7644/3.4.2.1")
async def test_the_root_search_covers_users_and_groups(filled: Filled) -> None:
    """RFC 7644 section 3.4.3: a query at the base URL covers all resource types."""
    scim, _ = await filled(3)
    await scim.group("Sales")
    everything = await scim.post("/.search", {"schemas": [], "count": 10})
    assert [r["meta"]["resourceType"] for r in everything.resources] == ["User"] * 3 + ["Group"]
    only = await scim.post("/.search", {"filter": 'userName eq "person1@example.com"'})
    assert only.body["totalResults"] == 1


def _cursor(key: Any, issued: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([key, issued])).decode().rstrip("=")


@pytest.mark.clause("9865/2-filter")
@pytest.mark.parametrize(
    "key",
    [
        "user|a'b",
        "user|\x00",
        "user|a/b",
        "user|" + "x" * 600,
        "user|\uffff",
        "a",
        "event|",
        "name|",
        "user",
        "user|",
        "user|x|y",
        "group|x",
        "",
        None,
        7,
    ],
)
async def test_a_cursor_reaches_no_other_rows(
    scim: ScimClient, clock: FixedClock, key: Any
) -> None:
    """A client may forge a cursor: one with the key of another kind of row is refused."""
    await scim.user()
    answer = await scim.get("/Users", cursor=_cursor(key, int(clock.now().timestamp())))
    assert (answer.status, answer.body["scimType"]) == (400, "invalidCursor")


async def test_a_cursor_with_an_indexed_filter_reads_no_more_than_it_finds(
    filled: Filled, tables: CountingTables
) -> None:
    """The index is used for paging by cursor too, also for the second page."""
    scim, _ = await filled(1200)
    with tables.measured() as calls:
        page = await scim.get("/Users", cursor="", filter='userName eq "person7@example.com"')
    assert [user["userName"] for user in page.resources] == ["person7@example.com"]
    assert "nextCursor" not in page.body
    assert len(calls) <= 4
    for number in range(3):
        await scim.user(f"x{number}", emails=[{"type": "work", "value": "shared@example.com"}])
    cursor, seen = "", list[str]()
    for _ in range(2):
        page = await scim.get(
            "/Users", cursor=cursor, count=2, filter='emails.value eq "shared@example.com"'
        )
        seen += [user["userName"] for user in page.resources]
        cursor = page.body.get("nextCursor", "end")
    assert (sorted(seen), cursor) == (["x0", "x1", "x2"], "end")


async def test_a_stored_position_expires(filled: Filled, clock: FixedClock) -> None:
    """Deletions change which user has a startIndex. A client that is paging keeps its position;
    after two hours a client gets the current one.
    """
    scim, _ = await filled(30)
    first = await scim.get("/Users", startIndex=1, count=10)
    for user in first.resources[:5]:
        await scim.delete(f"/Users/{user['id']}")
    walking = await scim.get("/Users", startIndex=11, count=1)
    assert walking.resources[0]["userName"] == "person10@example.com"
    clock.advance(2 * 3600 + 1)
    later = await scim.get("/Users", startIndex=11, count=1)
    assert later.resources[0]["userName"] == "person15@example.com"


async def _walk(
    scim: ScimClient, step: Callable[[int, int], Awaitable[None]], **query: Any
) -> list[str]:
    """Return the user ids of all pages by startIndex and itemsPerPage; `step(page number, next
    index)` runs after each page.
    """
    start, seen = 1, list[str]()
    for number in rounds():
        page = await scim.get("/Users", startIndex=start, **query)
        seen += [user["id"] for user in page.resources]
        start += page.body["itemsPerPage"]
        if page.body["itemsPerPage"] == 0 or start > page.body["totalResults"]:
            return seen
        await step(number, start)
    raise AssertionError


@pytest.mark.clause("7644/3.4.2.4-walk")
@pytest.mark.parametrize("query", [{}, {"filter": "active eq true"}, {"filter": 'title eq "x"'}])
async def test_two_clients_paging_during_deletions_lose_no_one(
    scim: ScimClient, query: dict[str, str]
) -> None:
    """Each client receives every user that isn't deleted exactly once, whatever page sizes the
    other has.
    """
    ids = [(await scim.user(f"p{n}", active=True, title="x")).id for n in range(90)]
    gone = set[str]()

    async def other_walk(number: int, start: int) -> None:
        victim = ids[number * 7]
        gone.add(victim)
        await scim.delete(f"/Users/{victim}")
        if number % 3 == 0:
            seen = await _walk(scim, nothing, count=6, **query)
            assert (len(seen), set(seen) >= set(ids) - gone) == (len(set(seen)), True)

    async def nothing(number: int, start: int) -> None:
        pass

    seen = await _walk(scim, other_walk, count=9, **query)
    assert len(seen) == len(set(seen))
    assert set(seen) >= set(ids) - gone


@pytest.mark.clause("7644/3.4.2-total")
async def test_a_page_tells_that_another_follows_even_if_the_total_is_too_low(
    scim: ScimClient, clock: FixedClock
) -> None:
    """Clients stop at totalResults, so it is at least the index of the next user."""
    from directories.events import Event, write

    ids = [(await scim.user(f"p{n}")).id for n in range(8)]
    wrong = Event(at="2026-01-01T00:00:00Z", kind="user.deleted", users=-6)
    await scim.app.tables.transact("contacts", scim.directory_id, [write(wrong, clock)])

    async def nothing(number: int, start: int) -> None:
        pass

    assert sorted(await _walk(scim, nothing, count=3)) == sorted(ids)


async def test_a_far_jump_counts_few_keys(filled: Filled, tables: CountingTables) -> None:
    """The position of each thousandth key is stored, so a page far into a large directory needs few
    reads.
    """
    scim, _ = await filled(4000)
    await scim.get("/Users", startIndex=3900, count=1)
    await scim.app.background.drain()
    counted = []
    for start in (1001, 3801):
        with tables.measured() as calls:
            page = await scim.get("/Users", startIndex=start, count=3)
        assert page.resources[0]["userName"] == f"person{start - 1}@example.com"
        counted.append(len(calls))
    assert max(counted) <= 8


@pytest.mark.parametrize("active", [True, False])
@pytest.mark.parametrize("selection", ["", '[type eq "work"]', '[type eq "mobile"]'])
async def test_numbers_are_found_by_their_index(
    filled: Filled, tables: CountingTables, active: bool, selection: str
) -> None:
    """An international number is looked up in an index, for inactive users too; the filter compares
    its type.
    """
    scim, _ = await filled(1500)
    number = "+44 20 7946 0018"
    made = await scim.user("anna", active=active, phoneNumbers=[{"type": "work", "value": number}])
    await scim.app.background.drain()
    with tables.measured() as calls:
        found = await scim.get("/Users", filter=f'phoneNumbers{selection}.value eq "{number}"')
    assert [user["id"] for user in found.resources] == ([] if "mobile" in selection else [made.id])
    assert len(calls) == 3
    await scim.patch(f"/Users/{made.id}", {"op": "replace", "path": "active", "value": not active})
    again = await scim.get("/Users", filter=f'phoneNumbers.value eq "{number}"')
    assert [user["id"] for user in again.resources] == [made.id]


async def test_a_national_number_is_found_as_it_was_sent(scim: ScimClient) -> None:
    """A national number isn't looked up, because it depends on the region: its text is compared."""
    made = await scim.user(phoneNumbers=[{"type": "work", "value": "020 7946 0018"}])
    found = await scim.get("/Users", filter='phoneNumbers.value eq "020 7946 0018"')
    assert [user["id"] for user in found.resources] == [made.id]
