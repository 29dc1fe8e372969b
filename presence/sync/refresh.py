"""Refresh on demand: request the presence of people on a screen if it is older than ten seconds.

Requests to Graph are combined: a presence that is being requested isn't requested again, and people
from several agents' screens are in one request. These requests have a small rate limit of their
own; when it is used up, the next request contains more people.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace

from presence.graph.client import MAX_IDS_PER_CALL, GraphError, Throttled
from presence.graph.failure_reasons import REASONS, Fault
from presence.instance import RefreshState, Runtime
from presence.presence_states import GraphPresence
from presence.store import commits
from presence.store.codec import Delta, Entry
from presence.store.snapshot import Snapshot
from presence.sync import backoff
from presence.sync.diff import PolledPresence
from shared.app import App
from shared.clock import SECOND, is_recent, now_ms
from shared.tables.port import TableError

OLD_AFTER = 10 * SECOND
_GATHERED_FOR = 0.03  # seconds: longer than two agents need to ask at once, too short to be noticed
_MAX_WAIT = 0.2  # seconds; then a question that has come since can use its own rate limit
_REMEMBERED = 20_000
_PAUSE_AFTER_FAULT = 5.0
_PATIENCE = 5.0  # seconds that a request waits for the presences; later ones serve the next request


def confirmed_at(
    runtime: Runtime, snapshot: Snapshot, tenant_id: str, object_id: str, entry: Entry, now: int
) -> int:
    """Return when a status was last confirmed, by a sync or by this instance's refreshes; 0 for never."""
    demand = runtime.demand.get(tenant_id)
    here = demand.confirmed.get(object_id, 0) if demand else 0
    return max(snapshot.as_of(entry, now), here if here <= now else 0)


async def refresh(
    app: App,
    runtime: Runtime,
    tenant_id: str,
    snapshot: Snapshot,
    ids: Iterable[str],
    old_after: int = OLD_AFTER,
) -> None:
    """Request the presence of those of `ids` for which it is older than `old_after` milliseconds.

    Wait a few seconds for the responses. No error is raised if they fail or are late: the page
    then shows the stored statuses with their age.
    """
    now = now_ms(app.clock)
    demand = runtime.demand.setdefault(tenant_id, RefreshState())
    if _is_paused(app, demand, snapshot, now):
        return
    old = [
        one
        for one in ids
        if (entry := snapshot.entries.get(one)) is not None
        and not entry.retry_at
        and not is_recent(
            confirmed_at(runtime, snapshot, tenant_id, one, entry, now), now, old_after - 1
        )
    ]
    demand.is_question |= bool(old) and old_after < OLD_AFTER
    awaited = [demand.asking.get(one) or _enlist(demand, one) for one in old]
    if demand.waiting and demand.task is None:
        demand.task = app.background.start(
            _run(app, runtime, tenant_id, demand), "presence.refresh_failed"
        )
    if awaited:
        await asyncio.wait(set(awaited), timeout=_PATIENCE)


def _is_paused(app: App, demand: RefreshState, snapshot: Snapshot, now: int) -> bool:
    head = snapshot.head
    is_held = app.clock.monotonic() < demand.resume_at
    return is_held or bool(head.trouble.reason) or backoff.is_paused(head, now)


def _enlist(demand: RefreshState, object_id: str) -> asyncio.Future[None]:
    found = demand.waiting.get(object_id)
    if found is None:
        found = demand.waiting[object_id] = asyncio.get_running_loop().create_future()
    return found


async def _run(app: App, runtime: Runtime, tenant_id: str, demand: RefreshState) -> None:
    """Request the presence of all people in `demand.waiting`, chunk by chunk, until there are none."""
    try:
        while demand.waiting:
            await runtime.pause(_GATHERED_FOR)
            if seconds := _charge(runtime, tenant_id, demand):
                await runtime.pause(min(seconds, _MAX_WAIT))  # more agents join in the meantime
                continue
            chunk = dict(list(demand.waiting.items())[:MAX_IDS_PER_CALL])
            for object_id in chunk:
                del demand.waiting[object_id]
            demand.is_question = demand.is_question and bool(demand.waiting)
            demand.asking.update(chunk)
            try:
                await _ask(app, runtime, tenant_id, demand, list(chunk))
            finally:
                _release(demand, chunk)
    finally:
        demand.task = None
        demand.is_question = False
        _release(demand, demand.waiting)


