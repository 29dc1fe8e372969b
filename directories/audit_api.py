"""Handlers of the audit log: the events of one directory, or of the account, as JSON or CSV."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from pydantic.alias_generators import to_camel

from directories import audit_log, audit_relay, service
from directories.audit import Act, AuditEvent
from directories.audit_codes import ACT_CODES, ACT_KINDS
from directories.audit_log import AuditFilter, AuditPage, Log
from directories.errors import InvalidField
from directories.handlers import Call
from directories.query_parameters import parse_limit, parse_words
from directories.response_models import AuditEventPage, AuditLine
from shared import csv_cells
from shared.clock import parse_timestamp
from shared.http import Response, json_response
from shared.messages import Message

MAX_EVENTS = 200
MAX_CSV_EVENTS = 5000
_CURSOR = re.compile("[0-9A-HJKMNP-TV-Z]{26}")
_COLUMNS = (
    "Time",
    "Act",
    "Actor",
    "Actor ID",
    "Actor kind",
    "Address",
    "Directory",
    "Directory ID",
    "Target",
    "Old",
    "New",
)


async def of_account(call: Call) -> Response:
    """Return a page of the account's audit log."""
    return await _page_response(call, audit_log.of_account(call.account))


async def of_directory(call: Call) -> Response:
    """Return a page of a directory's audit log."""
    directory = await service.read(call.app, call.account, call.directory_id)
    return await _page_response(
        call, audit_log.of_directory(directory.id), directory.id, directory.name
    )


async def _page_response(call: Call, log: Log, directory_id: str = "", name: str = "") -> Response:
    query = call.request.query
    wanted = parse_filter(query)
    form = query.get("format", "json")
    if form not in ("json", "csv"):
        known = Message("not_one_of", name="format", value=form[:20], known="json, csv")
        raise InvalidField("format", known)
    is_csv = form == "csv"
    most = MAX_CSV_EVENTS if is_csv else MAX_EVENTS
    limit = parse_limit(query, most if is_csv else 50, most)
    cursor = parse_cursor(query)
    if is_csv:
        act = Act("audit.exported", new={"part": "next" if cursor else "first"})
        if directory_id:
            await audit_relay.record(call.app, call.actor, directory_id, name, act)
        else:
            await audit_relay.record_on_account(call.app, call.actor, act)
    page = await audit_log.read(call.app, log, cursor, limit, wanted)
    return _csv(call, page, is_first=not cursor) if is_csv else json_response(_json(page))


def _json(page: AuditPage) -> AuditEventPage:
    found: AuditEventPage = {"events": [_line(event) for event in page.events]}
    if page.cursor:
        found["nextCursor"] = page.cursor
    return found


def _line(event: AuditEvent) -> AuditLine:
    actor, act = event.actor, event.act
    return {
        "id": event.id,
        "at": event.at,
        "act": act.code,
        "actor": {
            "kind": actor.kind,
            "id": actor.id,
            "name": actor.name,
            "address": actor.address,
        },
        "directoryId": event.directory_id,
        "directoryName": event.directory_name,
        "target": act.target,
        "old": _camel(act.old),
        "new": _camel(act.new),
    }


def _camel(values: Mapping[str, Any]) -> dict[str, Any]:
    return {to_camel(name): value for name, value in values.items()}


def _csv(call: Call, page: AuditPage, *, is_first: bool) -> Response:
    """Return a part of the CSV file; the header `Link: …; rel="next"` (RFC 8288) has the address of the next part."""
    head = csv_cells.line([csv_cells.quoted(name) for name in _COLUMNS])
    parts = [csv_cells.BYTE_ORDER_MARK, head] if is_first else []
    parts += [csv_cells.line([csv_cells.safe(text) for text in _cells(e)]) for e in page.events]
    headers = {
        "Content-Type": "text/csv; charset=utf-8; header=present",
        "Content-Disposition": 'attachment; filename="audit-log.csv"',
    }
    if page.cursor:
        following = urlencode({**call.request.query, "cursor": page.cursor})
        headers["Link"] = f'<{call.request.path}?{following}>; rel="next"'
    return Response(200, b"".join(parts), headers)


def _cells(event: AuditEvent) -> tuple[str, ...]:
    actor, act = event.actor, event.act
    return (
        event.at,
        act.code,
        actor.name,
        actor.id,
        actor.kind,
        actor.address,
        event.directory_name,
        event.directory_id,
        act.target,
        _values(act.old),
        _values(act.new),
    )


def _values(values: Mapping[str, Any]) -> str:
    return "; ".join(f"{to_camel(name)}: {value}" for name, value in values.items())


def parse_filter(query: Mapping[str, str]) -> AuditFilter:
    """Return the filter in a request's query; raise InvalidField for an unknown act or a malformed value."""
    act = query.get("act", "")
    if act and act not in ACT_KINDS and act not in ACT_CODES:
        known = ", ".join([*ACT_KINDS, *sorted(ACT_CODES)])
        raise InvalidField("act", Message("not_one_of", name="act", value=act[:20], known=known))
    return AuditFilter(
        codes=ACT_KINDS.get(act, frozenset({act}) if act else frozenset()),
        actor=parse_words(query, "actor"),
        directory_id=parse_words(query, "directory"),
        since=_moment(query, "since"),
        until=_moment(query, "until"),
    )


def parse_cursor(query: Mapping[str, str]) -> str:
    """Return the cursor in a request's query, "" without one; raise InvalidField if it is malformed."""
    cursor = query.get("cursor", "")
    if cursor and not _CURSOR.fullmatch(cursor):
        raise InvalidField("cursor", Message("log_cursor_not_valid"))
    return cursor


def _moment(query: Mapping[str, str], name: str) -> datetime | None:
    """Parse a time in the query: RFC 3339, or a date, read as its first moment in UTC; None if it is missing."""
    text = query.get(name, "")
    if not text:
        return None
    try:
        moment = parse_timestamp(text.replace(" ", "+"))
    except ValueError:
        raise InvalidField(name, Message("time_not_valid", name=name)) from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if not 1970 <= moment.year <= 9000:
        raise InvalidField(name, Message("time_not_valid", name=name))
    return moment
