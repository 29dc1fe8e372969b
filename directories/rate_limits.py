"""Rate limits, so that no user and no directory slows down the others (RFC 6585 section 4).

A user is charged for storage round trips and for processor time: pages and API calls cost from none
to thousands, and the cost of a request is known only when it is answered. An agent who types and
looks at people all day stays far below the limit, and so does a program that resolves five calls a
second over 100 directories; over 1,000 it should name the directory. A user who has the instance
alone may do eight times as much.

A directory is charged per request, and for round trips or processor time beyond the usual,
whichever is more. Entra must be able to send 25 requests a second for each tenant (Microsoft Learn,
"Develop a SCIM endpoint"), and a 429 may count towards its quarantine, so the limit is far above
what a provisioning client sends. A directory whose instance serves no other may send eight times as
many: a first import is done sooner.
"""

import asyncio
import math
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from shared import log
from shared.app import App
from shared.easy_auth import Principal
from shared.http import HttpError
from shared.limits import Buckets, LruCache
from shared.messages import Message

# Round trips, or milliseconds of processor time, per second of one user on one instance.
USER_RATE = 500.0
USER_RATE_ALONE = 4000.0  # on an instance that no other user or directory has called lately
USER_BURST = 10_000.0  # a list of a thousand directories, five of the largest lookups
USER_UNITS_PER_SECOND = 1000.0  # of processor time
USER_RESERVED = 50.0  # charged to each request until it is answered, so that parallel ones count

DIRECTORY_RATE = 250.0  # requests per second of one directory on an instance that serves others
DIRECTORY_RATE_ALONE = 2000.0
DIRECTORY_BURST = 2000.0  # a check of a new set-up, a small company's import
# Round trips that count as one request: 25 times a second, 100 members join a group in 205 of them.
ROUND_TRIPS_PER_REQUEST = 25
# Processor time that counts as one request, four times the usual: next to others, a directory has
# half of one core at most.
SECONDS_PER_REQUEST = 0.002
_SMOOTHING = 0.2  # of the average over a directory's recent requests
_ALONE_AFTER_SECONDS = 10.0  # since the last request of another directory


class UserRateExceeded(HttpError):
    """429 with the seconds after which the next request will be served."""

    def __init__(self, retry_after: int) -> None:
        message = Message("user_too_many_requests", seconds=retry_after)
        super().__init__(429, message, {"Retry-After": str(retry_after)})


class DirectoryRateExceeded(HttpError):
    """429 with the seconds after which the next request will be served."""

    def __init__(self, rate: float, retry_after: int) -> None:
        message = Message("directory_too_many_requests", rate=round(rate), seconds=retry_after)
        super().__init__(429, message, {"Retry-After": str(retry_after)})


@dataclass(slots=True, kw_only=True)
class _RateLimits:
    """The buckets of an App, users by account and object id.

    `recent_seconds`: the processor time of a directory's recent requests, averaged; `starts`: whose request
    begins next.
    `latest`: the directory that called last and when (monotonic); `other`: the last call of another.
    `latest_user`, `other_user`: the same of users.
    """

    by_user: Buckets[tuple[str, str]] = field(default_factory=lambda: Buckets(16_384))
    by_directory: Buckets[str] = field(default_factory=lambda: Buckets(8192))
    recent_seconds: LruCache[str, float] = field(default_factory=lambda: LruCache(8192))
    starts: weakref.WeakValueDictionary[str, asyncio.Lock] = field(
        default_factory=weakref.WeakValueDictionary
    )
    latest: tuple[str, float] = ("", -math.inf)
    other: tuple[str, float] = ("", -math.inf)
    latest_user: tuple[str, float] = ("", -math.inf)
    other_user: tuple[str, float] = ("", -math.inf)

    def note_call(self, directory_id: str, now: float) -> bool:
        """Return whether the directory has the instance to itself."""
        if self.latest[0] != directory_id:
            self.other = self.latest
        self.latest = (directory_id, now)
        return now - self.other[1] >= _ALONE_AFTER_SECONDS

    def note_user(self, user: str, now: float) -> bool:
        """Return whether the user has the instance alone: no other user or directory called it lately."""
        if self.latest_user[0] != user:
            self.other_user = self.latest_user
        self.latest_user = (user, now)
        return now - max(self.other_user[1], self.latest[1]) >= _ALONE_AFTER_SECONDS


@contextmanager
def limit_user(app: App, user: Principal) -> Iterator[None]:
    """Charge the user for round trips and processor time of the block. Raises UserRateExceeded."""
    limits, now = app.state(_RateLimits), app.clock.monotonic()
    key = (user.account, user.object_id)
    is_alone = limits.note_user("/".join(key), now)
    rate = USER_RATE_ALONE if is_alone else USER_RATE
    bucket = limits.by_user.filled(key, now, rate, USER_BURST)
    if seconds := bucket.wait(USER_RESERVED, rate):
        raise UserRateExceeded(math.ceil(seconds))
    bucket.level -= USER_RESERVED
    call = log.current()
    before = _spent(call)
    try:
        yield
    finally:
        bucket.level += USER_RESERVED - (_spent(call) - before)


def _spent(call: log.Call | None) -> float:
    """Return the cost of a call so far, in a user's units."""
    if call is None:
        return 0.0
    return call.round_trips + call.processor.seconds * USER_UNITS_PER_SECOND


def take_request(app: App, directory_id: str) -> None:
    """Charge the directory for one request. Raises DirectoryRateExceeded."""
    limits, now = app.state(_RateLimits), app.clock.monotonic()
    is_alone = limits.note_call(directory_id, now)
    rate = DIRECTORY_RATE_ALONE if is_alone else DIRECTORY_RATE
    bucket = limits.by_directory.filled(directory_id, now, rate, DIRECTORY_BURST)
    if seconds := bucket.wait(1.0, rate):
        raise DirectoryRateExceeded(rate, math.ceil(seconds))
    bucket.level -= 1.0


def charge_work(app: App, directory_id: str, round_trips: int, seconds: float = 0.0) -> None:
    """Charge the directory for a request's work beyond the usual: a large group, a bulk request, a scan.

    Args:
        app: The instance that did the work.
        directory_id: The directory.
        round_trips: Calls to storage.
        seconds: Processor time.
    """
    limits = app.state(_RateLimits)
    before = limits.recent_seconds.get(directory_id) or 0.0
    limits.recent_seconds.put(directory_id, before + _SMOOTHING * (seconds - before))
    bucket = limits.by_directory.get(directory_id)
    if bucket is not None:
        requests = max(round_trips / ROUND_TRIPS_PER_REQUEST, seconds / SECONDS_PER_REQUEST)
        bucket.level -= max(0.0, requests - 1)


def computes_long(app: App, directory_id: str) -> bool:
    """Return whether a directory's recent requests took more than SECONDS_PER_REQUEST each."""
    seconds = app.state(_RateLimits).recent_seconds.get(directory_id)
    return seconds is not None and seconds > SECONDS_PER_REQUEST


async def start_turn(app: App, directory_id: str) -> None:
    """Wait for the directory's turn to begin a request.

    For a directory with long-computing requests: of sixteen that arrive together, one begins each time
    that the event loop has served all others. No lock is held while a request is carried out.
    """
    starts = app.state(_RateLimits).starts
    lock = starts.get(directory_id)
    if lock is None:
        lock = starts[directory_id] = asyncio.Lock()
    async with lock:
        await asyncio.sleep(0)
