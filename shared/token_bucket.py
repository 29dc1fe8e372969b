"""Token bucket: a sustained rate with a burst allowance."""

from dataclasses import dataclass


@dataclass(slots=True)
class Bucket:
    """The state of a token bucket.

    `level`: tokens that may be spent, negative after an overdraft; `at`: when (monotonic seconds) it was
    last filled.
    """

    level: float
    at: float

    def fill(self, now: float, rate: float, most: float) -> None:
        """Add `rate` tokens for each second since the last call, up to `most`."""
        self.level = min(most, self.level + max(0.0, now - self.at) * rate)
        self.at = now

    def wait(self, wanted: float, rate: float) -> float:
        """Return the seconds until `wanted` tokens are available, or 0."""
        return max(0.0, (wanted - self.level) / rate)
