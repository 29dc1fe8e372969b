"""Responses to requests to a base URL without its `/v2`; they contain the correct URL.

The client is authenticated first, so a stranger learns nothing. The request is also written to the provisioning log, so
that an administrator who waits for the first request sees the mistake in the URL.
"""

from directories import provisioning_log, rate_limits
from directories.authenticate import authenticate
from directories.event_types import REFUSED
from directories.events import Event, message_fields
from scim.core.errors import ScimError
from scim.http import error_response
from shared.app import App
from shared.azure_functions import Blueprint, register_http
from shared.clock import timestamp
from shared.http import Request, Response
from shared.messages import Message

_COLLECTIONS = ("Users", "Groups")


def register(blueprint: Blueprint, app: App) -> None:
    """Register the paths without `/v2` that a provisioning client requests first."""

    async def refuse(request: Request) -> Response:
        directory = await authenticate(
            app, request.route["directoryId"], request.headers.get("authorization")
        )
        rate_limits.charge_request(app, directory.id)
        message = Message("wrong_base")
        event = Event(
            at=timestamp(app.clock.now()),
            kind=REFUSED,
            method=request.method,
            status=404,
            **message_fields(message),
        )
        await provisioning_log.refused(app, directory.id, event)
        raise ScimError(404, message)

    for collection in _COLLECTIONS:
        register_http(
            app,
            blueprint,
            f"scim_wrong_base_{collection}",
            f"scim/{{directoryId}}/{collection}",
            refuse,
            error_response,
        )
