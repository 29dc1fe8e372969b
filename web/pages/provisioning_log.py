"""The provisioning log of a directory: newest first, filtered, searched, or limited to one person."""

from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from directories import provisioning_log, service
from directories.api import MAX_CSV_LINES
from directories.event_types import KINDS
from directories.events import moment_of
from directories.provisioning_log import EventFilter, Line
from directories.serializers import cursor, decode_cursor
from shared.http import Response
from web import translations
from web.page_request import PageRequest
from web.pages.directory import framed
from web.render import page

_LINES = 50
_TONES = {
    "user.created": "good",
    "user.enabled": "good",
    "group.created": "good",
    "connection.tested": "good",
    "request.refused": "bad",
    "connection.refused": "bad",
    "mapping.fault": "warn",
    "presence.connected": "good",
    "presence.back": "good",
    "presence.lost": "bad",
    "presence.removed": "warn",
    "token.revoked": "warn",
    "secret.revoked": "warn",
    "trust.removed": "warn",
    "user.disabled": "warn",
    "user.deleted": "warn",
    "group.deleted": "warn",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLine:
    """A line of the log, which represents `count` equal events.

    `name` is the name of the user or group. It is a link to the history of the person with the ID
    `person`, unless `person` is "" because the event concerns no user.
    """

    at: str
    words: str
    tone: str
    name: str
    person: str
    changed: tuple[str, ...]
    attribute: str
    detail: str
    remedy: str
    client: str
    count: int


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of the log; "" for none."""

    q: str
    kind: str
    person: str

    @property
    def any(self) -> bool:
        """Return whether any filter is set."""
        return bool(self.q or self.kind or self.person)


async def show(visit: PageRequest) -> Response:
    """Show `/directories/{directoryId}/log`; for htmx with `before`, only the next lines."""
    directory = await service.read(visit.app, visit.account, visit.directory_id)
    filters = _filters(visit.query)
    before = decode_cursor(visit.query.get("before", ""))
    wanted = EventFilter(
        filters.person,
        KINDS.get(filters.kind, frozenset()),
        filters.q,
        partial(translations.event_text, visit),
    )
    found = await provisioning_log.read(visit.app, directory.id, before, _LINES, wanted)
    events = [_line(visit, line) for line in found.lines]
    seen = bool(events) or visit.query.get("seen") == "1"
    values: dict[str, Any] = {
        "events": events,
        "filters": filters,
        "seen": seen,
        "since": moment_of(found.before) if found.before else None,
        "next": _next(directory.id, filters, found.before, seen=seen),
        "export": f"/api/directories/{directory.id}/events?{_export_query(filters)}",
        "person_name": await _name(visit, directory.id, filters, events),
    }
    if before and visit.is_partial:
        return page(visit, "log_rows.html", directory=directory, **values)
    return page(
        visit, "log.html", kinds=["", *KINDS], **values, **await framed(visit, directory, "log")
    )


async def _name(
    visit: PageRequest, directory_id: str, filters: Filters, events: list[EventLine]
) -> str:
    """Return the name of the person in the filter, "" without one.

    If no line shown has the name, look it up in the person's events.
    """
    known = next((event.name for event in events if event.name), "")
    if known or not filters.person:
        return known
    found = await provisioning_log.read(
        visit.app, directory_id, limit=1, wanted=EventFilter(filters.person)
    )
    return next((_line(visit, line).name for line in found.lines), filters.person)


def _filters(query: dict[str, str]) -> Filters:
    kind = query.get("kind", "")
    return Filters(
        query.get("q", "").strip()[:200],
        kind if kind in KINDS else "",
        query.get("person", "")[:250],
    )


def _line(visit: PageRequest, line: Line) -> EventLine:
    event = line.event
    return EventLine(
        at=event.at,
        words=translations.event_title(visit, event),
        tone=_TONES.get(event.kind, ""),
        name=event.name or event.external_id,
        person=(event.resource_id or event.name) if event.resource_type == "User" else "",
        changed=tuple(_attribute(visit, name) for name in event.changed),
        attribute=_attribute(visit, event.attribute) if event.is_refusal else "",
        detail=translations.event_detail(visit, event),
        remedy=translations.event_remedy(visit, event),
        client=event.client,
        count=line.count,
    )


def _export_query(filters: Filters) -> str:
    fields = {
        "format": "csv",
        "limit": str(MAX_CSV_LINES),
        "text": filters.q,
        "kind": filters.kind,
        "person": filters.person,
    }
    return urlencode({name: value for name, value in fields.items() if value})


def _attribute(visit: PageRequest, name: str) -> str:
    """Return the name of an attribute, for display, without its schema's URN.

    If the name is only the URN of the enterprise extension, as in events of earlier releases,
    return a text that means all of its attributes.
    """
    if not name.lower().startswith("urn:"):
        return name
    last = name.rpartition(":")[2]
    return visit.t("enterprise_attributes") if last == "User" else last


def _next(directory_id: str, filters: Filters, before: str, *, seen: bool) -> str:
    """Return the address of the older events, "" if there are none.

    `seen` is True if this part or an earlier one shows an event. It is passed on in the address, so
    that an empty last part isn't reported as an empty log.
    """
    if not before:
        return ""
    fields = {
        "q": filters.q,
        "kind": filters.kind,
        "person": filters.person,
        "before": cursor(before),
        "seen": "1" if seen else "",
    }
    return f"/directories/{directory_id}/log?{urlencode({name: value for name, value in fields.items() if value})}"
