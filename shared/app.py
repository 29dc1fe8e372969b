"""The App: the parts, the state in memory and the background tasks of one instance of the product."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import KW_ONLY, dataclass, field
from functools import cache
from typing import Any, Protocol, TypeVar

from shared import log
from shared.clock import Clock
from shared.ids import RandomSource
from shared.log import LateLines
from shared.metrics import Metrics
from shared.settings import Settings
from shared.tables.port import Tables
from shared.telemetry import Telemetry

State = TypeVar("State")
_MAX_OPTIONAL_TASKS = 256
_MAX_CLOSE_SECONDS = 10.0


class StateOf(Protocol):
    """A function that returns the App's only object of a class (see `App.state`)."""

    def __call__(self, kind: type[State], /) -> State:
        """Return the object of the class `kind`; the first call creates it."""
        ...


class BackgroundTasks:
    """The background tasks of one App. If a task fails, its exception is logged and the others continue."""

    def __init__(self) -> None:
        self._required: set[asyncio.Task[None]] = set()
        self._optional: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Start `work` as a task and return the task. `name` is the log event if it fails."""
        return _start(self._required, work, name)

    def start_optional(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Start `work` as a task, or discard it if 256 optional tasks are running.

        Use it only for work that may be lost, such as storing the time of a token's last use,
        counting, or an update that the next reader would do again. `name` is the log event if
        `work` fails.
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
        """Wait at most ten seconds for the tasks of the running event loop, then cancel the unfinished ones."""
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


@dataclass(frozen=True, slots=True, eq=False)
class App:
    """One instance of the product: its settings, clock and tables, and all of its state in memory.

    An instance keeps its state only here, so two Apps share nothing but the rows of their tables.
    `dataclasses.replace` creates an App with the same parts and without state.
    """

    settings: Settings
    clock: Clock
    tables: Tables
    _: KW_ONLY
    telemetry: Telemetry | None = None
    late_lines: LateLines = field(default_factory=LateLines)
    metrics: Metrics = field(init=False)
    random: RandomSource = field(init=False, repr=False, default_factory=RandomSource)
    background: BackgroundTasks = field(init=False, default_factory=BackgroundTasks)
    # The App's only object of a class, made by the first call: `app.state(ThatDataclass)`. A feature keeps its caches,
    # limits and clients in a dataclass.
    state: StateOf = field(init=False, repr=False)
    _to_close: list[Callable[[], Awaitable[None]]] = field(
        init=False, repr=False, default_factory=list
    )

    def __post_init__(self) -> None:
        # A function of C: each request asks for ten states.
        object.__setattr__(self, "state", cache(self._made))
        object.__setattr__(self, "metrics", Metrics(self.clock, self.settings.log_lines_per_hour))
        if self.telemetry is not None:
            self.telemetry.export(self.metrics)

    def _made(self, kind: type[State]) -> State:
        """Return a new object of the class `kind`.

        It is created by the class method `made_for`, which gets the App, or without arguments if
        the class has no such method.
        """
        made_for: Callable[[App], State] | None = getattr(kind, "made_for", None)
        return kind() if made_for is None else made_for(self)

    def on_close(self, close: Callable[[], Awaitable[None]]) -> None:
        """Register a coroutine function that `App.close` calls; the last one registered is called first."""
        self._to_close.append(close)

    async def close(self) -> None:
        """Finish the background tasks, log the metrics, then close clients, tables and telemetry in this order."""
        await self.background.close()
        self.metrics.report()
        while self._to_close:
            await self._to_close.pop()()
        await self.tables.close()
        if self.telemetry is not None:
            await self.telemetry.close()


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
