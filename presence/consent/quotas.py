"""Limit the consents and checks that an actor, or all actors for one tenant, may cause in ten minutes.

Entra throttles by application (AADSTS50196, AADSTS90055), so one administrator could slow down the
token renewals of all customers. The times of the consents and checks are stored, so the limit
applies to all instances together; `call_limits` keeps a burst from reaching storage.
"""

import hashlib
import math
from collections.abc import Sequence

import orjson

from directories.audit import Actor
from shared import row_versions
from shared.app import App
from shared.clock import MINUTE, SECOND, now_ms
from shared.http import HttpError
from shared.messages import Message
from shared.tables.port import (
    AlreadyExists,
    Delete,
    Insert,
    NotFound,
    Operation,
    PreconditionFailed,
    Replace,
    Row,
    query_all,
)
from shared.tables.schema.base import CONSENTS, WORK
from shared.tables.schema.work import CONSENT_QUOTA

WINDOW = 10 * MINUTE
_ATTEMPTS = 8


async def charge(app: App, actor: Actor | None, tenant_id: str = "") -> None:
    """Charge one consent or check to an actor, to a tenant or to both.

    Raises:
        HttpError: 429 with Retry-After, if one of them has used up its limit, or if too many requests
            are charged at the same time.
    """
    keys = [_key(f"person\n{actor.account}\n{actor.id}")] if actor else []
    if tenant_id:
        keys.append(_key(f"tenant\n{tenant_id}"))
    for _ in range(_ATTEMPTS):
        operations = [await _charge_one(app, key) for key in keys]
        try:
            await app.tables.transact(WORK, CONSENTS, operations)
            return
        except (AlreadyExists, NotFound, PreconditionFailed):
            continue
    raise _refusal(app, SECOND)


async def _charge_one(app: App, key: str) -> Operation:
    now = now_ms(app.clock)
    row = await app.tables.get(WORK, CONSENTS, key)
    times = _recent(row, now) if row else []
    if len(times) >= app.settings.max_consent_attempts:
        raise _refusal(app, times[0] + WINDOW - now)
    value = encode([*times, now])
    return Replace(key, value, row.etag) if row else Insert(key, value)


def _refusal(app: App, milliseconds: int) -> HttpError:
    seconds = max(1, math.ceil(milliseconds / SECOND))
    most = app.settings.max_consent_attempts
    message = Message("consents_most", most=most, minutes=WINDOW // MINUTE, seconds=seconds)
    return HttpError(429, message, {"Retry-After": str(seconds)})


async def sweep(app: App, deadline: float) -> None:
    """Delete the rows without a time in the last ten minutes; a job of the hourly maintenance."""
    if app.clock.monotonic() >= deadline:
        return
    now = now_ms(app.clock)
    for row in await query_all(app.tables, WORK, CONSENTS, *CONSENT_QUOTA.all()):
        if not _recent(row, now):
            await _remove(app, row)


async def _remove(app: App, row: Row) -> None:
    try:
        await app.tables.transact(WORK, CONSENTS, [Delete(row.key, row.etag)])
    except (NotFound, PreconditionFailed):
        return


def _key(of: str) -> str:
    return CONSENT_QUOTA.key(hashlib.sha256(of.encode()).hexdigest())


def _recent(row: Row, now: int) -> list[int]:
    """Return the times of the last ten minutes, oldest first.

    Times more than a minute in the future are left out: they were stored by an instance with a
    wrong clock, and would count for too long.
    """
    return [at for at in decode(row.value) if now - WINDOW < at <= now + MINUTE]


def encode(times: Sequence[int]) -> bytes:
    """Return the value of a row; `times` are in milliseconds since 1970."""
    return orjson.dumps({"v": 1, "times": times})


def decode(value: bytes) -> list[int]:
    """Return the times in a row, in milliseconds since 1970.

    Raise UnsupportedRowVersion if a later release wrote the row.
    """
    times: list[int] = row_versions.decode(value, "consent quota")["times"]
    return times
