"""Filters on memberships give the same results from the rows of members as from reading all
resources.
"""

import random
from collections.abc import Awaitable, Callable

import pytest

from local.counting_tables import CountingTables
from scim.core.filters import parse_filter
from scim.core.schemas import USER
from tests.scim.client import ScimClient, ScimResponse

Filled = Callable[[int], Awaitable[tuple[ScimClient, str]]]


async def _company(scim: ScimClient, seed: int) -> list[str]:
    """Create users and groups with random memberships; return the groups' ids, and one id without
    members.
    """
    dice = random.Random(seed)
    people = [
        (await scim.user(f"p{number}", active=bool(dice.getrandbits(1)))).id for number in range(9)
    ]
    groups: list[str] = []
    for number in range(5):
        members = dice.sample([*people, *groups], dice.randint(0, 6))
        groups.append((await scim.group(f"g{number}", *members)).id)
    await scim.delete(f"/Users/{people[0]}")
    await scim.patch(f"/Groups/{groups[0]}", {"op": "remove", "path": "members"})
    return [*groups, "nobody", people[1]]


@pytest.mark.parametrize("seed", range(3))
async def test_a_membership_filter_gives_the_same_with_and_without_the_index(
    scim: ScimClient, seed: int
) -> None:
    """`groups.value eq` reads the group's rows; after `not` all users are read and compared."""
    for group_id in await _company(scim, seed):
        for form in (f'groups.value eq "{group_id}"', f'groups[value eq "{group_id}"]'):
            scanned = f"not (not ({form}))"
            assert parse_filter(form, USER).equalities()
            assert not parse_filter(scanned, USER).equalities()
            for query in (
                {},
                {"startIndex": 2, "count": 2},
                {"sortBy": "userName", "sortOrder": "descending"},
            ):
                by_rows, by_reading = [
                    await scim.get("/Users", filter=one, **query) for one in (form, scanned)
                ]
                assert (by_rows.status, by_rows.body) == (200, by_reading.body)


async def test_a_groups_members_are_found_without_reading_other_users(
    filled: Filled, tables: CountingTables
) -> None:
    """One round trip reads the rows and one reads each member, in a directory of any size."""
    scim, first = await filled(2000)
    group = await scim.group("Sales", first)
    await scim.app.background.drain()
    with tables.measured() as calls:
        found = await scim.get("/Users", filter=f'groups.value eq "{group.id}"')
    assert [user["id"] for user in found.resources] == [first]
    assert len(calls) == 2


@pytest.mark.parametrize("people", [40, 1500])
async def test_an_index_that_matches_most_users_is_not_used(
    filled: Filled, tables: CountingTables, people: int
) -> None:
    """Reading hundreds of users per query is cheaper than one by one."""
    scim, _ = await filled(people)
    everybody = [user["id"] for user in (await scim.get("/Users", count=1000)).resources]
    group = await scim.group("All", *everybody)
    await scim.app.background.drain()
    with tables.measured() as calls:
        found = await scim.get("/Users", filter=f'groups.value eq "{group.id}"', count=1000)
    assert [user["id"] for user in found.resources] == everybody
    assert found.body["totalResults"] == len(everybody)
    assert len(calls) <= 3 + people // 200, calls


def _listed(answer: ScimResponse) -> dict[str, list[str]]:
    return {
        group["id"]: [member["value"] for member in group.get("members", [])]
        for group in answer.resources
    }


async def test_the_members_of_a_page_of_groups_are_one_read(
    scim: ScimClient, tables: CountingTables
) -> None:
    """Rows of members have the order of their groups, so one range contains those of a whole
    page.
    """
    groups = await _company(scim, 7)
    one_by_one = {group: _members(await scim.get(f"/Groups/{group}")) for group in groups[:5]}
    await scim.get("/Groups")
    await scim.app.background.drain()
    with tables.measured() as calls:
        page = await scim.get("/Groups")
    assert _listed(page) == one_by_one
    assert len(calls) == 3, calls  # the groups, their members, the total
    part = await scim.get("/Groups", startIndex=2, count=2)
    assert _listed(part) == {group: one_by_one[group] for group in sorted(one_by_one)[1:3]}
    scanned = await scim.get("/Groups", filter="members pr")
    assert _listed(scanned) == {group: members for group, members in one_by_one.items() if members}


def _members(answer: ScimResponse) -> list[str]:
    return [member["value"] for member in answer.body.get("members", [])]
