"""Faults of Microsoft, storage, queue and clocks: afterwards every status is right, within the
budget of calls.
"""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from local.graph.simulator import CONTOSO, FABRIKAM
from presence.graph.client import GraphClient, Unavailable
from presence.presence_states import GraphPresence
from presence.service import statuses
from presence.sync.sync_tenant import sync
from tests.presence.world import DIRECTORY, World
from tests.rounds import rounds


async def all_is_right(world: World, ids: list[str]) -> bool:
    """Return whether every status equals Microsoft's and is confirmed, here and on a new
    instance.
    """
    truth = world.truth(ids)
    other = await world.restarted()
    world.clock.elapsed += 2
    found = await statuses(world.app, DIRECTORY, ids)
    is_shown = {one: status.shown for one, status in found.items()} == truth
    return (
        is_shown
        and await other.shown(ids) == truth
        and not any(status.stale for status in found.values())
    )


def change(world: World, ids: list[str]) -> None:
    """Change the Teams status of every seventh person."""
    for one in ids[::7]:
        world.set(one, "Busy", "InACall")


async def test_many_429_are_waited_out(world: World) -> None:
    """Retry-After is honoured, within the sync if its time permits."""
    ids = await world.linked(5000)
    world.running.simulator.faults.on("graph.429", seconds=8, retry_after=5)
    assert await world.tick() == "synced"
    assert world.running.simulator.counters.throttled() <= 2 * 8  # those under way at once, twice
    assert await all_is_right(world, ids)


async def test_a_long_429_ends_the_sync_and_no_tick_calls_before_its_time(world: World) -> None:
    """Graph counts calls while it throttles, so none is made before Retry-After has passed
    (Microsoft Learn, Graph "throttling").
    """
    ids = await world.linked(700)
    await world.tick()
    change(world, ids)
    world.running.simulator.faults.on("graph.429", times=2, retry_after=120)
    assert await world.tick() == "failed"
    calls = world.calls()
    for _ in range(3):
        assert await world.tick() == "paused"
    assert world.calls() == calls
    assert await world.tick() == "synced"
    assert await all_is_right(world, ids)


async def test_other_instances_keep_the_pause_too(world: World) -> None:
    """The pause is stored in the tenant's manifest, so no instance calls Graph."""
    await world.linked(10)
    world.running.simulator.faults.on("graph.429", times=1, retry_after=100)
    assert await world.tick() == "failed"
    assert await (await world.restarted()).tick() == "paused"


@pytest.mark.parametrize("kind", ["chunk-400", "chunk-404"])
async def test_ten_bad_ids_among_thousands_cost_only_themselves(world: World, kind: str) -> None:
    """Chunks are halved until the bad id is alone; it is then tried at increasing intervals."""
    ids = await world.linked(7800)
    world.tenant().unknown_ids = kind  # type: ignore[assignment]
    bad = [f"deadbeef-0000-4000-8000-{number:012d}" for number in range(10)]
    await world.provision(bad)
    assert await world.tick() == "synced"
    assert world.calls() <= 12 + 10 * 20 + 10
    for _ in range(3):  # more than the first round's calls sufficed for
        await world.tick()
    assert await all_is_right(world, ids[::50])
    assert (await world.shown(bad)) == dict.fromkeys(bad, "unknown")
    before = world.calls()
    assert await world.tick() == "synced"
    assert world.calls() - before == 12
    assert (await world.head())["counts"]["quarantined"] == 10  # type: ignore[index]


async def test_a_bad_id_is_tried_again_and_again_more_rarely(world: World) -> None:
    """After one hour, then two, then four; its status is read once Graph knows the id."""
    ids = await world.linked(3)
    world.running.simulator.options.token_lifetime = 10**6
    world.tenant().unknown_ids = "chunk-400"
    (late,) = world.people(1, start=3)
    world.tenant().crowd = 3
    await world.provision([late])
    await world.tick()

    async def calls_within(hours: float) -> int:
        before = world.calls()
        for _ in range(int(hours * 60)):
            await world.tick(60)
        return world.calls() - before - int(hours * 60)

    assert await calls_within(1) == 1
    assert await calls_within(1) == 0
    assert await calls_within(1.1) == 1
    world.tenant().crowd = 4
    assert await calls_within(4) == 1
    assert await all_is_right(world, [*ids, late])


