"""Attacks by one directory's client that would slow down the others, and the limit that stops
each.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from itertools import pairwise
from typing import Any

import orjson
import pytest

from directories import rate_limits
from scim import query, scan, sorted_query, work_gates
from scim.core import work_limit
from scim.core.parser import MAX_PATH_TERMS, MAX_TERMS
from scim.list_query import ListQuery
from scim.list_response import Item
from shared import clock
from tests.clock import FixedClock
from tests.rounds import rounds
from tests.scim.client import ScimClient


async def person_of_many(scim: ScimClient) -> str:
    """Create a user with 490 addresses and return its id."""
    emails = [{"value": f"{number}@x", "type": f"t{number}"} for number in range(490)]
    return (await scim.user("victim", emails=emails)).id


def selecting(terms: int, number: int) -> dict[str, Any]:
    """Return a PATCH operation whose path compares each address `terms` times; `number` makes it
    unique.
    """
    listed = " or ".join([f'value co "{term}z"' for term in range(terms - 1)] + ['value co "489@"'])
    return {"op": "replace", "path": f"emails[{listed}].display", "value": f"d{number}"}


async def test_a_path_has_a_bounded_number_of_comparisons(scim: ScimClient) -> None:
    """The attack: 7 paths of 390 comparisons for 490 addresses took 0.75 s per request of 57 KB."""
    victim = await person_of_many(scim)
    refused = await scim.patch(f"/Users/{victim}", *[selecting(390, n) for n in range(7)])
    assert (refused.status, refused.body["scimType"]) == (400, "invalidFilter")
    assert f"at most {MAX_PATH_TERMS}" in refused.body["detail"]
    assert (await scim.patch(f"/Users/{victim}", selecting(MAX_PATH_TERMS, 1))).status == 200


@pytest.mark.parametrize("terms", [1, MAX_PATH_TERMS])
async def test_operations_times_comparisons_times_elements_is_bounded(
    scim: ScimClient, terms: int
) -> None:
    """RFC 7644 section 3.12, tooMany: the product is limited, and nothing is stored."""
    victim = await person_of_many(scim)
    within = work_limit.MAX_COMPARISONS // (490 * terms)
    operations = [selecting(terms, number) for number in range(within + 1)]
    refused = await scim.patch(f"/Users/{victim}", *operations)
    assert (refused.status, refused.body["scimType"]) == (400, "tooMany")
    assert str(work_limit.MAX_COMPARISONS) in refused.body["detail"]
    assert "display" not in str((await scim.get(f"/Users/{victim}")).body["emails"])
    assert (await scim.patch(f"/Users/{victim}", *operations[:-1])).status == 200


async def test_a_deactivation_is_stored_although_the_request_exceeds_the_limit(
    scim: ScimClient,
) -> None:
    """Whatever else the request contains, the user is inactive afterwards."""
    victim = await person_of_many(scim)
    dear = [selecting(MAX_PATH_TERMS, number) for number in range(7)]
    off = {"op": "replace", "path": "active", "value": False}
    answer = await scim.patch(f"/Users/{victim}", *dear, off)
    assert (answer.status, answer.body["active"]) == (200, False)


async def test_a_filter_has_a_bounded_number_of_comparisons(scim: ScimClient) -> None:
    """The attack: 400 comparisons for every user took 4 s of one core per request."""
    text = " or ".join(f'title co "B{number}"' for number in range(MAX_TERMS + 1))
    refused = await scim.post("/Users/.search", {"filter": text})
    assert (refused.status, refused.body["scimType"]) == (400, "invalidFilter")
    assert f"at most {MAX_TERMS}" in refused.body["detail"]
    assert (await scim.post("/Users/.search", {"filter": text.rpartition(" or ")[0]})).status == 200


async def test_a_patch_lets_others_through(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A PATCH yields to other requests between its operations."""
    victim = await person_of_many(scim)
    turns, steps = [0], asyncio.sleep

    async def counted(seconds: float) -> None:
        turns[0] += 1
        await steps(seconds)

    monkeypatch.setattr("shared.concurrency.TimeSlice.SECONDS", -1.0)
    monkeypatch.setattr("shared.concurrency.asyncio.sleep", counted)
    operations = [selecting(1, number) for number in range(20)]
    assert (await scim.patch(f"/Users/{victim}", *operations)).status == 200
    assert turns[0] >= len(operations)


