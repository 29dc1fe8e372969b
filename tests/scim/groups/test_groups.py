"""The Groups endpoint (RFC 7643 section 4.2) as Entra uses it."""

import asyncio
from typing import Any

import pytest

from local.counting_tables import CountingTables
from scim import resource_rows
from tests.scim.client import GROUP, ScimClient


async def _members(scim: ScimClient, group_id: str) -> set[str]:
    body = (await scim.get(f"/Groups/{group_id}")).body
    return {member["value"] for member in body.get("members", [])}


@pytest.mark.clause("entra/groups")
async def test_entra_creates_a_group_without_members(scim: ScimClient) -> None:
    """Microsoft Learn, "Develop a SCIM endpoint": Entra's unknown schema URI is accepted; 201 with
    id and meta.
    """
    answer = await scim.post(
        "/Groups",
        {
            "schemas": [
                GROUP,
                "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group",
            ],
            "externalId": "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159",
            "displayName": "Sales",
            "meta": {"resourceType": "Group"},
        },
    )
    assert answer.status == 201
    assert answer.body["schemas"] == [GROUP]
    assert answer.headers["location"] == answer.body["meta"]["location"]


@pytest.mark.clause("7644/3.3-409", "ipsie/group-name")
async def test_a_display_name_is_unique_in_any_case(scim: ScimClient) -> None:
    """Entra matches groups by displayName, so it is unique: the 409 names the group that has it."""
    first = await scim.group("Sales")
    again = await scim.group("SALES")
    assert (again.status, again.body["scimType"]) == (409, "uniqueness")
    assert first.id in again.body["detail"]


@pytest.mark.clause("7643/4.2")
async def test_a_member_has_value_reference_and_type(scim: ScimClient) -> None:
    """RFC 7643 section 4.2: `$ref` is the URI of the user or group. A group needs a displayName."""
    user, inner = await scim.user(), await scim.group("Inner")
    group = await scim.group("Outer", user.id, inner.id)
    found = (await scim.get(f"/Groups/{group.id}")).body
    assert found["displayName"] == "Outer"
    members = {member["value"]: (member["$ref"], member["type"]) for member in found["members"]}
    assert members == {
        user.id: (user.body["meta"]["location"], "User"),
        inner.id: (inner.body["meta"]["location"], "Group"),
    }
    assert (await scim.post("/Groups", {"externalId": "1"})).body["scimType"] == "invalidValue"


@pytest.mark.clause("7643/4.1.2-groups")
async def test_a_member_is_added_and_seen_from_both_sides(scim: ScimClient) -> None:
    """RFC 7643 section 4.1.2: a user's `groups` are the direct memberships, read-only."""
    user, group = await scim.user(), await scim.group()
    operation = {"op": "Add", "path": "members", "value": [{"$ref": None, "value": user.id}]}
    assert (await scim.patch(f"/Groups/{group.id}", operation)).status == 204
    assert await _members(scim, group.id) == {user.id}
    seen = (await scim.get(f"/Users/{user.id}")).body["groups"]
    assert [(entry["value"], entry["type"]) for entry in seen] == [(group.id, "direct")]


@pytest.mark.clause("entra/groups")
async def test_adding_a_member_again_changes_nothing(scim: ScimClient) -> None:
    """Adding a member again succeeds (simpleidserver issue 245) and keeps the group's version."""
    user = await scim.user()
    group = await scim.group("Sales", user.id)
    await scim.patch(
        f"/Groups/{group.id}", {"op": "add", "path": "members", "value": [{"value": user.id}]}
    )
    assert (await scim.get(f"/Groups/{group.id}")).headers["etag"] == group.headers["etag"]