async def test_a_graph_that_refuses_everything_puts_no_one_into_quarantine(world: World) -> None:
    """A 400 for every chunk is a fault of Graph, not of the ids."""
    ids = await world.linked(700)
    await world.tick()
    world.running.simulator.faults.on("graph.400", seconds=40)
    assert await world.tick() == "failed"
    world.running.simulator.faults.off()
    world.clock.advance(60)
    assert await world.tick() == "synced"
    assert await all_is_right(world, ids)
    assert (await world.head())["counts"]["quarantined"] == 0  # type: ignore[index]


@pytest.mark.parametrize("fault", ["token.503", "token.drop", "token.garbage", "token.500"])
async def test_an_outage_of_the_sign_in_service_is_waited_out(world: World, fault: str) -> None:
    """Without tokens for some minutes statuses become stale, but consent isn't reported as lost."""
    ids = await world.linked(700)
    await world.tick()
    change(world, ids)
    world.runtime.credential.drop(CONTOSO)
    world.running.simulator.faults.on(fault, seconds=170)
    outcomes = [await world.tick() for _ in range(4)]
    assert outcomes[0] == "failed"
    assert (await world.status(ids[0])).stale
    for _ in range(10):
        world.runtime.credential.drop(CONTOSO)  # as on an instance that did not see the fault
        await world.tick()
    assert await all_is_right(world, ids)


@pytest.mark.parametrize("fault", ["graph.503", "graph.500", "graph.drop", "graph.garbage"])
async def test_an_outage_of_graph_is_waited_out(world: World, fault: str) -> None:
    """The last statuses are shown with their age until Graph responds again."""
    ids = await world.linked(1400)
    await world.tick()
    truth = world.truth(ids)
    change(world, ids)
    world.running.simulator.faults.on(fault, seconds=60, retry_after=None)
    assert await world.tick() == "failed"
    assert (await world.shown(ids)) == truth
    for _ in range(8):
        await world.tick()
    assert await all_is_right(world, ids)


async def test_a_chunk_that_fails_shows_its_own_age(world: World) -> None:
    """Other chunks are confirmed; people of the failed one keep their last time of confirmation and
    become stale.
    """
    ids = await world.linked(1300)
    await world.tick()
    before = (await world.status(ids[0])).as_of
    asked = world.runtime.graph.presences

    async def fails(token: str, some: Sequence[str]) -> dict[str, GraphPresence]:
        if ids[0] in some:
            raise Unavailable("a proxy between us and Graph")
        return await asked(token, some)

    world.runtime.graph.presences = fails  # type: ignore[method-assign,assignment]
    outcomes = [await world.tick() for _ in range(4)]
    assert outcomes == ["synced"] * 4
    world.clock.elapsed += 2
    found = await statuses(world.app, DIRECTORY, ids)
    assert found[ids[0]].stale
    grey = [status for status in found.values() if status.stale]
    assert len(grey) == 650
    assert {status.as_of for status in grey} == {before}
    world.runtime.graph.presences = asked  # type: ignore[method-assign]
    assert await world.tick() == "synced"
    assert await all_is_right(world, ids)


async def test_a_worker_killed_in_the_middle_leaves_everything_whole(world: World) -> None:
    """Its lease expires, and another instance syncs; until then the last statuses are shown."""
    ids = await world.linked(5000)
    await world.tick()
    truth = world.truth(ids)
    change(world, ids)
    world.running.simulator.faults.on("graph.hang")
    world.clock.advance(30)
    killed = asyncio.create_task(sync(world.app, CONTOSO))
    await _until(lambda: world.running.simulator.counters.running > 0)
    killed.cancel()
    await asyncio.gather(killed, return_exceptions=True)
    world.running.simulator.faults.off()
    other = await world.restarted()
    assert await other.shown(ids) == truth
    assert await other.tick(0) == "busy"
    assert [await other.tick(), await other.tick()][-1] == "synced"
    assert await all_is_right(world, ids)


