"""Limit the requests to Microsoft that one actor, or all actors for one tenant, cause on an instance.

Entra throttles by application (AADSTS50196, AADSTS90055), so a browser that repeats an action would
slow down the token renewals of all customers. Each instance has its own buckets. The result of a
check whether access is removed is stored, so that all instances share it.
"""

import math
from dataclasses import dataclass, field

from directories.audit import Actor
from directories.rate_limits import Buckets
from shared.app import App
from shared.http import HttpError
from shared.messages import Message

BURST = 10.0
RATE = 10 / 60  # actions per second
_MAX_BUCKETS = 16_384


@dataclass(slots=True)
class _CallLimits:
    """Token buckets by actor (account and ID) and by tenant."""

    buckets: Buckets[tuple[str, ...]] = field(default_factory=lambda: Buckets(_MAX_BUCKETS))


def charge(app: App, actor: Actor, tenant_id: str = "") -> None:
    """Charge one action to the actor and, if it is given, to the tenant.

    Raises:
        HttpError: 429 with Retry-After, if one of them has used up its limit.
    """
    buckets, now = app.state(_CallLimits).buckets, app.clock.monotonic()
    keys: list[tuple[str, ...]] = [("person", actor.account, actor.id)]
    if tenant_id:
        keys.append(("tenant", tenant_id))
    charged = [buckets.filled(key, now, RATE, BURST) for key in keys]
    seconds = math.ceil(max(bucket.wait(1, RATE) for bucket in charged))
    if seconds:
        message = Message("microsoft_calls_limited", seconds=seconds)
        raise HttpError(429, message, {"Retry-After": str(seconds)})
    for bucket in charged:
        bucket.level -= 1
