"""Write to the provisioning log of a directory, and read it newest first.

Storage returns rows only in ascending order, so the log is read in windows of time, the newest
window first.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta

from directories import credential_usage, events, rejection_log
from directories.event_types import KINDS
from directories.events import Event, StoredEvent
from directories.rejection_log import Complete
from shared import log
from shared.app import App
from shared.clock import timestamp
from shared.concurrency import TimeSlice
from shared.tables.port import MAX_QUERY_ROWS, Row, TableError
from shared.tables.schema.base import CONTACTS
from shared.words import fold_case, search_key

_MAX_QUERIES = 30  # per page; the next page continues after them
_FIRST_WINDOW = timedelta(hours=1)
_NARROWEST = timedelta(milliseconds=8)
_STEP = 8
_MIN_ROWS = 100


@dataclass(slots=True)
class Line:
    """A line of the log as shown; refusals with the same person and reason are merged into one line.

    `key` and `event` are those of the newest event, `count` is the number of requests, `first` the
    time of the oldest.
    """

    key: str
    event: Event
    count: int
    first: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page of lines, newest first; `before` continues after them, or is "" at the end of the log."""

    lines: list[Line]
    before: str


def _stored_words(event: Event) -> str:
    return f"{event.kind}\n{event.detail}"


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Conditions that an event must satisfy; an empty one is always satisfied.

    Attributes:
        person: The ID, external ID or name of the person.
        kinds: Kinds of events, of which the event must have one.
        text: A text that some field or `words` must contain.
        words: A function that returns the event's kind and detail as the page shows them, in the
            user's language.
    """

    person: str = ""
    kinds: frozenset[str] = frozenset()
    text: str = ""
    words: Callable[[Event], str] = _stored_words

    def may_have(self, row_key: str) -> bool:
        """Return False if the key alone proves that the event doesn't match.

        So a search for refusals doesn't decode the events of an import.
        """
        if not self.kinds or not self.kinds <= KINDS["refused"]:
            return True
        found = events.marks(row_key)
        return found.refused > 0 or found.turned_away > 0

    def has(self, event: Event) -> bool:
        """Return whether the event satisfies all conditions."""
        if self.kinds and event.kind not in self.kinds:
            return False
        ids = (event.resource_id, event.external_id, event.was_external_id)
        if (
            self.person
            and self.person not in ids
            and fold_case(self.person) != fold_case(event.name)
        ):
            return False
        if not self.text:
            return True
        said = (
            event.name,
            event.external_id,
            event.attribute,
            event.client,
            *event.changed,
            self.words(event),
        )
        return any(search_key(self.text) in search_key(part) for part in said)


EVERYTHING = EventFilter()


@dataclass(slots=True)
class _Collected:
    """The lines so far; `open` has those that an older refusal may extend, by `_line_key`."""

    lines: list[Line] = field(default_factory=list)
    open: dict[tuple[str, ...], Line] = field(default_factory=dict)

    def line_of(self, event: Event) -> Line | None:
        """Return the line that this event is to be merged into, or None."""
        return self.open.get(_line_key(event)) if event.is_refusal else None

    def add(self, stored: StoredEvent) -> None:
        """Add the next older event.

        Refusals before and after a success for the same person are not merged into one line.
        """
        event = stored.event
        if line := self.line_of(event):
            line.count += event.count
            line.first = event.at
            return
        line = Line(stored.key, event, event.count, event.at)
        self.lines.append(line)
        if event.is_refusal:
            self.open[_line_key(event)] = line
        else:
            self.open = {
                sort: line for sort, line in self.open.items() if not _is_same(line.event, event)
            }


async def read(
    app: App,
    directory_id: str,
    before: str = "",
    limit: int = 50,
    wanted: EventFilter = EVERYTHING,
) -> Page:
    """Return the newest matching lines before the key `before` ("" for the newest of all).

    A page may have fewer than `limit` lines although more follow: after 30 queries the search
    stops, and the page's `before` continues it.
    """
    collected, queries, reached, time_slice = _Collected(), 0, before, TimeSlice(app)
    async for found, start in _backwards(app, directory_id, before):
        queries += 1
        for row in reversed(found):
            if wanted.may_have(row.key) and wanted.has(event := events.decode(row.value)):
                if len(collected.lines) >= limit and collected.line_of(event) is None:
                    return Page(collected.lines, reached)
                collected.add(StoredEvent(row.key, event))
            reached = row.key
            await time_slice.yield_when_over()
        reached = start
        if queries >= _MAX_QUERIES:
            return Page(collected.lines, reached)
    return Page(collected.lines, "")


async def _backwards(
    app: App, directory_id: str, before: str
) -> AsyncIterator[tuple[list[Row], str]]:
    """Yield the rows of each window of time with the window's first key, the newest window first.

    A window with more rows than a query returns is queried again with a smaller width.
    """
    now = app.clock.now()
    oldest = now - timedelta(days=app.settings.event_retention_days + 1)
    stop = before or events.bound(now + timedelta(days=1))
    top, width = (events.moment_of(before) if before else now), _FIRST_WINDOW
    while stop > (floor := events.bound(oldest)):
        start = max(floor, events.bound(max(oldest, top - width)))
        rows = await app.tables.query(CONTACTS, directory_id, start, stop)
        if len(rows) == MAX_QUERY_ROWS and width > _NARROWEST:
            width = max(_NARROWEST, width / _STEP)
            continue
        yield rows, start
        stop, top = start, events.moment_of(start)
        width = width * _STEP if len(rows) < _MIN_ROWS else width


def _line_key(event: Event) -> tuple[str, ...]:
    """Return the key by which refusals are merged: person and reason, or reason and text if there is no person."""
    if identity := _identity(event):
        return (identity, str(event.status), event.scim_type, event.attribute)
    return ("", str(event.status), event.scim_type, event.attribute, event.method, event.detail)


def _identity(event: Event) -> str:
    return event.external_id or fold_case(event.name) or event.resource_id


def _is_same(one: Event, other: Event) -> bool:
    """Return whether two events are about the same person or group."""
    if one.resource_id and one.resource_id == other.resource_id:
        return True
    return bool(_identity(one)) and _identity(one) == _identity(other)


async def happened(app: App, directory_id: str, kind: str, detail: str = "") -> None:
    """Write an event about the directory itself to its log, such as a revoked token or a connected company.

    `kind` is the kind of the event. `detail` is the ID of the token or secret, or the reason why presence can't be
    read; it is never a plain secret. Called after the action succeeded, so an error of storage is only logged.
    """
    event = Event(timestamp(app.clock.now()), kind, detail=detail)
    try:
        await app.tables.transact(CONTACTS, directory_id, [events.insertion(app, event)])
    except TableError as error:
        log.failure("event.lost", error, directory_id=directory_id)


async def refused(
    app: App, directory_id: str, event: Event, complete: Complete | None = None
) -> None:
    """Log a refused request with its person, if known, the fault and the remedy.

    `complete` is a function that adds the person's name; it is called only if the event is stored.
    """
    credential_usage.failed(app, directory_id)
    await rejection_log.note(app, directory_id, event, complete)
