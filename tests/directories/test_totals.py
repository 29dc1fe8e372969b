"""Totals of a directory: exact, without counting its rows."""

import asyncio
import logging
import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import orjson
import pytest

from directories import totals
from directories.events import Event, clock_for_write, clock_of, write
from directories.totals import Totals, fold, read
from local.counting_tables import CountingTables
from shared.app import App
from shared.clock import timestamp
from shared.tables.port import Insert, Operation, Row
from shared.tables.schema.contacts import LIST, TOTAL, USER
from tests.clock import FixedClock

DIRECTORY = "d1"
CAME = Event("t", "user.created", users=1, active=True)
WENT = Event("t", "user.deleted", users=-1, was_active=True)
GROUP = Event("t", "group.created", groups=1)


async def put(app: App, *found: Event, directory_id: str = DIRECTORY) -> None:
    """Write the events, up to 100 in a transaction."""
    for at in range(0, len(found), 100):
        operations = [write(event, app.clock) for event in found[at : at + 100]]
        await app.tables.transact("contacts", directory_id, operations)


def elsewhere(app: App) -> App:
    """Return another instance over the same storage."""
    return App(app.settings, app.clock, CountingTables(app.tables))


async def test_totals_follow_each_write_at_once(any_app: App) -> None:
    """A client that has just written sees the new total, on each instance and on both engines."""
    other, directory_id = elsewhere(any_app), "d-follow"
    expected = 0
    for number in range(12):
        expected += -1 if number % 4 == 3 else 1
        await put(any_app, WENT if number % 4 == 3 else CAME, directory_id=directory_id)
        any_app.clock.advance(random.Random(number).choice([0, 1, 20, 400]))  # type: ignore[attr-defined]
        for instance in (any_app, other):
            found = await read(instance, directory_id)
            assert (found.users, found.active) == (expected, expected)
    await any_app.background.drain()


async def test_a_read_costs_two_round_trips_and_then_one(app: App, tables: CountingTables) -> None:
    """The totals row, which the instance caches, and the keys of newer events."""
    await put(app, CAME, GROUP)
    with tables.measured() as calls:
        assert await read(app, DIRECTORY) == Totals(1, 1, 1, {"2026-01-01T00": (2, 0)})
    assert calls == [("get", "contacts"), ("query", "contacts")]
    with tables.measured() as calls:
        await read(app, DIRECTORY)
    assert calls == [("query", "contacts")]


async def test_many_events_cost_a_reader_no_more_once_they_are_folded(
    app: App, tables: CountingTables, clock: FixedClock
) -> None:
    """After 20,000 creations a new instance needs two round trips, as after ten."""
    await put(app, *[CAME] * 20_000)
    clock.advance(600)
    assert (await read(app, DIRECTORY)).users == 20_000
    await app.background.drain()
    with tables.measured() as calls:
        assert (await read(elsewhere(app), DIRECTORY)).users == 20_000
    assert len(calls) == 2


async def test_events_of_the_last_minutes_are_not_folded(app: App, clock: FixedClock) -> None:
    """A transaction may be stored later than the time in its event's key; folding waits five
    minutes for it.
    """
    late = write(CAME, clock)
    await put(app, CAME)
    clock.advance(299)
    assert await fold(app, DIRECTORY) == ""
    await app.tables.transact("contacts", DIRECTORY, [late])
    clock.advance(2)
    assert await fold(app, DIRECTORY) != ""
    assert (await read(elsewhere(app), DIRECTORY)).users == 2


async def test_a_slow_transaction_is_counted_within_a_minute(app: App, clock: FixedClock) -> None:
    """An instance reads its cached totals again after a minute, so an event that is stored late is
    counted.
    """
    late = write(CAME, clock)
    clock.advance(30)
    await put(app, CAME)
    assert (await read(app, DIRECTORY)).users == 1
    clock.advance(20)
    assert (await read(app, DIRECTORY)).users == 1
    await app.tables.transact("contacts", DIRECTORY, [late])
    clock.advance(45)
    assert (await read(app, DIRECTORY)).users == 2


async def test_an_event_dated_before_those_already_counted_is_counted(
    app: App, clock: FixedClock
) -> None:
    """Transactions commit in another order than their keys are made, within some seconds."""
    late = write(CAME, clock)
    clock.advance(3)
    await put(app, CAME, CAME)
    assert (await read(app, DIRECTORY)).users == 2
    await app.tables.transact("contacts", DIRECTORY, [late])
    assert (await read(app, DIRECTORY)).users == 3
    await put(app, WENT)
    assert (await read(app, DIRECTORY)).users == 2


async def test_two_instances_fold_at_once_without_counting_twice(
    app: App, clock: FixedClock
) -> None:
    """The row's ETag has changed, so one of them stores nothing."""
    await put(app, CAME, CAME)
    clock.advance(600)
    await asyncio.gather(fold(app, DIRECTORY), fold(elsewhere(app), DIRECTORY))
    await put(app, CAME)
    clock.advance(600)
    await asyncio.gather(fold(app, DIRECTORY), fold(elsewhere(app), DIRECTORY))
    assert (await read(elsewhere(app), DIRECTORY)).users == 3


class Overtaken(CountingTables):
    """Tables on which another instance folds just before this one's transaction."""

    other: App | None = None

    async def transact(
        self, table: str, partition: str, operations: Sequence[Operation]
    ) -> list[str]:
        """Let the other instance fold before the first transaction."""
        other, self.other = self.other, None
        if other is not None:
            await put(other, CAME)
            other.clock.advance(600)  # type: ignore[attr-defined]
            await fold(other, partition)
        return await super().transact(table, partition, operations)


