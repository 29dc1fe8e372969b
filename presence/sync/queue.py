"""The timer and the queue: which tenants are due, and what a message comes to. Knows no Azure."""

from typing import Any

import orjson

from presence import links
from presence.moments import HOUR, SECOND, is_ahead, is_recent, now_ms
from presence.runtime import runtime_of
from presence.sync import signs, sweep
from presence.sync.tenant import Outcome, sync
from shared import log
from shared.services import Services

QUEUE = "presence-sync"
POISON = "presence-sync-poison"


async def due(services: Services) -> list[str]:
    """A message for each tenant that is due, and the sign of life that the timer ran."""
    began, now = services.clock.monotonic(), now_ms(services.clock)
    if sweep.is_due(now, services.settings.presence_interval):
        await sweep.sweep(services)
    linked = await links.tenants(services.tables)
    messages = [
        orjson.dumps({"v": 1, "tenant_id": link.tenant_id, "at": now}).decode()
        for link in linked
        if not is_ahead(link.paused_until, now, HOUR)
    ]
    await signs.timer_ran(services, len(linked), len(messages))
    log.event("timer.run", timer="presence_timer", seconds=round(services.clock.monotonic() - began, 3))
    return messages


async def handle(services: Services, body: bytes) -> Outcome | None:
    """Carry out one message; None where it is no message of ours, or older than the next one for the same tenant."""
    message = _read(body)
    if message is None:
        log.event("presence.message_unreadable")
        return None
    tenant_id, sent_at = message
    now, interval = now_ms(services.clock), services.settings.presence_interval * SECOND
    await signs.message_handled(services, runtime_of(services), sent_at)
    if now >= sent_at and not is_recent(sent_at, now, 2 * interval):
        return None
    return await sync(services, tenant_id)


def poisoned(body: bytes) -> None:
    """Tell of a message that was given up; the next interval tries the tenant afresh."""
    message = _read(body)
    log.event("presence.poison", tenant_id=message[0] if message else "")


def _read(body: bytes) -> tuple[str, int] | None:
    try:
        content: Any = orjson.loads(body)
        tenant_id, sent_at = content["tenant_id"], content["at"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
    return (tenant_id, sent_at) if isinstance(tenant_id, str) and isinstance(sent_at, int) else None
