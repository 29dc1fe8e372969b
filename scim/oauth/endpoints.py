"""`/scim/{directoryId}/oauth2/token`: the token endpoint of a directory."""

import azure.functions as func
import orjson

from scim.oauth import service
from scim.oauth.errors import NO_STORE, OAuthError, token_failure
from scim.oauth.token_request import read_token_request
from shared.app import App
from shared.azure_functions import register_http
from shared.http import Request, Response
from shared.messages import Message

ROUTE = "scim/{directoryId}/oauth2/token"


def register(blueprint: func.Blueprint, app: App) -> None:
    """Register the token endpoint."""

    async def token(request: Request) -> Response:
        if request.method != "POST":
            raise OAuthError("invalid_request", Message("oauth_post_only"), 405, {"Allow": "POST"})
        issued = await service.issue(app, request.route["directoryId"], read_token_request(request))
        body = {
            "access_token": issued.token,
            "token_type": "Bearer",
            "expires_in": issued.expires_in,
        }
        return Response(200, orjson.dumps(body), dict(NO_STORE))

    register_http(app, blueprint, "scim_token", ROUTE, token, token_failure)
