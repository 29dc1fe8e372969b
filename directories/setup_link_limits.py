"""A limit on failed attempts to open set-up links, so that codes and cookies aren't tried in bulk.

A code has 256 random bits, so it can't be guessed anyway; the limit saves the reads of storage. An
attempt is charged before anything is read, and refunded if it succeeds, so that parallel attempts
count. Each instance has its own buckets.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from directories.rate_limits import Bucket, Buckets
from directories.setup_session import LinkRefused
from shared.app import App
from shared.http import HttpError
from shared.messages import Message

BURST = 10.0  # failed attempts of one address
RATE = 10 / 60  # per second
ALL_BURST = 500.0  # failed attempts of all addresses together
ALL_RATE = 50.0


@dataclass(slots=True)
class _Buckets:
    """A token bucket per client address, and one for all addresses together."""

    by_address: Buckets[str] = field(default_factory=lambda: Buckets(16_384))
    all: Buckets[None] = field(default_factory=lambda: Buckets(1))


@contextmanager
def limit_attempts(app: App, address: str) -> Iterator[None]:
    """Return a context manager that charges an attempt, and refunds it unless the block raises LinkRefused.

    Raises:
        HttpError: 429 with Retry-After, if this address, or all addresses together, failed too often.
    """
    buckets, now = app.state(_Buckets), app.clock.monotonic()
    own = buckets.by_address.filled(address, now, RATE, BURST)
    all_addresses = buckets.all.filled(None, now, ALL_RATE, ALL_BURST)
    seconds = math.ceil(max(own.wait(1, RATE), all_addresses.wait(1, ALL_RATE)))
    if seconds:
        message = Message("setup_link_attempts", seconds=seconds)
        raise HttpError(429, message, {"Retry-After": str(seconds)})
    own.level -= 1
    all_addresses.level -= 1
    try:
        yield
    except LinkRefused:
        raise
    except BaseException:
        _give_back(own, all_addresses)
        raise
    _give_back(own, all_addresses)


def _give_back(*charged: Bucket) -> None:
    for bucket in charged:
        bucket.level += 1
