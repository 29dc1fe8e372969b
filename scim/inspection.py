"""Records a directory's requests while its request inspector is on."""

from collections.abc import Awaitable, Callable

import orjson

from directories import inspector
from directories.inspector import Inspected
from scim import redaction
from scim.context import Context
from shared.clock import timestamp
from shared.http import Request, Response


async def inspected(
    context: Context, request: Request, respond: Callable[[], Awaitable[Response]]
) -> Response:
    """Call `respond` and return its response; if the inspector is on, record both with their values removed."""
    app, directory = context.app, context.directory
    if not inspector.is_on(app, directory):
        return await respond()
    began, at = app.clock.monotonic(), timestamp(app.clock.now())
    status, scim_type = 500, ""
    try:
        response = await respond()
        status, scim_type = response.status, _scim_type(response)
        return response
    finally:
        seen = Inspected(
            at=at,
            method=request.method,
            path=redaction.path_of(request.path.rpartition("/v2")[2]),
            query=redaction.query_of(request.query),
            body=redaction.shape_of(request.body),
            size=len(request.body),
            status=status,
            scim_type=scim_type,
            milliseconds=round((app.clock.monotonic() - began) * 1000),
            client=context.client,
        )
        inspector.record(app, directory, seen)


def _scim_type(response: Response) -> str:
    """Return the scimType of an error response (RFC 7644 section 3.12), or ""."""
    if response.status < 400 or not response.body:
        return ""
    return str(orjson.loads(response.body).get("scimType", ""))
