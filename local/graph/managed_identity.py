"""The managed identity endpoint of App Service.

IDENTITY_ENDPOINT is `/msi/token`, and IDENTITY_HEADER is in `simulator.py`. Source:
learn.microsoft.com/azure/app-service/overview-managed-identity (REST endpoint reference,
api-version 2019-08-01).
"""

from starlette.requests import Request
from starlette.responses import Response

from local.graph import responses
from local.graph.simulator import (
    HOME_TENANT_ID,
    IDENTITY_CLIENT_ID,
    IDENTITY_HEADER,
    IDENTITY_PRINCIPAL_ID,
    Simulator,
)


class ManagedIdentity:
    """Issues tokens for the one user-assigned identity."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator

    async def __call__(self, request: Request) -> Response:
        response = self._respond(request)
        self.simulator.counters.add("msi", HOME_TENANT_ID, response.status_code)
        return response

    def _respond(self, request: Request) -> Response:
        if request.headers.get("x-identity-header") != IDENTITY_HEADER:
            return responses.json(
                {"statusCode": 401, "message": "The identity header is missing or wrong."}, 401
            )
        parameters = request.query_params
        if not (resource := parameters.get("resource", "")):
            return responses.json(
                {"statusCode": 400, "message": "The parameter resource is missing."}, 400
            )
        named = (
            parameters.get("client_id"),
            parameters.get("object_id") or parameters.get("principal_id"),
        )
        if named not in ((IDENTITY_CLIENT_ID, None), (None, IDENTITY_PRINCIPAL_ID)):
            message = "No User Assigned or Delegated Managed Identity found for specified ClientId."
            return responses.json({"statusCode": 400, "message": message}, 400)
        lifetime = self.simulator.options.token_lifetime
        token = self.simulator.token(
            HOME_TENANT_ID,
            resource,
            sub=IDENTITY_PRINCIPAL_ID,
            oid=IDENTITY_PRINCIPAL_ID,
            azp=IDENTITY_CLIENT_ID,
        )
        expires = int(self.simulator.clock.now().timestamp()) + lifetime
        response = {
            "access_token": token,
            "expires_on": str(expires),
            "resource": resource,
            "token_type": "Bearer",
        }
        return responses.json(response | {"client_id": IDENTITY_CLIENT_ID})
