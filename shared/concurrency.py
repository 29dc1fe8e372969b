"""Much work of one request, never so that others wait: reads some at a time, computing in slices of time."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

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
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(item: Item) -> Result:
        async with gate:
            return await use(item)

    return await asyncio.gather(*map(one, listed))


class TimeSlice:
    """Long computing on the only event loop lets others through every ten milliseconds."""

    SECONDS = 0.01

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since = clock.monotonic()

    async def yield_when_over(self) -> None:
        """To be awaited after each step."""
        if self._clock.monotonic() - self._since > self.SECONDS:
            await asyncio.sleep(0)
            self._since = self._clock.monotonic()