@pytest.mark.usefixtures("short_pages")
async def test_a_worker_killed_while_it_writes_pages_leaves_everything_whole(world: World) -> None:
    """Pages count only after the manifest refers to them; those of a killed worker are deleted
    later.
    """
    ids = await world.linked(3000)
    await world.tick()
    for one in ids[:600]:
        world.set(one, "Away")
    truth_before = await world.shown(ids)
    original, writes = world.tables._inner.transact, 0

    async def dies(table: str, partition: str, operations: object) -> list[str]:
        nonlocal writes
        writes += table == "presence"
        if writes == 3:  # lease, first pages, then the end
            raise asyncio.CancelledError
        return await original(table, partition, operations)  # type: ignore[arg-type]

    world.tables._inner.transact = dies  # type: ignore[method-assign]
    with pytest.raises(asyncio.CancelledError):
        await world.tick()
    world.tables._inner.transact = original  # type: ignore[method-assign]
    other = await world.restarted()
    assert await other.shown(ids) == truth_before
    assert [await other.tick(), await other.tick(), await other.tick()][-1] == "synced"
    assert await all_is_right(world, ids)
    assert len(await world.dump()) <= 1 + 15 + 9


async def test_a_message_delivered_twice_at_once_syncs_once(world: World) -> None:
    """Queues deliver at least once: two instances get the message, and one acquires the lease."""
    ids = await world.linked(700)
    other = await world.restarted()
    world.clock.advance(30)
    outcomes = await asyncio.gather(sync(world.app, CONTOSO), sync(other.app, CONTOSO))
    assert sorted(outcomes) == ["busy", "synced"]
    assert world.calls() == 2
    assert await all_is_right(world, ids)


async def test_a_message_delivered_again_later_syncs_once(world: World) -> None:
    """The second run finds a recent sync and makes no call."""
    await world.linked(10)
    await world.tick()
    assert await world.tick(1) == "recent"
    assert world.calls() == 1


async def test_a_worker_that_was_overtaken_stores_nothing(world: World) -> None:
    """It hung until its lease expired; its old results must not replace newer ones."""
    ids = await world.linked(10)
    await world.tick()
    world.running.simulator.faults.on("graph.hang")
    world.clock.advance(30)
    slow = asyncio.create_task(sync(world.app, CONTOSO))
    await _until(lambda: world.running.simulator.counters.running > 0)
    world.clock.advance(60)
    other = await world.restarted()
    change(world, ids)
    quick = asyncio.create_task(sync(other.app, CONTOSO))
    await _until(lambda: world.running.simulator.counters.running > 1)
    world.running.simulator.faults.off()
    assert sorted(await asyncio.gather(slow, quick)) == ["overtaken", "synced"]
    assert await all_is_right(world, ids)


@pytest.mark.parametrize("hours", [-30, -1, 1, 30])
async def test_a_clock_that_jumps_stops_nothing(world: World, hours: int) -> None:
    """Leases, pauses and times from the wrong clock are ignored; after two ticks everything is
    right.
    """
    ids = await world.linked(20)
    await world.tick()
    world.clock.advance(hours * 3600)  # a clock that is wrong for one sync
    world.set(ids[1], "Away")
    world.set(ids[2], "Away")
    await world.tick()
    world.clock.advance(-hours * 3600)
    world.set(ids[1], "Busy")
    (new,) = world.people(1, start=20)
    await world.arrive(new)
    await world.tick()
    await world.tick()
    assert await all_is_right(world, [*ids, new])


