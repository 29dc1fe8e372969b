"""The functions of presence: timer and queue, the consent wizard's API, health.

What answers is imported with the first call: a cold start for a SCIM call has no use for it.
"""

from typing import TYPE_CHECKING

import azure.functions as func

from directories.user_rate_limit import rate_limited
from presence import triggers
from shared.app import App
from shared.azure_functions import method_dispatcher, register_http
from shared.easy_auth import require_admin
from shared.http import Request, Response
from shared.later import Later

if TYPE_CHECKING:
    from presence import api
else:
    api = Later("presence.api")


def blueprint(app: App) -> func.Blueprint:
    """The timer, the queue, and the HTTP functions of presence."""
    functions = func.Blueprint()
    triggers.add(functions, app)

    async def read(request: Request) -> Response:
        person = require_admin(request, app.settings)
        with rate_limited(app, person):
            return await api.read(app, person, request)

    async def act(request: Request) -> Response:
        person = require_admin(request, app.settings)
        with rate_limited(app, person):
            return await api.act(app, person, request)

    async def health(request: Request) -> Response:
        return await api.tell_health(app, request)

    route = "api/directories/{directoryId}/presence"
    register_http(functions, "presence_connection", route, method_dispatcher(GET=read, POST=act))
    register_http(functions, "presence_health", "health", method_dispatcher(GET=health))
    return functions
