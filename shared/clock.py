"""The one place that reads the time, so that every rule about time can be tested without waiting.

Processor time of a call is the computing of its code between two awaits, on the event loop's
thread. Other calls' computing in between isn't counted, nor is waiting, nor an engine's work on
threads of its own.
"""

import time
from collections.abc import Awaitable, Generator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar, cast

Result = TypeVar("Result")

# Milliseconds, as rows of presence store times.
SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Clock(Protocol):
    """A source of time."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never run backwards; only differences have a meaning."""
        ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


def processor_seconds() -> float:
    """Return the processor time of this thread; only differences have a meaning."""
    return time.thread_time()


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
        return self._seconds + processor_seconds() - self._since

    def begin_step(self) -> None:
        """Note that the call computes from here on."""
        self._since = processor_seconds()

    def end_step(self) -> None:
        """Add the step that `begin_step` began."""
        if self._since is not None:
            self._seconds += processor_seconds() - self._since
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


@dataclass(slots=True)
class FixedClock:
    """A time that moves only when told to."""

    at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    elapsed: float = 0.0

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.elapsed

    def advance(self, seconds: float) -> None:
        """Move both readings forward by `seconds`."""
        self.at += timedelta(seconds=seconds)
        self.elapsed += seconds


def timestamp(moment: datetime) -> str:
    """Return `moment` as RFC 3339 in UTC with milliseconds, the form of `meta.created` (RFC 7643 section 2.3.5)."""
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return f"{utc.isoformat(timespec='milliseconds')[:23]}Z"


def readable(text: str) -> str:
    """Return a text of `timestamp` to the minute and with its zone, for sentences."""
    return f"{text[:16].replace('T', ' ')} UTC"


def parse_timestamp(text: str) -> datetime:
    """Return the time that `timestamp` formatted.

    Raise ValueError if it is not an RFC 3339 date-time.
    """
    return datetime.fromisoformat(text)


def now_ms(clock: Clock) -> int:
    """Return the current time in milliseconds since 1970, as rows store it."""
    return int(clock.now().timestamp() * SECOND)


def moment(milliseconds: int) -> datetime | None:
    """Return the moment of `milliseconds` since 1970, or None for 0."""
    return datetime.fromtimestamp(milliseconds / SECOND, UTC) if milliseconds > 0 else None


def is_ahead(until: int, now: int, longest: int) -> bool:
    """Return whether `until` is in the future, but not more than `longest`.

    Otherwise a clock that jumps back would extend leases and pauses by the size of the jump.
    """
    return now < until <= now + longest


def is_recent(at: int, now: int, within: int) -> bool:
    """Return whether `at` is in the past, at most `within` ago; a time in the future proves nothing."""
    return 0 <= now - at <= within
