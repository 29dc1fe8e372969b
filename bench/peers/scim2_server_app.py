"""scim2-server as an ASGI application with its in-memory store: `uvicorn scim2_server_app:app`."""

import os

from scim2_models import UnauthorizedException
from scim2_server.applications.asgi import ASGIApplication
from scim2_server.memory import AsyncInMemoryStorage
from scim2_server.requests import ScimRequest
from scim2_server.utils import load_default_provider

_AUTHORIZATION = f"Bearer {os.environ['PEER_TOKEN']}"


class _Application(ASGIApplication):
    """The application, which accepts one token; by itself, scim2-server accepts every request."""

    def check_auth(self, request: ScimRequest) -> None:
        """Raise UnauthorizedException for another token."""
        if request.header("Authorization") != _AUTHORIZATION:
            raise UnauthorizedException


app = _Application(AsyncInMemoryStorage(), load_default_provider())
