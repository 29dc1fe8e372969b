"""The endpoints of Microsoft Graph for presence and tenant information.

Sources: learn.microsoft.com/graph/api/cloudcommunications-getpresencesbyuserid and
tenantrelationship-findtenantinformationbytenantid.
"""

import asyncio
import re

import orjson
from starlette.requests import Request
from starlette.responses import Response

from local.graph import responses
from local.graph.applications import PRESENCE_ROLE, TENANT_INFORMATION_ROLE
from local.graph.keys import BadSignature
from local.graph.people import Tenant
from local.graph.simulator import Simulator
from local.graph.token import GRAPH_HOSTS
from shared.ids import is_guid

MAX_IDS_PER_CALL = 650
_CONTEXT = b'{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#Collection(microsoft.graph.presence)","value":['
_ROLES = {
    "presences": {PRESENCE_ROLE, "Presence.ReadWrite.All"},
    "presence": {PRESENCE_ROLE, "Presence.ReadWrite.All"},
    "tenant-information": {TENANT_INFORMATION_ROLE},
}
_FIND_TENANT = re.compile(r"findTenantInformationByTenantId\(tenantId='([^']*)'\)")


class GraphError(Exception):
    """An error of Graph, to be sent as a response."""

    def __init__(self, status: int, code: str, message: str, retry_after: int = 0) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.retry_after = status, code, message, retry_after


