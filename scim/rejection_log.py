"""What is refused goes into the directory's provisioning log, with whose request it was."""

from typing import Any

import orjson

from directories import mapping_notes, provisioning_log
from directories.event_types import REFUSED
from directories.events import Event, told
from scim.context import Context
from scim.core.attributes import ResourceType
from scim.core.errors import ScimError
from scim.core.notes import Notes
from scim.http import MAX_BODY
from shared.clock import timestamp
from shared.http import Request
from shared.messages import Message

_RESOURCE_TYPES = {"users": "User", "groups": "Group"}


async def log_rejection(context: Context, request: Request, error: ScimError, path: str) -> None:
    """Note the refusal of a request for the SCIM `path`, such as /Users/ID, so that an administrator sees why.

    A read that finds nothing is no refusal.
    """
    if request.method in ("GET", "HEAD") and error.status == 404 and "rest" not in request.route:
        return
    body = _body(request)
    kind = path.rpartition("/v2/")[2].strip("/").partition("/")[0].lower()
    event = Event(
        at=timestamp(context.app.clock.now()),
        kind=REFUSED,
        method=request.method,
        status=error.status,
        scim_type=error.scim_type or "",
        **told(error.message),
        client=context.client,
        resource_type=_RESOURCE_TYPES.get(kind, ""),
        resource_id=request.route.get("id") or "",
        name=_text(body, "userName") or _text(body, "displayName"),
        external_id=_text(body, "externalId"),
    )
    await provisioning_log.refused(context.app, context.directory.id, event)


def _body(request: Request) -> dict[str, Any]:
    """The resource that was sent, as far as it can be read: the request may be refused because it can't."""
    if len(request.body) > MAX_BODY:
        return {}
    try:
        body = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def _text(body: dict[str, Any], name: str) -> str:
    """A string attribute; attribute names are case-insensitive (RFC 7643 section 2.1)."""
    return next(
        (
            value
            for key, value in body.items()
            if key.lower() == name.lower() and isinstance(value, str)
        ),
        "",
    )


def left_out(notes: Notes) -> Message | None:
    """Return what the log line of a stored change says about values that were left out, None if none was."""
    if not notes.left_out:
        return None
    reason = next(iter(notes.left_out.values()))
    if len(notes.left_out) == 1:
        return Message("left_out", reason=reason)
    return Message("several_left_out", names=", ".join(notes.left_out), reason=reason)


def note_mapping_faults(
    context: Context, resource_type: ResourceType, notes: Notes, *, is_stored: bool
) -> None:
    """Note once what the client's mapping gets wrong: unknown names, and values left out if nothing was stored."""
    faults: dict[str, Message] = {
        name: Message("not_an_attribute", name=name, type=resource_type.name)
        for name in notes.unknown
    }
    if not is_stored:
        faults |= {
            name: Message("left_out", reason=reason) for name, reason in notes.left_out.items()
        }
    if faults:
        mapping_notes.note(context.app, context.directory.id, faults, context.client)
