"""The one place that reads the time, so that every rule about time can be tested without waiting."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """A source of time."""

    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards; only differences have a meaning."""
        ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


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
    """`moment` as RFC 3339 in UTC with milliseconds, the form of `meta.created` (RFC 7643 section 2.3.5)."""
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return f"{utc.isoformat(timespec='milliseconds')[:23]}Z"


def parse_timestamp(text: str) -> datetime:
    """The moment that `timestamp` wrote; ValueError where the text is no RFC 3339 date-time."""
    return datetime.fromisoformat(text)
