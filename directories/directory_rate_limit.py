"""How fast one directory may call, so that none hurts the others (RFC 6585 section 4).

Entra must be able to send 25 requests a second for each tenant (Microsoft Learn, "Develop a SCIM endpoint"), and a 429
may count towards its quarantine, so the limit is far above what a provisioning client sends. A directory that has the
instance to itself hurts nobody and may go eight times as fast: a first import or a move is done sooner.
"""

import math
from dataclasses import dataclass, field

from shared.app import App
from shared.cache import LruCache
from shared.http import HttpError
from shared.messages import Message
from shared.token_bucket import Bucket

SUSTAINED = 250.0  # requests a second of one directory on one instance beside others
ALONE = 2000.0
BURST = 2000.0  # a client that has just begun is let run: a check of a new set-up, a small company's import
USUAL = 25  # round trips that count as one request: 25 times a second a hundred members join a group, in 205 of them
_BESIDE_SECONDS = 10.0  # others count as present for so long after their last request


class TooManyRequests(HttpError):
    """429 with the seconds after which the next request will be served."""

    def __init__(self, rate: float, retry_after: int) -> None:
        message = Message("directory_too_many_requests", rate=round(rate), seconds=retry_after)
        super().__init__(429, message, {"Retry-After": str(retry_after)})


@dataclass(slots=True)
class _Buckets:
    by_directory: LruCache[str, Bucket] = field(default_factory=lambda: LruCache(8192))
    latest: tuple[str, float] = ("", -math.inf)
    other: tuple[str, float] = (
        "",
        -math.inf,
    )  # the last call of a directory that is not the latest one

    def has_company(self, directory_id: str, now: float) -> bool:
        """Whether another directory called within the last seconds; notes this call."""
        if self.latest[0] != directory_id:
            self.other = self.latest
        self.latest = (directory_id, now)
        return now - self.other[1] < _BESIDE_SECONDS


def take(app: App, directory_id: str) -> None:
    """Count one request of the directory; raises TooManyRequests where it floods."""
    buckets, now = app.state(_Buckets), app.clock.monotonic()
    rate = SUSTAINED if buckets.has_company(directory_id, now) else ALONE
    bucket = buckets.by_directory.get(directory_id)
    if bucket is None:
        bucket = Bucket(BURST, now)
        buckets.by_directory.put(directory_id, bucket)
    bucket.fill(now, rate, BURST)
    if seconds := bucket.wait(1.0, rate):
        raise TooManyRequests(rate, math.ceil(seconds))
    bucket.level -= 1.0


def settle(app: App, directory_id: str, round_trips: int) -> None:
    """Count what a request cost beyond the usual: a group of thousands, a bulk request, a scan are many requests."""
    bucket = app.state(_Buckets).by_directory.get(directory_id)
    if bucket is not None:
        bucket.level -= max(0.0, round_trips / USUAL - 1)
