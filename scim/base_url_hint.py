"""Calls to a base URL without its `/v2`: the commonest slip when it is copied by hand, answered with what helps.

The call is authenticated first, so strangers learn nothing, and noted in the provisioning log: the administrator who
waits for the first call sees why it does not come.
"""

import azure.functions as func

from directories import directory_rate_limit, provisioning_log
from directories.authenticate import authenticate
from scim.core.errors import ScimError
from scim.http import error_response
from shared.app import App
from shared.azure_functions import register_http
from shared.http import Request, Response
from shared.messages import Message

_COLLECTIONS = ("Users", "Groups")


def register(blueprint: func.Blueprint, app: App) -> None:
    """Register the addresses that a provisioning client tries first."""

    async def refuse(request: Request) -> Response:
        directory = await authenticate(
            app, request.route["directoryId"], request.headers.get("authorization")
        )
        directory_rate_limit.take(app, directory.id)
        detail = Message("wrong_base")
        await provisioning_log.refused(app, directory.id, request.method, 404, "", detail)
        raise ScimError(404, detail)

    for collection in _COLLECTIONS:
        register_http(
            app,
            blueprint,
            f"scim_wrong_base_{collection}",
            f"scim/{{directoryId}}/{collection}",
            refuse,
            error_response,
        )
