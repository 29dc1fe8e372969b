"""Events: each change in a directory with the client that made it, and each refusal with its reason.

An event is a row `event|{ulid}[|{marks}]` of table `contacts` in the directory's partition, written
in the same transaction as the change. Its key ends with counters (marks), so that totals are
computed from keys alone: `u1`, `u-1`, `g1`, `g-1` for a person or group that was added or removed,
`a1`, `a-1` for an active person, `x3` for three refused requests, `d3` for three requests without a
valid credential, which don't count as failures of provisioning.

A directory's totals are sums up to the key of an event. An event with a lower key that is stored
later, because an instance's clock is slow or was set back, would be missed. So whenever an instance
reads the key of an event in its future, it dates its own events after that (`EventClock`). The
daily recount (`totals.recount`) corrects the rest.
"""

import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, fields
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from operator import attrgetter
from typing import Any

import orjson

from directories.event_types import REFUSED, TURNED_AWAY
from shared import messages, row_versions
from shared.app import App
from shared.clock import Clock
from shared.ids import RandomBits, new_ulid, ulid
from shared.messages import Message
from shared.tables.port import Insert
from shared.tables.schema.base import CONTACTS
from shared.tables.schema.contacts import EVENT

_MAX_TEXT = 1000
_ULID = 26
MARKS_AT = len(EVENT.name) + 1 + _ULID  # index of the counters in a key
_MARK = re.compile(r"([ugaxd])(-?[0-9]+)")
_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's, as in a ULID
_LOOK_SECONDS = 60.0
# An event further in the future comes from a wrong clock, which must not change the dates of other events.
_MAX_AHEAD = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the provisioning log. Fields with their default value are not stored.

    Attributes:
        at: The time (RFC 3339).
        name: The name of the person or group, as the client sent it.
        users: The change of the number of people: +1, 0 or -1.
        groups: The change of the number of groups: +1, 0 or -1.
        count: How many equal refused requests the event represents.
        method: The HTTP method of the refused requests.
        was_active: Whether a deleted person was active.
        detail: The text of the event in English.
        said: The same text as a stored message, from which a page renders it in the user's language.
    """

    at: str
    kind: str
    _: KW_ONLY
    resource_type: str = ""
    resource_id: str = ""
    name: str = ""
    external_id: str = ""
    was_external_id: str = ""
    active: bool | None = None
    users: int = 0
    groups: int = 0
    changed: tuple[str, ...] = ()
    status: int = 0
    scim_type: str = ""
    attribute: str = ""
    detail: str = ""
    remedy: str = ""
    client: str = ""
    method: str = ""
    count: int = 1
    was_active: bool = False
    said: Mapping[str, Any] | None = None

    @property
    def is_refusal(self) -> bool:
        """Whether the event is a refused request, which changed nothing."""
        return self.kind in (REFUSED, TURNED_AWAY)

    @property
    def active_people(self) -> int:
        """The change of the number of active people: +1, 0 or -1."""
        match self.kind:
            case "user.created" | "user.enabled":
                return 1 if self.active else 0
            case "user.disabled":
                return -1
            case "user.deleted":
                return -1 if self.was_active else 0
        return 0


def message_fields(message: Message | None) -> dict[str, Any]:
    """Return the fields of an event that store `message`, for use as `Event(…, **told(message))`."""
    return {"detail": message.text(), "said": messages.encode(message)} if message else {}


_DEFAULTS = {field.name: field.default for field in fields(Event)}
_parts = attrgetter(*_DEFAULTS)


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event with its row key, which is also a cursor of the log."""

    key: str
    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """The counters in the key of an event."""

    users: int = 0
    groups: int = 0
    active: int = 0
    refused: int = 0
    turned_away: int = 0


def write(event: Event, clock: Clock, randbits: RandomBits = secrets.randbits) -> Insert:
    """Return the operation that stores `event` under a key with the time of `clock`."""
    return Insert(_key(event, new_ulid(clock, randbits)), encode(event), is_unique=True)


def insertion(app: App, event: Event) -> Insert:
    """Return the operation that stores an event which isn't part of a change's transaction."""
    return write(event, clock_of(app), app.random.bits)


def insertion_in_change(app: App, directory_id: str, event: Event) -> Insert:
    """Return the operation that stores an event in the transaction of the change that it describes."""
    return write(event, clock_for_write(app, directory_id), app.random.bits)


