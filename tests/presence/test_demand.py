"""Refresh of presence on demand, and the maximum age of a status."""

import asyncio
from datetime import timedelta

import pytest

from local.graph.simulator import CONTOSO
from presence.service import statuses
from shared.messages import Message
from tests.presence.world import DIRECTORY, World
from tests.rounds import rounds


async def test_a_status_older_than_ten_seconds_is_refreshed_on_demand(world: World) -> None:
    """A change in Teams is shown without waiting for the next sync."""
    ids = await world.linked(10)
    await world.tick()
    world.clock.advance(11)
    world.set(ids[0], "Busy", "InACall")
    status = await world.status(ids[0], on_demand=True)
    assert status.shown == "inCall"
    assert status.as_of == world.clock.now()


async def test_a_status_is_not_refreshed_within_ten_seconds(world: World) -> None:
    """Neither after a sync nor after a refresh for another agent."""
    ids = await world.linked(10)
    await world.tick()
    calls = world.calls()
    await world.status(ids[0], on_demand=True)
    world.clock.advance(11)
    await world.status(ids[0], on_demand=True)
    world.clock.advance(5)
    await world.status(ids[0], on_demand=True)
    assert world.calls() - calls == 1


async def test_concurrent_refreshes_make_one_call(world: World) -> None:
    """It contains the people of all agents."""
    ids = await world.linked(500)
    await world.tick()
    world.clock.advance(11)
    calls = world.calls()
    screens = [ids[at : at + 50] for at in range(0, 500, 25)]
    await asyncio.gather(
        *(statuses(world.app, DIRECTORY, screen, on_demand=True) for screen in screens)
    )
    assert world.calls() - calls == 1


async def test_a_refreshed_status_is_stored_for_all_instances(world: World) -> None:
    """It is one delta row, so other instances needn't call Graph."""
    ids = await world.linked(10)
    await world.tick()
    world.clock.advance(11)
    world.set(ids[3], "Away")
    await world.status(ids[3], on_demand=True)
    other = await world.restarted()
    assert (await other.status(ids[3])).shown == "away"


async def test_a_refresh_without_a_change_writes_nothing(world: World) -> None:
    """The time of confirmation stays in memory."""
    ids = await world.linked(10)
    await world.tick()
    world.clock.advance(11)
    with world.tables.measured() as calls:
        await world.status(ids[3], on_demand=True)
    assert ("transact", "presence") not in calls


async def test_refreshes_on_demand_have_a_small_budget_of_their_own(world: World) -> None:
    """Twenty calls, then one a second with everyone who waits, because Graph permits 1,500 in 30
    seconds for all.
    """
    ids = await world.linked(300)
    await world.tick()
    world.clock.advance(11)
    calls, began = world.calls(), world.clock.elapsed
    for one in ids:
        await statuses(world.app, DIRECTORY, [one], on_demand=True)
    assert world.calls() - calls <= 21 + world.clock.elapsed - began


async def test_a_search_for_free_people_does_not_wait_for_the_budget_of_lists(world: World) -> None:
    """It waits only for the short time in which refreshes are collected."""
    ids = await world.linked(300)
    await world.tick()
    world.clock.advance(11)
    for one in ids[:30]:
        await statuses(world.app, DIRECTORY, [one], on_demand=True)
    waits = list[float]()
    for one in ids[30:90]:
        began = world.clock.elapsed
        await statuses(world.app, DIRECTORY, [one], on_demand=True, old_after=3000)
        waits.append(world.clock.elapsed - began)
        world.clock.advance(0.95)
    assert max(waits) < 0.1


@pytest.mark.parametrize(
    "fault", ["graph.503", "graph.429", "graph.403", "token.503", "graph.garbage"]
)
async def test_a_failed_refresh_shows_the_stored_status(world: World, fault: str) -> None:
    """The agent gets no error, and no further call is made for some seconds."""
    ids = await world.linked(10)
    await world.tick()
    truth = world.truth(ids)
    if fault.startswith("token"):
        world.runtime.credential.drop(CONTOSO)
    world.running.simulator.faults.on(fault)
    world.clock.advance(11)
    calls = world.calls()
    for one in ids:
        await world.status(one, on_demand=True)
    assert world.calls() - calls <= 6
    assert await world.shown(ids) == truth


