"""The timer's and the queue's work, without Azure: find due tenants, handle a message, reconcile.

Reconciliation checks pending consents again, disconnects directories that were deleted, and
refreshes names of tenants.
"""

from dataclasses import dataclass
from typing import Any, Literal

import orjson

from directories import store as directories
from directories.audit import system_actor
from presence import health, tenant_links
from presence.consent import linking, names, probe
from presence.instance import runtime_of
from presence.sync.sync_tenant import Outcome, sync
from presence.tenant_links import DirectoryLink
from shared import log
from shared.app import App
from shared.clock import HOUR, MINUTE, SECOND, is_ahead, is_recent, now_ms
from shared.concurrency import each

_MAX_TENANTS_OF_A_BATCH = 32
_EVERY = 10 * MINUTE


@dataclass(frozen=True, slots=True)
class _Message:
    """A message to sync a tenant; with an empty `tenant_id`, to reconcile.

    `at` is the time at which it was sent, in milliseconds since 1970.
    """

    tenant_id: str
    at: int

    def encode(self) -> str:
        return orjson.dumps({"v": 1, "tenant_id": self.tenant_id, "at": self.at}).decode()


async def due(app: App) -> list[str]:
    """Return the messages for the tenants that are due, and store that the timer ran.

    Nothing here waits for Microsoft or for one tenant, and reconciliation has a message of its own.
    More than 32 tenants are sent in batches, which `expand` splits: the host sends the return
    values of a function one after the other (azure-functions-host, FunctionBinding.cs), so 1,000
    messages would take the timer's instance several seconds.
    """
    began, now = app.clock.monotonic(), now_ms(app.clock)
    linked = await tenant_links.tenants(app.tables)
    due = [link.tenant_id for link in linked if not is_ahead(link.paused_until, now, HOUR)]
    await health.timer_ran(app, len(linked), len(due))
    if len(due) > _MAX_TENANTS_OF_A_BATCH:
        batches = range(0, len(due), _MAX_TENANTS_OF_A_BATCH)
        messages = [_batch(due[at : at + _MAX_TENANTS_OF_A_BATCH], now) for at in batches]
    else:
        messages = [_Message(tenant_id, now).encode() for tenant_id in due]
    if is_due(now, app.settings.presence_interval):
        messages.append(_Message("", now).encode())
    log.event("timer.run", timer="presence_timer", seconds=round(app.clock.monotonic() - began, 3))
    return messages


def _batch(tenant_ids: list[str], now: int) -> str:
    return orjson.dumps({"v": 1, "tenant_ids": tenant_ids, "at": now}).decode()


def expand(body: bytes) -> list[str]:
    """Return a message for each tenant in a batch; [] if `body` isn't a batch."""
    try:
        content: Any = orjson.loads(body)
        tenant_ids, sent_at = content["tenant_ids"], content["at"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return []
    if not isinstance(tenant_ids, list) or not isinstance(sent_at, int):
        return []
    return [_Message(one, sent_at).encode() for one in tenant_ids if isinstance(one, str)]


async def handle(app: App, body: bytes) -> Outcome | Literal["swept"] | None:
    """Carry out one message.

    Returns:
        The outcome of the sync, or "swept" after a reconciliation; None if the message can't be
        parsed, or is so old that a newer one for the same tenant must exist.
    """
    message = _read(body)
    if message is None:
        log.event("presence.message_unreadable")
        return None
    now, interval = now_ms(app.clock), app.settings.presence_interval * SECOND
    await health.message_handled(app, runtime_of(app), message.at)
    if now >= message.at and not is_recent(message.at, now, 2 * interval):
        return None
    if not message.tenant_id:
        await sweep(app)
        return "swept"
    return await sync(app, message.tenant_id)


async def poisoned(app: App, body: bytes) -> None:
    """Log a message that failed five times, and mark its tenant as stale; the next interval tries again."""
    message = _read(body)
    log.event("presence.poison", tenant_id=message.tenant_id if message else "")
    if message and message.tenant_id:
        await health.mark_stale(app, message.tenant_id, 0)


def _read(body: bytes) -> _Message | None:
    try:
        content: Any = orjson.loads(body)
        tenant_id, sent_at = content["tenant_id"], content["at"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
    return (
        _Message(tenant_id, sent_at)
        if isinstance(tenant_id, str) and isinstance(sent_at, int)
        else None
    )


def is_due(now: int, interval: int) -> bool:
    """Return whether this tick of the timer must send a message to reconcile.

    Time is divided into periods of ten minutes, and the first tick in each period sends one.
    `interval` is the number of seconds between two ticks.
    """
    return now // _EVERY != (now - interval * SECOND) // _EVERY


async def sweep(app: App) -> None:
    """Check pending consents again, disconnect directories that were deleted, and refresh names of tenants.

    A failure for one directory is logged and doesn't stop the others; the next sweep tries again.
    """

    async def one(link: DirectoryLink) -> None:
        try:
            await _reconcile_link(app, link)
        except Exception as error:
            log.failure("presence.sweep_failed", error, directory_id=link.directory_id)

    found = await tenant_links.directories(app.tables)
    # First, because the checks replace the rows that were read.
    await names.refresh(app, found)
    await each(found, one)


async def _reconcile_link(app: App, link: DirectoryLink) -> None:
    directory = await directories.get(app.tables, link.directory_id)
    if directory is None or directory.state == "removing":
        await linking.disconnect(app, link.directory_id)
        await tenant_links.forget(app.tables, link.directory_id)
    elif link.state == "propagating" and not probe.is_abandoned(link, now_ms(app.clock)):
        await probe.check(app, link.directory_id, system_actor(link.account, "presence_timer"))
