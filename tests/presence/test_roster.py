"""Who is polled: no one who left, everyone who came, in whatever order instances dated their
events.
"""

from collections.abc import Sequence

import pytest

from local.graph.simulator import CONTOSO
from scim.resource_rows import encode_active
from shared.tables.port import Delete, Upsert
from shared.tables.schema.contacts import EXTERNAL_ID
from tests.presence.test_faults import all_is_right
from tests.presence.world import DIRECTORY, World

TWO = "directory-two"


async def asked(world: World) -> int:
    """How many people the next sync asks for."""
    world.running.simulator.counters.reset()
    assert await world.tick() == "synced"
    return world.running.simulator.counters.ids_asked


@pytest.mark.parametrize("ahead", [1, 20, 45])
async def test_who_left_is_not_polled_although_their_arrival_is_dated_later(
    world: World, ahead: int
) -> None:
    """The instance that created the person has a clock that is ahead of the one that deleted it."""
    await world.linked(3)
    (new,) = world.people(1, start=3)
    await world.tick()
    world.clock.advance(ahead)
    await world.arrive(new)
    world.clock.advance(-ahead)
    await world.leave(new)
    assert [await asked(world) for _ in range(6)] == [3] * 6
    assert await world.shown([new]) == {}


async def test_who_came_back_is_polled_although_their_leaving_is_dated_later(world: World) -> None:
    """The same the other way round: the directory's own rows decide."""
    ids = await world.linked(3)
    await world.tick()
    world.clock.advance(10)
    await world.leave(ids[0])
    world.clock.advance(-10)
    await world.arrive(ids[0])
    assert [await asked(world) for _ in range(6)] == [3] * 6


async def test_an_event_that_was_stored_late_is_believed_only_with_its_row(world: World) -> None:
    """Dated before the last sync and stored after it: a person who is there by now, and one who is
    not.
    """
    ids = await world.linked(3)
    there, gone = world.people(2, start=3)
    await world.tick()
    world.clock.advance(-10)
    await world.arrive(there)
    await world.arrive(gone)
    world.clock.advance(10)
    await world.tables.transact(
        "contacts", DIRECTORY, [Delete(EXTERNAL_ID.key(gone, f"user-{gone}"))]
    )
    assert await asked(world) == 4
    assert await all_is_right(world, [*ids, there])


async def test_an_arrival_seen_twice_costs_no_look_up(world: World) -> None:
    """Events of the last minute are read twice; whom the sync before has met is known."""
    await world.linked(3)
    (new,) = world.people(1, start=3)
    await world.tick()
    await world.arrive(new)
    for _ in range(3):
        with world.tables.measured() as calls:
            await world.tick()
        assert len(calls) == 4


@pytest.mark.parametrize("turn", [str.upper, str.title])
async def test_an_external_id_that_changes_its_case_is_the_same_person(
    world: World, turn: object
) -> None:
    """Object ids are compared without case: no one is lost, no one is asked for twice."""
    ids = await world.linked(3)
    await world.tick()
    await rename(world, ids[0], turn(ids[0]))  # type: ignore[operator]
    assert [await asked(world) for _ in range(4)] == [3] * 4
    assert await all_is_right(world, ids)
    await world.leave(turn(ids[0]))  # type: ignore[operator]
    assert [await asked(world) for _ in range(4)] == [2] * 4


async def test_of_two_spellings_of_an_id_one_may_leave(world: World) -> None:
    """Two people of a directory whose ids differ in case only: the status stays while one of them is there."""
    ids = await world.linked(3)
    await world.provision([ids[0].upper()])
    await world.tick()
    await world.leave(ids[0].upper())
    assert [await asked(world) for _ in range(3)] == [3] * 3
    await world.leave(ids[0])
    assert [await asked(world) for _ in range(3)] == [2] * 3


async def test_someone_who_gets_another_object_id_is_polled_by_the_new_one(world: World) -> None:
    """Deleted and created again in Entra, matched by user name: the old id is asked for no longer."""
    ids = await world.linked(3)
    (new,) = world.people(1, start=3)
    await world.tick()
    await rename(world, ids[0], new)
    assert await asked(world) == 3
    assert set(await world.shown([*ids, new])) == {*ids[1:], new}


async def test_someone_who_is_disabled_is_not_polled(world: World) -> None:
    """Inactive people are not shown to agents, so their presence isn't needed."""
    ids = await world.linked(3)
    await world.tick()
    event = world.event("user.disabled", external_id=ids[0], active=False)
    await world.store(
        DIRECTORY,
        [Upsert(EXTERNAL_ID.key(ids[0], f"user-{ids[0]}"), encode_active(is_active=False))],
        event,
    )
    assert [await asked(world) for _ in range(3)] == [2] * 3


async def test_someone_who_moves_between_directories_keeps_their_status(world: World) -> None:
    """Both events within one interval, whichever directory is read first."""
    ids = await world.linked(4)
    await world.provision(ids[2:], TWO)
    await world.link(TWO)
    await world.tick()
    await world.leave(ids[0])
    await world.arrive(ids[0], TWO)
    await world.leave(ids[3], TWO)
    assert await asked(world) == 4
    assert set(await world.shown(ids)) == set(ids[1:])
    assert set(await world.shown(ids, TWO)) == {ids[0], ids[2]}


async def test_a_directory_without_people_is_synced(world: World) -> None:
    """No call to Graph; the token shows whether consent is in place."""
    await world.linked(0)
    assert await world.tick() == "synced"
    assert world.calls() == 0
    assert (await world.head())["as_of"]
    world.running.simulator.remove_role(CONTOSO)
    world.runtime.credential.drop(CONTOSO)
    assert await world.tick() == "failed"
    assert (await world.head())["trouble"]["reason"] == "no_role"  # type: ignore[index]


async def test_all_leave_and_someone_comes(world: World) -> None:
    """From people to none and back."""
    ids = await world.linked(3)
    await world.tick()
    for one in ids:
        await world.leave(one)
    assert await asked(world) == 0
    assert await world.shown(ids) == {}
    await world.arrive(ids[1])
    assert await asked(world) == 1
    assert await all_is_right(world, [ids[1]])


async def test_many_who_are_in_doubt_are_gone_through_together(world: World) -> None:
    """Beyond a hundred look-ups, reading the whole directory costs less."""
    ids = await world.linked(300)
    await world.tick()
    for one in ids[:150]:
        await world.leave(one)
    with world.tables.measured() as calls:
        assert await asked(world) == 150
    assert len(calls) <= 6
    assert await all_is_right(world, ids[150:])


async def rename(world: World, before: str, now: str) -> None:
    """SCIM changes a person's externalId."""
    event = world.event("user.updated", external_id=now, was_external_id=before, active=True)
    operations: Sequence[object] = [
        Delete(EXTERNAL_ID.key(before, f"user-{before}")),
        Upsert(EXTERNAL_ID.key(now, f"user-{now}"), encode_active(is_active=True)),
    ]
    await world.store(DIRECTORY, operations, event)  # type: ignore[arg-type]
