"""Large resources and groups with many members: responses and intermediate results are bounded.

The limits are low here, so that a few users and members exceed them.
"""

import time
from typing import Any

import pytest

from scim import resource_rows, scan, sorted_query
from scim.groups import membership, models
from shared import words
from shared.words import fold_case, search_key
from tests.rounds import rounds
from tests.scim.client import ScimClient


@pytest.fixture
def _short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lower the size limit of a page to about three resources."""
    monkeypatch.setattr(resource_rows, "_MAX_BYTES", 500)


async def _walked(scim: ScimClient, path: str, **query: Any) -> list[dict[str, Any]]:
    """Return all resources, page by page: the next startIndex counts those received, not those
    requested (RFC 7644 section 3.4.2.4).
    """
    found: list[dict[str, Any]] = []
    for _ in rounds():
        page = await scim.get(path, startIndex=len(found) + 1, **query)
        assert page.status == 200, page.body
        assert page.body["itemsPerPage"] == len(page.resources)
        found += page.resources
        if len(found) >= page.body["totalResults"] or not page.resources:
            break
    return found


async def _by_cursor(scim: ScimClient, path: str, **query: Any) -> list[dict[str, Any]]:
    found, cursor = list[dict[str, Any]](), ""
    for _ in rounds():
        page = await scim.get(path, cursor=cursor, **query)
        found += page.resources
        if not (cursor := page.body.get("nextCursor", "")):
            break
    return found


@pytest.mark.usefixtures("_short_pages")
async def test_a_page_of_large_users_is_short_and_the_next_one_continues(scim: ScimClient) -> None:
    """A page has a maximum size in bytes; paging by index or by cursor still returns every user."""
    people = sorted([(await scim.user(f"p{number}", title="x" * 90)).id for number in range(11)])
    first = await scim.get("/Users")
    assert 0 < len(first.resources) < 11
    assert first.body["totalResults"] == 11
    for parameters in (
        {},
        {"filter": 'userName sw "p"'},
        {"sortBy": "id"},
        {"filter": "title pr", "count": 4},
    ):
        assert [user["id"] for user in await _walked(scim, "/Users", **parameters)] == people
        if "sortBy" not in parameters:
            assert [user["id"] for user in await _by_cursor(scim, "/Users", **parameters)] == people


async def test_groups_with_many_members_are_returned_in_short_pages(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page ends when its groups have many members; each returned group has all of its members."""
    people = [(await scim.user(f"p{number}")).id for number in range(7)]
    groups = {
        (await scim.group(f"g{size}", *people[:size])).id: set(people[:size])
        for size in (7, 0, 3, 1, 6)
    }
    monkeypatch.setattr(membership, "MAX_PAGE_MEMBERS", 2)
    monkeypatch.setattr(membership, "MAX_QUERY_ROWS", 2)
    assert len((await scim.get("/Groups")).resources) < len(groups)
    for found in (await _walked(scim, "/Groups"), await _by_cursor(scim, "/Groups")):
        assert {
            group["id"]: {member["value"] for member in group.get("members", [])} for group in found
        } == groups
    scanned = await scim.get("/Groups", filter="members pr", sortBy="displayName")
    assert [group["displayName"] for group in scanned.resources] == ["g1", "g3", "g6", "g7"]


async def test_a_filter_that_matches_too_many_members_is_refused(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 7644 section 3.12, tooMany. With excludedAttributes=members, the remedy, the same filter
    succeeds.
    """
    people = [(await scim.user(f"p{number}")).id for number in range(4)]
    for number in range(2):
        await scim.group(f"g{number}", *people)
    monkeypatch.setattr(scan, "MAX_MEMBERS", 7)
    refused = await scim.get("/Groups", filter="displayName pr")
    assert (refused.status, refused.body["scimType"]) == (400, "tooMany")
    found = await scim.get("/Groups", filter="displayName pr", excludedAttributes="members")
    assert found.body["totalResults"] == 2


@pytest.mark.parametrize("sort_by", ["userName", "emails", "name.familyName", "meta.created"])
@pytest.mark.parametrize("order", ["ascending", "descending"])
async def test_a_sort_that_keeps_only_sort_keys_returns_the_same_page(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch, sort_by: str, order: str
) -> None:
    """For many users only their sort keys stay in memory, and the page's resources are read
    again.
    """
    for number in (3, 1, 4, 15, 9, 2, 6):
        emails = [{"value": f"{number % 4}@example.com"}] if number % 3 else []
        await scim.user(f"p{number:02}", emails=emails, name={"familyName": f"{number % 5}"})
    asked: dict[str, Any] = {"sortBy": sort_by, "sortOrder": order, "startIndex": 3, "count": 3}
    whole = await scim.get("/Users", **asked)
    monkeypatch.setattr(sorted_query, "_MAX_ITEM_BYTES", 0)
    assert (await scim.get("/Users", **asked)).body == whole.body


async def test_a_group_has_a_maximum_size(scim: ScimClient) -> None:
    """413. Members don't count, because they are rows of their own."""
    answer = await scim.group("x" * models.MAX_BYTES)
    assert answer.status == 413


def test_combining_characters_are_normalised_in_short_pieces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Unicode normalisation sorts them: 30,000 in a row took a second for each comparison (UAX 15,
    section 13).
    """
    pieces, fold = list[int](), words._search_key

    def noted(text: str) -> str:
        pieces.append(len(text))
        return fold(text)

    monkeypatch.setattr(words, "_search_key", noted)
    marks = "a" + "\u0301" * 3000 + "\u0316" * 3000
    assert search_key(marks) == "a"
    assert max(pieces) <= 256
    began = time.thread_time()  # a busy machine doesn't count
    ordered = "\u0316" * 3000 + "\u0301" * 2999
    assert fold_case("É" + marks) == f"éá{ordered}"
    assert time.thread_time() - began < 0.2


@pytest.mark.parametrize("length", [10, 256, 257, 3000])
async def test_canonically_equivalent_names_are_one(scim: ScimClient, length: int) -> None:
    """409 for names of any length that differ only in normalisation or case (RFC 7643 section
    2.2).
    """
    start = "x" * (length - 1)
    assert (await scim.user(f"{start}é")).status == 201
    assert (await scim.user(f"{start}e\u0301")).status == 409
    assert (await scim.user(f"{start}E\u0301")).status == 409
    assert (await scim.user(f"{start}e")).status == 201
