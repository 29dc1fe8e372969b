"""Rate limits for calls to Graph (learn.microsoft.com/graph/throttling-limits).

Graph allows 1,500 calls in 30 seconds for the app in one tenant, and 2,000 a second in all tenants.
A bucket of `burst` calls that fills by `rate` a second admits at most burst + 30 * rate in any 30
seconds. Syncs of a tenant run on one instance at a time: 450 + 30 * 30 = 1,350. Refreshes on demand
come from several instances and share the rest. The bucket of all tenants is one instance's share.
"""

from typing import Literal

from shared.cache import LruCache
from shared.clock import Clock
from shared.token_bucket import Bucket

Purpose = Literal["sync", "demand"]
_LIMITS: dict[Purpose, tuple[float, float]] = {"sync": (450, 30), "demand": (20, 1)}
_ALL = (200.0, 100.0)
_TENANTS = 4096
_ROUNDING = 1e-6  # of a token, so that a caller that waited isn't told to wait a nanosecond more


class Budget:
    """The token buckets of an instance."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._all = Bucket(_ALL[0], clock.monotonic())
        self._tenants: LruCache[tuple[str, Purpose], Bucket] = LruCache(_TENANTS)

    def take(self, tenant_id: str, purpose: Purpose) -> float:
        """Take one call out of the budget: return 0, or the seconds after which to ask again."""
        now, limits = self._clock.monotonic(), _LIMITS[purpose]
        bucket = self._tenants.get((tenant_id, purpose))
        if bucket is None:
            bucket = Bucket(limits[0], now)
            self._tenants.put((tenant_id, purpose), bucket)
        seconds = max(_wait(bucket, now, *limits), _wait(self._all, now, *_ALL))
        if not seconds:
            bucket.level -= 1
            self._all.level -= 1
        return seconds


def _wait(bucket: Bucket, now: float, burst: float, rate: float) -> float:
    """Return the seconds until a call is allowed, or 0."""
    bucket.fill(now, rate, burst)
    return 0.0 if bucket.level >= 1 - _ROUNDING else bucket.wait(1, rate)
