"""The reindex (`scim.reindex`) with concurrent writers, damaged records and other directories."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
import pytest

from contacts import number_lookup
from directories import maintenance, reindex_progress, service, store
from directories.audit import operator_actor
from local.check import check
from local.counting_tables import CountingTables
from local.host.host import Host
from scim import reindex
from scim.users import models as user_record
from scim.users.models import UserRecord
from shared.app import App
from shared.tables.port import Delete, Operation, Replace, Upsert
from shared.tables.schema.contacts import USER
from tests.clock import FixedClock
from tests.scim.client import ScimClient
from tests.scim.conftest import ACCOUNT, client_of

Scim = ScimClient


@pytest.fixture
async def contoso(host: Host, app: App) -> ScimClient:
    """Return a client of a directory that is in the list of all directories."""
    return await client_of(host, app, "contoso")


async def stored(app: App, identifier: str) -> UserRecord:
    """Return the user's record."""
    row = await app.tables.get("contacts", "contoso", USER.key(identifier))
    assert row
    return user_record.decode(identifier, row.value)


async def outdate(app: App, identifier: str, **fields: Any) -> None:
    """Store the record again as if it had been indexed by older rules."""
    record = replace(await stored(app, identifier), index_version=1, index_region="", **fields)
    operation = Upsert(USER.key(identifier), user_record.encode(record))
    await app.tables.transact("contacts", "contoso", [operation])


async def faults(app: App) -> list[str]:
    """Return the faults that the `check` command finds."""
    directory = await store.get(app.tables, "contoso")
    assert directory
    found = await check(app, directory)
    assert found.to_reindex == 0
    return found.faults


@dataclass(slots=True)
class Interrupted:
    """Tables that call `before` just before the first transaction that replaces a user."""

    tables: Any
    before: Callable[[], Awaitable[object]] | None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.tables, name)

    async def transact(
        self, table: str, partition: str, operations: Sequence[Operation]
    ) -> list[str]:
        if table == "contacts" and isinstance(operations[0], Replace) and self.before:
            before, self.before = self.before, None
            await before()
        found: list[str] = await self.tables.transact(table, partition, operations)
        return found


@pytest.mark.parametrize("act", ["change", "delete"])
async def test_writer_that_came_in_between_wins(app: App, contoso: Scim, act: str) -> None:
    """A user that a client changes or deletes while its rows are rewritten stays as the client left
    it.
    """
    first, second = [(await contoso.user(f"{name}@example.com")).id for name in ("anna", "ben")]
    for identifier in (first, second):
        await outdate(app, identifier)

    async def interrupt() -> object:
        if act == "delete":
            return await contoso.delete(f"/Users/{first}")
        change = {"op": "replace", "path": "displayName", "value": "Anna Newname"}
        return await contoso.patch(f"/Users/{first}", change)

    await reindex.run(replace(app, tables=Interrupted(app.tables, interrupt)), 3600.0)
    answer = await contoso.get(f"/Users/{first}")
    assert answer.status == (404 if act == "delete" else 200)
    assert act == "delete" or answer.body["displayName"] == "Anna Newname"
    assert await faults(app) == []


async def test_missing_rows_are_written_again(app: App, contoso: Scim) -> None:
    """An index row that the record lists but that is missing doesn't stop the reindex."""
    identifier = (await contoso.user(displayName="Anna Miller")).id
    await outdate(app, identifier)
    (row, *_) = await app.tables.query("contacts", "contoso", "find|", "find|~")
    await app.tables.transact("contacts", "contoso", [Delete(row.key)])
    gone = (*(await stored(app, identifier)).index, "find|of older rules|")
    await outdate(app, identifier, index=gone)
    await reindex.run(app, 3600.0)
    assert await faults(app) == []


