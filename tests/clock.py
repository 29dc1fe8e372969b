"""A clock that tests advance, so that tests of rules about time don't wait."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(slots=True)
class FixedClock:
    """A clock (`shared.clock.Clock`) whose time changes only by `advance`."""

    at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    elapsed: float = 0.0

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.elapsed

    def advance(self, seconds: float) -> None:
        """Move the current time and the elapsed time forward by `seconds`."""
        self.at += timedelta(seconds=seconds)
        self.elapsed += seconds
