"""Large resources and groups of very many: no answer and no step on the way holds more than a bounded part of them.

The bounds are set low here, so that a few people and members pass them.
"""

import time
from typing import Any

import pytest

from scim import query, resource_rows
from scim.groups import membership, models
from shared import keys
from tests.rounds import rounds
from tests.scim.client import ScimClient


@pytest.fixture
def _short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page ends after about its third resource, whatever count the request has."""
    monkeypatch.setattr(resource_rows, "_MAX_BYTES", 500)


async def _walked(scim: ScimClient, path: str, **query: Any) -> list[dict[str, Any]]:
    """Return all resources as RFC 7644 section 3.4.2.4 requires: continue after those received, not
    those requested.
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
async def test_a_page_of_large_people_is_short_and_the_next_goes_on(scim: ScimClient) -> None:
    """A page has at most some megabytes, so it may be short; no one is missed, whichever way of
    paging.
    """
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


async def test_groups_of_very_many_come_in_short_pages(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page stops before a further group once it holds many members; each group that comes is whole."""
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


async def test_a_filter_that_finds_too_many_members_is_told_how_to_ask(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """400 tooMany (RFC 7644 section 3.12) for more than an answer can hold; without the members it
    is answered.
    """
    people = [(await scim.user(f"p{number}")).id for number in range(4)]
    for number in range(2):
        await scim.group(f"g{number}", *people)
    monkeypatch.setattr(query, "MAX_MEMBERS", 7)
    refused = await scim.get("/Groups", filter="displayName pr")
    assert (refused.status, refused.body["scimType"]) == (400, "tooMany")
    found = await scim.get("/Groups", filter="displayName pr", excludedAttributes="members")
    assert found.body["totalResults"] == 2


@pytest.mark.parametrize("sort_by", ["userName", "emails", "name.familyName", "meta.created"])
@pytest.mark.parametrize("order", ["ascending", "descending"])
async def test_a_sort_far_back_keeps_only_what_it_sorts_by(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch, sort_by: str, order: str
) -> None:
    """The window is read again, and is the same."""
    for number in (3, 1, 4, 15, 9, 2, 6):
        emails = [{"value": f"{number % 4}@example.com"}] if number % 3 else []
        await scim.user(f"p{number:02}", emails=emails, name={"familyName": f"{number % 5}"})
    asked: dict[str, Any] = {"sortBy": sort_by, "sortOrder": order, "startIndex": 3, "count": 3}
    whole = await scim.get("/Users", **asked)
    monkeypatch.setattr(query, "MAX_COUNT", 4)
    assert (await scim.get("/Users", **asked)).body == whole.body


async def test_a_groups_own_record_has_a_size(scim: ScimClient) -> None:
    """413; members are rows of their own and have no part in it."""
    answer = await scim.group("x" * models.MAX_BYTES)
    assert answer.status == 413


def test_combining_characters_are_put_in_order_in_short_pieces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of thirty thousand in a row that took a second, for each comparison of a filter (UAX 15, section 13)."""
    pieces, fold = list[int](), keys._search_key

    def noted(text: str) -> str:
        pieces.append(len(text))
        return fold(text)

    monkeypatch.setattr(keys, "_search_key", noted)
    marks = "a" + "\u0301" * 3000 + "\u0316" * 3000
    assert keys.search_key(marks) == "a"
    assert max(pieces) <= 256
    began = time.thread_time()  # a busy machine doesn't count
    ordered = "\u0316" * 3000 + "\u0301" * 2999
    assert keys.fold_case("É" + marks) == f"éá{ordered}"
    assert time.thread_time() - began < 0.2


@pytest.mark.parametrize("length", [10, 256, 257, 3000])
async def test_names_that_unicode_takes_for_the_same_are_one(scim: ScimClient, length: int) -> None:
    """409, whatever their length (RFC 7643 section 2.2; review of security, finding 16)."""
    start = "x" * (length - 1)
    assert (await scim.user(f"{start}é")).status == 201
    assert (await scim.user(f"{start}e\u0301")).status == 409
    assert (await scim.user(f"{start}E\u0301")).status == 409
    assert (await scim.user(f"{start}e")).status == 201
