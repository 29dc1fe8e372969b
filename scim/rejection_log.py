"""What is refused goes into the directory's provisioning log, with whose request it was."""

from typing import Any

import orjson

from directories import provisioning_log
from scim.context import Context
from scim.core.errors import ScimError
from scim.http import MAX_BODY
from shared.http import Request

_RESOURCE_TYPES = {"users": "User", "groups": "Group"}


async def log_rejection(context: Context, request: Request, error: ScimError, path: str) -> None:
    """Note the refusal of a request for the SCIM `path`, such as /Users/ID, so that an administrator sees why.

    A read that finds nothing is no refusal.
    """
    if request.method in ("GET", "HEAD") and error.status == 404 and "rest" not in request.route:
        return
    body = _body(request)
    kind = path.rpartition("/v2/")[2].strip("/").partition("/")[0].lower()
    await provisioning_log.refused(
        context.app,
        context.directory.id,
        request.method,
        error.status,
        error.scim_type or "",
        error.message,
        context.client,
        resource_type=_RESOURCE_TYPES.get(kind, ""),
        resource_id=request.route.get("id") or "",
        name=_text(body, "userName") or _text(body, "displayName"),
        external_id=_text(body, "externalId"),
    )


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
