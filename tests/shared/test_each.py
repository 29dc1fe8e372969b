"""Work of one request on many items, without delaying other requests."""

import asyncio
from itertools import pairwise

import pytest

from local.counting_tables import CountingTables
from shared.app import App
from shared.concurrency import AT_ONCE, Superseded, TimeSlice, Turns, each, only_while
from shared.settings import Settings
from tests.clock import FixedClock
from tests.rounds import rounds


async def test_many_items_are_processed_a_few_at_a_time_and_in_order() -> None:
    """The number of concurrent calls is limited; results have the order of the items."""
    running, most = 0, 0

    async def use(item: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return item * 2

    assert await each(range(100), use) == [item * 2 for item in range(100)]
    assert most == AT_ONCE
    assert await each([], use) == []
    assert await each([7], use) == [14]


async def test_the_error_of_one_item_is_raised() -> None:
    """The caller gets the item's own exception."""

    async def use(item: int) -> None:
        raise ValueError(item)

    for items in ([1], [1, 2]):
        with pytest.raises(ValueError, match="1"):
            await each(items, use)


async def test_a_long_computation_yields_to_the_event_loop(
    tables: CountingTables, clock: FixedClock
) -> None:
    """After each time slice waiting callbacks run before the next step, but not before the slice
    ends.
    """
    passed, time_slice = list[int](), TimeSlice(App(Settings.read({}), clock, tables))
    for step in range(4):
        asyncio.get_running_loop().call_soon(passed.append, step)
        await time_slice.yield_when_over()
        assert passed == ([0, 1] if step >= 1 else [])
        if step == 0:
            clock.advance(2 * TimeSlice.SECONDS)
    await asyncio.sleep(0)
    assert passed == [0, 1, 2, 3]


async def test_a_computation_that_is_not_needed_ends_at_its_next_pause(
    tables: CountingTables, clock: FixedClock
) -> None:
    """It raises Superseded after the slice, so that the newer request gets the processor."""
    app, needed = App(Settings.read({}), clock, tables), [True]
    with only_while(lambda: needed[0]):
        time_slice = TimeSlice(app)
        clock.advance(2 * TimeSlice.SECONDS)
        await time_slice.yield_when_over()
        needed[0] = False
        await time_slice.yield_when_over()
        clock.advance(2 * TimeSlice.SECONDS)
        with pytest.raises(Superseded):
            await time_slice.yield_when_over()
    clock.advance(2 * TimeSlice.SECONDS)
    await TimeSlice(app).yield_when_over()  # a computation outside the block goes on


async def test_slices_of_several_computations_are_spaced(
    tables: CountingTables, clock: FixedClock
) -> None:
    """A small request needs some rounds of the event loop; most of them must have no long
    computation.
    """
    app, rounds_computed, ended = App(Settings.read({}), clock, tables), list[int](), [0]

    async def compute() -> None:
        await app.state(Turns).begin()
        time_slice = TimeSlice(app)
        for _ in range(5):
            rounds_computed.append(passed[0])
            clock.advance(2 * TimeSlice.SECONDS)
            await time_slice.yield_when_over()
        ended[0] += 1

    passed = [0]
    tasks = [asyncio.create_task(compute()) for _ in range(3)]
    for _ in rounds():
        if ended[0] == len(tasks):
            break
        await asyncio.sleep(0)
        passed[0] += 1
    later = rounds_computed[len(tasks) :]
    assert min(after - before for before, after in pairwise(later)) >= Turns.ROUNDS - 1
    assert all(task.done() for task in tasks)
