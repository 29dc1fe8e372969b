"""How many access tokens one credential may request from the token endpoint.

A client needs one token per hour (Entra requests one per job). Each is a row until the daily
maintenance, so a client that requests one for every call would fill the table.
"""

import math
from dataclasses import dataclass, field

from shared.app import App
from shared.cache import LruCache
from shared.http import HttpError
from shared.messages import Message
from shared.token_bucket import Bucket

TOKEN_RATE = 1.0  # access tokens per second of one credential on one instance
TOKEN_BURST = 10.0
MAX_LIVE_TOKENS = 600  # of one credential on one instance
_LIFETIME_SECONDS = 3600.0  # of an access token
# A bucket gives at most its size and its gain: together the maximum of live tokens.
_LIVE_BURST = MAX_LIVE_TOKENS / 2
_LIVE_RATE = _LIVE_BURST / _LIFETIME_SECONDS


class AccessTokenLimit(HttpError):
    """429 with the seconds after which the next access token will be issued."""

    def __init__(self, message: Message, retry_after: int) -> None:
        super().__init__(429, message, {"Retry-After": str(retry_after)})


@dataclass(slots=True)
class _Buckets:
    """Requests that a credential may still make: per second, and with a lifetime of an hour."""

    frequency: Bucket
    live: Bucket


@dataclass(slots=True)
class _TokenLimits:
    """The buckets of an App by directory and credential."""

    by_credential: LruCache[tuple[str, str], _Buckets] = field(
        default_factory=lambda: LruCache(4096)
    )


def take(app: App, directory_id: str, credential: str) -> None:
    """Charge a credential, a secret's id or "trust", for one access token. Raises AccessTokenLimit."""
    limits, now = app.state(_TokenLimits).by_credential, app.clock.monotonic()
    place = (directory_id, credential)
    buckets = limits.get(place)
    if buckets is None:
        buckets = _Buckets(Bucket(TOKEN_BURST, now), Bucket(_LIVE_BURST, now))
        limits.put(place, buckets)
    buckets.frequency.fill(now, TOKEN_RATE, TOKEN_BURST)
    buckets.live.fill(now, _LIVE_RATE, _LIVE_BURST)
    if seconds := math.ceil(buckets.frequency.wait(1.0, TOKEN_RATE)):
        rate = round(TOKEN_RATE)
        raise AccessTokenLimit(Message("access_token_rate", most=rate, seconds=seconds), seconds)
    if seconds := math.ceil(buckets.live.wait(1.0, _LIVE_RATE)):
        most = MAX_LIVE_TOKENS
        raise AccessTokenLimit(Message("access_tokens_live", most=most, seconds=seconds), seconds)
    buckets.frequency.level -= 1.0
    buckets.live.level -= 1.0