async def test_name_that_two_users_share_by_new_rules_stays_with_its_first(
    app: App, contoso: Scim
) -> None:
    """The second user keeps the name row of the older rules; both users stay."""
    anna, ben = (await contoso.user("anna")).id, (await contoso.user("ben")).id
    await outdate(app, ben)
    record = await stored(app, ben)
    # Older rules told these two names apart; the present ones don't.
    row = await app.tables.get("contacts", "contoso", "name|ben")
    assert row
    renamed = replace(
        record,
        resource={**record.resource, "userName": "ANNA"},
        index=tuple("name|anna of older rules" if k == "name|ben" else k for k in record.index),
    )
    operations: list[Operation] = [
        Upsert(USER.key(ben), user_record.encode(renamed)),
        Delete("name|ben"),
        Upsert("name|anna of older rules", row.value),
    ]
    await app.tables.transact("contacts", "contoso", operations)
    await reindex.run(app, 3600.0)
    assert await faults(app) == []
    assert "name|anna of older rules" in (await stored(app, ben)).index
    (found,) = (await contoso.get("/Users", filter='userName eq "anna"')).resources
    assert found["id"] == anna
    assert (await contoso.delete(f"/Users/{ben}")).status == 204
    assert await faults(app) == []


async def test_damaged_record_is_skipped_and_counted(app: App, contoso: Scim) -> None:
    """All other users are reindexed; the command and the log say how many records can't be
    decoded.
    """
    identifier = (await contoso.user()).id
    await outdate(app, identifier)
    damaged = Upsert("user|00000000-0000-7000-8000-000000000000", b'{"v":99}')
    await app.tables.transact("contacts", "contoso", [damaged])
    directory = await store.get(app.tables, "contoso")
    assert directory
    done = await reindex.reindex(app, directory)
    assert (done.passed, done.rewritten, done.skipped) == (2, 1, 1)


async def test_one_bad_directory_does_not_stop_the_others(
    app: App, contoso: Scim, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A directory that fails is logged; the next one is reindexed in the same run."""
    identifier = (await contoso.user()).id
    await outdate(app, identifier)
    await client_of(host, app, "a-bad-one")
    advance = reindex.advance

    async def fail_for_one(app: App, directory: Any, pace: Any) -> Any:
        if directory.id == "a-bad-one":
            raise RuntimeError
        return await advance(app, directory, pace)

    monkeypatch.setattr(reindex, "advance", fail_for_one)
    await reindex.run(app, 3600.0)
    assert await faults(app) == []


async def test_region_that_changes_is_a_reason_to_reindex(app: App, contoso: Scim) -> None:
    """After the next maintenance, national numbers are matched as numbers of the new region."""
    await contoso.user(phoneNumbers=[{"type": "work", "value": "030 901820"}])
    await maintenance.run(app, 3600.0)
    await service.set_up(app, operator_actor(ACCOUNT), "contoso", region="DE")
    await maintenance.run(app, 3600.0)
    directory = await store.get(app.tables, "contoso")
    assert directory
    assert len(await number_lookup.in_directory(app, directory, "+49 30 901820")) == 1
    assert await faults(app) == []


async def test_idle_directories_cost_two_reads_a_run(
    app: App, contoso: Scim, tables: CountingTables
) -> None:
    """One for the passes and one for the list of directories; the records are read only once a
    day.
    """
    await contoso.user()
    await reindex.run(app, 3600.0)
    with tables.measured() as calls:
        await reindex.run(app, 3600.0)
    assert calls == [("query", "work"), ("query", "directories")]


async def test_record_of_a_rollback_is_found_by_a_later_pass(
    app: App, contoso: Scim, clock: FixedClock
) -> None:
    """A release that was rolled back to may write records by older rules after the pass; a pass a
    day later reindexes them.
    """
    identifier = (await contoso.user()).id
    await reindex.run(app, 3600.0)
    await outdate(app, identifier)
    await reindex.run(app, 3600.0)
    assert (await stored(app, identifier)).index_version == 1
    clock.advance(24 * 3600)
    await reindex.run(app, clock.monotonic() + 3600.0)
    assert await faults(app) == []


async def test_status_is_shown_from_the_upgrade_to_the_end(app: App, contoso: Scim) -> None:
    """The state is "waiting" until the pass starts, "running" with counts during it, then None."""
    await contoso.user()
    await app.background.drain()
    assert await reindex_progress.status(app, "contoso") is None
    await reindex.run(app, 3600.0)
    row = await app.tables.get("work", "reindex", "contoso")
    assert row
    for change, shown in (
        ({"index_version": 1}, ("waiting", 0, 1)),
        ({"finished": "", "passed": 1}, ("running", 1, 1)),
        ({}, None),
    ):
        value = orjson.dumps({**orjson.loads(row.value), **change})
        await app.tables.transact("work", "reindex", [Upsert("contoso", value)])
        found = await reindex_progress.status(app, "contoso")
        assert (found and (found.state, found.done, found.total)) == shown
