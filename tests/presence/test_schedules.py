"""Races after which a status stayed wrong, a deleted person was polled, or a tenant was no longer
synced.

Each test interrupts one operation between two of its storage calls; afterwards all is right here
and on a new instance.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import pytest

from directories.audit import operator_actor
from local.graph.simulator import CONTOSO
from presence import tenant_links
from presence.consent import linking
from presence.store.manifest import HEAD
from presence.sync.sync_tenant import sync
from presence.tenant_links import DirectoryLink
from shared.tables.port import Delete, Operation, Upsert
from tests.presence.between import Killed, before_listing, before_transaction, killed_at
from tests.presence.browser import Browser
from tests.presence.test_faults import all_is_right, change
from tests.presence.world import ACCOUNT, DIRECTORY, World
from tests.rounds import rounds

TWO = "directory-two"


def deletes_head(table: str, operations: Sequence[Operation]) -> bool:
    return table == "presence" and any(
        isinstance(one, Delete) and one.key == HEAD for one in operations
    )


async def test_a_refresh_during_the_deletion_of_old_rows_is_kept(world: World) -> None:
    """Rows that an agent's refresh stores in the meantime aren't deleted with the old ones."""
    ids = await world.linked(10)
    other = await world.restarted()
    await world.tick()
    for _ in rounds():  # until the deltas are folded into pages
        if (await world.head())["untidy"]:
            break
        world.set(ids[0], "Busy" if world.clock.now().second else "Away")
        await world.tick()

    async def look() -> None:
        world.set(ids[3], "DoNotDisturb", "Presenting")
        assert (await other.status(ids[3], on_demand=True)).shown == "doNotDisturb"

    with before_listing(world, look):
        await world.tick()
    assert await world.tick() == "synced"
    assert await all_is_right(world, ids)


async def _killed_in_removal(world: World, number: int) -> tuple[list[str], World]:
    """Kill the removal of a connection at its transaction `number`; return the people and a new instance."""
    ids = await world.linked(10)
    for one in ids[:3]:
        await world.tick()
        world.set(one, "Away")
    with suppress(Killed), killed_at(world, number):
        await linking.disconnect(world.app, DIRECTORY)
    other = await world.restarted()
    return ids, other


@pytest.mark.parametrize("number", range(1, 6))
async def test_a_removal_that_was_killed_anywhere_is_completed_by_the_next(
    world: World, number: int
) -> None:
    """No row of presence is left, and a new connection starts without rows."""
    ids, other = await _killed_in_removal(world, number)
    await linking.disconnect(other.app, DIRECTORY)
    assert await world.dump() == []
    assert await tenant_links.tenant(world.tables, CONTOSO) is None
    await world.link(TWO)
    await world.provision(ids, TWO)
    assert await world.tick() == "synced"
    assert await world.shown(ids, TWO) == world.truth(ids)


@pytest.mark.parametrize("number", range(1, 6))
async def test_a_tenant_linked_after_a_removal_was_killed_is_synced(
    world: World, number: int
) -> None:
    """Rows that the removal left neither show old statuses nor prevent new ones."""
    ids, other = await _killed_in_removal(world, number)
    link = await tenant_links.directory(world.tables, DIRECTORY) or DirectoryLink(
        directory_id=DIRECTORY, tenant_id=CONTOSO, account=ACCOUNT
    )
    await linking.connect(other.app, link, operator_actor("account"))
    assert await other.tick() == "synced"
    assert await all_is_right(other, ids)
    assert len(await world.dump()) <= 5


async def test_a_directory_connected_while_the_last_one_is_removed_stays(world: World) -> None:
    """Both write the tenant's manifest, so the removal must not delete it."""
    ids = await world.linked(10)
    await world.provision(ids, TWO)
    await world.tick()
    with before_transaction(world, deletes_head, lambda: world.link(TWO)):
        await linking.disconnect(world.app, DIRECTORY)
    assert await world.tick() == "synced"
    assert await world.shown(ids, TWO) == world.truth(ids)
    assert await world.shown(ids) == {}


async def test_a_directory_connected_just_after_the_last_one_was_removed_stays(
    world: World,
) -> None:
    """The rest of the removal deletes no row of the new connection."""
    ids = await world.linked(10)
    await world.provision(ids, TWO)
    await world.tick()
    other = await world.restarted()

    async def again() -> None:
        await other.link(TWO)
        assert await other.tick() == "synced"

    with before_transaction(
        world,
        lambda table, operations: table == "presence" and not deletes_head("presence", operations),
        again,
    ):
        await linking.disconnect(world.app, DIRECTORY)
    later = await world.restarted()
    assert await later.shown(ids, TWO) == world.truth(ids)
    assert await later.tick() == "synced"


async def test_a_removal_during_a_check_of_consent_stays(world: World, browser: Browser) -> None:
    """The result of the check must not connect the company."""
    await browser.connected()
    await _removed_while_asked(world, browser)
    assert await tenant_links.tenant(world.tables, CONTOSO) is None
    assert await world.dump() == []


async def test_a_removal_during_an_unsuccessful_check_stays(world: World, browser: Browser) -> None:
    """No further checks follow."""
    world.running.simulator.options.consent_delay = 3600
    await browser.connected()
    await _removed_while_asked(world, browser)


