"""Many reads of a request at once, long computations in slices, and imports in a thread: other requests don't wait."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Generator, Iterable, Sequence
from importlib import import_module
from typing import TypeVar

from shared import log
from shared.clock import Clock

AT_ONCE = 16
Item = TypeVar("Item")
Result = TypeVar("Result")


async def each(items: Iterable[Item], use: Callable[[Item], Awaitable[Result]]) -> list[Result]:
    """Return the result of `use` for each item, in order; some run at the same time."""
    listed = list(items)
    if (
        len(listed) == 1
    ):  # as nearly always with what an index names, when there is nothing to do side by side
        return [await use(listed[0])]
    gate, call = asyncio.Semaphore(AT_ONCE), log.current()

    async def one(item: Item) -> Result:
        async with gate:
            work = use(item)
            return await (work if call is None else call.processor.measure(work))

    return await asyncio.gather(*map(one, listed))


class TimeSlice:
    """Limits long computing on the only event loop: others are served every five milliseconds.

    One step may take as long again: together they stay below ten.
    """

    SECONDS = 0.005

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since = clock.monotonic()

    async def yield_when_over(self) -> None:
        """Let others run if the slice is over; await it after each step."""
        if self._clock.monotonic() - self._since > self.SECONDS:
            await asyncio.sleep(0)
            self._since = self._clock.monotonic()


async def in_slices(steps: Generator[None, None, Result], clock: Clock) -> Result:
    """Return the result of a computation in steps; other requests are served between them."""
    time_slice = TimeSlice(clock)
    while True:
        try:
            next(steps)
        except StopIteration as done:
            result: Result = done.value
            return result
        await time_slice.yield_when_over()


async def import_modules(*names: str) -> None:
    """Import modules in a thread unless that is done.

    The pages or `phonenumbers` take 0.1 s and more at their first use. A thread that imports gives the GIL to the
    event loop every few milliseconds.
    """
    if not all(map(_is_imported, names)):
        await asyncio.to_thread(_import, names)


def _is_imported(name: str) -> bool:
    """Return whether a module is there, and no other thread is in the middle of its import."""
    module = sys.modules.get(name)
    return module is not None and not getattr(module.__spec__, "_initializing", False)


def _import(names: Sequence[str]) -> None:
    for name in names:
        import_module(name)
