"""One sync: its requests, the rows it stores, its cost."""

import pytest

from local.graph.simulator import CONTOSO
from scim.resource_rows import encode_active
from shared.tables.schema.contacts import EXTERNAL_ID
from tests.presence.world import DIRECTORY, World


async def test_everyones_status_is_known_after_the_first_sync(world: World) -> None:
    """From link to status: roster, token, Graph, rows."""
    ids = await world.linked(700)
    assert await world.tick() == "synced"
    assert await world.shown(ids) == world.truth(ids)
    assert world.calls() == 2  # chunks of 650


@pytest.mark.parametrize("people", [10, 4500])
async def test_a_sync_without_news_costs_four_round_trips(world: World, people: int) -> None:
    """Read the head, take the lease, read events, store the head: for 10 people or for 4,500 (docs/PERFORMANCE.md)."""
    await world.linked(people)
    await world.tick()
    with world.tables.measured() as calls:
        assert await world.tick() == "synced"
    assert calls == [
        ("query", "presence"),
        ("transact", "presence"),
        ("query", "contacts"),
        ("transact", "presence"),
    ]


async def test_changes_wherever_they_stand_are_one_row(world: World) -> None:
    """Twenty people of 4,500 who changed are written in the same single transaction as the head."""
    ids = await world.linked(4500)
    await world.tick()
    for one in ids[::225]:
        world.set(one, "Busy", "InACall")
    before = set(await world.dump())
    with world.tables.measured() as calls:
        assert await world.tick() == "synced"
    assert calls.count(("transact", "presence")) == 2
    assert len(set(await world.dump()) - before) == 1
    assert (await world.shown(ids[::225])) == dict.fromkeys(ids[::225], "inCall")


@pytest.mark.parametrize("people", [10, 4500])
async def test_a_screen_costs_at_most_one_round_trip(world: World, people: int) -> None:
    """Fifty contacts, or ten: one query, and none for the next agent within the second (docs/PERFORMANCE.md)."""
    ids = (await world.linked(people))[:50]
    await world.tick()
    await world.shown(ids)
    with world.tables.measured() as calls:
        await world.shown(ids)
    assert calls == [("query", "presence")]
    world.clock.elapsed -= 2
    with world.tables.measured() as calls:
        await world.shown(ids)
    assert calls == []


async def test_a_person_who_leaves_is_dropped_with_the_next_sync(world: World) -> None:
    """Events since the cursor: a deleted person is not asked for again and has no status."""
    ids = await world.linked(3)
    await world.tick()
    await world.leave(ids[0])
    await world.tick()
    assert set(await world.shown(ids)) == set(ids[1:])
    assert world.running.simulator.counters.ids_asked == 3 + 2


async def test_a_person_who_arrives_is_known_with_the_next_sync(world: World) -> None:
    """A created person gets a status without a walk over the directory."""
    await world.linked(3)
    (new,) = world.people(1, start=3)
    await world.tick()
    await world.arrive(new)
    with world.tables.measured() as calls:
        await world.tick()
    assert len(calls) == 4
    assert (await world.status(new)).shown == world.truth([new])[new]


async def test_an_id_that_two_people_share_stays_while_one_has_it(world: World) -> None:
    """Before a person is dropped the directory's own rows decide."""
    ids = await world.linked(2)
    await world.tick()
    await world.tables.transact("contacts", DIRECTORY, [_second_row(ids[0])])
    await world.leave(ids[0])
    await world.tick()
    assert set(await world.shown(ids)) == set(ids)


async def test_directories_share_a_tenants_people(world: World) -> None:
    """Union of ids over the directories: no one is asked for twice, each directory sees its own."""
    ids = await world.linked(4)
    await world.provision(ids[2:], "directory-two")
    await world.link("directory-two")
    await world.tick()
    assert world.running.simulator.counters.ids_asked == 4
    assert set(await world.shown(ids, "directory-two")) == set(ids[2:])
    assert set(await world.shown(ids)) == set(ids)


async def test_someone_in_two_directories_stays_while_one_has_them(world: World) -> None:
    """Reference by directory: leaving one directory does not take the status from the other."""
    ids = await world.linked(2)
    await world.provision(ids, "directory-two")
    await world.link("directory-two")
    await world.tick()
    await world.leave(ids[0])
    await world.tick()
    assert set(await world.shown(ids)) == {ids[1]}
    assert set(await world.shown(ids, "directory-two")) == set(ids)


async def test_ids_that_are_no_object_ids_are_counted_not_asked(world: World) -> None:
    """externalId mapped to mailNickname: Graph would refuse the chunk; the page counts them (graph toolkit)."""
    ids = await world.linked(2)
    await world.provision(["anna.meyer", "bob"])
    await world.tick()
    assert world.running.simulator.counters.ids_asked == len(ids)
    assert (await world.head())["counts"]["not_ids"] == 2  # type: ignore[index]


async def test_a_restart_reads_what_was_stored(world: World) -> None:
    """Another instance shows the same at once: one query for pages, deltas and head, one for the link."""
    ids = await world.linked(5000)
    await world.tick()
    world.set(ids[7], "DoNotDisturb", "Presenting")
    await world.tick()
    other = await world.restarted()
    assert await other.shown(ids) == world.truth(ids)
    assert len(other.tables.calls) == 2
    assert await other.tick() == "synced"


async def test_many_syncs_leave_few_rows(world: World) -> None:
    """Deltas are folded into pages now and then, and superseded rows are deleted (compaction)."""
    ids = await world.linked(10)
    for turn in range(150):
        world.set(ids[turn % 10], "Busy" if turn % 20 < 10 else "Away")
        assert await world.tick() == "synced"
    assert len(await world.dump()) < 80
    other = await world.restarted()
    assert await other.shown(ids) == world.truth(ids)


async def test_an_hour_of_changing_people_costs_four_round_trips_a_sync(world: World) -> None:
    """Compaction and tidying included: the cost that docs/presence.md states."""
    await world.linked(700)
    await world.tick()
    world.tenant().moving = True
    calls = world.calls()
    with world.tables.measured() as counted:
        assert {await world.tick() for _ in range(120)} == {"synced"}
    assert len(counted) <= 120 * 4 + 12
    assert world.calls() - calls == 120 * 2


async def test_once_a_day_all_people_are_read(world: World) -> None:
    """The daily reconcile finds changes that no event told of."""
    ids = await world.linked(3)
    await world.tick()
    (silent,) = world.people(1, start=3)
    await world.provision([silent])
    await world.tick()
    assert silent not in await world.shown([silent])
    await world.tick(24 * 3600)
    assert set(await world.shown([*ids, silent])) == {*ids, silent}


async def test_an_unlinked_tenant_costs_one_read(world: World) -> None:
    """A late message for a tenant that was removed does nothing."""
    with world.tables.measured() as calls:
        assert await world.tick(tenant_id=CONTOSO) == "not linked"
    assert calls == [("query", "presence")]


def _second_row(object_id: str):  # type: ignore[no-untyped-def]
    from shared.tables.port import Upsert

    return Upsert(EXTERNAL_ID.key(object_id, "another-user"), encode_active(is_active=True))
