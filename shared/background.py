"""Work that continues after the request that started it was answered."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from shared import log

_MAX_OPTIONAL_TASKS = 256
_MAX_CLOSE_SECONDS = 10.0


class BackgroundTasks:
    """The background tasks of one App. A task that fails is logged; the others continue."""

    def __init__(self) -> None:
        self._required: set[asyncio.Task[None]] = set()
        self._optional: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run `work` in the background. `name` is the log event of its failure."""
        return _start(self._required, work, name)

    def start_optional(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run `work` in the background, or drop it if 256 optional tasks are running.

        Use it only for work that may be lost: the time of a token's last use, a count, an update
        that the next reader repeats.
        """
        if len(self._optional) >= _MAX_OPTIONAL_TASKS:
            work.close()
            return
        _start(self._optional, work, name)

    async def drain(self) -> None:
        """Wait until all tasks of the running event loop have finished."""
        while tasks := self._running():
            await asyncio.wait(tasks)
            # `wait` does not suspend for finished tasks, and only the loop removes them.
            await asyncio.sleep(0)

    async def close(self) -> None:
        """Wait at most ten seconds for the tasks of the running event loop, then cancel them."""
        try:
            async with asyncio.timeout(_MAX_CLOSE_SECONDS):
                await self.drain()
        except TimeoutError:
            for task in self._running():
                task.cancel()
            await self.drain()

    def _running(self) -> list[asyncio.Task[None]]:
        loop = asyncio.get_running_loop()
        return [task for task in self._required | self._optional if task.get_loop() is loop]


def _start(
    tasks: set[asyncio.Task[None]], work: Coroutine[Any, Any, None], name: str
) -> asyncio.Task[None]:
    task = asyncio.create_task(_log_failure(work, name))
    tasks.add(task)
    task.add_done_callback(tasks.discard)
    return task


async def _log_failure(work: Coroutine[Any, Any, None], name: str) -> None:
    try:
        await work
    except Exception as error:
        log.failure(name, error)