class Graph:
    """The endpoints below `/v1.0`."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator

    async def presences(self, request: Request) -> Response:
        """Serve `POST /communications/getPresencesByUserId`."""
        return await self._call("presences", request)

    async def presence(self, request: Request) -> Response:
        """Serve `GET /users/{id}/presence` and `GET /communications/presences/{id}`."""
        return await self._call("presence", request)

    async def tenant_information(self, request: Request) -> Response:
        """Serve `GET /tenantRelationships/findTenantInformationByTenantId(tenantId='{id}')`."""
        return await self._call("tenant-information", request)

    async def _call(self, endpoint: str, request: Request) -> Response:
        """Apply latency, authentication, limits and faults in the order of the real service; return the response."""
        counters = self.simulator.counters
        counters.running += 1
        counters.most_at_once = max(counters.most_at_once, counters.running)
        tenant_id = ""
        try:
            body = await request.body()
            if self.simulator.options.latency:
                await asyncio.sleep(self.simulator.options.latency)
            tenant, roles = self._signed_in(request)
            tenant_id = tenant.tenant_id
            response = await self._admitted(endpoint, request, tenant, roles, body)
        except GraphError as error:
            response = responses.graph_error(
                self.simulator,
                error.status,
                error.code,
                error.message,
                retry_after=error.retry_after,
            )
        finally:
            counters.running -= 1
        counters.add(endpoint, tenant_id, response.status_code)
        return response

    async def _admitted(
        self, endpoint: str, request: Request, tenant: Tenant, roles: list[str], body: bytes
    ) -> Response:
        self._check_limits(tenant)
        if fault := self.simulator.faults.hit("graph", tenant.tenant_id):
            broken = await responses.faulty(self.simulator, fault, request)
            if broken is not None:
                return broken
        if _ROLES[endpoint].isdisjoint(roles):
            if self.simulator.options.missing_role == 401:
                raise GraphError(
                    401, "Unauthorized", "The token has no role that allows this request."
                )
            raise GraphError(403, "Forbidden", "Missing role permissions on the request.")
        if endpoint == "presences":
            return self._many(tenant, body)
        if endpoint == "tenant-information":
            return self._information(request.path_params["function"])
        return self._one(tenant, request.path_params["id"])

    def _signed_in(self, request: Request) -> tuple[Tenant, list[str]]:
        """Return the tenant and the roles in a bearer token. Raise GraphError 401 if the token isn't valid."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise GraphError(401, "InvalidAuthenticationToken", "Access token is empty.")
        try:
            claims = self.simulator.keys.verify(token)
        except BadSignature:
            raise GraphError(401, "InvalidAuthenticationToken", "Signature is invalid.") from None
        if claims.get("aud") not in (self.simulator.url, *GRAPH_HOSTS):
            raise GraphError(
                401,
                "InvalidAuthenticationToken",
                "Access token validation failure. Invalid audience.",
            )
        tenant = self.simulator.tenants.get(claims.get("tid", ""))
        if tenant is None or claims.get("iss") != self.simulator.issuer(tenant.tenant_id):
            raise GraphError(
                401,
                "InvalidAuthenticationToken",
                "Access token validation failure. Invalid issuer.",
            )
        if (
            not claims.get("nbf", 0) - 300
            <= self.simulator.clock.now().timestamp()
            < claims.get("exp", 0)
        ):
            raise GraphError(
                401,
                "InvalidAuthenticationToken",
                "Lifetime validation failed, the token is expired.",
            )
        return tenant, claims.get("roles", [])

    def _check_limits(self, tenant: Tenant) -> None:
        wait = self.simulator.throttle.admit(
            tenant.tenant_id
        ) or self.simulator.all_tenants_throttle.admit("")
        if wait:
            raise GraphError(
                429, "TooManyRequests", "Too many requests for this tenant.", retry_after=wait
            )

    def _many(self, tenant: Tenant, body: bytes) -> Response:
        ids = _ids(body)
        self.simulator.counters.ids_asked += len(ids)
        now, found, encoded = (
            self.simulator.clock.now().timestamp(),
            [],
            self.simulator.presence.encoded,
        )
        for object_id in sorted(
            {given.lower() for given in ids}
        ):  # Graph doesn't document the order of the response
            if is_guid(object_id) and tenant.has(object_id):
                found.append(encoded(tenant, object_id, now))
            elif (unknown := _unknown(tenant, object_id)) is not None:
                found.append(orjson.dumps(unknown))
        return Response(_CONTEXT + b",".join(found) + b"]}", media_type="application/json")

    def _one(self, tenant: Tenant, given: str) -> Response:
        object_id = given.lower()
        if not is_guid(object_id):
            raise GraphError(
                400, "BadRequest", "The id is not a GUID; a user principal name does not work here."
            )
        if not tenant.has(object_id):
            raise GraphError(404, "NotFound", "The user was not found.")
        return responses.json(
            self.simulator.presence.of(tenant, object_id, self.simulator.clock.now())
        )

    def _information(self, function: str) -> Response:
        """Return the resource tenantInformation of a tenant, which the applications of all other tenants may read."""
        found = _FIND_TENANT.fullmatch(function)
        if found is None:
            raise GraphError(400, "BadRequest", "Resource not found for the segment.")
        if not is_guid(found[1].lower()):
            raise GraphError(400, "BadRequest", "The tenant identifier is not a GUID.")
        tenant = self.simulator.tenants.get(found[1].lower())
        if tenant is None:
            raise GraphError(404, "ResourceNotFound", "The tenant was not found.")
        return responses.json(
            {
                "@odata.context": "https://graph.microsoft.com/v1.0/$metadata"
                "#microsoft.graph.tenantInformation",
                "tenantId": tenant.tenant_id,
                "federationBrandName": None,
                "displayName": tenant.name,
                "defaultDomainName": tenant.domain,
            }
        )


def _ids(body: bytes) -> list[str]:
    try:
        ids = orjson.loads(body)["ids"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise GraphError(
            400, "BadRequest", "The body must be a JSON object with the property 'ids'."
        ) from None
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise GraphError(400, "BadRequest", "'ids' must be a list of strings.")
    if not 0 < len(ids) <= MAX_IDS_PER_CALL:
        raise GraphError(
            400, "BadRequest", f"'ids' must hold 1 to {MAX_IDS_PER_CALL} ids, it holds {len(ids)}."
        )
    return ids


def _unknown(tenant: Tenant, object_id: str) -> dict[str, object] | None:
    """Return the entry for an unknown ID, or None to leave it out; raise GraphError if the whole request fails.

    The real effect isn't documented, so the tenant's `unknown_ids` selects it.
    """
    if tenant.unknown_ids == "chunk-400":
        raise GraphError(400, "BadRequest", "The request is invalid.")
    if tenant.unknown_ids == "chunk-404":
        raise GraphError(404, "NotFound", "A user was not found.")
    if tenant.unknown_ids == "presence-unknown":
        return {"id": object_id, "availability": "PresenceUnknown", "activity": "PresenceUnknown"}
    return None
