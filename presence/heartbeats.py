"""Signs of life for monitors (table `work`, partition `health`): last timer run, last message, stale tenants."""

import orjson

from presence.epoch_ms import now_ms
from presence.instance import Runtime
from shared import row_versions
from shared.app import App
from shared.tables.port import Delete, NotFound, Upsert
from shared.tables.schema import HEALTH, QUEUE_RUN, STALE_TENANT, TIMER_RUN, WORK

TIMER = TIMER_RUN.key("presence_timer")
QUEUE = QUEUE_RUN.key("presence-sync")
_BEAT_SECONDS = 10.0


async def timer_ran(app: App, tenants: int, messages: int) -> None:
    """Note a run of the timer."""
    value = {"v": 1, "at": now_ms(app.clock), "tenants": tenants, "messages": messages}
    await _store(app, TIMER, value)


async def message_handled(app: App, runtime: Runtime, sent_at: int) -> None:
    """Note that a message was handled, every ten seconds on each instance."""
    now = app.clock.monotonic()
    if 0 <= now - runtime.beats.get(QUEUE, float("-inf")) < _BEAT_SECONDS:
        return
    runtime.beats[QUEUE] = now
    await _store(app, QUEUE, {"v": 1, "at": now_ms(app.clock), "sent_at": sent_at})


async def mark_stale(app: App, tenant_id: str, as_of: int) -> None:
    """Note that a tenant's presence is older than three intervals, as each sync finds that fails."""
    await _store(
        app,
        STALE_TENANT.key(tenant_id),
        {"v": 1, "at": now_ms(app.clock), "as_of": as_of},
    )


async def clear_stale(app: App, tenant_id: str) -> None:
    """Take that back."""
    try:
        await app.tables.transact(WORK, HEALTH, [Delete(STALE_TENANT.key(tenant_id))])
    except NotFound:
        return


def decode(value: bytes) -> dict[str, int]:
    """Return the numbers of a row; raises UnsupportedRowVersion."""
    return row_versions.read(value, "heartbeat")


async def _store(app: App, key: str, value: dict[str, int]) -> None:
    await app.tables.transact(WORK, HEALTH, [Upsert(key, orjson.dumps(value))])