def _charge(runtime: Runtime, tenant_id: str, demand: RefreshState) -> float:
    """Charge a request and return 0, or return the seconds until the next try.

    It is charged to the rate limit for lists; if that is used up and an agent's question waits, to
    the one for questions.
    """
    seconds = runtime.budget.charge(tenant_id, "demand")
    if seconds and demand.is_question:
        return runtime.budget.charge(tenant_id, "question")
    return seconds


def _release(demand: RefreshState, chunk: dict[str, asyncio.Future[None]]) -> None:
    for object_id, future in list(chunk.items()):
        demand.asking.pop(object_id, None)
        if not future.done():
            future.set_result(None)
    if chunk is demand.waiting:
        demand.waiting.clear()


async def _ask(
    app: App, runtime: Runtime, tenant_id: str, demand: RefreshState, ids: list[str]
) -> None:
    clock = app.clock
    if clock.monotonic() < demand.resume_at:
        return
    asked_at = now_ms(clock)
    try:
        token = await runtime.credential.token(tenant_id)
        found = await runtime.graph.presences(token.value, ids)
    except Throttled as error:
        demand.resume_at = clock.monotonic() + (error.retry_after or _PAUSE_AFTER_FAULT)
        return
    except GraphError:  # the next sync determines the cause
        demand.resume_at = clock.monotonic() + _PAUSE_AFTER_FAULT
        return
    except Fault as fault:
        demand.resume_at = clock.monotonic() + _PAUSE_AFTER_FAULT
        await _record_refusal(app, runtime, tenant_id, fault)
        return
    try:
        await _commit(app, runtime, tenant_id, ids, found, asked_at)
    except (TableError, commits.Overtaken, commits.NotLinked):
        return  # the next sync stores it
    _remember(demand, ids, asked_at)


async def _record_refusal(app: App, runtime: Runtime, tenant_id: str, fault: Fault) -> None:
    """Store that the tenant refuses the app, so that no instance sends a request before the pause ends."""
    reason = await runtime.control.attribute_fault(fault)
    snapshot = await runtime.snapshots.get(app.tables, app.clock, tenant_id)
    if REASONS[reason].kind != "consent" or snapshot is None or snapshot.head.trouble.reason:
        return
    now, interval = now_ms(app.clock), app.settings.presence_interval
    failure = backoff.record_failure(snapshot.head.trouble, reason, now)
    manifest = replace(
        snapshot.head,
        trouble=failure,
        failures=snapshot.head.failures + 1,
        not_before=now + backoff.pause(failure, 1, interval, 0, now),
    )
    with suppress(TableError, commits.Overtaken, commits.NotLinked):
        await commits.commit(app.tables, tenant_id, snapshot, manifest, Delta())


async def _commit(
    app: App,
    runtime: Runtime,
    tenant_id: str,
    ids: Collection[str],
    found: Mapping[str, GraphPresence],
    asked_at: int,
) -> None:
    """Store the people who changed; if a sync was stored at the same time, try once more based on it."""
    snapshot = await runtime.snapshots.get(app.tables, app.clock, tenant_id, at_most=1.0)
    for attempt in range(2):
        if snapshot is None:
            raise commits.NotLinked
        delta = _delta(snapshot, ids, found, asked_at)
        if not delta:
            return
        try:
            await commits.commit(app.tables, tenant_id, snapshot, replace(snapshot.head), delta)
            return
        except commits.Overtaken:
            if attempt:
                raise
            snapshot = await runtime.snapshots.get(app.tables, app.clock, tenant_id)


def _delta(
    snapshot: Snapshot, ids: Collection[str], found: Mapping[str, GraphPresence], asked_at: int
) -> Delta:
    learnt = PolledPresence()
    learnt.add_response(snapshot, ids, found, asked_at)
    changed = {}
    for object_id, (value, at) in learnt.values.items():
        entry = snapshot.entries.get(object_id)
        if entry is not None:
            moved = entry.changed_at if entry.value == value else at
            changed[object_id] = Entry(value, moved, entry.directories)
    return Delta(changed)


def _remember(demand: RefreshState, ids: Iterable[str], asked_at: int) -> None:
    if len(demand.confirmed) > _REMEMBERED:
        demand.confirmed.clear()
    demand.confirmed.update(dict.fromkeys(ids, asked_at))
