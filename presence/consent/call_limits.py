"""Limits on the calls to Microsoft that one person may cause, and on those for one tenant.

Entra throttles by application (AADSTS50196, AADSTS90055), so a browser that repeats an action would slow
down the token renewals of all customers. The buckets are of one instance; the answer of a check whether
access is gone is stored, so that all instances share it.
"""

import math
from dataclasses import dataclass, field

from directories.audit import Actor
from shared.app import App
from shared.cache import LruCache
from shared.http import HttpError
from shared.messages import Message
from shared.token_bucket import Bucket

BURST = 10.0
RATE = 10 / 60  # actions per second
_MAX_BUCKETS = 16_384


@dataclass(slots=True)
class _Buckets:
    """Token buckets by person (account and object ID) or by tenant."""

    by_key: LruCache[tuple[str, ...], Bucket] = field(
        default_factory=lambda: LruCache(_MAX_BUCKETS)
    )


def charge(app: App, actor: Actor, tenant_id: str = "") -> None:
    """Take one action out of the budgets of the person and of the tenant, if one is given.

    Raises:
        HttpError: 429 with Retry-After, if one of the budgets is used up.
    """
    buckets, now = app.state(_Buckets).by_key, app.clock.monotonic()
    keys: list[tuple[str, ...]] = [("person", actor.account, actor.id)]
    if tenant_id:
        keys.append(("tenant", tenant_id))
    charged: list[Bucket] = []
    for key in keys:
        bucket = buckets.get(key)
        if bucket is None:
            bucket = Bucket(BURST, now)
            buckets.put(key, bucket)
        bucket.fill(now, RATE, BURST)
        charged.append(bucket)
    seconds = math.ceil(max(bucket.wait(1, RATE) for bucket in charged))
    if seconds:
        message = Message("microsoft_calls_limited", seconds=seconds)
        raise HttpError(429, message, {"Retry-After": str(seconds)})
    for bucket in charged:
        bucket.level -= 1