def encode(event: Event) -> bytes:
    """Return the value of an event's row as JSON."""
    stored = {
        name: _cut(part)
        for (name, usual), part in zip(_DEFAULTS.items(), _parts(event), strict=True)
        if part != usual
    }
    return orjson.dumps({"v": 1, **stored})


def decode(value: bytes) -> Event:
    """Return the event that `encode` encoded; raise UnsupportedRowVersion if a later release wrote it."""
    stored = row_versions.decode(value, "event")
    known = {name: stored[name] for name in _DEFAULTS if name in stored}
    known["changed"] = tuple(known.get("changed", ()))
    return Event(**known)


def marks(row_key: str) -> Marks:
    """Return the counters in the key of an event."""
    return marks_in(row_key[MARKS_AT:])


@lru_cache(maxsize=1024)
def marks_in(suffix: str) -> Marks:
    """Return the counters in `suffix`, which is the part of an event's key from the index `MARKS_AT` on."""
    found = {kind: int(number) for kind, number in _MARK.findall(suffix)}
    return Marks(
        users=found.get("u", 0),
        groups=found.get("g", 0),
        active=found.get("a", 0),
        refused=found.get("x", 0),
        turned_away=found.get("d", 0),
    )


def moment_of(row_key: str) -> datetime:
    """Return the time in the key of an event, to the millisecond."""
    milliseconds = 0
    for character in row_key[len(EVENT.name) + 1 : len(EVENT.name) + 11]:
        milliseconds = milliseconds * 32 + _DIGITS.index(character)
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def bound(moment: datetime) -> str:
    """Return the lowest key that an event at `moment` can have."""
    return EVENT.from_time(ulid(max(0, int(moment.timestamp() * 1000))))


def end() -> str:
    """Return a key that sorts after the keys of all events."""
    return EVENT.all()[1]


def _key(event: Event, identifier: str) -> str:
    suffix = ",".join(_suffix(event))
    return f"{EVENT.name}|{identifier}|{suffix}" if suffix else f"{EVENT.name}|{identifier}"


def _suffix(event: Event) -> Iterator[str]:
    if event.users:
        yield f"u{event.users}"
    if event.groups:
        yield f"g{event.groups}"
    if event.active_people:
        yield f"a{event.active_people}"
    if event.is_refusal:
        yield f"{'d' if event.kind == TURNED_AWAY else 'x'}{event.count}"


def _cut(part: Any) -> Any:
    return f"{part[: _MAX_TEXT - 1]}…" if isinstance(part, str) and len(part) > _MAX_TEXT else part


@dataclass(slots=True)
class EventClock:
    """The App's clock, moved forward to the newest event that this instance has read or written."""

    clock: Clock
    ahead: timedelta = timedelta(0)
    looked: float = float("-inf")
    latest: datetime = datetime.min.replace(tzinfo=UTC)

    @classmethod
    def made_for(cls, app: App) -> "EventClock":
        """Return the event clock of an App."""
        return cls(app.clock)

    def now(self) -> datetime:
        """Return the time for the next event, which is never earlier than the time of the previous event."""
        present = self.clock.now()
        if present + self.ahead < self.latest <= present + _MAX_AHEAD:  # the clock was set back
            self.ahead = self.latest - present
        self.latest = present + self.ahead
        return self.latest

    def monotonic(self) -> float:
        """Return the monotonic seconds of the App's clock."""
        return self.clock.monotonic()

    def seen(self, row_key: str) -> None:
        """Move the clock forward if the event with this key is in its future, by at most two hours."""
        ahead = moment_of(row_key) - self.clock.now()
        if self.ahead < ahead <= _MAX_AHEAD:
            self.ahead = ahead


def clock_of(app: App) -> EventClock:
    """Return the event clock of `app`."""
    return app.state(EventClock)


def clock_for_write(app: App, directory_id: str) -> EventClock:
    """Return the clock for an event of a directory.

    Once a minute, start a background task that moves it forward to the directory's newest event.
    """
    clock = clock_of(app)
    now = app.clock.monotonic()
    if now - clock.looked >= _LOOK_SECONDS:
        clock.looked = now
        app.background.start_optional(_look(app, directory_id), "event_clock.look")
    return clock


async def _look(app: App, directory_id: str) -> None:
    """Move the event clock forward if the directory has events in its future."""
    clock = clock_of(app)
    start = bound(clock.now())
    rows = await app.tables.query(CONTACTS, directory_id, start, end(), keys_only=True)
    if rows:
        clock.seen(rows[-1].key)
