"""How much one person may have storage do, so that none hurts the others (RFC 6585 section 4).

Pages and API cost from nothing to thousands of round trips, so those are counted, not requests: what a request cost is
known when it is answered, and who is overdrawn waits. An agent who types and looks at people all day stays far below,
and so does a program that resolves five calls a second over 100 directories; over 1,000 it should name the directory.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from shared import log
from shared.app import App
from shared.cache import LruCache
from shared.easy_auth import Principal
from shared.http import HttpError
from shared.messages import Message
from shared.token_bucket import Bucket

RATE = 500.0  # round trips a second of one person on one instance
MOST = 10_000.0  # saved up: a list of a thousand directories, five of the largest lookups
RESERVED = 50.0  # of each request until it is answered, so that many at the same time count as well


class Overdrawn(HttpError):
    """429 with the seconds after which the next request will be served."""

    def __init__(self, retry_after: int) -> None:
        message = Message("user_too_many_requests", seconds=retry_after)
        super().__init__(429, message, {"Retry-After": str(retry_after)})


@dataclass(slots=True)
class _Buckets:
    """Token buckets by account and user (object id)."""

    by_user: LruCache[tuple[str, str], Bucket] = field(default_factory=lambda: LruCache(16_384))


@contextmanager
def rate_limited(app: App, person: Principal) -> Iterator[None]:
    """A request of the person: what storage does inside is counted; raises Overdrawn."""
    kept, now = app.state(_Buckets).by_user, app.clock.monotonic()
    place = (person.account, person.object_id)
    account = kept.get(place)
    if account is None:
        account = Bucket(MOST, now)
        kept.put(place, account)
    account.fill(now, RATE, MOST)
    if seconds := account.wait(RESERVED, RATE):
        raise Overdrawn(math.ceil(seconds))
    account.level -= RESERVED
    call = log.current()
    before = call.round_trips if call else 0
    try:
        yield
    finally:
        account.level += RESERVED - (call.round_trips - before if call else 0)
