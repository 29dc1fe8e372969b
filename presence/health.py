"""What a monitor may see without sign-in: whether presence moves. No ids, no data."""

from typing import Any

from presence import heartbeats
from presence.epoch_ms import MINUTE, SECOND, fresh_for, is_recent, now_ms
from shared.app import App
from shared.tables.schema import HEALTH, QUEUE_RUN, STALE_TENANT, TIMER_RUN, WORK

_SLACK = MINUTE  # for an instance that starts
_NOTED = 10 * MINUTE  # twice the longest pause between two syncs that fail


async def read(app: App) -> tuple[bool, dict[str, Any]]:
    """Whether all is well, and the checks by name; one round trip."""
    now = now_ms(app.clock)
    rows = await app.tables.query(WORK, HEALTH, QUEUE_RUN.all()[0], TIMER_RUN.all()[1])
    stored = {row.key: heartbeats.decode(row.value) for row in rows}
    timer, queue = stored.get(heartbeats.TIMER), stored.get(heartbeats.QUEUE)
    stale = sum(
        1
        for key, sign in stored.items()
        if STALE_TENANT.has(key) and is_recent(sign.get("at", now), now, _NOTED)
    )
    timer_age = _age(now, timer["at"]) if timer else None
    sent_age = _age(now, queue["sent_at"]) if queue else None
    waits = bool(timer and timer["messages"])
    longest = (fresh_for(app.settings.presence_interval) + _SLACK) // SECOND
    checks: dict[str, dict[str, Any]] = {
        "presence": {"ok": stale == 0, "staleTenants": stale},
        "timer": {"ok": timer_age is None or timer_age <= longest, "lastRunSecondsAgo": timer_age},
        "queue": {
            "ok": not waits or sent_age is None or sent_age <= longest,
            "newestHandledSecondsAgo": sent_age,
        },
    }
    return all(check["ok"] for check in checks.values()), checks


def _age(now: int, at: int) -> int:
    return max(0, now - at) // SECOND
