"""A token bucket: so much a second on average, and more at once for who has been quiet."""

from dataclasses import dataclass


@dataclass(slots=True)
class Bucket:
    """`level`: what may be spent, below zero where more was spent than was there; `at`: when (monotonic seconds) it was
    filled last."""

    level: float
    at: float

    def fill(self, now: float, rate: float, most: float) -> None:
        """Add what has come since, `rate` a second, up to `most`."""
        self.level = min(most, self.level + max(0.0, now - self.at) * rate)
        self.at = now

    def wait(self, wanted: float, rate: float) -> float:
        """Seconds until `wanted` is there; 0 where it is."""
        return max(0.0, (wanted - self.level) / rate)
