"""Much work of one request, never so that others wait."""

import asyncio
from itertools import pairwise

import pytest

from local.counting_tables import CountingTables
from shared.app import App
from shared.clock import FixedClock
from shared.concurrency import AT_ONCE, TimeSlice, Turns, each
from shared.settings import Settings
from tests.rounds import rounds


async def test_many_are_used_some_at_a_time_and_answered_in_order() -> None:
    """Never more than so many at once, whatever the number of items."""
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


async def test_one_that_fails_fails_all() -> None:
    """The caller sees the error of the item."""

    async def use(item: int) -> None:
        raise ValueError(item)

    for items in ([1], [1, 2]):
        with pytest.raises(ValueError, match="1"):
            await each(items, use)


async def test_long_computing_lets_others_through(
    tables: CountingTables, clock: FixedClock
) -> None:
    """After its slice, waiting work of the event loop runs before the next step; before that, none
    does.
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


async def test_slices_of_several_computations_are_spaced(
    tables: CountingTables, clock: FixedClock
) -> None:
    """A small request takes some rounds of the event loop; in most of them nothing computes long."""
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
