"""The health that monitors read: heartbeats of timer and queue, and marks of stale tenants.

The rows are in table `work`, partition `health`. The health check needs no sign-in, so it has only
ages and counts.
"""

from dataclasses import dataclass
from typing import Any

import orjson

from presence.instance import Runtime, runtime_of
from shared import log, row_versions
from shared.app import App
from shared.clock import MINUTE, SECOND, is_recent, now_ms
from shared.tables.port import AlreadyExists, Delete, Insert, NotFound, Upsert
from shared.tables.schema.base import HEALTH, WORK
from shared.tables.schema.work import HEALTH_PROBE, QUEUE_RUN, STALE_TENANT, TIMER_RUN

TIMER = TIMER_RUN.key("presence_timer")
QUEUE = QUEUE_RUN.key("presence-sync")
_BEAT_SECONDS = 10.0
_EVENT_SECONDS = 60.0
_PROBE_SECONDS = 5.0
_SLACK = MINUTE  # added to the limit, because an instance may have to start
_FIRST_SLACK = 15 * SECOND  # added to the interval within which the first run is due
_STALE_MARK_LASTS = 10 * MINUTE  # twice the longest pause between two syncs that fail


def fresh_for(interval: int) -> int:
    """Return for how many milliseconds a status counts as fresh: three sync intervals (`interval` is in seconds)."""
    return 3 * interval * SECOND


async def timer_ran(app: App, tenants: int, messages: int) -> None:
    """Store that the timer ran, with the numbers of linked tenants and of messages sent."""
    value = {"v": 1, "at": now_ms(app.clock), "tenants": tenants, "messages": messages}
    await _store(app, TIMER, value)


async def message_handled(app: App, runtime: Runtime, sent_at: int) -> None:
    """Store that a message, sent at `sent_at`, was handled; at most every ten seconds per instance."""
    now = app.clock.monotonic()
    if 0 <= now - runtime.last_heartbeat.get(QUEUE, float("-inf")) < _BEAT_SECONDS:
        return
    runtime.last_heartbeat[QUEUE] = now
    await _store(app, QUEUE, {"v": 1, "at": now_ms(app.clock), "sent_at": sent_at})


async def expect_first_run(app: App) -> None:
    """Store that the first runs of timer and queue are due, unless they have run already.

    Without these rows, a timer that never ran couldn't be distinguished from a deployment that was
    created just now.
    """
    now = now_ms(app.clock)
    for key, value in (
        (TIMER, {"v": 1, "at": now, "tenants": 0, "messages": 0, "due": 1}),
        (QUEUE, {"v": 1, "at": now, "sent_at": now, "due": 1}),
    ):
        try:
            await app.tables.transact(WORK, HEALTH, [Insert(key, orjson.dumps(value))])
        except AlreadyExists:
            continue


async def mark_stale(app: App, tenant_id: str, as_of: int) -> None:
    """Mark the tenant's presence as stale: it was confirmed more than three sync intervals ago.

    `as_of` is the time of the last confirmation.
    """
    value = {"v": 1, "at": now_ms(app.clock), "as_of": as_of}
    await _store(app, STALE_TENANT.key(tenant_id), value)


async def clear_stale(app: App, tenant_id: str) -> None:
    """Delete the mark of a stale tenant."""
    try:
        await app.tables.transact(WORK, HEALTH, [Delete(STALE_TENANT.key(tenant_id))])
    except NotFound:
        return


def decode(value: bytes) -> dict[str, int]:
    """Return the numbers in a row; raise UnsupportedRowVersion if a later release wrote it."""
    return row_versions.decode(value, "heartbeat")


@dataclass(frozen=True, slots=True)
class Health:
    """Whether presence works; `checks` are the results by name, as JSON."""

    checks: dict[str, dict[str, Any]]

    @property
    def is_well(self) -> bool:
        """Whether all checks are ok."""
        return all(check["ok"] for check in self.checks.values())


async def read(app: App) -> Health:
    """Return the health. One round trip, and a write if this instance's last write is some seconds ago.

    It writes because storage that can be read may be full or forbid writing. If the timer is
    overdue, it also logs `timer.overdue`, at most once a minute per instance, because a timer that
    doesn't run can't log. Raise StorageUnavailable.
    """
    now = now_ms(app.clock)
    await _prove_writing(app)
    rows = await app.tables.query(WORK, HEALTH, QUEUE_RUN.all()[0], TIMER_RUN.all()[1])
    stored = {row.key: decode(row.value) for row in rows}
    timer, queue = stored.get(TIMER), stored.get(QUEUE)
    stale = sum(
        1
        for key, mark in stored.items()
        if STALE_TENANT.has(key) and is_recent(mark.get("at", now), now, _STALE_MARK_LASTS)
    )
    waits = bool(timer and (timer["messages"] or timer.get("due")))
    is_timer_ok = timer is None or _is_on_time(app, timer, timer["at"], now)
    is_queue_ok = not waits or queue is None or _is_on_time(app, queue, queue["sent_at"], now)
    if timer is not None and not is_timer_ok:
        _report_overdue(app, timer, now)
    return Health(
        {
            "presence": {"ok": stale == 0, "staleTenants": stale},
            "timer": {
                "ok": is_timer_ok,
                "lastRunSecondsAgo": _age_of_run(timer, "at", now),
            },
            "queue": {
                "ok": is_queue_ok,
                "newestHandledSecondsAgo": _age_of_run(queue, "sent_at", now),
            },
        }
    )


async def _prove_writing(app: App) -> None:
    """Write a row; at most every five seconds per instance, because anyone may request the health."""
    written, monotonic = runtime_of(app).last_heartbeat, app.clock.monotonic()
    if 0 <= monotonic - written.get(HEALTH_PROBE.key, float("-inf")) < _PROBE_SECONDS:
        return
    await _store(app, HEALTH_PROBE.key, {"v": 1, "at": now_ms(app.clock)})
    written[HEALTH_PROBE.key] = monotonic


def _is_on_time(app: App, row: dict[str, int], at: int, now: int) -> bool:
    """Return whether the last run, at `at`, is recent enough, or the first run isn't due yet."""
    interval = app.settings.presence_interval
    if row.get("due"):
        return now - at <= interval * SECOND + _FIRST_SLACK
    return now - at <= fresh_for(interval) + _SLACK


def _age_of_run(row: dict[str, int] | None, name: str, now: int) -> int | None:
    """Return the seconds since the last run, None if there was none yet."""
    return None if row is None or row.get("due") else max(0, now - row[name]) // SECOND


def _report_overdue(app: App, timer: dict[str, int], now: int) -> None:
    last, monotonic = runtime_of(app).last_heartbeat, app.clock.monotonic()
    if 0 <= monotonic - last.get("timer.overdue", float("-inf")) < _EVENT_SECONDS:
        return
    last["timer.overdue"] = monotonic
    log.event(
        "timer.overdue",
        timer="presence_timer",
        seconds=(now - timer["at"]) // SECOND,
        has_run=not timer.get("due"),
    )


async def _store(app: App, key: str, value: dict[str, int]) -> None:
    await app.tables.transact(WORK, HEALTH, [Upsert(key, orjson.dumps(value))])
