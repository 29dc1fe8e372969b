"""Token buckets, and the rate limits by which no user and no directory slows down the others (RFC 6585 section 4).

A user is charged for round trips to storage and for processor time, because pages and API calls
need from none to thousands of round trips, and their number is known only afterwards. The limit is
far above the needs of an agent who types and opens people all day, and of a program that looks up
five callers a second in 100 directories. A program for 1,000 directories should name the one to
search. A user who is alone on an instance may use eight times as much.

A directory is charged per request, and more for a request with unusually many round trips or much
processor time, whichever is more. Entra must be able to send 25 requests a second per tenant
(Microsoft Learn, "Develop a SCIM endpoint"), and a 429 may count towards its quarantine, so the
limit is far above what a provisioning client sends. A directory that is alone on an instance may
send eight times as many requests, so that its first import ends sooner.
"""

import asyncio
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache

from shared import log
from shared.app import App
from shared.easy_auth import Principal
from shared.http import HttpError
from shared.limits import Key, LruCache
from shared.messages import Message

# Round trips, or milliseconds of processor time, per second of one user on one instance.
USER_RATE = 500.0
USER_RATE_ALONE = 4000.0  # on an instance that no other user or directory has used lately
USER_BURST = 10_000.0  # enough for a list of a thousand directories, or five of the largest lookups
USER_UNITS_PER_SECOND = 1000.0  # units that a second of processor time costs
USER_RESERVED = 50.0  # charged while a request runs, so that parallel ones count

DIRECTORY_RATE = 250.0  # requests per second of one directory on an instance that serves others
DIRECTORY_RATE_ALONE = 2000.0
DIRECTORY_BURST = 2000.0  # enough for a test of a new set-up, or a small company's import
# Round trips that count as one request. A change that adds 100 members to a group makes 205, and 25 of these a second
# must be allowed.
ROUND_TRIPS_PER_REQUEST = 25
# Processor time that counts as one request: four times the usual. So a directory that isn't alone uses at most half of
# a core.
SECONDS_PER_REQUEST = 0.002
_SMOOTHING = 0.2  # weight of the latest request in the average of a directory's recent requests
_ALONE_AFTER_SECONDS = 10.0  # since the last request of another directory


class UserRateExceeded(HttpError):
    """429 for a user; Retry-After has the seconds until the next request is accepted."""

    def __init__(self, retry_after: int) -> None:
        message = Message("user_too_many_requests", seconds=retry_after)
        super().__init__(429, message, {"Retry-After": str(retry_after)})


class DirectoryRateExceeded(HttpError):
    """429 for a directory's client; Retry-After has the seconds until the next request is accepted."""

    def __init__(self, rate: float, retry_after: int) -> None:
        message = Message("directory_too_many_requests", rate=round(rate), seconds=retry_after)
        super().__init__(429, message, {"Retry-After": str(retry_after)})


@dataclass(slots=True)
class Bucket:
    """A token bucket.

    Attributes:
        level: The tokens that may be spent; negative after more were spent than it had.
        at: The time at which it was last filled, in monotonic seconds.
    """

    level: float
    at: float

    def fill(self, now: float, rate: float, most: float) -> None:
        """Add `rate` tokens per second for the time since it was last filled, up to `most` tokens."""
        self.level = min(most, self.level + max(0.0, now - self.at) * rate)
        self.at = now

    def wait(self, wanted: float, rate: float) -> float:
        """Return the seconds until `wanted` tokens are available, 0 if they are now."""
        return max(0.0, (wanted - self.level) / rate)


class Buckets(LruCache[Key, Bucket]):
    """Token buckets by key, at most `limit`; the least recently used is evicted, and is full when it is used again."""

    def filled(self, key: Key, now: float, rate: float, most: float) -> Bucket:
        """Return the bucket of `key`, filled up to `now`; create a full one if there is none."""
        bucket = self.get(key)
        if bucket is None:
            bucket = Bucket(most, now)
            self.put(key, bucket)
        bucket.fill(now, rate, most)
        return bucket


@dataclass(slots=True, kw_only=True)
class _DirectoryUse:
    """How one directory uses the instance.

    Attributes:
        bucket: Its token bucket, from its first request on.
        recent_seconds: The average processor time of its recent requests.
        start: A lock, held only while a request waits for its turn to start.
    """

    bucket: Bucket | None = None
    recent_seconds: float = 0.0
    start: asyncio.Lock = field(default_factory=asyncio.Lock)


