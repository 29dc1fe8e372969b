"""Instances whose clocks differ by minutes or an hour: the roster and the lease stay right."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from local.graph.simulator import CONTOSO
from presence.sync.sync_tenant import lease_times, sync
from shared.app import App
from tests.clock import FixedClock
from tests.presence.world import World
from tests.rounds import rounds

SKEWS = [-3600, -120, -65, 65, 120, 3600]


async def instance(world: World, skew: float) -> World:
    """Return another instance over the same storage, with a clock that differs by `skew` seconds."""
    other = await world.restarted()
    other.clock = FixedClock(world.clock.now() + timedelta(seconds=skew))
    other.app = App(world.settings, other.clock, other.tables)
    other.runtime.pause = other.pause
    other.runtime.renewal_pause = other.never
    world.running.simulator.clock = world.clock
    return other


@pytest.mark.parametrize("skew", SKEWS)
async def test_people_that_an_instance_with_a_wrong_clock_changed_are_in_the_next_sync(
    world: World, skew: float
) -> None:
    """Their events are dated before or after the time up to which events were read."""
    ids = await world.linked(20)
    await world.tick()
    await world.tick()
    other = await instance(world, skew)
    new = world.people(5, start=20)
    for one in new:
        await other.arrive(one)
    for one in ids[:5]:
        await other.leave(one)
    await world.tick()
    assert set(await world.shown(ids + new)) == {*ids[5:], *new}


async def test_a_late_event_among_many_is_found(world: World) -> None:
    """Events are counted per half-minute, so one more in an earlier half-minute is noticed."""
    ids = await world.linked(20)
    await world.tick()
    for one in world.people(30, start=100):
        await world.arrive(one)
        world.clock.advance(5)
    await world.tick()
    late = await instance(world, -100)
    await late.leave(ids[3])
    before = world.tables.count
    await world.tick()
    assert ids[3] not in await world.shown(ids)
    await world.tick()
    assert world.tables.count - before < 16  # nothing is evaluated a second time


async def test_the_steady_sync_reads_events_once(world: World) -> None:
    """The events of the last hour are one query."""
    await world.linked(20)
    await world.tick()
    for one in world.people(10, start=100):
        await world.arrive(one)
    await world.tick()
    await world.tick()
    before = world.tables.count
    assert await world.tick() == "synced"
    assert world.tables.count - before == 4


async def test_a_busy_directory_is_read_completely(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If there are more events than a sync reads, it reads all people of the directory."""
    monkeypatch.setattr("presence.sync.roster._WINDOW_PAGES", 1)
    monkeypatch.setattr("presence.sync.roster._ROWS_PER_PAGE", 10)
    ids = await world.linked(5)
    await world.tick()
    await world.tick()
    for one in world.people(15, start=100):
        await world.arrive(one)
    other = await instance(world, -1800)
    await other.leave(ids[0])
    await world.tick()
    assert len(await world.shown(ids + world.people(15, start=100))) == 19
    assert (await world.head())["directories"][0]["seen"] is None  # type: ignore[index]


@pytest.mark.parametrize("interval", [10, 15, 30, 300])
def test_a_lease_and_its_observation_fit_into_an_interval(interval: int) -> None:
    """A killed holder is then replaced within two intervals: one until the next tick, one for
    both.
    """
    times = lease_times(interval)
    assert times.renew_every < times.observe < times.lasts
    assert times.lasts + times.observe <= interval


@pytest.mark.parametrize("skew", [0, *SKEWS])
@pytest.mark.parametrize("interval", [10, 30])
async def test_a_killed_holders_lease_is_taken_over_within_two_intervals(
    world: World, skew: float, interval: int
) -> None:
    """The holder is killed just after it acquired the lease; its clock may differ from the other
    instance's.
    """
    world.settings = replace(world.settings, presence_interval=interval)
    world.app = App(world.settings, world.clock, world.tables)
    world.runtime.pause, world.runtime.renewal_pause = world.pause, world.never
    await world.linked(5)
    await world.tick()
    victim = await instance(world, skew)
    hanging = asyncio.Event()

    async def hang(token: str, ids: object) -> dict[str, object]:
        hanging.set()
        await asyncio.Event().wait()
        return {}

    victim.runtime.graph.presences = hang  # type: ignore[method-assign,assignment]
    victim.clock.advance(interval)
    world.clock.advance(interval)
    killed = asyncio.create_task(sync(victim.app, CONTOSO, now_due=True))
    await hanging.wait()
    killed.cancel()
    at = world.clock.elapsed
    outcomes = [await world.tick(interval)]
    if outcomes != ["synced"]:
        outcomes.append(await world.tick(interval))
    assert outcomes[-1] == "synced"
    assert world.clock.elapsed - at <= 2 * interval


@pytest.mark.parametrize("skew", SKEWS)
async def test_a_lease_that_is_renewed_is_not_taken_over(world: World, skew: float) -> None:
    """By the other instance's clock it has expired, but its holder renews it."""
    await world.linked(5)
    await world.tick()
    holder = await instance(world, skew)
    working, done = asyncio.Event(), asyncio.Event()

    async def slow(token: str, ids: object) -> dict[str, object]:
        working.set()
        await done.wait()
        return {}

    holder.runtime.graph.presences = slow  # type: ignore[method-assign,assignment]
    renewals = asyncio.Queue[None]()

    async def renewal(seconds: float) -> None:
        holder.clock.advance(seconds)
        await renewals.get()

    holder.runtime.renewal_pause = renewal
    holder.clock.advance(30)
    syncing = asyncio.create_task(sync(holder.app, CONTOSO, now_due=True))
    await working.wait()
    first = (await world.head())["lease_until"]

    async def observe(seconds: float) -> None:
        renewals.put_nowait(None)
        for _ in rounds():
            if (await world.head())["lease_until"] != first:
                break
            await asyncio.sleep(0.001)

    world.runtime.pause = observe  # the other instance watches while the holder renews
    world.clock.advance(30)
    assert await sync(world.app, CONTOSO, now_due=True) == "busy"
    done.set()
    assert await syncing == "synced"
