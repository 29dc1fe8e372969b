"""Processor time of one call: what its code computes between two awaits, on the event loop's thread.

What other calls compute meanwhile isn't counted, nor is waiting, nor what an engine does on threads of its
own.
"""

from collections.abc import Awaitable, Generator
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from shared import clock

Result = TypeVar("Result")


@dataclass(slots=True)
class ProcessorTime:
    """The processor time of one call and of the tasks that it starts with `shared.concurrency.each`."""

    _seconds: float = 0.0
    _since: float | None = None

    @property
    def seconds(self) -> float:
        """The seconds so far, those of the present step included."""
        if self._since is None:
            return self._seconds
        return self._seconds + clock.processor_seconds() - self._since

    def begin_step(self) -> None:
        """Note that the call computes from here on."""
        self._since = clock.processor_seconds()

    def end_step(self) -> None:
        """Add the step that `begin_step` began."""
        if self._since is not None:
            self._seconds += clock.processor_seconds() - self._since
        self._since = None

    def measure(self, work: Awaitable[Result]) -> "_Measured[Result]":
        """Return an awaitable that does `work` and adds the time of each of its steps."""
        return _Measured(self, work)


@dataclass(frozen=True, slots=True)
class _Measured(Awaitable[Result]):
    """Drives an awaitable as `await` does (PEP 492, PEP 380), and measures each step."""

    time: ProcessorTime
    work: Awaitable[Result]

    def __await__(self) -> Generator[Any, Any, Result]:
        steps = self.work.__await__()
        time, step, value = self.time, steps.send, None
        while True:
            time.begin_step()
            try:
                waiting = step(value)
            except StopIteration as done:
                return cast("Result", done.value)
            finally:
                time.end_step()
            try:
                step, value = steps.send, (yield waiting)
            except GeneratorExit:
                steps.close()
                raise
            except BaseException as error:
                step, value = steps.throw, error
