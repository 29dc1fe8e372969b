"""The errors of the login service: AADSTS code, OAuth 2.0 `error`, HTTP status and text.

Codes and statuses: learn.microsoft.com/entra/identity-platform/reference-error-codes and, if that
page gives no status, responses in public issue threads.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

MICROSOFT_ERROR_PAGE = "https://login.microsoftonline.com/error?code="


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """An AADSTS error; `text` has the placeholders `{client}`, `{tenant}` and `{detail}`."""

    code: int
    status: int
    error: str
    text: str
    retry_after: int | None = None


_NOT_FOUND = (
    "Application with identifier '{client}' was not found in the directory '{tenant}'. This can happen if the "
    "application has not been installed by the administrator of the tenant or consented to by any user in the tenant. "
    "You may have sent your authentication request to the wrong tenant."
)
_NO_TENANT = (
    "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct "
    "cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the "
    "tenant."
)
_POLICY = "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance."
_NO_FEDERATION = (
    "No matching federated identity record found for presented assertion {detail}. Check your federated identity "
    "credential Subject, Audience and Issuer against the presented assertion."
)
_TABLE = (
    # consent and the service principal
    Kind(code=700016, status=400, error="unauthorized_client", text=_NOT_FOUND),
    Kind(
        code=7000229,
        status=401,
        error="invalid_client",
        text="The client application {client} is missing service principal in the tenant {tenant}.",
    ),
    Kind(
        code=7000112,
        status=400,
        error="unauthorized_client",
        text="Application '{client}'(Simulated app) is disabled.",
    ),
    Kind(
        code=70001,
        status=400,
        error="unauthorized_client",
        text="The application '{client}' is disabled.",
    ),
    Kind(
        code=65001,
        status=400,
        error="invalid_grant",
        text="The user or administrator has not consented to use the application '{client}'.",
    ),
    Kind(
        code=65004,
        status=400,
        error="consent_required",
        text="The resource owner or authorization server denied the request.",
    ),
    Kind(
        code=90094,
        status=400,
        error="consent_required",
        text="An administrator has to grant the permissions that '{client}' requests.",
    ),
    # the tenant
    Kind(code=90002, status=400, error="invalid_request", text=_NO_TENANT),
    Kind(
        code=90038,
        status=400,
        error="invalid_request",
        text="Tenant '{tenant}' request is being redirected to the National Cloud.",
    ),
    Kind(
        code=900432,
        status=400,
        error="invalid_request",
        text="Confidential Client is not supported in Cross Cloud request.",
    ),
    Kind(
        code=50020,
        status=400,
        error="interaction_required",
        text="User account {detail} does not exist in tenant '{tenant}'.",
    ),
    Kind(
        code=50194,
        status=400,
        error="invalid_request",
        text="Application '{client}' is not configured as a multi-tenant application.",
    ),
    # conditional access
    Kind(code=53003, status=400, error="invalid_grant", text=_POLICY),
    Kind(
        code=530032,
        status=400,
        error="invalid_grant",
        text="Blocked by security policy of the tenant '{tenant}'.",
    ),
    Kind(
        code=530035,
        status=400,
        error="invalid_grant",
        text="Access has been blocked by security defaults.",
    ),
    # the client's own credential
    Kind(
        code=7000215,
        status=401,
        error="invalid_client",
        text="Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not "
        "the client secret ID, for a secret added to app '{client}'.",
    ),
    Kind(
        code=7000222,
        status=401,
        error="invalid_client",
        text="The provided client secret keys for app '{client}' are expired.",
    ),
    Kind(
        code=7000216,
        status=401,
        error="invalid_client",
        text="'client_assertion', 'client_secret' or 'request' is required.",
    ),
    Kind(
        code=700027,
        status=401,
        error="invalid_client",
        text="The certificate used to sign the client assertion is not registered.",
    ),
    Kind(
        code=700024,
        status=401,
        error="invalid_client",
        text="Client assertion is not within its valid time range.",
    ),
    Kind(
        code=700023,
        status=401,
        error="invalid_client",
        text="Client assertion audience does not match the realm issuer.",
    ),
    Kind(code=70021, status=401, error="invalid_client", text=_NO_FEDERATION),
    Kind(code=700211, status=401, error="invalid_client", text=_NO_FEDERATION),
    Kind(code=700212, status=401, error="invalid_client", text=_NO_FEDERATION),
    Kind(code=700213, status=401, error="invalid_client", text=_NO_FEDERATION),
    # the request
    Kind(
        code=900144,
        status=400,
        error="invalid_request",
        text="The request body must contain the following parameter: '{detail}'.",
    ),
    Kind(
        code=700054,
        status=400,
        error="unsupported_response_type",
        text="response_type '{detail}' is not enabled for the application.",
    ),
    Kind(
        code=70003,
        status=400,
        error="unsupported_grant_type",
        text="The app requested an unsupported grant type '{detail}'.",
    ),
    Kind(
        code=70011,
        status=400,
        error="invalid_scope",
        text="The provided value for the input parameter 'scope' is not valid: {detail}.",
    ),
    Kind(
        code=1002012,
        status=400,
        error="invalid_scope",
        text="The scope {detail} is not valid. It must be suffixed with /.default.",
    ),
    Kind(
        code=500011,
        status=400,
        error="invalid_resource",
        text="The resource principal named {detail} was not found in the tenant.",
    ),
    Kind(
        code=50011,
        status=400,
        error="invalid_request",
        text="The redirect URI '{detail}' does not match the ones of the application.",
    ),
    Kind(
        code=50058,
        status=400,
        error="login_required",
        text="Session information is not sufficient for single-sign-on.",
    ),
    Kind(
        code=50059,
        status=400,
        error="invalid_request",
        text="No tenant-identifying information found in the request.",
    ),
    Kind(
        code=70000,
        status=400,
        error="invalid_grant",
        text="The provided value for the input parameter 'code' is not valid.",
    ),
    Kind(
        code=70008,
        status=400,
        error="invalid_grant",
        text="The provided authorization code has expired.",
    ),
    Kind(
        code=54005,
        status=400,
        error="invalid_grant",
        text="OAuth2 Authorization code was already redeemed, please retry with a new one.",
    ),
    Kind(
        code=501481,
        status=400,
        error="invalid_grant",
        text="The Code_Verifier does not match the code_challenge supplied in the authorization request.",
    ),
    # throttling and outage
    Kind(
        code=50196,
        status=400,
        error="invalid_grant",
        text="The server terminated an operation because of a client request loop.",
    ),
    Kind(
        code=90055,
        status=429,
        error="temporarily_unavailable",
        text="There are too many incoming requests.",
        retry_after=10,
    ),
    Kind(
        code=90033,
        status=503,
        error="temporarily_unavailable",
        text="A transient error has occurred. Please try again.",
    ),
)
KINDS = {kind.code: kind for kind in _TABLE}


class LoginError(Exception):
    """An error of the login service, to be sent as a response."""

    def __init__(self, code: int, *, client: str = "", tenant: str = "", detail: str = "") -> None:
        self.kind = KINDS[code]
        self.text = f"AADSTS{code}: " + self.kind.text.format(
            client=client, tenant=tenant, detail=detail
        )
        super().__init__(self.text)

    def body(self, now: datetime, correlation_id: str = "") -> dict[str, object]:
        """Return the error as the JSON object that the token endpoint sends."""
        trace, correlation = str(uuid4()), correlation_id or str(uuid4())
        stamp = f"{now:%Y-%m-%d %H:%M:%S}Z"
        text = f"{self.text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}"
        return {
            "error": self.kind.error,
            "error_description": text,
            "error_codes": [self.kind.code],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"{MICROSOFT_ERROR_PAGE}{self.kind.code}",
        }
