"""Writes refused requests to the directory's provisioning log."""

from dataclasses import replace
from functools import partial
from typing import Any

import orjson

from directories import provisioning_log
from directories.event_types import REFUSED
from directories.events import Event, message_fields
from scim.context import MAX_BODY, Context
from scim.core.errors import ScimError
from scim.groups import store as groups
from scim.users import store as users
from shared.clock import timestamp
from shared.http import Request
from shared.messages import Message

_MAX_ATTRIBUTE = 200  # characters
_RESOURCE_TYPES = {"users": "User", "groups": "Group"}


async def log_rejected_request(context: Context, request: Request, error: ScimError) -> None:
    """Log why a request was refused, so that an administrator sees it.

    A GET that finds nothing isn't logged.
    """
    if request.method in ("GET", "HEAD") and error.status == 404 and "rest" not in request.route:
        return
    path = request.path.rpartition("/v2/")[2]
    identifier = request.route.get("id") or ""
    await log_rejection(context, error, request.method, path, identifier, _body(request))


async def log_rejection(
    context: Context, error: ScimError, method: str, path: str, identifier: str, body: Any
) -> None:
    """Log why `method` on the SCIM `path`, such as Users/ID, was refused; `body` is the resource that was sent."""
    if error.status >= 500:
        return  # nothing that the client could mend
    collection = path.strip("/").partition("/")[0].lower()
    event = Event(
        at=timestamp(context.app.clock.now()),
        kind=REFUSED,
        method=method,
        status=error.status,
        scim_type=error.scim_type or "",
        **message_fields(error.message),
        client=context.client,
        resource_type=_RESOURCE_TYPES.get(collection, ""),
        resource_id=identifier,
        attribute=_attribute(error.message),
        name=_text(body, "userName") or _text(body, "displayName"),
        external_id=_text(body, "externalId"),
    )
    is_unnamed = identifier and not event.name and error.status != 404
    complete = partial(_with_name, context) if is_unnamed else None
    await provisioning_log.refused(context.app, context.directory.id, event, complete)


async def _with_name(context: Context, event: Event) -> Event:
    """Return the event with the name of its resource, which a PATCH doesn't contain.

    One round trip, only if the event is stored.
    """
    app, directory_id = context.app, context.directory.id
    if event.resource_type == "User":
        user = await users.get(app, directory_id, event.resource_id)
        return replace(event, name=user.record.resource["userName"]) if user else event
    group = await groups.get(app, directory_id, event.resource_id)
    return replace(event, name=group.record.resource["displayName"]) if group else event


def _attribute(message: Message) -> str:
    """Return the attribute that an error names, or ""."""
    for name in ("attribute", "path"):
        if (value := message.params.get(name)) and isinstance(value, str):
            return value[:_MAX_ATTRIBUTE]
    return "phoneNumbers" if message.code == "strict_number" else ""


def _body(request: Request) -> Any:
    """Return the resource in the request's body, or {} if the body can't be parsed."""
    if len(request.body) > MAX_BODY:
        return None
    try:
        return orjson.loads(request.body)
    except orjson.JSONDecodeError:
        return None


def _text(body: Any, name: str) -> str:
    """Return a string attribute; attribute names are case-insensitive (RFC 7643 section 2.1)."""
    if not isinstance(body, dict):
        return ""
    found = (
        value
        for key, value in body.items()
        if key.lower() == name.lower() and isinstance(value, str)
    )
    return next(found, "")
