"""The only module that reads the time, so that tests of rules about time set it and don't wait.

The processor time of a call is the time that its code computes on the event loop's thread between
two awaits. It excludes waiting, other calls' computing, and the work of a table engine on threads
of its own.
"""

import time
from collections.abc import Awaitable, Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar, cast

Result = TypeVar("Result")

# Durations in milliseconds, the unit of times in presence rows.
SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Clock(Protocol):
    """A source of the current time and of elapsed time."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return a number of seconds that never decreases; only the difference of two values has a meaning."""
        ...


class SystemClock:
    """The clock of the operating system."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


def processor_seconds() -> float:
    """Return the processor time of this thread in seconds; only the difference of two values has a meaning."""
    return time.thread_time()


@dataclass(slots=True)
class ProcessorTime:
    """Measures the processor time of one call, with the tasks that it starts by `shared.concurrency.each`."""

    _seconds: float = 0.0
    _since: float | None = None

    @property
    def seconds(self) -> float:
        """The processor time so far in seconds, including the step that is running."""
        if self._since is None:
            return self._seconds
        return self._seconds + processor_seconds() - self._since

    def begin_step(self) -> None:
        """Start measuring a step: code that runs until its next await."""
        self._since = processor_seconds()

    def end_step(self) -> None:
        """Add the processor time since `begin_step`, if a step is running."""
        if self._since is not None:
            self._seconds += processor_seconds() - self._since
        self._since = None

    def measure(self, work: Awaitable[Result]) -> "_Measured[Result]":
        """Return an awaitable that runs `work`, returns its result, and adds the processor time of its steps."""
        return _Measured(self, work)


@dataclass(frozen=True, slots=True)
class _Measured(Awaitable[Result]):
    """An awaitable that runs `work` as `await` does (PEP 492, PEP 380) and measures each step with `time`."""

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


def timestamp(moment: datetime) -> str:
    """Return `moment` in RFC 3339 form, in UTC with milliseconds, as in `meta.created` (RFC 7643 section 2.3.5)."""
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return f"{utc.isoformat(timespec='milliseconds')[:23]}Z"


def readable(text: str) -> str:
    """Return a text of `timestamp` as `2026-01-31 09:30 UTC`, to the minute, for sentences."""
    return f"{text[:16].replace('T', ' ')} UTC"


def parse_timestamp(text: str) -> datetime:
    """Parse an RFC 3339 date-time, such as a text of `timestamp`; raise ValueError if it isn't one."""
    return datetime.fromisoformat(text)


def now_ms(clock: Clock) -> int:
    """Return the current time in milliseconds since 1970, the unit of times in presence rows."""
    return int(clock.now().timestamp() * SECOND)


def moment(milliseconds: int) -> datetime | None:
    """Return the UTC time that is `milliseconds` after the start of 1970, or None for 0, which means "never"."""
    return datetime.fromtimestamp(milliseconds / SECOND, UTC) if milliseconds > 0 else None


def is_ahead(until: int, now: int, longest: int) -> bool:
    """Return whether `until` is later than `now` by at most `longest`.

    Used for leases and pauses of at most `longest`. If the clock was set back after `until` was
    stored, `until` may be further in the future than `longest`. The lease then counts as expired,
    because otherwise it would last longer by the size of the change.
    """
    return now < until <= now + longest


def is_recent(at: int, now: int, within: int) -> bool:
    """Return whether `at` is at most `within` before `now`; False for a time in the future, as after a clock change."""
    return 0 <= now - at <= within
