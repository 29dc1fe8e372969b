"""The functions of presence: timer and queue, the consent wizard's API, health.

What answers is imported with the first call: a cold start for a SCIM call has no use for it.
"""

from typing import TYPE_CHECKING

import azure.functions as func

from directories.user_rate_limit import rate_limited
from presence import triggers
from shared.azure_functions import method_dispatcher, register_http
from shared.easy_auth import require_admin
from shared.http import Request, Response
from shared.later import Later
from shared.services import Services

if TYPE_CHECKING:
    from presence import api
else:
    api = Later("presence.api")


def blueprint(services: Services) -> func.Blueprint:
    """The timer, the queue, and the HTTP functions of presence."""
    functions = func.Blueprint()
    triggers.add(functions, services)

    async def read(request: Request) -> Response:
        person = require_admin(request, services.settings)
        with rate_limited(services, person):
            return await api.read(services, person, request)

    async def act(request: Request) -> Response:
        person = require_admin(request, services.settings)
        with rate_limited(services, person):
            return await api.act(services, person, request)

    async def health(request: Request) -> Response:
        return await api.tell_health(services, request)

    route = "api/directories/{directoryId}/presence"
    register_http(functions, "presence_connection", route, method_dispatcher(GET=read, POST=act))
    register_http(functions, "presence_health", "health", method_dispatcher(GET=health))
    return functions