@pytest.mark.clause("7644/3.5.2.2-filter")
@pytest.mark.parametrize("shape", ["list", "path", "pathless"])
async def test_only_the_named_member_is_removed(scim: ScimClient, shape: str) -> None:
    """No form of Entra's removal empties a group, as RFC 7644 section 3.5.2.2 read literally
    would.
    """
    kept, gone = await scim.user("kept@example.com"), await scim.user("gone@example.com")
    group = await scim.group("Sales", kept.id, gone.id)
    shapes: dict[str, dict[str, Any]] = {
        "list": {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": gone.id}]},
        "path": {"op": "remove", "path": f'members[value eq "{gone.id}"]'},
        "pathless": {"op": "replace", "value": {"members": [{"value": kept.id}]}},
    }
    assert (await scim.patch(f"/Groups/{group.id}", shapes[shape])).status == 204
    assert await _members(scim, group.id) == {kept.id}
    assert "groups" not in (await scim.get(f"/Users/{gone.id}")).body


@pytest.mark.parametrize("attribute", ["displayName", "externalId"])
async def test_replacing_a_name_keeps_the_members(scim: ScimClient, attribute: str) -> None:
    """langwatch issue 7136: replacing the externalId emptied a group."""
    user = await scim.user()
    group = await scim.group("Sales", user.id)
    await scim.patch(f"/Groups/{group.id}", {"op": "Replace", "path": attribute, "value": "Other"})
    assert (await scim.get(f"/Groups/{group.id}")).body[attribute] == "Other"
    assert await _members(scim, group.id) == {user.id}


@pytest.mark.clause("entra/group-answer")
async def test_members_can_be_left_out(scim: ScimClient, tables: CountingTables) -> None:
    """Entra reads groups with excludedAttributes=members: the rows of members aren't read."""
    user = await scim.user()
    group = await scim.group("Sales", user.id)
    with tables.measured() as calls:
        answer = await scim.get(f"/Groups/{group.id}", excludedAttributes="members")
    assert "members" not in answer.body
    assert len(calls) == 1


@pytest.mark.clause("ipsie/group-filters")
async def test_a_filter_by_name_finds_in_any_case(scim: ScimClient) -> None:
    """RFC 7643 section 2.2: displayName isn't caseExact. The SCIM Validator filters groups in
    another case.
    """
    group = await scim.group("Sales")
    found = await scim.get("/Groups", excludedAttributes="members", filter='displayName eq "sALES"')
    assert [entry["id"] for entry in found.resources] == [group.id]


@pytest.mark.clause("ipsie/schema")
async def test_a_group_is_found_by_its_current_external_id(scim: ScimClient) -> None:
    """Entra may match groups by externalId and changes it; the old value matches nothing."""
    group = await scim.post("/Groups", {"displayName": "Sales", "externalId": "one"})
    await scim.patch(f"/Groups/{group.id}", {"op": "Replace", "path": "externalId", "value": "two"})
    for value, ids in (("one", []), ("two", [group.id])):
        found = await scim.get("/Groups", filter=f'externalId eq "{value}"')
        assert [entry["id"] for entry in found.resources] == ids


async def test_a_304_needs_excluded_members(scim: ScimClient) -> None:
    """Deleting a user changes a group's members but not its version, so a response with members is
    always sent.
    """
    group = await scim.group()
    tag = {"if-none-match": group.headers["etag"]}
    assert (await scim.call("GET", f"/Groups/{group.id}", headers=tag)).status == 200
    assert (
        await scim.call("GET", f"/Groups/{group.id}", headers=tag, excludedAttributes="members")
    ).status == 304


@pytest.mark.clause("ipsie/group-filters")
async def test_groups_of_a_member_are_found(scim: ScimClient) -> None:
    """The filter `members.value eq "…"` reads only the rows of that member."""
    user = await scim.user()
    inside = await scim.group("In", user.id)
    await scim.group("Out")
    found = await scim.get("/Groups", filter=f'members.value eq "{user.id}"')
    assert [entry["id"] for entry in found.resources] == [inside.id]


@pytest.mark.clause("7644/3.6")
async def test_a_deleted_user_leaves_its_groups(scim: ScimClient) -> None:
    """Deleting a user removes it from the members of every group."""
    user = await scim.user()
    group = await scim.group("Sales", user.id)
    await scim.delete(f"/Users/{user.id}")
    assert await _members(scim, group.id) == set()


async def test_a_deleted_group_leaves_its_members(scim: ScimClient) -> None:
    """Deleting a group with many members removes all rows of its memberships."""
    people = [(await scim.user(f"p{n}@example.com")).id for n in range(70)]
    group = await scim.group("Sales", *people)
    assert (await scim.delete(f"/Groups/{group.id}")).status == 204
    assert (await scim.get(f"/Groups/{group.id}")).status == 404
    assert "groups" not in (await scim.get(f"/Users/{people[0]}")).body
    assert (await scim.group("Sales")).status == 201


async def test_a_person_in_many_groups_can_be_deleted(
    scim: ScimClient, tables: CountingTables
) -> None:
    """If the memberships exceed one transaction, several transactions remove all of them."""
    user = await scim.user()
    for number in range(60):
        await scim.group(f"G{number}", user.id)
    assert (await scim.delete(f"/Users/{user.id}")).status == 204
    rows = await tables.query(
        "contacts", scim.directory_id, "member|", "member|\ufffd", keys_only=True
    )
    assert rows == []


async def test_members_and_groups_beyond_one_query_are_all_seen(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Storage returns at most 1,000 rows per query (here 3); the rest is queried too."""
    people = sorted([(await scim.user(f"p{n}@example.com")).id for n in range(7)])
    groups = [(await scim.group(f"g{n}", *people)).id for n in range(7)]
    monkeypatch.setattr(resource_rows, "MAX_QUERY_ROWS", 3)
    assert await _members(scim, groups[0]) == set(people)
    assert {
        entry["value"] for entry in (await scim.get(f"/Users/{people[0]}")).body["groups"]
    } == set(groups)
    found = await scim.get("/Groups", filter=f'members.value eq "{people[0]}"')
    assert {entry["id"] for entry in found.resources} == set(groups)
    assert [user["id"] for user in (await scim.get("/Users", count=5)).resources] == people[:5]
    assert (await scim.get("/Users", startIndex=6)).resources[0]["id"] == people[5]


async def test_an_unknown_member_is_refused_by_name(scim: ScimClient) -> None:
    """400 invalidValue names the id and the remedy, and the group doesn't change."""
    group = await scim.group()
    answer = await scim.patch(
        f"/Groups/{group.id}", {"op": "add", "path": "members", "value": [{"value": "nobody"}]}
    )
    assert (answer.status, answer.body["scimType"]) == (400, "invalidValue")
    assert "nobody" in answer.body["detail"]
    assert (await scim.get(f"/Groups/{group.id}")).headers["etag"] == group.headers["etag"]


async def test_a_group_can_be_in_a_group_but_not_in_itself(scim: ScimClient) -> None:
    """RFC 7643 section 4.2: members are users or groups."""
    inner = await scim.group("Inner")
    outer = await scim.group("Outer", inner.id)
    assert (await scim.get(f"/Groups/{outer.id}")).body["members"][0]["type"] == "Group"
    own = await scim.patch(
        f"/Groups/{inner.id}", {"op": "add", "path": "members", "value": [{"value": inner.id}]}
    )
    assert own.status == 400
    await scim.delete(f"/Groups/{inner.id}")
    assert await _members(scim, outer.id) == set()


async def test_concurrent_additions_are_all_kept(scim: ScimClient) -> None:
    """If another connection changed the group after it was read, it is read again."""
    people = [(await scim.user(f"p{n}@example.com")).id for n in range(4)]
    group = await scim.group()
    added = [
        scim.patch(
            f"/Groups/{group.id}", {"op": "add", "path": "members", "value": [{"value": each}]}
        )
        for each in people
    ]
    assert {answer.status for answer in await asyncio.gather(*added)} == {204}
    assert await _members(scim, group.id) == set(people)


async def test_a_person_deleted_while_being_added_is_no_member(scim: ScimClient) -> None:
    """Whichever request is stored first, a deleted user has no membership."""
    user, group = await scim.user(), await scim.group()
    add = scim.patch(
        f"/Groups/{group.id}", {"op": "add", "path": "members", "value": [{"value": user.id}]}
    )
    await asyncio.gather(add, scim.delete(f"/Users/{user.id}"))
    assert await _members(scim, group.id) == set()


@pytest.mark.parametrize("size", [5, pytest.param(2_000, marks=pytest.mark.slow)])
async def test_adding_one_member_costs_the_same_in_any_group(
    scim: ScimClient, tables: CountingTables, size: int
) -> None:
    """Each member is a row: adding one never reads or writes the whole group."""
    group = await scim.group("Sales", *await _people(scim, size))
    one = await scim.user("one@example.com")
    with tables.measured() as calls:
        await scim.patch(
            f"/Groups/{group.id}", {"op": "add", "path": "members", "value": [{"value": one.id}]}
        )
    assert len(calls) == 4, calls
    with tables.measured() as calls:
        await scim.patch(
            f"/Groups/{group.id}", {"op": "remove", "path": f'members[value eq "{one.id}"]'}
        )
    assert len(calls) == 3, calls


async def _people(scim: ScimClient, size: int) -> list[str]:
    """Create this many users with bulk requests of at most 1,000 operations, and return their
    ids.
    """
    ids: list[str] = []
    for start in range(0, size, 1000):
        operations = [
            {
                "method": "POST",
                "path": "/Users",
                "bulkId": str(n),
                "data": {"userName": f"m{n}@example.com"},
            }
            for n in range(start, min(size, start + 1000))
        ]
        made = await scim.post("/Bulk", {"Operations": operations})
        ids += [each["location"].rpartition("/")[2] for each in made.body["Operations"]]
    return ids
