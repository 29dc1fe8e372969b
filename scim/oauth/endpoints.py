"""`/scim/{directoryId}/oauth2/token`: the token endpoint of a directory, and its metadata (RFC 8414)."""

import azure.functions as func
import orjson

from directories.models import is_directory_id
from directories.serializers import token_endpoint
from scim.oauth import service
from scim.oauth.client_assertions import ALGORITHMS
from scim.oauth.errors import NO_STORE, OAuthError, token_failure
from scim.oauth.token_request import parse_token_request
from shared.app import App
from shared.azure_functions import method_dispatcher, register_http
from shared.http import HttpError, Request, Response, json_response
from shared.messages import Message

ROUTE = "scim/{directoryId}/oauth2/token"
# RFC 8414 section 3.1 puts the well-known part before the issuer's path; many clients append it instead.
_METADATA_ROUTES = {
    "oauth_metadata": ".well-known/oauth-authorization-server/scim/{directoryId}",
    "scim_oauth_metadata": "scim/{directoryId}/.well-known/oauth-authorization-server",
}


def register(blueprint: func.Blueprint, app: App) -> None:
    """Register the token endpoint and its metadata."""

    async def token(request: Request) -> Response:
        if request.method != "POST":
            raise OAuthError("invalid_request", Message("oauth_post_only"), 405, {"Allow": "POST"})
        issued = await service.issue(
            app, request.route["directoryId"], parse_token_request(request)
        )
        body = {
            "access_token": issued.token,
            "token_type": "Bearer",
            "expires_in": issued.expires_in,
            "scope": service.SCOPE,
        }
        return Response(200, orjson.dumps(body), dict(NO_STORE))

    async def metadata(request: Request) -> Response:
        """Return the same response for every ID, so that it doesn't reveal which directories exist."""
        directory_id = request.route["directoryId"]
        if not is_directory_id(directory_id):
            raise HttpError(404, Message("not_there"))
        origin = app.settings.public_url or request.origin
        return json_response(
            {
                "issuer": f"{origin}/scim/{directory_id}",
                "token_endpoint": token_endpoint(app, request.origin, directory_id),
                "response_types_supported": [],
                "grant_types_supported": [service.CLIENT_CREDENTIALS, service.JWT_GRANT],
                "scopes_supported": [service.SCOPE],
                "token_endpoint_auth_methods_supported": [
                    "client_secret_basic",
                    "client_secret_post",
                    "private_key_jwt",
                ],
                "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
                "service_documentation": "https://www.rfc-editor.org/rfc/rfc7523",
            }
        )

    register_http(app, blueprint, "scim_token", ROUTE, token, token_failure)
    for name, route in _METADATA_ROUTES.items():
        register_http(app, blueprint, name, route, method_dispatcher(GET=metadata))
