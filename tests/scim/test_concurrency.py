"""Many connections on one resource, failures in the middle: nothing is lost, nothing half done stays behind."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from local.counting_tables import CountingTables
from shared.tables.port import Operation, PreconditionFailed, StorageUnavailable
from tests.scim.client import ScimClient


async def _people(scim: ScimClient, count: int) -> list[str]:
    return [(await scim.user(f"person{number}@example.com")).id for number in range(count)]


def _add(group_id: str, scim: ScimClient, *ids: str) -> Any:
    return scim.patch(
        f"/Groups/{group_id}",
        {"op": "add", "path": "members", "value": [{"value": each} for each in ids]},
    )


async def _memberships(scim: ScimClient, tables: CountingTables) -> set[str]:
    """The keys of every row that stands for a membership, from either side."""
    rows = await tables.query("contacts", scim.directory_id, "", "\ufffd", keys_only=True)
    keys = [row.key for row in rows]
    return {
        key
        for key in keys
        if key.startswith("member|") or (key.startswith("user|") and key.count("|") == 2)
    }


class _Failing:
    """An engine whose transactions go wrong as a test says: `before` or `after` they are stored."""

    def __init__(self, inner: CountingTables, monkeypatch: pytest.MonkeyPatch) -> None:
        self._transact = inner.transact
        self.error: Exception = StorageUnavailable("gone")
        self.number = 0
        self.at: int | None = None
        self.stored = False
        monkeypatch.setattr(inner, "transact", self.transact)

    async def transact(
        self, table: str, partition: str, operations: Sequence[Operation]
    ) -> list[str]:
        if table != "contacts" or self.at is None:
            return await self._transact(table, partition, operations)
        self.number += 1
        if self.number != self.at:
            return await self._transact(table, partition, operations)
        if self.stored:
            await self._transact(table, partition, operations)
        raise self.error


@pytest.fixture
def failing(tables: CountingTables, monkeypatch: pytest.MonkeyPatch) -> _Failing:
    """Makes one of the next transactions fail."""
    return _Failing(tables, monkeypatch)


@pytest.mark.parametrize("writers", [8, 32])
async def test_every_writer_of_one_user_succeeds(
    scim: ScimClient, tables: CountingTables, writers: int
) -> None:
    """However many connections change one person at once, each change is made, none in vain and begun again."""
    user = await scim.user()
    await scim.app.background.drain()
    changes = [
        scim.patch(
            f"/Users/{user.id}",
            {"op": "add", "path": "emails", "value": [{"value": f"{n}@example.com"}]},
        )
        for n in range(writers)
    ]
    with tables.measured() as calls:
        answers = await asyncio.gather(*changes)
    assert {answer.status for answer in answers} == {200}
    assert len(calls) == 2 * writers
    assert len((await scim.get(f"/Users/{user.id}")).body["emails"]) == writers


async def test_every_writer_of_one_group_succeeds(scim: ScimClient) -> None:
    """Entra fills a group on many connections, one member a request."""
    people, group = await _people(scim, 32), await scim.group()
    answers = await asyncio.gather(*(_add(group.id, scim, each) for each in people))
    assert {answer.status for answer in answers} == {204}
    assert len((await scim.get(f"/Groups/{group.id}")).body["members"]) == 32


async def test_people_and_groups_change_at_once(scim: ScimClient) -> None:
    """The same people join several groups while they are changed themselves."""
    people = await _people(scim, 8)
    groups = [(await scim.group(f"g{n}")).id for n in range(4)]
    title = {"op": "add", "path": "title", "value": "X"}
    answers = await asyncio.gather(
        *(_add(group, scim, each) for each in people for group in groups),
        *(scim.patch(f"/Users/{each}", title) for each in people),
    )
    assert {answer.status for answer in answers} <= {200, 204}
    for user in (await scim.get("/Users")).resources:
        assert (user["title"], {entry["value"] for entry in user["groups"]}) == ("X", set(groups))


async def test_people_with_long_records_join_in_smaller_transactions(scim: ScimClient) -> None:
    """A member's record is written again as it joins, and a transaction has 4 MiB."""
    people = [(await scim.user(f"person{n}", profileUrl="ä" * 30_000)).id for n in range(30)]
    group = await scim.group("Sales", *people)
    assert group.status == 201
    assert len((await scim.get(f"/Groups/{group.id}")).body["members"]) == 30


async def test_a_refused_group_of_many_leaves_no_membership(
    scim: ScimClient, tables: CountingTables
) -> None:
    """POST with more members than a transaction holds and a name that is taken: 409, and nobody is in it."""
    people = await _people(scim, 70)
    await scim.group("Sales")
    assert (await scim.group("Sales", *people)).status == 409
    assert await _memberships(scim, tables) == set()


