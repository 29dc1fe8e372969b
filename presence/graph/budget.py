"""How many calls to Graph may be made: 1,500 in 30 seconds for the app in one tenant, 2,000 a second in all
(learn.microsoft.com/graph/throttling-limits).

A bucket of `burst` calls that fills by `rate` a second lets at most burst + 30 * rate through in any 30 seconds. Syncs
of a tenant run on one instance at a time: 450 + 30 * 30 = 1,350. Refreshes on demand come from several instances and
share the rest. The bucket of all tenants is one instance's part.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal

from shared.clock import Clock

Purpose = Literal["sync", "demand"]
_LIMITS: dict[Purpose, tuple[float, float]] = {"sync": (450, 30), "demand": (20, 1)}
_ALL = (200.0, 100.0)
_TENANTS = 4096
_ROUNDING = 1e-6  # of a token, so that nobody who waited as told is told to wait a nanosecond more


@dataclass(slots=True)
class Bucket:
    """Tokens; `at`: monotonic seconds of the last filling."""

    burst: float
    rate: float
    tokens: float
    at: float

    def wait(self, now: float) -> float:
        """Seconds until a token is there; 0 where one is."""
        self.tokens = min(self.burst, self.tokens + max(0.0, now - self.at) * self.rate)
        self.at = now
        return 0.0 if self.tokens >= 1 - _ROUNDING else (1 - self.tokens) / self.rate


class Budget:
    """The buckets of an instance."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._all = Bucket(*_ALL, _ALL[0], clock.monotonic())
        self._tenants: OrderedDict[tuple[str, Purpose], Bucket] = OrderedDict()

    def take(self, tenant_id: str, purpose: Purpose) -> float:
        """Take leave for one call: 0, or how many seconds later to ask again."""
        now = self._clock.monotonic()
        bucket = self._bucket(tenant_id, purpose, now)
        seconds = max(bucket.wait(now), self._all.wait(now))
        if not seconds:
            bucket.tokens -= 1
            self._all.tokens -= 1
        return seconds

    def _bucket(self, tenant_id: str, purpose: Purpose, now: float) -> Bucket:
        burst, rate = _LIMITS[purpose]
        bucket = self._tenants.setdefault((tenant_id, purpose), Bucket(burst, rate, burst, now))
        self._tenants.move_to_end((tenant_id, purpose))
        if len(self._tenants) > _TENANTS:
            self._tenants.popitem(last=False)
        return bucket
