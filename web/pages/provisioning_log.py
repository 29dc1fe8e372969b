"""The provisioning log of a directory: newest first, filtered, searched, or one person's history."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from directories import provisioning_log, service
from directories.provisioning_log import Line, Wanted
from directories.views import cursor, read_cursor
from shared.http import Response
from web.pages.directory import framed
from web.render import page
from web.visit import Visit

_LINES = 50
_TONES = {
    "user.created": "good",
    "user.enabled": "good",
    "group.created": "good",
    "connection.tested": "good",
    "request.refused": "bad",
    "user.disabled": "warn",
    "user.deleted": "warn",
    "group.deleted": "warn",
}


@dataclass(frozen=True, slots=True)
class EventLine:
    """A line of the log; `person`: whose history a press on the name shows."""

    at: str
    words: str
    tone: str
    name: str
    person: str
    changed: tuple[str, ...]
    detail: str
    remedy: str
    client: str
    count: int


@dataclass(frozen=True, slots=True)
class Filters:
    """What is asked for."""

    q: str
    kind: str
    person: str

    @property
    def any(self) -> bool:
        """Whether anything is left out."""
        return bool(self.q or self.kind or self.person)


async def show(visit: Visit) -> Response:
    """`/directories/{directoryId}/log`; with `before` the next lines only."""
    directory = await service.read(visit.services, visit.account, visit.directory_id)
    query = visit.query
    filters = Filters(query.get("q", "").strip()[:200], query.get("kind", ""), query.get("person", "")[:250])
    before = read_cursor(query.get("before", ""))
    wanted = Wanted(filters.person, filters.kind == "refused", filters.q)
    found = await provisioning_log.read(visit.services, directory.id, before, _LINES, wanted)
    events = [_line(visit, line) for line in found.lines]
    values: dict[str, Any] = {
        "events": events,
        "filters": filters,
        "first": not before,
        "next": _next(directory.id, filters, found.before),
        "person_name": next((event.name for event in events if event.name), filters.person),
    }
    if before and visit.is_partial:
        return page(visit, "log_rows.html", directory=directory, **values)
    return page(visit, "log.html", **values, **await framed(visit, directory, "log"))


def _line(visit: Visit, line: Line) -> EventLine:
    event = line.event
    return EventLine(
        event.at,
        visit.known(f"event_{event.kind.replace('.', '_')}", event.kind),
        _TONES.get(event.kind, ""),
        event.name or event.external_id,
        (event.resource_id or event.name) if event.resource_type == "User" else "",
        event.changed,
        event.detail if event.kind != "connection.tested" else "",
        event.remedy,
        event.client,
        line.count,
    )


def _next(directory_id: str, filters: Filters, before: str) -> str:
    if not before:
        return ""
    fields = {"q": filters.q, "kind": filters.kind, "person": filters.person, "before": cursor(before)}
    return f"/directories/{directory_id}/log?{urlencode({name: value for name, value in fields.items() if value})}"
