"""Many connections on one resource, failures in the middle: nothing is lost, nothing is left half
done.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from local.counting_tables import CountingTables
from shared.tables.port import Operation, PreconditionFailed, StorageUnavailable
from tests.scim.client import Answer, ScimClient, patch_body


async def _people(scim: ScimClient, count: int) -> list[str]:
    return [(await scim.user(f"person{number}@example.com")).id for number in range(count)]


def _add(group_id: str, scim: ScimClient, *ids: str) -> Any:
    return scim.patch(
        f"/Groups/{group_id}",
        {"op": "add", "path": "members", "value": [{"value": each} for each in ids]},
    )


async def _memberships(scim: ScimClient, tables: CountingTables) -> set[str]:
    """Return the keys of every row that represents a membership, from either side."""
    rows = await tables.query("contacts", scim.directory_id, "", "\ufffd", keys_only=True)
    keys = [row.key for row in rows]
    return {
        key
        for key in keys
        if key.startswith("member|") or (key.startswith("user|") and key.count("|") == 2)
    }


class _Failing:
    """An engine whose transactions fail on demand: `before` or `after` they are stored."""

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
    """POST with more members than a transaction holds and a name that is taken: 409, and no member
    is stored.
    """
    people = await _people(scim, 70)
    await scim.group("Sales")
    assert (await scim.group("Sales", *people)).status == 409
    assert await _memberships(scim, tables) == set()


@pytest.mark.parametrize("at", [1, 2, 3])
async def test_a_group_of_many_whose_storage_fails_is_whole_after_a_repetition(
    scim: ScimClient, failing: _Failing, at: int
) -> None:
    """503, then Entra finds the group or creates it, and adds the members again; every row has its
    member.
    """
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
    """Every transaction of a large change touches the group: a deleted group gets no member."""
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
    """Do the same as another instance that deletes a group."""
    from shared.tables.port import Delete

    operations: list[Operation] = [Delete(f"group|{group_id}"), Delete("gname|sales")]
    for key in members:
        operations += [Delete(key), Delete(f"user|{key.rpartition('|')[2]}|{group_id}")]
    await tables.transact("contacts", partition, operations)


@pytest.mark.parametrize("stored", [False, True])
async def test_a_repeated_request_is_right_whether_the_first_was_stored(
    scim: ScimClient, failing: _Failing, stored: bool
) -> None:
    """Storage did not answer: 503 with Retry-After; repeated, each request has its proper result."""
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


class _Interrupted:
    """An engine that lets another writer do something just before the transaction `at`."""

    def __init__(self, inner: CountingTables, monkeypatch: pytest.MonkeyPatch) -> None:
        self._transact = inner.transact
        self.number, self.at = 0, 0
        self.other: Callable[[], Awaitable[Answer]] | None = None
        monkeypatch.setattr(inner, "transact", self.transact)

    async def transact(
        self, table: str, partition: str, operations: Sequence[Operation]
    ) -> list[str]:
        if table == "contacts" and self.other is not None:
            self.number += 1
            if self.number == self.at:
                other, self.other = self.other, None
                assert (await other()).status < 300
        return await self._transact(table, partition, operations)


def _elsewhere(scim: ScimClient) -> Any:
    """The write locks of another instance: on one instance, writers of a group take turns."""
    from scim.write_lock import WriteLocks

    locks = scim.app.state(WriteLocks)

    async def unlocked(use: Awaitable[Answer]) -> Answer:
        kept, locks_of = locks._locks, dict(locks._locks)
        locks._locks.clear()
        try:
            return await use
        finally:
            kept.update(locks_of)

    return unlocked


@pytest.mark.parametrize("at", [2, 4])
async def test_a_large_patch_is_all_or_nothing_despite_if_match(
    scim: ScimClient, tables: CountingTables, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """RFC 7644 section 3.5.2. If-Match is judged before the first transaction; another writer changes the group after it."""
    people, group = await _people(scim, 121), await scim.group()
    unlocked, engine = _elsewhere(scim), _Interrupted(tables, monkeypatch)
    engine.other, engine.at = lambda: unlocked(_add(group.id, scim, people[-1])), at
    value = [{"value": each} for each in people[:-1]]
    answer = await scim.call(
        "PATCH",
        f"/Groups/{group.id}",
        patch_body({"op": "add", "path": "members", "value": value}),
        headers={"if-match": group.headers["etag"]},
    )
    assert answer.status == 204
    assert engine.number >= at
    assert len((await scim.get(f"/Groups/{group.id}")).body["members"]) == 121


async def test_a_large_patch_leaves_out_who_is_deleted_in_the_middle(
    scim: ScimClient, tables: CountingTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Existence is judged before the first transaction; the change that has begun is carried out for all others."""
    people, group = await _people(scim, 120), await scim.group()
    engine = _Interrupted(tables, monkeypatch)
    engine.other, engine.at = lambda: scim.delete(f"/Users/{people[-1]}"), 2
    assert (await _add(group.id, scim, *people)).status == 204
    found = {one["value"] for one in (await scim.get(f"/Groups/{group.id}")).body["members"]}
    assert found == set(people[:-1])


async def test_a_member_who_left_in_the_middle_does_not_come_back(
    scim: ScimClient, tables: CountingTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A member that another client removed after this PATCH had stored it stays removed."""
    people, group = await _people(scim, 120), await scim.group()
    unlocked, engine = _elsewhere(scim), _Interrupted(tables, monkeypatch)
    leave = {"op": "remove", "path": f'members[value eq "{people[0]}"]'}
    engine.other, engine.at = lambda: unlocked(scim.patch(f"/Groups/{group.id}", leave)), 2
    assert (await _add(group.id, scim, *people)).status == 204
    found = {one["value"] for one in (await scim.get(f"/Groups/{group.id}")).body["members"]}
    assert found == set(people[1:])


async def test_a_delete_with_an_old_etag_is_refused_after_another_writer(
    scim: ScimClient, tables: CountingTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If-Match counts until the deletion has stored something: a group without members is deleted in one step."""
    group = await scim.group()
    unlocked, engine = _elsewhere(scim), _Interrupted(tables, monkeypatch)
    rename = {"op": "replace", "path": "displayName", "value": "Other"}
    engine.other, engine.at = lambda: unlocked(scim.patch(f"/Groups/{group.id}", rename)), 1
    answer = await scim.call(
        "DELETE", f"/Groups/{group.id}", headers={"if-match": group.headers["etag"]}
    )
    assert answer.status == 412