async def test_a_refresh_during_a_sync_is_not_overwritten_by_it(world: World) -> None:
    """The sync's call to Graph was earlier, so its older status must not replace the refreshed
    one.
    """
    ids = await world.linked(10)
    await world.tick()
    asked = world.runtime.graph.presences
    looked = False

    async def slow(token: str, some: object) -> object:
        nonlocal looked
        found = await asked(token, some)  # type: ignore[arg-type]
        if not looked:
            looked = True
            world.clock.advance(11)
            world.set(ids[0], "DoNotDisturb", "Presenting")
            assert (await world.status(ids[0], on_demand=True)).shown == "doNotDisturb"
        return found

    world.set(ids[0], "Away")
    world.runtime.graph.presences = slow  # type: ignore[assignment,method-assign]
    assert await world.tick() == "synced"
    assert (await world.status(ids[0])).shown == "doNotDisturb"


async def test_ids_outside_the_directory_are_never_looked_up(world: World) -> None:
    """An agent can't read the presence of arbitrary object ids."""
    await world.linked(10)
    (stranger,) = world.people(1, start=50)
    await world.tick()
    world.clock.advance(11)
    calls = world.calls()
    assert await statuses(world.app, DIRECTORY, [stranger], on_demand=True) == {}
    assert world.calls() == calls


async def test_a_change_is_seen_within_the_interval_and_two_seconds(world: World) -> None:
    """One change per second for two minutes; an agent reads each second, and a sync runs every
    thirty.
    """
    ids = await world.linked(120)
    await world.tick()
    changed: dict[str, int] = {}
    ages = []
    for second in range(150):
        if second < 120:
            world.set(ids[second], "DoNotDisturb", "Presenting")
            changed[ids[second]] = second
        if second % 30 == 29:
            assert await world.tick(0) == "synced"
        found = await statuses(world.app, DIRECTORY, changed)
        for one in [one for one in changed if found[one].message.text() == "Presenting"]:
            ages.append(second - changed.pop(one))
        world.clock.advance(1)
    assert len(ages) == 120
    assert max(ages) <= 32


async def test_a_status_on_demand_is_at_most_twelve_seconds_old(world: World) -> None:
    """An agent's page polls a person every two seconds."""
    ids = await world.linked(5)
    await world.tick()
    world.set(ids[0], "Busy", "Presenting")
    began = world.clock.now()
    presenting = Message("status_presenting")
    for _ in rounds():
        found = await statuses(world.app, DIRECTORY, ids, on_demand=True)
        if found[ids[0]].message == presenting:
            break
        world.clock.advance(2)
    assert world.clock.now() - began <= timedelta(seconds=12)


async def test_a_status_that_is_not_confirmed_for_three_intervals_is_stale(world: World) -> None:
    """docs/presence.md: it is shown in grey with its time."""
    ids = await world.linked(2)
    await world.tick()
    world.clock.advance(90)
    assert not (await world.status(ids[0])).stale
    world.clock.advance(1)
    assert (await world.status(ids[0])).stale


async def test_ids_in_quarantine_are_not_refreshed_on_demand(world: World) -> None:
    """One of them would fail the call for everyone else on the page."""
    ids = await world.linked(3)
    world.tenant().unknown_ids = "chunk-400"
    bad = "deadbeef-0000-4000-8000-000000000000"
    await world.provision([bad])
    await world.tick()
    world.clock.advance(11)
    world.set(ids[0], "Busy", "InACall")
    found = await statuses(world.app, DIRECTORY, [*ids, bad], on_demand=True)
    assert (found[ids[0]].shown, found[bad].shown) == ("inCall", "unknown")


async def test_no_one_waits_for_a_graph_that_hangs(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After some seconds the agent gets the stored status; a later request has the result."""
    monkeypatch.setattr("presence.sync.refresh._PATIENCE", 0.05)
    ids = await world.linked(3)
    await world.tick()
    truth = world.truth(ids)
    world.clock.advance(11)
    world.running.simulator.faults.on("graph.hang")
    assert (await world.status(ids[0], on_demand=True)).shown == truth[ids[0]]
    assert ids[0] in world.runtime.demand[CONTOSO].asking  # still
    world.running.simulator.faults.off()
