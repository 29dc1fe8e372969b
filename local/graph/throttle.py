"""Graph's limit for presence: 1,500 requests in 30 seconds per application and tenant.

A refused request counts as usage, too ("Microsoft Graph continues to log resource usage while a
client is being throttled", learn.microsoft.com/graph/throttling), so a client that keeps sending
requests never recovers.
"""

import math
from collections import deque

from shared.clock import Clock

LIMIT = 1500
WINDOW = 30.0


class Throttle:
    """A sliding window of requests per key; its memory is bounded by the limit."""

    def __init__(self, clock: Clock, limit: int = LIMIT, window: float = WINDOW) -> None:
        self.clock, self.limit, self.window = clock, limit, window
        self._calls: dict[str, deque[float]] = {}

    def admit(self, key: str) -> int:
        """Count a request of `key`; return 0 if it is allowed, else the seconds to wait."""
        now = self.clock.monotonic()
        calls = self._calls.get(key)
        if calls is None or calls.maxlen != self.limit:
            calls = self._calls[key] = deque(calls or (), maxlen=self.limit)
        oldest = calls[0] if len(calls) == self.limit else None
        calls.append(now)
        if oldest is None or oldest <= now - self.window:
            return 0
        return max(1, math.ceil(calls[0] + self.window - now))
