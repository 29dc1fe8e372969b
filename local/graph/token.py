"""The token endpoint: client credentials and authorization code (RFC 6749, RFC 7636)."""

import base64
import hashlib
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from local.graph import responses
from local.graph.applications import Application
from local.graph.authorization_codes import Code, redeem
from local.graph.client_credentials import authenticate, basic
from local.graph.discovery import ANY_TENANT
from local.graph.login_errors import KINDS, LoginError
from local.graph.people import MEMBER, Tenant
from local.graph.simulator import Simulator

# Graph of every cloud is accepted, so that the settings of a national cloud can be tried, too.
GRAPH_HOSTS = (
    "https://graph.microsoft.com",
    "https://graph.microsoft.us",
    "https://dod-graph.microsoft.us",
    "https://microsoftgraph.chinacloudapi.cn",
)


class TokenEndpoint:
    """Serves `/{tenant}/oauth2/v2.0/token`."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator

    async def __call__(self, request: Request) -> Response:
        segment = request.path_params["tenant"]
        tenant = self.simulator.tenant(segment)
        tenant_id = tenant.tenant_id if tenant else segment
        response = await self._respond(request, tenant, segment)
        self.simulator.counters.add("token", tenant_id, response.status_code)
        return response

    async def _respond(self, request: Request, tenant: Tenant | None, segment: str) -> Response:
        correlation = request.headers.get("client-request-id", "")
        fields = basic(request.headers.get("authorization", "")) | await responses.form(request)
        tenant_id = tenant.tenant_id if tenant else segment
        if fault := self.simulator.faults.hit("token", tenant_id, frozenset(KINDS)):
            if fault.code is not None:
                error = LoginError(
                    fault.code,
                    client=fields.get("client_id", ""),
                    tenant=tenant_id,
                    detail="(simulated)",
                )
                return responses.login_error(self.simulator, error, correlation)
            broken = await responses.faulty(self.simulator, fault, request)
            if broken is not None:
                return broken
        try:
            return responses.json(self._grant(tenant, segment, fields))
        except LoginError as error:
            return responses.login_error(self.simulator, error, correlation)

    def _grant(self, tenant: Tenant | None, segment: str, fields: dict[str, str]) -> dict[str, Any]:
        grant = fields.get("grant_type", "")
        if not grant:
            raise LoginError(900144, detail="grant_type")
        if tenant is None and segment not in ANY_TENANT:
            raise LoginError(90002, tenant=segment)
        application = authenticate(self.simulator, tenant.tenant_id if tenant else segment, fields)
        if grant == "authorization_code":
            return self._authorization_code(application, tenant, fields)
        if grant == "client_credentials":
            if tenant is None:
                raise LoginError(50059)
            return self._client_credentials(application, tenant, fields)
        raise LoginError(70003, detail=grant)

    def _client_credentials(
        self, application: Application, tenant: Tenant, fields: dict[str, str]
    ) -> dict[str, Any]:
        audience = self._audience(fields.get("scope", ""))
        consent = tenant.consents.get(application.client_id)
        if not application.multi_tenant and tenant.tenant_id != application.home_tenant_id:
            raise LoginError(50194, client=application.client_id)
        if consent is None:
            code = self.simulator.options.missing_principal
            raise LoginError(code, client=application.client_id, tenant=tenant.tenant_id)
        if not consent.enabled:
            raise LoginError(7000112, client=application.client_id)
        roles = self.simulator.roles(tenant, application)
        principal = _pairwise(application.client_id, tenant.tenant_id)
        token = self.simulator.token(
            tenant.tenant_id,
            audience,
            appid=application.client_id,
            idtyp="app",
            oid=principal,
            sub=principal,
            roles=list(roles) or None,
        )
        lifetime = self.simulator.options.token_lifetime
        return {
            "token_type": "Bearer",
            "expires_in": lifetime,
            "ext_expires_in": lifetime,
            "access_token": token,
        }

    def _audience(self, scope: str) -> str:
        if not scope:
            raise LoginError(900144, detail="scope")
        if not scope.endswith("/.default"):
            raise LoginError(1002012, detail=scope)
        audience = scope.removesuffix("/.default").rstrip("/")
        if audience not in (self.simulator.url, *GRAPH_HOSTS):
            raise LoginError(500011, detail=audience)
        return audience

    def _authorization_code(
        self, application: Application, tenant: Tenant | None, fields: dict[str, str]
    ) -> dict[str, Any]:
        code = redeem(self.simulator, fields, application, tenant)
        _check_proof_key(code, fields.get("code_verifier", ""))
        token = self.simulator.keys.sign(self._id_claims(application, code))
        audience = GRAPH_HOSTS[0]
        access = self.simulator.token(
            code.tenant_id,
            audience,
            appid=application.client_id,
            oid=code.person.object_id,
            scp="openid profile",
        )
        lifetime = self.simulator.options.token_lifetime
        response = {"token_type": "Bearer", "scope": "openid profile email", "expires_in": lifetime}
        return response | {"ext_expires_in": lifetime, "access_token": access, "id_token": token}

    def _id_claims(self, application: Application, code: Code) -> dict[str, Any]:
        person = code.person
        wids = sorted(person.roles | {MEMBER}) if self.simulator.options.id_token_roles else None
        return self.simulator.claims(
            code.tenant_id,
            application.client_id,
            sub=_pairwise(application.client_id, person.object_id),
            oid=person.object_id,
            name=person.name,
            preferred_username=person.user_name,
            nonce=code.nonce or None,
            wids=wids,
        )


def _pairwise(client_id: str, subject: str) -> str:
    """Return an ID of the subject that is stable for one application and differs between applications."""
    digest = hashlib.sha256(f"{client_id}/{subject}".encode()).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-4{digest[12:15]}-8{digest[15:18]}-{digest[18:30]}"


def _check_proof_key(code: Code, verifier: str) -> None:
    """Check the code verifier (RFC 7636 section 4.6). Raise LoginError if it is wrong."""
    if not code.challenge:
        return
    digest = (
        base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    )
    if code.challenge != (digest if code.challenge_method == "S256" else verifier):
        raise LoginError(501481)
