"""One sync: its calls, the rows that it stores, its cost."""

import pytest

from local.graph.simulator import CONTOSO
from scim.resource_rows import ACTIVE
from shared.tables.schema.contacts import EXTERNAL_ID
from tests.presence.world import DIRECTORY, World


async def test_everyones_status_is_known_after_the_first_sync(world: World) -> None:
    """A sync reads the roster, requests a token, calls Graph, and stores rows."""
    ids = await world.linked(700)
    assert await world.tick() == "synced"
    assert await world.shown(ids) == world.truth(ids)
    assert world.calls() == 2  # chunks of 650


@pytest.mark.parametrize("people", [10, 4500])
async def test_a_sync_without_news_costs_four_round_trips(world: World, people: int) -> None:
    """docs/PERFORMANCE.md: read the manifest, acquire the lease, read events, store the manifest,
    for any number of people.
    """
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


async def test_all_changes_of_a_sync_are_one_row(world: World) -> None:
    """Twenty changes among 4,500 people are written in one transaction with the manifest."""
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
async def test_the_statuses_of_a_page_cost_at_most_one_round_trip(
    world: World, people: int
) -> None:
    """docs/PERFORMANCE.md: one query for ten or fifty contacts, and none for other agents within a
    second.
    """
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


async def test_a_deleted_person_is_dropped_by_the_next_sync(world: World) -> None:
    """It reads events since its position: the person isn't polled and has no status."""
    ids = await world.linked(3)
    await world.tick()
    await world.leave(ids[0])
    await world.tick()
    assert set(await world.shown(ids)) == set(ids[1:])
    assert world.running.simulator.counters.ids_asked == 3 + 2


async def test_a_created_person_has_a_status_after_the_next_sync(world: World) -> None:
    """The sync doesn't read the whole directory."""
    await world.linked(3)
    (new,) = world.people(1, start=3)
    await world.tick()
    await world.arrive(new)
    with world.tables.measured() as calls:
        await world.tick()
    assert len(calls) == 4
    assert (await world.status(new)).shown == world.truth([new])[new]


async def test_an_id_of_two_people_is_polled_while_one_has_it(world: World) -> None:
    """Before an id is dropped, the directory's rows are read."""
    ids = await world.linked(2)
    await world.tick()
    await world.tables.transact("contacts", DIRECTORY, [_second_row(ids[0])])
    await world.leave(ids[0])
    await world.tick()
    assert set(await world.shown(ids)) == set(ids)


async def test_directories_share_a_tenants_people(world: World) -> None:
    """Ids in several directories are polled once; each directory shows only its own people."""
    ids = await world.linked(4)
    await world.provision(ids[2:], "directory-two")
    await world.link("directory-two")
    await world.tick()
    assert world.running.simulator.counters.ids_asked == 4
    assert set(await world.shown(ids, "directory-two")) == set(ids[2:])
    assert set(await world.shown(ids)) == set(ids)


async def test_a_person_in_two_directories_is_polled_while_one_has_them(world: World) -> None:
    """The roster stores the directories of each person."""
    ids = await world.linked(2)
    await world.provision(ids, "directory-two")
    await world.link("directory-two")
    await world.tick()
    await world.leave(ids[0])
    await world.tick()
    assert set(await world.shown(ids)) == {ids[1]}
    assert set(await world.shown(ids, "directory-two")) == set(ids)


async def test_external_ids_that_are_no_object_ids_are_counted_but_not_polled(world: World) -> None:
    """For externalId mapped to mailNickname: Graph would refuse the chunk, and the page shows the
    count.
    """
    ids = await world.linked(2)
    await world.provision(["anna.meyer", "bob"])
    await world.tick()
    assert world.running.simulator.counters.ids_asked == len(ids)
    assert (await world.head())["counts"]["not_ids"] == 2  # type: ignore[index]


async def test_a_new_instance_shows_the_stored_statuses(world: World) -> None:
    """One query for pages, deltas and manifest, one for the link."""
    ids = await world.linked(5000)
    await world.tick()
    world.set(ids[7], "DoNotDisturb", "Presenting")
    await world.tick()
    other = await world.restarted()
    assert await other.shown(ids) == world.truth(ids)
    assert len(other.tables.calls) == 2
    assert await other.tick() == "synced"


async def test_many_syncs_leave_few_rows(world: World) -> None:
    """Compaction: deltas are folded into pages, and superseded rows are deleted."""
    ids = await world.linked(10)
    for turn in range(150):
        world.set(ids[turn % 10], "Busy" if turn % 20 < 10 else "Away")
        assert await world.tick() == "synced"
    assert len(await world.dump()) < 80
    other = await world.restarted()
    assert await other.shown(ids) == world.truth(ids)


async def test_an_hour_of_changing_people_costs_four_round_trips_a_sync(world: World) -> None:
    """With compaction and deletion of old rows: the cost in docs/presence.md."""
    await world.linked(700)
    await world.tick()
    world.tenant().moving = True
    calls = world.calls()
    with world.tables.measured() as counted:
        assert {await world.tick() for _ in range(120)} == {"synced"}
    assert len(counted) <= 120 * 4 + 12
    assert world.calls() - calls == 120 * 2


async def test_once_a_day_all_people_are_read(world: World) -> None:
    """It finds changes that have no event."""
    ids = await world.linked(3)
    await world.tick()
    (silent,) = world.people(1, start=3)
    await world.provision([silent])
    await world.tick()
    assert silent not in await world.shown([silent])
    await world.tick(24 * 3600)
    assert set(await world.shown([*ids, silent])) == {*ids, silent}


async def test_an_unlinked_tenant_costs_one_read(world: World) -> None:
    """A late message for a tenant that was disconnected changes nothing."""
    with world.tables.measured() as calls:
        assert await world.tick(tenant_id=CONTOSO) == "not linked"
    assert calls == [("query", "presence")]


def _second_row(object_id: str):  # type: ignore[no-untyped-def]
    from shared.tables.port import Upsert

    return Upsert(EXTERNAL_ID.key(object_id, "another-user"), ACTIVE[True])
