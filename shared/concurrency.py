"""Keep the event loop free for other requests: concurrent reads, computing in slices, imports in a thread."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from importlib import import_module
from typing import ClassVar, TypeVar

from shared import log
from shared.app import App

AT_ONCE = 16
Item = TypeVar("Item")
Result = TypeVar("Result")


async def each(items: Iterable[Item], use: Callable[[Item], Awaitable[Result]]) -> list[Result]:
    """Return the results of `use` for all items, in the order of the items; at most 16 run at the same time."""
    listed = list(items)
    if len(listed) == 1:  # most index lookups find one row, which needs no task
        return [await use(listed[0])]
    gate, call = asyncio.Semaphore(AT_ONCE), log.current()

    async def one(item: Item) -> Result:
        async with gate:
            work = use(item)
            return await (work if call is None else call.processor.measure(work))

    return await asyncio.gather(*map(one, listed))


class Superseded(Exception):
    """Raised in a long computation whose result is no longer needed: a newer request replaces it."""


_is_needed = ContextVar[Callable[[], bool] | None]("is_needed", default=None)


@contextmanager
def only_while(is_needed: Callable[[], bool]) -> Iterator[None]:
    """Stop long computations inside the block when `is_needed` returns False: they raise Superseded at their next pause.

    Raise Superseded at once if it returns False already.
    """
    if not is_needed():
        raise Superseded
    token = _is_needed.set(is_needed)
    try:
        yield
    finally:
        _is_needed.reset(token)


@dataclass(slots=True)
class Turns:
    """Lets the long computations of an App take turns on its event loop: each one computes for a slice, then pauses.

    A small request needs several rounds of the loop: for its arrival, its task and its response. If
    each round had a slice of every long computation, the request would wait for all of them several
    times. `waiting` is the number of computations that are in their pause.
    """

    ROUNDS: ClassVar[int] = 4
    waiting: int = 0

    async def begin(self) -> None:
        """Wait for a turn before a long computation; return at once if no other computation waits."""
        if self.waiting:
            await self.next()

    async def next(self) -> None:
        """Wait for the next turn: the event loop runs other tasks for some rounds, and earlier waiters come first."""
        self.waiting += 1
        try:
            for _ in range(self.ROUNDS * self.waiting):
                await asyncio.sleep(0)
        finally:
            self.waiting -= 1


class TimeSlice:
    """Lets other tasks of the event loop run every three milliseconds during a long computation.

    A step between two checks should take at most five milliseconds, so that others wait less than
    ten. The slices of several computations of an App don't follow each other without a pause. A
    computation inside `only_while` ends when it is no longer needed.
    """

    SECONDS = 0.003

    def __init__(self, app: App) -> None:
        self._clock, self._turns, self._is_needed = app.clock, app.state(Turns), _is_needed.get()
        self._since = self._clock.monotonic()

    async def yield_when_over(self) -> None:
        """Let other tasks run if three milliseconds have passed since they last could; await it after each step.

        Raises:
            Superseded: The computation is inside `only_while` and is no longer needed.
        """
        if self._clock.monotonic() - self._since > self.SECONDS:
            await self._turns.next()
            if self._is_needed is not None and not self._is_needed():
                raise Superseded
            self._since = self._clock.monotonic()


async def in_slices(steps: Generator[None, None, Result], time_slice: TimeSlice) -> Result:
    """Run the generator `steps` to its end and return its result; other tasks run between its steps."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            result: Result = done.value
            return result
        await time_slice.yield_when_over()


async def import_modules(*names: str) -> None:
    """Import the modules `names` in a thread, unless all of them are imported.

    The first import of the pages or of `phonenumbers` takes 0.1 s or more. In a thread, Python lets
    the event loop run every few milliseconds, because it switches the GIL between threads.
    """
    if not all(map(_is_imported, names)):
        await asyncio.to_thread(_import, names)


def _is_imported(name: str) -> bool:
    """Return whether a module is imported completely; False while another thread is importing it."""
    module = sys.modules.get(name)
    return module is not None and not getattr(module.__spec__, "_initializing", False)


def _import(names: Sequence[str]) -> None:
    for name in names:
        import_module(name)
