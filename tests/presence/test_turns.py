"""More people than a sync can poll, people for whom Graph always fails, and only bad ids: everyone
is polled in turn.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence

import pytest

from local.graph.simulator import CONTOSO
from presence.graph.client import BadRequest, Unavailable
from presence.presence_states import GraphPresence
from tests.presence.test_faults import all_is_right
from tests.presence.world import World

Presences = Callable[[str, Sequence[str]], Awaitable[Mapping[str, GraphPresence]]]


def through(
    world: World,
    presences: Callable[[Presences, str, Sequence[str]], Awaitable[Mapping[str, GraphPresence]]],
) -> None:
    """Replace the client's call to Graph by `presences`, whose first argument is the real call."""
    real = world.runtime.graph.presences

    async def call(token: str, some: Sequence[str]) -> Mapping[str, GraphPresence]:
        return await presences(real, token, some)

    world.runtime.graph.presences = call  # type: ignore[method-assign,assignment]


async def test_a_slow_graph_serves_everyone_in_turn(world: World) -> None:
    """Calls take five seconds: a sync polls a part, and the next one starts with those who waited
    longest.
    """
    ids = await world.linked(13_000)
    world.running.simulator.options.token_lifetime = 10**6
    await world.tick()
    for one in ids[::100]:
        world.set(one, "Busy", "Presenting")

    async def slow(real: Presences, token: str, some: Sequence[str]) -> Mapping[str, GraphPresence]:
        world.clock.advance(5)
        return await real(token, some)

    through(world, slow)
    seen: list[int] = []
    for _ in range(6):
        calls = world.calls()
        assert await world.tick() == "synced"
        seen.append(world.calls() - calls)
    assert max(seen) < 13_000 / 650  # no sync reached all people
    assert await world.shown(ids[::100]) == world.truth(ids[::100])


async def test_a_new_person_is_polled_first(world: World) -> None:
    """Someone without a status doesn't wait for thousands who have one."""
    await world.linked(13_000)
    await world.tick()
    (new,) = world.people(1, start=13_000)
    await world.arrive(new)
    first: list[str] = []

    async def slow(real: Presences, token: str, some: Sequence[str]) -> Mapping[str, GraphPresence]:
        first.append(some[0])
        world.clock.advance(30)
        return await real(token, some)

    through(world, slow)
    await world.tick()
    assert first[0] == new


async def test_people_for_whom_graph_fails_delay_no_one_else(world: World) -> None:
    """Graph fails for 11,000 people each time; the other 3,000 are polled in every sync."""
    await world.linked(14_000)
    await world.tick()
    snapshot = await world.runtime.snapshots.get(world.tables, world.clock, CONTOSO)
    assert snapshot is not None
    ids = list(snapshot.entries)  # in the order in which they are asked for
    failing = set(ids[:11_050])

    async def partly(
        real: Presences, token: str, some: Sequence[str]
    ) -> Mapping[str, GraphPresence]:
        if failing.intersection(some):
            raise Unavailable("503")
        return await real(token, some)

    through(world, partly)
    for turn in range(4):
        for one in ids[11_700::50]:
            world.set(one, "Busy" if turn % 2 else "Away")
        assert await world.tick() == "synced"
        assert await world.shown(ids[11_700::50]) == world.truth(ids[11_700::50])


async def test_ids_that_are_all_bad_cost_no_more_than_the_budget(world: World) -> None:
    """Graph refuses every id of another company's people: few and rare calls. After a correction
    all is right.
    """
    world.tenant().unknown_ids = "chunk-404"
    world.tenant().moving = False
    await world.provision([f"deadbeef-0000-4000-8000-{number:012d}" for number in range(2000)])
    await world.link()
    for _ in range(60):
        await world.tick()
    assert world.calls() <= 15 * 310  # with growing distance, up to five minutes
    world.tenant().unknown_ids = "missing"
    for _ in range(12):
        await world.tick()
    assert (await world.head())["trouble"]["reason"] == ""  # type: ignore[index]
    assert (await world.head())["counts"]["unknown"] == 2000  # type: ignore[index]


async def test_many_bad_ids_among_good_ones_are_found_over_several_syncs(world: World) -> None:
    """A third of 1,200 ids is bad: the others get a status, and each sync stays within its
    calls.
    """
    good = await world.linked(800)
    world.tenant().unknown_ids = "chunk-400"
    bad = [f"{number:08x}-dead-4000-8000-000000000000" for number in range(400)]
    await world.provision(bad)
    for _ in range(12):
        calls = world.calls()
        assert await world.tick() == "synced"
        assert world.calls() - calls <= 320
    assert await all_is_right(world, good)
    assert (await world.head())["counts"]["quarantined"] == 400  # type: ignore[index]


async def test_an_id_that_becomes_bad_loses_its_status(world: World) -> None:
    """The user was deleted in Entra before SCIM reports it: unknown at once, not the last
    status.
    """
    ids = await world.linked(3)
    await world.tick()

    async def without(
        real: Presences, token: str, some: Sequence[str]
    ) -> Mapping[str, GraphPresence]:
        if ids[1] in some:
            raise BadRequest(404)
        return await real(token, some)

    through(world, without)
    await world.tick()
    assert (await world.status(ids[1])).shown == "unknown"
    assert await all_is_right(world, [ids[0], ids[2]])


@pytest.mark.parametrize("people", [1, 649, 650, 651, 1301])
async def test_chunks_of_any_number_of_people(world: World, people: int) -> None:
    """Each person is polled once, at most 650 per call (Microsoft Learn, Graph
    "getPresencesByUserId").
    """
    ids = await world.linked(people)
    assert await world.tick() == "synced"
    assert world.running.simulator.counters.ids_asked == people
    assert world.running.simulator.counters.calls("presences", tenant=CONTOSO) == -(-people // 650)
    assert await all_is_right(world, ids)
