"""The audit log of a directory or of the account: newest first, filtered, with a CSV export."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from directories import audit_api, audit_log, service
from directories.audit import AuditEvent
from directories.audit_codes import ACT_KINDS
from directories.audit_log import AuditPage, Log
from directories.errors import InvalidField
from shared.clock import parse_timestamp, timestamp
from shared.http import Response
from web.filters import plain_time
from web.page_request import PageRequest
from web.pages.directory import framed
from web.render import page
from web.text_families import ACT, ACTOR_KIND, AUDIT_FIELD, AUDIT_VALUE, LINK_PURPOSE
from web.translations import outcome_words

_LINES = 50
_FIELDS = ("act", "actor", "directory", "since", "until")
_TIMES = {"expires", "inspect_until"}
_NAMED = {"kind", "setup", "presence", "part"}  # their values have texts in AUDIT_VALUE
_TONES = {
    "directory.deleted": "warn",
    "directory.removed": "warn",
    "directory.purged": "warn",
    "directory.restored": "good",
    "directory.created": "good",
    "token.revoked": "warn",
    "secret.revoked": "warn",
    "trust.removed": "warn",
    "consent.given": "good",
    "consent.refused": "bad",
    "presence.connected": "good",
    "presence.removed": "warn",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One field's value before and after an administrator's action; "" if there was none."""

    label: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActLine:
    """A line of the log: one action, its actor, and the changes.

    `directory` and `directory_id` are "" in the log of a single directory.
    """

    at: str
    words: str
    tone: str
    actor: str
    actor_id: str
    address: str
    directory: str
    directory_id: str
    target: str
    changes: list[Change]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """The log's filters, as text from the form; "" for none."""

    act: str
    actor: str
    directory: str
    since: str
    until: str

    @property
    def any(self) -> bool:
        """Return whether any filter is set."""
        return any(getattr(self, name) for name in _FIELDS)

    @property
    def query(self) -> dict[str, str]:
        """The query parameters with these filters."""
        return {name: value for name in _FIELDS if (value := getattr(self, name))}


async def show_directory(visit: PageRequest) -> Response:
    """Show `/directories/{directoryId}/audit`; for htmx with `cursor`, only the next lines."""
    directory = await service.read(visit.app, visit.account, visit.directory_id)
    path = f"/directories/{directory.id}/audit"
    values = await _values(visit, audit_log.of_directory(directory.id), path)
    if visit.query.get("cursor") and visit.is_partial:
        return page(visit, "audit_rows.html", **values)
    frame = await framed(visit, directory, "audit")
    return page(visit, "audit_directory.html", **values, **frame)


async def show_account(visit: PageRequest) -> Response:
    """Show `/audit`, the log of all directories of the account; for htmx with `cursor`, only the next lines."""
    values = await _values(visit, audit_log.of_account(visit.account), "/audit")
    if visit.query.get("cursor") and visit.is_partial:
        return page(visit, "audit_rows.html", **values)
    return page(visit, "audit_account.html", **values)


async def _values(visit: PageRequest, log: Log, path: str) -> dict[str, Any]:
    filters = Filters(**{name: visit.query.get(name, "").strip()[:250] for name in _FIELDS})
    fault, found = "", AuditPage([], "")
    try:
        wanted = audit_api.parse_filter(_interpreted(filters))
        cursor = audit_api.parse_cursor(visit.query)
        found = await audit_log.read(visit.app, log, cursor, _LINES, wanted)
    except InvalidField as error:
        fault = visit.text(error.message)
    is_account = path == "/audit"
    api = f"/api{path}"
    return {
        "acts": [_line(visit, event, is_account=is_account) for event in found.events],
        "filters": filters,
        "directory_name": next(
            (event.directory_name for event in found.events if event.directory_name),
            filters.directory,
        ),
        "fault": fault,
        "kinds": ["", *ACT_KINDS],
        "path_of_log": path,
        "export": f"{api}?{urlencode({**_interpreted(filters), 'format': 'csv'})}",
        "next": f"{path}?{urlencode({**filters.query, 'cursor': found.cursor})}"
        if found.cursor
        else "",
        "days": visit.settings.audit_retention_days,
        "is_account": is_account,
    }


def _interpreted(filters: Filters) -> dict[str, str]:
    """Return the filters as query parameters of the JSON API.

    The page's `until` is the last day that is shown, but the API's `until` is exclusive, so the
    query has the following day.
    """
    query = filters.query
    if filters.until:
        try:
            last = parse_timestamp(filters.until)
            query["until"] = timestamp((last + timedelta(days=1)).astimezone())[:10]
        except (ValueError, OverflowError):
            pass  # the API's parser reports the fault
    return query


def _line(visit: PageRequest, event: AuditEvent, *, is_account: bool) -> ActLine:
    actor, act = event.actor, event.act
    name = actor.name or actor.id
    if actor.kind != "person":
        name = ACTOR_KIND.text(actor.kind, visit.language, otherwise=actor.name)
    return ActLine(
        at=event.at,
        words=ACT.text(act.code.replace(".", "_"), visit.language, otherwise=act.code),
        tone=_TONES.get(act.code, ""),
        actor=name,
        actor_id=actor.id,
        address=actor.address,
        directory=(event.directory_name or event.directory_id) if is_account else "",
        directory_id=event.directory_id if is_account else "",
        target=act.target,
        changes=_changes(visit, act.old, act.new),
    )


def _changes(visit: PageRequest, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    return [
        Change(
            _label(visit, name),
            _value(visit, name, old[name]) if name in old else "",
            _value(visit, name, new[name]) if name in new else "",
        )
        for name in dict.fromkeys([*old, *new])
    ]


def _label(visit: PageRequest, name: str) -> str:
    """Return the text for the name of a changed field."""
    return AUDIT_FIELD.text(name, visit.language, otherwise=name)


def _value(visit: PageRequest, name: str, value: object) -> str:
    if isinstance(value, bool):
        return AUDIT_VALUE.text("yes" if value else "no", visit.language)
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        parts = [
            f"{_label(visit, part)}: {_value(visit, part, of)}" for part, of in value.items() if of
        ]
        return "; ".join(parts)
    if value is None and name == "readers":
        return visit.t("readers_all")
    if name in _TIMES and value:
        return plain_time(str(value))
    if name == "outcome":
        return (outcome_words(visit, str(value)) or {"title": str(value)})["title"]
    if value in ("", None):
        return AUDIT_VALUE.text("never" if name == "expires" else "none", visit.language)
    if name == "purpose":
        return LINK_PURPOSE.text(str(value).replace("-", "_"), visit.language, otherwise=str(value))
    if name in _NAMED:
        return AUDIT_VALUE.text(str(value), visit.language, otherwise=str(value))
    return str(value)