def _use_by_directory() -> Callable[[str], _DirectoryUse]:
    """Return a function that returns the object of a directory; it keeps 8,192, the most recently used."""
    return lru_cache(maxsize=8192)(lambda _: _DirectoryUse())


@dataclass(slots=True, kw_only=True)
class _RateLimits:
    """The rate limits of an App: token buckets, and who used the instance last.

    Attributes:
        by_user: The buckets of users, by account and object ID.
        use: Returns the use of the directory with this ID.
        latest: The directory of the last request, and the time of that request (monotonic).
        other: The last request of a directory other than `latest`, in the same form.
        latest_user: Like `latest`, for users.
        other_user: Like `other`, for users.
    """

    by_user: Buckets[tuple[str, str]] = field(default_factory=lambda: Buckets(16_384))
    use: Callable[[str], _DirectoryUse] = field(default_factory=_use_by_directory)
    latest: tuple[str, float] = ("", -math.inf)
    other: tuple[str, float] = ("", -math.inf)
    latest_user: tuple[str, float] = ("", -math.inf)
    other_user: tuple[str, float] = ("", -math.inf)

    def note_call(self, directory_id: str, now: float) -> bool:
        """Record a request of a directory; return whether no other directory has used the instance lately."""
        if self.latest[0] != directory_id:
            self.other = self.latest
        self.latest = (directory_id, now)
        return now - self.other[1] >= _ALONE_AFTER_SECONDS

    def note_user(self, user: str, now: float) -> bool:
        """Record a request of a user; return whether no other user and no directory has used the instance lately."""
        if self.latest_user[0] != user:
            self.other_user = self.latest_user
        self.latest_user = (user, now)
        return now - max(self.other_user[1], self.latest[1]) >= _ALONE_AFTER_SECONDS


@contextmanager
def limit_user(app: App, user: Principal) -> Iterator[None]:
    """Return a context manager that charges the user for the block's round trips and processor time.

    Raise UserRateExceeded before the block if the user's bucket is empty.
    """
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
    """Return the cost of a call so far, in round trips to storage.

    A second of processor time costs as much as USER_UNITS_PER_SECOND round trips.
    """
    if call is None:
        return 0.0
    return call.round_trips + call.processor.seconds * USER_UNITS_PER_SECOND


def charge_request(app: App, directory_id: str) -> None:
    """Charge the directory for one request; raise DirectoryRateExceeded if its bucket is empty."""
    limits, now = app.state(_RateLimits), app.clock.monotonic()
    is_alone = limits.note_call(directory_id, now)
    rate = DIRECTORY_RATE_ALONE if is_alone else DIRECTORY_RATE
    use = limits.use(directory_id)
    bucket = use.bucket
    if bucket is None:
        bucket = use.bucket = Bucket(DIRECTORY_BURST, now)
    bucket.fill(now, rate, DIRECTORY_BURST)
    if seconds := bucket.wait(1.0, rate):
        raise DirectoryRateExceeded(rate, math.ceil(seconds))
    bucket.level -= 1.0


def charge_work(app: App, directory_id: str, round_trips: int, seconds: float = 0.0) -> None:
    """Charge the directory for a finished request that took more work than a usual one.

    `charge_request` has charged for ROUND_TRIPS_PER_REQUEST and SECONDS_PER_REQUEST, so only the work
    beyond these is charged. Examples are a change of a large group, a bulk request, and a filter
    that reads every record.

    Args:
        app: The instance that did the work.
        directory_id: The directory.
        round_trips: The request's round trips to storage.
        seconds: The request's processor time.
    """
    use = app.state(_RateLimits).use(directory_id)
    use.recent_seconds += _SMOOTHING * (seconds - use.recent_seconds)
    if use.bucket is not None:
        requests = max(round_trips / ROUND_TRIPS_PER_REQUEST, seconds / SECONDS_PER_REQUEST)
        use.bucket.level -= max(0.0, requests - 1)


def computes_long(app: App, directory_id: str) -> bool:
    """Return whether the directory's recent requests took more processor time than SECONDS_PER_REQUEST on average."""
    return app.state(_RateLimits).use(directory_id).recent_seconds > SECONDS_PER_REQUEST


async def start_turn(app: App, directory_id: str) -> None:
    """Wait until the directory may start another request.

    Used for a directory with long-computing requests: of many that arrive together, one starts each
    time that the event loop has served all other tasks. The lock is not held while the request is
    carried out.
    """
    async with app.state(_RateLimits).use(directory_id).start:
        await asyncio.sleep(0)
