"""Store refused requests as events, without letting a flood of them fill the storage.

On each instance, equal refusals within a minute are one event; the repetitions become a second
event with their count at the end of the minute, or when the App closes. At most 60 different
refusals per directory and minute are stored; all others together are one event with a count.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from directories import events, quarantine_warning
from directories.event_types import REFUSED
from directories.events import Event
from shared import log
from shared.app import App
from shared.clock import timestamp
from shared.limits import LruCache
from shared.messages import Message
from shared.tables.port import TableError
from shared.tables.schema.base import CONTACTS

WINDOW_SECONDS = 60.0
_MAX_DIFFERENT = 60
_GUARD_EVERY = 500  # check the quarantine's thresholds after so many refusals of a directory
_TOO_MANY = Message("many_others")
_EqualityKey = tuple[str, ...]
Complete = Callable[[Event], Awaitable[Event]]


@dataclass(slots=True)
class _Held:
    event: Event
    count: int = 0


@dataclass(slots=True, kw_only=True)
class _Minute:
    started: float
    held: dict[_EqualityKey, _Held] = field(default_factory=dict)
    beyond: int = 0
    total: int = 0
    is_to_be_judged: bool = False


@dataclass(slots=True)
class _Minutes:
    by_directory: LruCache[str, _Minute] = field(default_factory=lambda: LruCache(2048))
    waiting: dict[str, _Minute] = field(default_factory=dict)

    @classmethod
    def made_for(cls, app: App) -> "_Minutes":
        app.on_close(lambda: store_held_back(app))
        return cls()


async def note(app: App, directory_id: str, event: Event, complete: Complete | None = None) -> None:
    """Store a refusal, or only count it if an equal one was stored in this minute.

    `complete` adds the person's name, which the request may lack, to an event before it is stored.
    If storage fails, the event is lost, and that is logged.
    """
    app.metrics.refused(_reason(event))
    due = _to_store(app, directory_id, event)
    if complete and due and due[-1] is event:
        due[-1] = await _completed(app, directory_id, event, complete)
    await _store(app, directory_id, due)


async def _completed(app: App, directory_id: str, event: Event, complete: Complete) -> Event:
    """Add the person's name to the event, and to the equal refusals that follow; return the event."""
    try:
        completed = await complete(event)
    except TableError:
        return event
    minute = _minutes(app).by_directory.get(directory_id)
    held = minute.held.get(_equality_key(event)) if minute else None
    if held is not None:
        held.event = completed
    return completed


async def _store(app: App, directory_id: str, due: list[Event]) -> None:
    for each in due:
        log.event(
            "provisioning.refused",
            directory_id=directory_id,
            reason=_reason(each),
            status=each.status,
            count=each.count,
        )
    if due:
        operations = [events.insertion(app, each) for each in due]
        try:
            await app.tables.transact(CONTACTS, directory_id, operations)
        except TableError as error:
            log.failure("event.lost", error, directory_id=directory_id)
    minute = app.state(_Minutes).by_directory.get(directory_id)
    if minute is not None and minute.is_to_be_judged:
        minute.is_to_be_judged = False
        await _warn(app, directory_id)


async def _warn(app: App, directory_id: str) -> None:
    """Check Entra's quarantine thresholds; called after every 500th refusal, for the operator's alert."""
    try:
        await quarantine_warning.warn(app, directory_id)
    except TableError as error:
        log.failure("quarantine.check", error)


def _reason(event: Event) -> str:
    """Return the SCIM error type of a refusal, or the phrase of its status; never a text from the request."""
    if event.scim_type or not event.status:
        return event.scim_type or "several"
    return HTTPStatus(event.status).phrase


def _to_store(app: App, directory_id: str, event: Event) -> list[Event]:
    minutes, now = _minutes(app).by_directory, app.clock.monotonic()
    minute = minutes.get(directory_id)
    late: list[Event] = []
    if minute is None or now - minute.started >= WINDOW_SECONDS:
        late = _held_back(app, minute) if minute else []
        minute = _Minute(
            started=now,
            total=minute.total if minute else 0,
            is_to_be_judged=minute.is_to_be_judged if minute else False,
        )
        minutes.put(directory_id, minute)
    minute.total += 1
    minute.is_to_be_judged |= minute.total % _GUARD_EVERY == 0
    key = _equality_key(event)
    if held := minute.held.get(key):
        held.count += 1
        _store_later(app, directory_id, minute)
        return late
    if len(minute.held) >= _MAX_DIFFERENT:
        minute.beyond += 1
        _store_later(app, directory_id, minute)
        return late
    minute.held[key] = _Held(event)
    return [*late, event]


def _equality_key(event: Event) -> _EqualityKey:
    """Return a key that is the same for equal refusals."""
    return (
        event.method,
        str(event.status),
        event.detail,
        event.resource_id,
        event.name,
        event.external_id,
    )


def _minutes(app: App) -> _Minutes:
    return app.state(_Minutes)


def _store_later(app: App, directory_id: str, minute: _Minute) -> None:
    """Schedule storing the counted repetitions a minute later, whether or not another refusal comes."""
    waiting = _minutes(app).waiting
    if waiting.get(directory_id) is minute:
        return
    waiting[directory_id] = minute

    def store() -> None:
        if waiting.get(directory_id) is minute:
            del waiting[directory_id]
        late = _held_back(app, minute)
        app.background.start_optional(_store(app, directory_id, late), "event.late")

    asyncio.get_running_loop().call_later(WINDOW_SECONDS, store)


async def store_held_back(app: App) -> None:
    """Store all repetitions that are only counted so far; called when the App closes."""
    waiting = _minutes(app).waiting
    while waiting:
        directory_id, minute = waiting.popitem()
        await _store(app, directory_id, _held_back(app, minute))


def _held_back(app: App, minute: _Minute) -> list[Event]:
    """Return the counted repetitions of a minute as at most 61 events, and reset the counts."""
    at = timestamp(app.clock.now())
    late = [
        replace(held.event, at=at, count=held.count) for held in minute.held.values() if held.count
    ]
    if minute.beyond:
        beyond = events.message_fields(_TOO_MANY)
        late.append(Event(at=at, kind=REFUSED, **beyond, count=minute.beyond))
    for held in minute.held.values():
        held.count = 0
    minute.beyond = 0
    return late