async def test_a_person_created_after_the_clock_was_ahead_is_found(world: World) -> None:
    """A stored position in the future must not skip events until the clock reaches it."""
    ids = await world.linked(20)
    await world.tick()
    await world.tick(3600)
    world.clock.advance(-3600)
    (new,) = world.people(1, start=20)
    await world.arrive(new)
    await world.tick(300)
    assert await all_is_right(world, [*ids, new])


async def test_a_lease_of_a_wrong_clock_does_not_last(world: World) -> None:
    """Its holder was killed with a clock a day ahead: a lease longer than the maximum is
    ignored.
    """
    ids = await world.linked(10)
    world.running.simulator.faults.on("graph.hang")
    world.clock.advance(24 * 3600)
    killed = asyncio.create_task(sync(world.app, CONTOSO))
    await _until(lambda: world.running.simulator.counters.running > 0)
    killed.cancel()
    await asyncio.gather(killed, return_exceptions=True)
    world.running.simulator.faults.off()
    world.clock.advance(-24 * 3600)
    assert await world.tick() == "synced"
    assert await all_is_right(world, ids)


async def test_consent_removed_during_a_sync_keeps_the_statuses(world: World) -> None:
    """From the first 403 on no call is made, and statuses stay with their age; after a new consent
    all are right.
    """
    ids = await world.linked(5000)
    await world.tick()
    before = await world.shown(ids)
    change(world, ids)
    world.running.simulator.remove_role(CONTOSO)
    world.running.simulator.faults.on("graph.403")
    calls = world.calls()
    assert await world.tick() == "failed"
    assert world.calls() - calls <= 2 * 8
    assert await world.shown(ids) == before
    world.running.simulator.faults.off()
    world.running.simulator.consent(CONTOSO)
    for _ in range(5):
        await world.tick()
    assert await all_is_right(world, ids)


async def test_a_tenant_that_hangs_delays_no_other(world: World) -> None:
    """The sync of another tenant ends during that time, and the first one times out."""
    ids = await world.linked(100)
    await world.link("directory-two", FABRIKAM)
    await world.provision(world.people(100, FABRIKAM), "directory-two")
    world.runtime.graph = GraphClient(world.running.url, world.clock, timeout=0.5)
    world.running.simulator.faults.on("graph.hang", tenant=CONTOSO)
    hanging = asyncio.create_task(sync(world.app, CONTOSO))
    assert await world.tick(tenant_id=FABRIKAM) == "synced"
    assert not hanging.done()
    assert await hanging == "failed"
    world.running.simulator.faults.off()
    await world.tick()
    assert await all_is_right(world, ids)
    await world.runtime.graph.close()


async def test_a_sync_whose_commit_fails_is_repeated(world: World) -> None:
    """The message is delivered again after the lease has expired."""
    from shared.tables.port import StorageUnavailable

    ids = await world.linked(10)
    await world.tick()
    change(world, ids)
    original, writes = world.tables._inner.transact, 0

    async def down(table: str, partition: str, operations: object) -> list[str]:
        nonlocal writes
        writes += 1
        if writes == 2:
            raise StorageUnavailable("test")
        return await original(table, partition, operations)  # type: ignore[arg-type]

    world.tables._inner.transact = down  # type: ignore[method-assign]
    with pytest.raises(StorageUnavailable):
        await world.tick()
    world.tables._inner.transact = original  # type: ignore[method-assign]
    assert [await world.tick(), await world.tick()][-1] == "synced"
    assert await all_is_right(world, ids)


async def _until(condition: Callable[[], object]) -> None:
    for _ in rounds():
        if condition():
            break
        await asyncio.sleep(0)


@pytest.mark.parametrize("fault", ["graph.500", "graph.drop"])
async def test_a_graph_that_is_down_is_called_a_few_times_only(world: World, fault: str) -> None:
    """A sync ends after sixteen consecutive failures, with three tries per chunk."""
    await world.linked(13_000)
    await world.tick()
    world.running.simulator.faults.on(fault)
    calls = world.calls()
    assert await world.tick() == "failed"
    assert 16 <= world.calls() - calls <= 24