async def test_a_fold_never_overwrites_a_later_one(app: App, clock: FixedClock) -> None:
    """Events before the later position may have been deleted, so they couldn't be counted again."""
    await put(app, CAME)
    clock.advance(600)
    await fold(app, DIRECTORY)
    await put(app, CAME)
    clock.advance(600)
    slow = Overtaken(app.tables)
    slow.other = app
    await fold(App(app.settings, clock, slow), DIRECTORY)
    row = await app.tables.get("contacts", DIRECTORY, TOTAL.key)
    assert row is not None
    assert orjson.loads(row.value)["users"] == 3


async def test_the_last_day_is_counted_by_the_hour(app: App, clock: FixedClock) -> None:
    """Changes and refusals of the last 24 hours, folded or not; older ones don't count."""
    refusal = Event(timestamp(clock.now()), "request.refused", count=4)
    await put(app, CAME, refusal)
    clock.advance(12 * 3600)
    await put(app, CAME, CAME, refusal)
    await fold(app, DIRECTORY)
    assert (await read(app, DIRECTORY)).last_day(clock.now()) == (3, 8)
    clock.advance(13 * 3600)
    found = await read(elsewhere(app), DIRECTORY)
    assert (found.users, found.last_day(clock.now())) == (3, (2, 4))


async def test_rows_next_to_events_do_not_count(app: App) -> None:
    """Only keys of events are counted."""
    await app.tables.transact(
        "contacts", DIRECTORY, [Insert("eventful", b"{}"), Insert("evens|u1", b"{}")]
    )
    assert (await totals.read(app, DIRECTORY)).users == 0


def people(count: int) -> list[Operation]:
    """Return the rows by which users and active users are counted."""
    ids = [f"01a22052-bc22-7734-9da1-{n:012x}" for n in range(count)]
    return [
        *(Insert(USER.key(one), b"{}") for one in ids),
        *(Insert(LIST.key("a", one), b"{}") for one in ids),
    ]


async def test_totals_that_are_wrong_because_of_a_clock_are_recounted(
    app: App, clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    """An event dated before the folded ones is never counted; the daily maintenance counts the keys
    of users and logs the correction.
    """
    late = [write(CAME, clock) for _ in range(3)]
    clock.advance(3600)
    await app.tables.transact("contacts", DIRECTORY, people(5))
    await put(app, CAME, CAME)
    clock.advance(600)
    await fold(app, DIRECTORY)
    await app.tables.transact("contacts", DIRECTORY, late)
    assert (await read(elsewhere(app), DIRECTORY)).users == 2
    with caplog.at_level(logging.WARNING):
        assert await totals.recount(app, DIRECTORY) == 6
        assert await totals.recount(app, DIRECTORY) == 0
    found = await read(app, DIRECTORY)
    assert (found.users, found.active, found.groups) == (5, 5, 0)
    assert len([one for one in caplog.messages if "totals.repaired" in one]) == 1


async def test_a_recount_changes_nothing_if_the_directory_changed_in_between(app: App) -> None:
    """Events stored during the count would be counted twice or not at all."""
    await app.tables.transact("contacts", DIRECTORY, people(3))

    class Busy(CountingTables):
        async def query(self, *arguments: Any, **options: Any) -> list[Row]:
            found = await super().query(*arguments, **options)
            if arguments[2] == LIST.all()[0]:
                await put(app, CAME)
            return found

    busy = App(app.settings, app.clock, Busy(app.tables))
    assert await totals.recount(busy, DIRECTORY) is None
    assert await app.tables.get("contacts", DIRECTORY, TOTAL.key) is None


@pytest.mark.parametrize("minutes", [2, 60])
async def test_an_instance_with_a_slow_clock_dates_its_events_after_those_it_has_read(
    app: App, clock: FixedClock, minutes: int
) -> None:
    """Otherwise they would precede events that are folded, and never be counted."""
    await put(app, *[CAME] * 3)
    clock.advance(600)
    await fold(app, DIRECTORY)
    await put(app, CAME)
    slow = App(app.settings, FixedClock(clock.now() - timedelta(minutes=minutes)), app.tables)
    clock_for_write(slow, DIRECTORY)
    await slow.background.drain()
    operation = write(CAME, clock_for_write(slow, DIRECTORY))
    await app.tables.transact("contacts", DIRECTORY, [operation])
    clock.advance(600)
    await fold(app, DIRECTORY)
    assert (await read(elsewhere(app), DIRECTORY)).users == 5
    assert (await read(slow, DIRECTORY)).users == 5


def test_a_clock_that_is_set_back_does_not_date_events_before_earlier_ones(app: App) -> None:
    """The test sets it back by an hour."""
    clock = FixedClock()
    own = clock_of(App(app.settings, clock, app.tables))
    first = own.now()
    clock.advance(-3600)
    assert own.now() >= first
    clock.advance(10)
    assert own.now() == first + timedelta(seconds=10)


def test_a_clock_that_is_far_ahead_is_not_followed(app: App) -> None:
    """An event dated more than two hours ahead comes from a faulty clock, so it doesn't shift later
    events.
    """
    own = clock_of(app)
    own.seen(write(CAME, FixedClock(app.clock.now() + timedelta(days=400))).key)
    assert own.now() == app.clock.now()