async def _removed_while_asked(world: World, browser: Browser) -> None:
    asked = world.runtime.credential.fresh_token

    async def slow(tenant_id: str) -> object:
        found = await asked(tenant_id)
        await linking.disconnect(world.app, DIRECTORY)
        return found

    world.runtime.credential.fresh_token = slow  # type: ignore[method-assign,assignment]
    answer = await browser.act("check")
    world.runtime.credential.fresh_token = asked  # type: ignore[method-assign]
    assert answer.json["state"] == "removed"
    assert (await browser.connection())["state"] == "removed"


async def test_a_tenant_that_another_account_connects_at_the_same_time(world: World) -> None:
    """The account that is second stores nothing in the tenant's manifest, so its people aren't
    polled.
    """
    ids = world.people(4)
    await world.provision(ids[:2])
    await world.provision(ids[2:], TWO)

    def joins(table: str, operations: Sequence[Operation]) -> bool:
        return table == "tenants"

    with (
        before_transaction(world, joins, lambda: world.link(TWO, account="account-two")),
        suppress(tenant_links.TenantOwnedByOtherAccount),
    ):
        await world.link()
    assert await tenant_links.directory(world.tables, DIRECTORY) is None
    await world.tick()
    assert world.running.simulator.counters.ids_asked == 2


async def test_a_directory_connected_again_during_a_sync_is_read_completely(world: World) -> None:
    """The manifest has a new entry for it, in which the running sync has no people."""
    ids = await world.linked(10)
    await world.provision(ids[:2], TWO)
    await world.link(TWO)
    await world.tick()
    await world.tick()
    asked = world.runtime.graph.presences

    async def meanwhile(token: str, some: Sequence[str]) -> object:
        world.runtime.graph.presences = asked  # type: ignore[method-assign]
        await linking.disconnect(world.app, DIRECTORY)
        link = await tenant_links.directory(world.tables, DIRECTORY)
        assert link is not None
        await linking.connect(world.app, link, operator_actor("account"))
        return await asked(token, some)

    world.runtime.graph.presences = meanwhile  # type: ignore[method-assign,assignment]
    assert await world.tick() == "synced"
    assert await world.tick() == "synced"
    assert await all_is_right(world, ids)


async def test_a_late_report_of_lost_consent_does_not_pause_a_later_connection(
    world: World,
) -> None:
    """Consent was lost and given again before the sync stored that it was lost."""
    await world.linked(3)
    now = int(world.clock.now().timestamp() * 1000)
    world.clock.advance(1)
    link = await tenant_links.directory(world.tables, DIRECTORY)
    assert link is not None
    await linking.connect(world.app, link, operator_actor("account"))
    await tenant_links.pause(world.tables, CONTOSO, "deleted", now, now + 3_600_000, now)
    assert "synced" in await world.interval()


async def test_lost_rows_are_written_by_the_next_sync(world: World) -> None:
    """After a partial restore, agents see people without a status instead of an error."""
    ids = await world.linked(5000)
    await world.tick()
    change(world, ids)
    await world.tick()
    rows = [key for key in await world.dump() if key != HEAD]
    await world.tables.transact("presence", CONTOSO, [Delete(key) for key in rows[::2]])
    other = await world.restarted()
    assert await other.shown(ids[:5]) == {}
    assert await other.tick() == "synced"
    assert await all_is_right(other, ids)
    assert await (await world.restarted()).shown(ids) == world.truth(ids)


async def test_a_delta_row_beyond_the_manifest_is_overwritten(world: World) -> None:
    """It doesn't count, because a delta is stored in one transaction with the manifest."""
    ids = await world.linked(10)
    await world.tick()
    seq = int(str((await world.head())["seq"]))
    await world.tables.transact("presence", CONTOSO, [Upsert(f"delta|{seq + 1:012}", b"{}")])
    change(world, ids)
    assert await world.tick() == "synced"
    assert await all_is_right(world, ids)


@pytest.mark.usefixtures("short_pages")
async def test_a_worker_deletes_its_pages_if_access_was_removed(world: World) -> None:
    """Access is removed while it writes the pages of a large tenant; none is left."""
    ids = await world.linked(3000)
    await world.tick()
    for one in ids[:600]:
        world.set(one, "Away")
    other = await world.restarted()

    def is_first(table: str, operations: Sequence[Operation]) -> bool:
        return any(isinstance(one, Upsert) and one.key.endswith("|00000") for one in operations)

    with before_transaction(world, is_first, lambda: linking.disconnect(other.app, DIRECTORY)):
        assert await world.tick() == "not linked"
    assert await world.dump() == []


@pytest.mark.parametrize("number", [1, 2])
async def test_a_failure_while_the_manifest_is_stored_is_survived(
    world: World, number: int
) -> None:
    """At the lease or at the end: once the lease has expired, syncs continue."""
    ids = await world.linked(10)
    await world.tick()
    change(world, ids)
    with suppress(Killed), killed_at(world, number):
        await world.tick()
    assert (await world.tick(), await world.tick(), await world.tick())[-1] == "synced"
    assert await all_is_right(world, ids)


async def test_two_workers_and_refreshes_at_the_same_time(world: World) -> None:
    """The message is delivered twice and an agent refreshes on each instance: one sync, and every
    status is right.
    """
    ids = await world.linked(700)
    await world.tick()
    other = await world.restarted()
    change(world, ids)
    world.clock.advance(30)
    found = await asyncio.gather(
        sync(world.app, CONTOSO),
        sync(other.app, CONTOSO),
        world.status(ids[0], on_demand=True),
        other.status(ids[7], on_demand=True),
    )
    assert "synced" in found[:2]
    assert await all_is_right(world, ids)
