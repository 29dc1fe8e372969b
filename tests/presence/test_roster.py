"""The roster: whom a sync polls after people were created and deleted, in whatever order events are
dated.
"""

from collections.abc import Sequence

import pytest

from local.graph.simulator import CONTOSO
from scim.resource_rows import ACTIVE
from shared.tables.port import Delete, Upsert
from shared.tables.schema.contacts import EXTERNAL_ID
from tests.presence.test_faults import all_is_right
from tests.presence.world import DIRECTORY, World

TWO = "directory-two"


async def asked(world: World) -> int:
    """Return how many people the next sync polls."""
    world.running.simulator.counters.reset()
    assert await world.tick() == "synced"
    return world.running.simulator.counters.ids_asked


@pytest.mark.parametrize("ahead", [1, 20, 45])
async def test_a_deleted_person_is_not_polled_although_the_creation_is_dated_later(
    world: World, ahead: int
) -> None:
    """The instance that created the person has a clock ahead of the one that deleted it."""
    await world.linked(3)
    (new,) = world.people(1, start=3)
    await world.tick()
    world.clock.advance(ahead)
    await world.arrive(new)
    world.clock.advance(-ahead)
    await world.leave(new)
    assert [await asked(world) for _ in range(6)] == [3] * 6
    assert await world.shown([new]) == {}


async def test_a_person_created_again_is_polled_although_the_deletion_is_dated_later(
    world: World,
) -> None:
    """The directory's own rows decide."""
    ids = await world.linked(3)
    await world.tick()
    world.clock.advance(10)
    await world.leave(ids[0])
    world.clock.advance(-10)
    await world.arrive(ids[0])
    assert [await asked(world) for _ in range(6)] == [3] * 6


async def test_an_event_that_was_stored_late_counts_only_with_its_row(world: World) -> None:
    """Dated before the last sync and stored after it: one person exists by then, another
    doesn't.
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


async def test_a_creation_that_is_read_twice_costs_no_look_up(world: World) -> None:
    """Each sync reads the events of the last minute again; people of the previous sync are
    known.
    """
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
    """Object ids ignore case: no one is lost or polled twice."""
    ids = await world.linked(3)
    await world.tick()
    await rename(world, ids[0], turn(ids[0]))  # type: ignore[operator]
    assert [await asked(world) for _ in range(4)] == [3] * 4
    assert await all_is_right(world, ids)
    await world.leave(turn(ids[0]))  # type: ignore[operator]
    assert [await asked(world) for _ in range(4)] == [2] * 4


async def test_an_id_in_two_spellings_is_polled_while_one_of_them_exists(world: World) -> None:
    """Two users of a directory have ids that differ only in case."""
    ids = await world.linked(3)
    await world.provision([ids[0].upper()])
    await world.tick()
    await world.leave(ids[0].upper())
    assert [await asked(world) for _ in range(3)] == [3] * 3
    await world.leave(ids[0])
    assert [await asked(world) for _ in range(3)] == [2] * 3


async def test_a_person_with_a_new_object_id_is_polled_by_it(world: World) -> None:
    """The user was deleted and created again in Entra, and matched by user name; the old id isn't
    polled.
    """
    ids = await world.linked(3)
    (new,) = world.people(1, start=3)
    await world.tick()
    await rename(world, ids[0], new)
    assert await asked(world) == 3
    assert set(await world.shown([*ids, new])) == {*ids[1:], new}


async def test_an_inactive_person_is_not_polled(world: World) -> None:
    """Agents don't see inactive people, so their presence isn't needed."""
    ids = await world.linked(3)
    await world.tick()
    event = world.event("user.disabled", external_id=ids[0], active=False)
    await world.store(
        DIRECTORY,
        [Upsert(EXTERNAL_ID.key(ids[0], f"user-{ids[0]}"), ACTIVE[False])],
        event,
    )
    assert [await asked(world) for _ in range(3)] == [2] * 3


async def test_a_person_who_moves_between_directories_keeps_the_status(world: World) -> None:
    """Both events are in one interval, whichever directory is read first."""
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
    """Without a call to Graph; the token shows whether consent exists."""
    await world.linked(0)
    assert await world.tick() == "synced"
    assert world.calls() == 0
    assert (await world.head())["as_of"]
    world.running.simulator.remove_role(CONTOSO)
    world.runtime.credential.drop(CONTOSO)
    assert await world.tick() == "failed"
    assert (await world.head())["trouble"]["reason"] == "no_role"  # type: ignore[index]


async def test_a_directory_may_become_empty_and_get_people_again(world: World) -> None:
    """The roster follows."""
    ids = await world.linked(3)
    await world.tick()
    for one in ids:
        await world.leave(one)
    assert await asked(world) == 0
    assert await world.shown(ids) == {}
    await world.arrive(ids[1])
    assert await asked(world) == 1
    assert await all_is_right(world, [ids[1]])


async def test_many_uncertain_people_are_read_together(world: World) -> None:
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
    """Change a person's externalId as SCIM does."""
    event = world.event("user.updated", external_id=now, was_external_id=before, active=True)
    operations: Sequence[object] = [
        Delete(EXTERNAL_ID.key(before, f"user-{before}")),
        Upsert(EXTERNAL_ID.key(now, f"user-{now}"), ACTIVE[True]),
    ]
    await world.store(DIRECTORY, operations, event)  # type: ignore[arg-type]
