"""Many reads of one request side by side, but never so many that others wait for storage."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

AT_ONCE = 16
Item = TypeVar("Item")
Result = TypeVar("Result")


async def each(items: Iterable[Item], use: Callable[[Item], Awaitable[Result]]) -> list[Result]:
    """What `use` gives for each item, in order, some at a time."""
    listed = list(items)
    if len(listed) == 1:  # as nearly always with what an index names, when there is nothing to do side by side
        return [await use(listed[0])]
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(item: Item) -> Result:
        async with gate:
            return await use(item)

    return await asyncio.gather(*map(one, listed))
