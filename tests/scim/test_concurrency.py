"""Concurrent requests on one resource, and failures between transactions: no change is lost or half
stored.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from local.counting_tables import CountingTables
from shared.tables.port import Operation, PreconditionFailed, StorageUnavailable
from tests.scim.client import ScimClient, ScimResponse, patch_body


async def _people(scim: ScimClient, count: int) -> list[str]:
    return [(await scim.user(f"person{number}@example.com")).id for number in range(count)]


def _add(group_id: str, scim: ScimClient, *ids: str) -> Any:
    return scim.patch(
        f"/Groups/{group_id}",
        {"op": "add", "path": "members", "value": [{"value": each} for each in ids]},
    )


async def _memberships(scim: ScimClient, tables: CountingTables) -> set[str]:
    """Return the keys of all rows of memberships, the group's and the user's."""
    rows = await tables.query("contacts", scim.directory_id, "", "\ufffd", keys_only=True)
    keys = [row.key for row in rows]
    return {
        key
        for key in keys
        if key.startswith("member|") or (key.startswith("user|") and key.count("|") == 2)
    }


class _Failing:
    """Makes the transaction number `at` on `contacts` fail; it is stored anyway if `stored` is
    True.
    """

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
    """Return storage that can be told to fail one of the next transactions."""
    return _Failing(tables, monkeypatch)


@pytest.mark.parametrize("writers", [8, 32])
async def test_every_writer_of_one_user_succeeds(
    scim: ScimClient, tables: CountingTables, writers: int
) -> None:
    """Concurrent changes of one user are all stored; each costs one read and one transaction,
    because none is retried.
    """
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
    """Entra adds the members of a group over many connections, one per request."""
    people, group = await _people(scim, 32), await scim.group()
    answers = await asyncio.gather(*(_add(group.id, scim, each) for each in people))
    assert {answer.status for answer in answers} == {204}
    assert len((await scim.get(f"/Groups/{group.id}")).body["members"]) == 32


async def test_people_and_groups_change_at_once(scim: ScimClient) -> None:
    """Users join several groups while other requests change the same users."""
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
    """Joining rewrites the user's record, and a transaction holds 4 MiB."""
    people = [(await scim.user(f"person{n}", profileUrl="ä" * 30_000)).id for n in range(30)]
    group = await scim.group("Sales", *people)
    assert group.status == 201
    assert len((await scim.get(f"/Groups/{group.id}")).body["members"]) == 30


async def test_a_refused_group_of_many_leaves_no_membership(
    scim: ScimClient, tables: CountingTables
) -> None:
    """A POST whose displayName exists gets 409; no member is stored, although they need several
    transactions.
    """
    people = await _people(scim, 70)
    await scim.group("Sales")
    assert (await scim.group("Sales", *people)).status == 409
    assert await _memberships(scim, tables) == set()


@pytest.mark.parametrize("at", [1, 2, 3])
async def test_a_large_group_is_complete_when_its_creation_is_repeated(
    scim: ScimClient, failing: _Failing, at: int
) -> None:
    """After a 503 Entra finds the group or creates it, and adds all members again."""
    people = await _people(scim, 70)
    failing.at = at
    assert (await scim.group("Sales", *people)).status == 503
    failing.at = None
    found = (await scim.get("/Groups", filter='displayName eq "Sales"')).resources
    group_id = found[0]["id"] if found else (await scim.group("Sales")).id
    assert (await _add(group_id, scim, *people)).status == 204
    users = (await scim.get("/Users", count=100)).resources
    assert {tuple(entry["value"] for entry in user["groups"]) for user in users} == {(group_id,)}


async def test_a_large_post_continues_after_another_instances_change(
    scim: ScimClient, failing: _Failing
) -> None:
    """Another instance changes a member between two transactions of the POST: the rest is read
    again.
    """
    people = await _people(scim, 70)
    failing.at, failing.error = 2, PreconditionFailed("user|x")
    group = await scim.group("Sales", *people)
    assert group.status == 201
    assert len((await scim.get(f"/Groups/{group.id}")).body["members"]) == 70


