"""Limit how many access tokens the token endpoint issues to one credential.

A client needs one token per hour (Entra requests one per job). Each token is a row until the daily
maintenance, so a client that requested one for every SCIM request would fill the table.
"""

import math
from dataclasses import dataclass, field

from directories.access_rows import decode_access
from directories.rate_limits import Bucket
from shared.app import App
from shared.clock import parse_timestamp
from shared.http import HttpError
from shared.limits import LruCache
from shared.messages import Message
from shared.tables.port import query_all
from shared.tables.schema.base import DIRECTORIES
from shared.tables.schema.directories import ACCESS_TOKEN

TOKEN_RATE = 1.0  # access tokens per second of one credential on one instance
TOKEN_BURST = 10.0
UNCOUNTED = 10  # tokens that an instance issues for a credential before it counts the stored ones
_LIFETIME_SECONDS = 3600.0  # of an access token


class AccessTokenLimit(HttpError):
    """429 with the seconds until the next access token is issued."""

    def __init__(self, message: Message, retry_after: int) -> None:
        super().__init__(429, message, {"Retry-After": str(retry_after)})


@dataclass(slots=True)
class _Buckets:
    """The token buckets of one credential.

    `frequency` limits requests per second, `live` the tokens that are valid at the same time.
    """

    frequency: Bucket
    live: Bucket


@dataclass(slots=True)
class _TokenLimits:
    """The buckets of an App, by directory and credential."""

    by_credential: LruCache[tuple[str, str], _Buckets] = field(
        default_factory=lambda: LruCache(4096)
    )


async def charge(app: App, directory_id: str, credential: str) -> None:
    """Charge a credential for one access token.

    `credential` is the ID of a client secret, or "trust". A credential has at most
    MAX_ACCESS_TOKENS (a setting) at a time. The first `UNCOUNTED` tokens of an instance cost no
    read, because a client needs one per hour. After these, the stored tokens of all instances are
    counted. So the maximum is exceeded by at most `UNCOUNTED` per instance.

    Raises:
        AccessTokenLimit: With the seconds until the next one is issued.
    """
    most = app.settings.max_access_tokens
    # In an hour a bucket gives at most its size and what it gains: together, the maximum of live tokens.
    live_burst = most / 2
    live_rate = live_burst / _LIFETIME_SECONDS
    limits, now = app.state(_TokenLimits).by_credential, app.clock.monotonic()
    key = (directory_id, credential)
    buckets = limits.get(key)
    if buckets is None:
        buckets = _Buckets(Bucket(TOKEN_BURST, now), Bucket(live_burst, now))
        limits.put(key, buckets)
    buckets.frequency.fill(now, TOKEN_RATE, TOKEN_BURST)
    buckets.live.fill(now, live_rate, live_burst)
    if seconds := math.ceil(buckets.frequency.wait(1.0, TOKEN_RATE)):
        rate = round(TOKEN_RATE)
        raise AccessTokenLimit(Message("access_token_rate", most=rate, seconds=seconds), seconds)
    if seconds := math.ceil(buckets.live.wait(1.0, live_rate)):
        raise AccessTokenLimit(Message("access_tokens_live", most=most, seconds=seconds), seconds)
    if buckets.live.level <= live_burst - UNCOUNTED:
        await _count_stored(app, directory_id, credential)
    buckets.frequency.level -= 1.0
    buckets.live.level -= 1.0


async def _count_stored(app: App, directory_id: str, credential: str) -> None:
    """Raise AccessTokenLimit if the credential already has the maximum of live access tokens in storage."""
    most, now = app.settings.max_access_tokens, app.clock.now()
    rows = await query_all(app.tables, DIRECTORIES, directory_id, *ACCESS_TOKEN.all())
    held = [decode_access(row.value) for row in rows]
    ends = [parse_timestamp(access.expires) for access in held if access.by == credential]
    live = [end for end in ends if end > now]
    if len(live) >= most:
        seconds = math.ceil((min(live) - now).total_seconds())
        raise AccessTokenLimit(Message("access_tokens_live", most=most, seconds=seconds), seconds)
