"""The provisioning log of a directory: writing to it, and reading it newest first.

Storage returns rows in ascending order, so the log is read in windows of time.
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
from shared.keys import fold_case, search_key
from shared.tables.port import MAX_QUERY_ROWS, Row, TableError
from shared.tables.schema.base import CONTACTS

_MAX_QUERIES = 30  # for one page; the next one goes on from there
_FIRST_WINDOW = timedelta(hours=1)
_NARROWEST = timedelta(milliseconds=8)
_STEP = 8
_MIN_ROWS = 100


@dataclass(slots=True)
class Line:
    """An event as the administrator reads it; refusals of one person for one reason are one line.

    `key` and `event` are the newest one's, `count` is how many requests it represents, `first` the oldest one's time.
    """

    key: str
    event: Event
    count: int
    first: str


@dataclass(frozen=True, slots=True)
class Page:
    """Lines, newest first; `before` continues after them, "" at the end of the log."""

    lines: list[Line]
    before: str


def _stored_words(event: Event) -> str:
    return f"{event.kind}\n{event.detail}"


@dataclass(frozen=True, slots=True)
class EventFilter:
    """A filter of events: of one `person` (id, externalId or name), of `kinds` (none: all), that contain `text`.

    `words` returns an event's kind and detail in the reader's language.
    """

    person: str = ""
    kinds: frozenset[str] = frozenset()
    text: str = ""
    words: Callable[[Event], str] = _stored_words

    def may_have(self, row_key: str) -> bool:
        """Return whether the key alone does not rule the event out: an import's events need not be read to find refusals."""
        if not self.kinds or not self.kinds <= KINDS["refused"]:
            return True
        found = events.marks(row_key)
        return found.refused > 0 or found.turned_away > 0

    def has(self, event: Event) -> bool:
        """Return whether the event is wanted."""
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
    """The lines so far, and those to which an older refusal may still be added."""

    lines: list[Line] = field(default_factory=list)
    open: dict[tuple[str, ...], Line] = field(default_factory=dict)

    def line_of(self, event: Event) -> Line | None:
        """Return the line that this refusal belongs to."""
        return self.open.get(_line_key(event)) if event.is_refusal else None

    def add(self, stored: StoredEvent) -> None:
        """Add the next older event; failures before a person's success get a line of their own."""
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
    """Return the newest matching lines before `before` ("": from now); fewer than `limit` may come although more follow."""
    collected, queries, reached, time_slice = _Collected(), 0, before, TimeSlice(app.clock)
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
    """Yield windows of events, the newest first, each with its first key.

    A full window is retried narrower.
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
    """Return the key by which refusals are merged into one line: person and reason, or the text without a person."""
    if identity := _identity(event):
        return (identity, str(event.status), event.scim_type, event.attribute)
    return ("", str(event.status), event.scim_type, event.attribute, event.method, event.detail)


def _identity(event: Event) -> str:
    return event.external_id or fold_case(event.name) or event.resource_id


def _is_same(one: Event, other: Event) -> bool:
    """Return whether both are about the same person or group."""
    if one.resource_id and one.resource_id == other.resource_id:
        return True
    return bool(_identity(one)) and _identity(one) == _identity(other)


async def happened(app: App, directory_id: str, kind: str, detail: str = "") -> None:
    """Log an act on the directory itself, after the change: if storage fails, only the line is lost.

    `detail`: the id of a token or secret, the reason of a loss; nothing secret.
    """
    event = Event(timestamp(app.clock.now()), kind, detail=detail)
    try:
        await app.tables.transact(CONTACTS, directory_id, [events.insertion(app, event)])
    except TableError as error:
        log.failure("event.lost", error, directory_id=directory_id)


async def refused(
    app: App, directory_id: str, event: Event, complete: Complete | None = None
) -> None:
    """Log a refused request: its person as far as known, the fault and the remedy.

    `complete` adds the person's name, and is called only if the event is stored.
    """
    credential_usage.failed(app, directory_id)
    await rejection_log.note(app, directory_id, event, complete)