async def test_a_group_deleted_while_many_join_keeps_no_member(
    scim: ScimClient, tables: CountingTables
) -> None:
    """Every transaction of a large change includes the group's row, so it fails after the
    deletion.
    """
    people, group = await _people(scim, 70), await scim.group()
    deleting = ScimClient(scim.host, scim.app, scim.directory_id, scim.token)
    await asyncio.gather(_add(group.id, scim, *people), deleting.delete(f"/Groups/{group.id}"))
    assert (await scim.get(f"/Groups/{group.id}")).status == 404
    assert await _memberships(scim, tables) == set()


async def test_a_large_group_deleted_by_another_instance_keeps_no_member(
    scim: ScimClient, tables: CountingTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deletion occurs between two transactions; the write locks of this instance don't prevent
    it.
    """
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
    """Delete the rows of the group and its memberships, as another instance does."""
    from shared.tables.port import Delete

    operations: list[Operation] = [Delete(f"group|{group_id}"), Delete("gname|sales")]
    for key in members:
        operations += [Delete(key), Delete(f"user|{key.rpartition('|')[2]}|{group_id}")]
    await tables.transact("contacts", partition, operations)


@pytest.mark.parametrize("stored", [False, True])
async def test_a_request_repeated_after_a_503_has_the_right_result(
    scim: ScimClient, failing: _Failing, stored: bool
) -> None:
    """503 with Retry-After if storage fails; the repetition is right whether or not the first was
    stored.
    """
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
    """Calls `other`, another writer, just before the transaction number `at` on `contacts`."""

    def __init__(self, inner: CountingTables, monkeypatch: pytest.MonkeyPatch) -> None:
        self._transact = inner.transact
        self.number, self.at = 0, 0
        self.other: Callable[[], Awaitable[ScimResponse]] | None = None
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
    """Return a function that awaits a request without this instance's write locks, as another
    instance would.
    """
    from scim.write_lock import WriteLocks

    locks = scim.app.state(WriteLocks)

    async def unlocked(use: Awaitable[ScimResponse]) -> ScimResponse:
        kept, locks_of = locks._locks, dict(locks._locks)
        locks._locks.clear()
        try:
            return await use
        finally:
            kept.update(locks_of)

    return unlocked


@pytest.mark.parametrize("at", [2, 4])
async def test_a_large_patch_checks_if_match_once(
    scim: ScimClient, tables: CountingTables, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """RFC 7644 section 3.5.2: a PATCH is atomic. If-Match is checked before the first transaction;
    a later change by another writer doesn't stop the rest.
    """
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


async def test_a_large_patch_skips_a_user_deleted_in_the_middle(
    scim: ScimClient, tables: CountingTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether members exist is checked before the first transaction; after it, all others are
    added.
    """
    people, group = await _people(scim, 120), await scim.group()
    engine = _Interrupted(tables, monkeypatch)
    engine.other, engine.at = lambda: scim.delete(f"/Users/{people[-1]}"), 2
    assert (await _add(group.id, scim, *people)).status == 204
    found = {one["value"] for one in (await scim.get(f"/Groups/{group.id}")).body["members"]}
    assert found == set(people[:-1])


async def test_a_member_who_left_in_the_middle_does_not_come_back(
    scim: ScimClient, tables: CountingTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If another client removes a member that this PATCH has already stored, the member stays
    removed.
    """
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
    """If-Match applies until the first transaction; the only one of an empty group fails with
    412.
    """
    group = await scim.group()
    unlocked, engine = _elsewhere(scim), _Interrupted(tables, monkeypatch)
    rename = {"op": "replace", "path": "displayName", "value": "Other"}
    engine.other, engine.at = lambda: unlocked(scim.patch(f"/Groups/{group.id}", rename)), 1
    answer = await scim.call(
        "DELETE", f"/Groups/{group.id}", headers={"if-match": group.headers["etag"]}
    )
    assert answer.status == 412