@pytest.mark.parametrize("at", [1, 2, 3])
async def test_a_group_of_many_whose_storage_fails_is_whole_after_a_repetition(
    scim: ScimClient, failing: _Failing, at: int
) -> None:
    """503, then Entra finds the group or creates it, and adds the members again; no row belongs to nobody."""
    people = await _people(scim, 70)
    failing.at = at
    assert (await scim.group("Sales", *people)).status == 503
    failing.at = None
    found = (await scim.get("/Groups", filter='displayName eq "Sales"')).resources
    group_id = found[0]["id"] if found else (await scim.group("Sales")).id
    assert (await _add(group_id, scim, *people)).status == 204
    users = (await scim.get("/Users", count=100)).resources
    assert {tuple(entry["value"] for entry in user["groups"]) for user in users} == {(group_id,)}


async def test_a_writer_elsewhere_in_the_middle_of_a_large_group_is_survived(
    scim: ScimClient, failing: _Failing
) -> None:
    """Another instance changes a member between two transactions of a POST: the rest is read again."""
    people = await _people(scim, 70)
    failing.at, failing.error = 2, PreconditionFailed("user|x")
    group = await scim.group("Sales", *people)
    assert group.status == 201
    assert len((await scim.get(f"/Groups/{group.id}")).body["members"]) == 70


async def test_a_group_deleted_while_many_join_keeps_no_member(
    scim: ScimClient, tables: CountingTables
) -> None:
    """Every transaction of a large change touches the group: nobody joins one that is gone."""
    people, group = await _people(scim, 70), await scim.group()
    deleting = ScimClient(scim.host, scim.app, scim.directory_id, scim.token)
    await asyncio.gather(_add(group.id, scim, *people), deleting.delete(f"/Groups/{group.id}"))
    assert (await scim.get(f"/Groups/{group.id}")).status == 404
    assert await _memberships(scim, tables) == set()


async def test_a_large_group_is_deleted_elsewhere_between_two_transactions(
    scim: ScimClient, tables: CountingTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As above, on another instance, which knows nothing of this one's turns."""
    people, group = await _people(scim, 70), await scim.group()
    transact, seen = tables.transact, 0

    async def interrupted(table: str, partition: str, operations: Sequence[Operation]) -> list[str]:
        nonlocal seen
        seen += table == "contacts"
        if seen == 2:
            monkeypatch.setattr(tables, "transact", transact)
            row = await tables.query(
                "contacts", partition, f"group|{group.id}", f"group|{group.id}|"
            )
            present = await tables.query(
                "contacts", partition, f"member|{group.id}|", f"member|{group.id}|\ufffd"
            )
            assert row
            await _remove_rows(tables, partition, group.id, [each.key for each in present])
        return await transact(table, partition, operations)

    monkeypatch.setattr(tables, "transact", interrupted)
    assert (await _add(group.id, scim, *people)).status == 404
    assert await _memberships(scim, tables) == set()


async def _remove_rows(
    tables: CountingTables, partition: str, group_id: str, members: list[str]
) -> None:
    """What another instance does to delete a group."""
    from shared.tables.port import Delete

    operations: list[Operation] = [Delete(f"group|{group_id}"), Delete("gname|sales")]
    for key in members:
        operations += [Delete(key), Delete(f"user|{key.rpartition('|')[2]}|{group_id}")]
    await tables.transact("contacts", partition, operations)


@pytest.mark.parametrize("stored", [False, True])
async def test_a_repeated_request_is_right_whether_the_first_was_stored(
    scim: ScimClient, failing: _Failing, stored: bool
) -> None:
    """Storage did not answer: 503 with Retry-After; repeated, each request ends where it should."""
    failing.at, failing.stored = 1, stored
    lost = await scim.user()
    assert (lost.status, lost.headers["retry-after"]) == (503, "5")
    again = await scim.user()
    assert again.status == (409 if stored else 201)
    user = (await scim.get("/Users", filter='userName eq "anna@example.com"')).resources[0]
    for method, body, first, second in (
        ("PATCH", {"Operations": [{"op": "add", "path": "title", "value": "X"}]}, 200, 200),
        ("PUT", {"userName": "anna@example.com", "title": "Y"}, 200, 200),
        ("DELETE", None, 204, 404),
    ):
        failing.number = 0
        assert (await scim.call(method, f"/Users/{user['id']}", body)).status == 503
        assert (await scim.call(method, f"/Users/{user['id']}", body)).status == (
            second if stored else first
        )