async def test_processor_time_is_charged_to_the_directory(
    scim: ScimClient,
    other_scim: ScimClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The attack: requests with two round trips and much computation. The directory gets 429 after
    some; others don't.
    """
    spent = [0.0]

    def dear() -> float:
        spent[0] += 0.1
        return spent[0]

    await scim.user()
    monkeypatch.setattr(clock, "processor_seconds", dear)
    statuses = [(await scim.get("/Users")).status for _ in range(60)]
    monkeypatch.undo()
    assert statuses[0] == 200
    assert statuses[-1] == 429
    answer = await scim.get("/Users")
    assert answer.headers["retry-after"].isdecimal()
    assert "requests per second" in answer.body["detail"]
    assert (await other_scim.get("/Users")).status == 200


def test_processor_time_and_round_trips_are_one_budget(scim: ScimClient, clock: FixedClock) -> None:
    """A directory may use about half a core: a request of 2 ms counts once, one of 200 ms counts a
    hundred times.
    """
    app = scim.app
    rate_limits.charge_request(app, "other")
    rate_limits.charge_request(app, "dear")
    rate_limits.charge_work(app, "dear", 2, rate_limits.SECONDS_PER_REQUEST)
    rate_limits.charge_work(
        app, "dear", 2, rate_limits.DIRECTORY_BURST * rate_limits.SECONDS_PER_REQUEST
    )
    with pytest.raises(rate_limits.DirectoryRateExceeded):
        rate_limits.charge_request(app, "dear")
    clock.advance(0.1)
    rate_limits.charge_request(app, "dear")


async def test_a_directory_computes_one_patch_at_a_time(scim: ScimClient) -> None:
    """The lock belongs to the directory, so another directory's PATCH never waits for it."""
    gate = work_gates.computing(scim.app, "contoso")
    assert work_gates.computing(scim.app, "contoso") is gate
    assert work_gates.computing(scim.app, "fabrikam") is not gate
    victim = await person_of_many(scim)
    async with gate:
        waiting = asyncio.create_task(scim.patch(f"/Users/{victim}", selecting(1, 1)))
        done, _ = await asyncio.wait([waiting], timeout=0.1)
        assert not done
    assert (await waiting).status == 200


LARGE = 70  # people of 40 KiB, 2.8 MB as JSON
WAYS: list[dict[str, Any]] = [
    {"sortBy": "userName"},
    {"sortBy": "userName", "filter": 'userName sw "u"'},
    {"filter": 'userName sw "u"'},
    {"filter": 'emails.value eq "shared@x"'},
    {"filter": 'emails.value eq "shared@x"', "sortBy": "userName"},
    {"filter": 'userName sw "u"', "cursor": ""},
    {"filter": 'emails.value eq "shared@x"', "cursor": ""},
    {"cursor": ""},
    {},
]


async def large_people(scim: ScimClient) -> set[str]:
    """Create a few very large users with a common address, and return their ids."""
    many = [{"value": f"{number:x}" * 6} for number in range(490)]
    lists = dict.fromkeys(("roles", "entitlements", "ims"), many)
    emails = [{"value": "shared@x"}]
    for number in range(LARGE):
        created = await scim.user(f"u{number:03}", emails=emails, **lists)
        assert created.status == 201, created.body
    return {f"u{number:03}" for number in range(LARGE)}


async def test_a_response_is_bounded_in_bytes(scim: ScimClient) -> None:
    """The attack: 1,000 users of 50 KiB in one response need gigabytes of objects. Pages are
    shorter, and together complete.
    """
    people = await large_people(scim)
    for way in WAYS:
        found, sizes = list[str](), list[int]()
        asked = {"count": 1000, **way}
        for _ in rounds():
            page = await scim.get("/Users", **asked)
            assert page.status == 200, page.body
            assert page.body["itemsPerPage"] == len(page.resources)
            sizes.append(len(orjson.dumps(page.resources)))
            found += [user["userName"] for user in page.resources]
            if "cursor" in way:
                asked["cursor"] = page.body.get("nextCursor", "")
                if not asked["cursor"]:
                    break
            else:
                asked["startIndex"] = len(found) + 1
                if len(found) >= page.body["totalResults"]:
                    break
        assert len(sizes) > 1, way
        assert max(sizes) <= scan.MAX_RESPONSE_BYTES * 1.1, way
        assert sorted(found) == sorted(people), way


async def test_attributes_make_large_people_small(scim: ScimClient) -> None:
    """With `attributes=userName` one page contains all of them."""
    people = await large_people(scim)
    for way in ({"sortBy": "userName"}, {"filter": 'userName sw "u"'}):
        page = await scim.get("/Users", count=1000, attributes="userName", **way)
        assert {user["userName"] for user in page.resources} == people


async def test_a_sort_keeps_no_large_resources(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it reads, only sort keys and row keys stay in memory; then the page's users are read by
    id.
    """
    people, kept = await large_people(scim), list[int]()
    first = sorted_query._first

    def noted(asked: ListQuery, items: list[Any], most: int) -> list[Any]:
        kept.append(sum(len(one.item.json) for one in items if one.item))
        return first(asked, items, most)

    monkeypatch.setattr(sorted_query, "_first", noted)
    page = await scim.get("/Users", sortBy="userName", count=1000)
    assert page.body["totalResults"] == len(people)
    assert kept == [0]


async def test_a_directory_runs_two_scans_at_a_time(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attack: 32 unindexed searches at once. Two run at a time, the others wait, and all
    succeed.
    """
    for number in range(3):
        await scim.user(f"u{number}")
    running, most, matching = 0, 0, scan.matching

    async def noted(*arguments: Any) -> AsyncIterator[Item]:
        nonlocal running, most
        running += 1
        most = max(most, running)
        try:
            await asyncio.sleep(0.001)
            async for item in matching(*arguments):
                yield item
        finally:
            running -= 1

    monkeypatch.setattr("scim.query.matching", noted)
    search = {"filter": 'title co "x"'}
    answers = await asyncio.gather(*[scim.post("/Users/.search", search) for _ in range(32)])
    assert {answer.status for answer in answers} == {200}
    assert most == work_gates.MAX_SCANS


async def test_a_scan_that_waits_too_long_gets_a_429(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With Retry-After and the name of the limit; an indexed search doesn't wait."""
    await scim.user("u1")
    monkeypatch.setattr(work_gates, "MAX_WAIT_SECONDS", 0.01)
    search = {"filter": 'title co "x"'}
    async with AsyncExitStack() as held:
        for _ in range(work_gates.MAX_SCANS):
            await held.enter_async_context(work_gates.scan_turn(scim.app, scim.directory_id))
        refused = await scim.post("/Users/.search", search)
        assert (refused.status, refused.headers["retry-after"]) == (429, "10")
        assert f"{work_gates.MAX_SCANS} searches" in refused.body["detail"]
        by_index = await scim.get("/Users", filter='userName eq "u1"')
        assert by_index.body["totalResults"] == 1
    assert (await scim.post("/Users/.search", search)).status == 200


async def test_a_scan_ends_after_a_time_limit(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client may have closed the connection.

    With a cursor the page ends and the next one continues; otherwise 400 tooMany names the remedy.
    """
    people = {(await scim.user(f"u{number}")).id for number in range(5)}
    monkeypatch.setattr(scan, "MAX_SCAN_SECONDS", -1.0)
    monkeypatch.setattr(scan, "SCAN", 2)
    for way in ({"filter": 'userName sw "u"'}, {"sortBy": "title"}):
        refused = await scim.get("/Users", **way)
        assert (refused.status, refused.body["scimType"]) == (400, "tooMany")
        assert "cursor" in refused.body["detail"]
    found, cursor = set[str](), ""
    for _ in rounds():
        page = await scim.get("/Users", filter='userName sw "u"', cursor=cursor)
        found |= {user["id"] for user in page.resources}
        if not (cursor := page.body.get("nextCursor", "")):
            break
    assert found == people


async def test_requests_that_compute_long_begin_one_by_one(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attack: sixteen concurrent requests that need no storage. After each start, other
    requests run first.
    """
    rate_limits.charge_work(scim.app, scim.directory_id, 0, 1.0)
    order, read = list[str](), query.list_resources

    async def noted(*arguments: Any) -> Any:
        order.append("attack")
        return await read(*arguments)

    monkeypatch.setattr("scim.resource_service.list_resources", noted)
    attack = [asyncio.create_task(scim.get("/Users")) for _ in range(16)]
    for _ in rounds():
        if all(task.done() for task in attack):
            break
        order.append("others")
        await asyncio.sleep(0)
    assert "attack" in order
    assert all({before, after} != {"attack"} for before, after in pairwise(order))
