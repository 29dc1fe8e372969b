"""The documents that a client reads before it signs in: OpenID metadata, instance metadata and signing keys."""

from starlette.requests import Request
from starlette.responses import Response

from local.graph import responses
from local.graph.login_errors import LoginError
from local.graph.simulator import Simulator

ANY_TENANT = ("common", "organizations", "consumers")


class Discovery:
    """The metadata endpoints of the login service."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator

    async def openid_configuration(self, request: Request) -> Response:
        """Serve `/{tenant}/v2.0/.well-known/openid-configuration`; 400 AADSTS90002 for an unknown tenant."""
        segment = request.path_params["tenant"]
        tenant = self.simulator.tenant(segment)
        tenant_id = tenant.tenant_id if tenant else segment
        if fault := self.simulator.faults.hit("discovery", tenant_id, frozenset((90002, 90038))):
            broken = await responses.faulty(self.simulator, fault, request, tenant=segment)
            if broken is not None:
                return self._counted("discovery", tenant_id, broken)
        if tenant is None and segment not in ANY_TENANT:
            error = LoginError(90002, tenant=segment)
            missing = responses.login_error(
                self.simulator, error, word=responses.METADATA_WORDS[90002]
            )
            return self._counted("discovery", "", missing)
        return self._counted("discovery", tenant_id, responses.json(self._metadata(tenant_id)))

    async def keys(self, request: Request) -> Response:
        """Serve `/{tenant}/discovery/v2.0/keys`."""
        tenant = self.simulator.tenant(request.path_params["tenant"])
        tenant_id = tenant.tenant_id if tenant else ""
        if fault := self.simulator.faults.hit("discovery", tenant_id):
            broken = await responses.faulty(self.simulator, fault, request)
            if broken is not None:
                return self._counted("keys", tenant_id, broken)
        return self._counted("keys", tenant_id, responses.json(self.simulator.keys.document()))

    async def instance(self, request: Request) -> Response:
        """Serve `/common/discovery/instance`: the host names that belong to the same cloud."""
        host = request.url.netloc
        address = request.query_params.get("authorization_endpoint", "")
        segment = address.split("/")[3] if address.count("/") >= 3 else "common"
        document = {
            "tenant_discovery_endpoint": f"{self.simulator.url}/{segment}/v2.0/.well-known/openid-configuration",
            "api-version": "1.1",
            "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
        }
        return self._counted("instance", "", responses.json(document))

    def _metadata(self, segment: str) -> dict[str, object]:
        base = f"{self.simulator.url}/{segment}"
        issuer = "{tenantid}" if segment in ANY_TENANT else segment
        return {
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": [
                "client_secret_post",
                "private_key_jwt",
                "client_secret_basic",
            ],
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": self.simulator.issuer(issuer),
            "request_uri_parameter_supported": False,
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "claims_supported": [
                "sub",
                "iss",
                "aud",
                "exp",
                "iat",
                "nonce",
                "preferred_username",
                "name",
                "tid",
                "ver",
            ],
            "cloud_instance_name": "simulator",
            "msgraph_host": self.simulator.url.split("//")[1],
        }

    def _counted(self, endpoint: str, tenant_id: str, response: Response) -> Response:
        self.simulator.counters.add(endpoint, tenant_id, response.status_code)
        return response
