"""A limit on attempts to open set-up links, so that codes and cookies aren't tried in bulk.

A code has 256 random bits, so guessing is hopeless anyway; the limit keeps attempts from costing
storage reads. An attempt is charged before anything is read, and given back if it succeeds, so
parallel attempts count. The buckets are of one instance.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from directories.setup_session import LinkRefused
from shared.app import App
from shared.cache import LruCache
from shared.http import HttpError
from shared.messages import Message
from shared.token_bucket import Bucket

BURST = 10.0  # failed attempts of one address
RATE = 10 / 60  # per second
ALL_BURST = 500.0  # failed attempts of all addresses together
ALL_RATE = 50.0
_ALL = ""


@dataclass(slots=True)
class _Buckets:
    """Token buckets by client address; the one of `_ALL` is for all of them."""

    by_address: LruCache[str, Bucket] = field(default_factory=lambda: LruCache(16_384))
    all: Bucket | None = None


@contextmanager
def limit_attempts(app: App, address: str) -> Iterator[None]:
    """Charge an attempt of an address; the charge is returned unless the block raises LinkRefused.

    Raises:
        HttpError: 429 with Retry-After, if the address or all together failed too often.
    """
    buckets, now = app.state(_Buckets), app.clock.monotonic()
    own = buckets.by_address.get(address)
    if own is None:
        own = Bucket(BURST, now)
        buckets.by_address.put(address, own)
    if buckets.all is None:
        buckets.all = Bucket(ALL_BURST, now)
    own.fill(now, RATE, BURST)
    buckets.all.fill(now, ALL_RATE, ALL_BURST)
    seconds = math.ceil(max(own.wait(1, RATE), buckets.all.wait(1, ALL_RATE)))
    if seconds:
        message = Message("setup_link_attempts", seconds=seconds)
        raise HttpError(429, message, {"Retry-After": str(seconds)})
    own.level -= 1
    buckets.all.level -= 1
    try:
        yield
    except LinkRefused:
        raise
    except BaseException:
        _give_back(own, buckets.all)
        raise
    _give_back(own, buckets.all)


def _give_back(*charged: Bucket) -> None:
    for bucket in charged:
        bucket.level += 1
