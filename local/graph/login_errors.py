"""The errors of the login service: code, `error` of OAuth 2.0, HTTP status, text.

Codes and statuses: learn.microsoft.com/entra/identity-platform/reference-error-codes and, if that
page gives no status, answers seen in public issue threads.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

MICROSOFT_ERROR_PAGE = "https://login.microsoftonline.com/error?code="


@dataclass(frozen=True, slots=True)
class Kind:
    """One AADSTS error. `{client}`, `{tenant}` and `{detail}` in the text are filled in."""

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
    Kind(700016, 400, "unauthorized_client", _NOT_FOUND),
    Kind(
        7000229,
        401,
        "invalid_client",
        "The client application {client} is missing service principal in the tenant {tenant}.",
    ),
    Kind(7000112, 400, "unauthorized_client", "Application '{client}'(Simulated app) is disabled."),
    Kind(70001, 400, "unauthorized_client", "The application '{client}' is disabled."),
    Kind(
        65001,
        400,
        "invalid_grant",
        "The user or administrator has not consented to use the application '{client}'.",
    ),
    Kind(
        65004,
        400,
        "consent_required",
        "The resource owner or authorization server denied the request.",
    ),
    Kind(
        90094,
        400,
        "consent_required",
        "An administrator has to grant the permissions that '{client}' requests.",
    ),
    # the tenant
    Kind(90002, 400, "invalid_request", _NO_TENANT),
    Kind(
        90038,
        400,
        "invalid_request",
        "Tenant '{tenant}' request is being redirected to the National Cloud.",
    ),
    Kind(
        900432,
        400,
        "invalid_request",
        "Confidential Client is not supported in Cross Cloud request.",
    ),
    Kind(
        50020,
        400,
        "interaction_required",
        "User account {detail} does not exist in tenant '{tenant}'.",
    ),
    Kind(
        50194,
        400,
        "invalid_request",
        "Application '{client}' is not configured as a multi-tenant application.",
    ),
    # conditional access
    Kind(53003, 400, "invalid_grant", _POLICY),
    Kind(530032, 400, "invalid_grant", "Blocked by security policy of the tenant '{tenant}'."),
    Kind(530035, 400, "invalid_grant", "Access has been blocked by security defaults."),
    # the client's own credential
    Kind(
        7000215,
        401,
        "invalid_client",
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not "
        "the client secret ID, for a secret added to app '{client}'.",
    ),
    Kind(
        7000222,
        401,
        "invalid_client",
        "The provided client secret keys for app '{client}' are expired.",
    ),
    Kind(
        7000216,
        401,
        "invalid_client",
        "'client_assertion', 'client_secret' or 'request' is required.",
    ),
    Kind(
        700027,
        401,
        "invalid_client",
        "The certificate used to sign the client assertion is not registered.",
    ),
    Kind(700024, 401, "invalid_client", "Client assertion is not within its valid time range."),
    Kind(
        700023, 401, "invalid_client", "Client assertion audience does not match the realm issuer."
    ),
    Kind(70021, 401, "invalid_client", _NO_FEDERATION),
    Kind(700211, 401, "invalid_client", _NO_FEDERATION),
    Kind(700212, 401, "invalid_client", _NO_FEDERATION),
    Kind(700213, 401, "invalid_client", _NO_FEDERATION),
    # the request
    Kind(
        900144,
        400,
        "invalid_request",
        "The request body must contain the following parameter: '{detail}'.",
    ),
    Kind(
        700054,
        400,
        "unsupported_response_type",
        "response_type '{detail}' is not enabled for the application.",
    ),
    Kind(
        70003,
        400,
        "unsupported_grant_type",
        "The app requested an unsupported grant type '{detail}'.",
    ),
    Kind(
        70011,
        400,
        "invalid_scope",
        "The provided value for the input parameter 'scope' is not valid: {detail}.",
    ),
    Kind(
        1002012,
        400,
        "invalid_scope",
        "The scope {detail} is not valid. It must be suffixed with /.default.",
    ),
    Kind(
        500011,
        400,
        "invalid_resource",
        "The resource principal named {detail} was not found in the tenant.",
    ),
    Kind(
        50011,
        400,
        "invalid_request",
        "The redirect URI '{detail}' does not match the ones of the application.",
    ),
    Kind(50058, 400, "login_required", "Session information is not sufficient for single-sign-on."),
    Kind(50059, 400, "invalid_request", "No tenant-identifying information found in the request."),
    Kind(
        70000,
        400,
        "invalid_grant",
        "The provided value for the input parameter 'code' is not valid.",
    ),
    Kind(70008, 400, "invalid_grant", "The provided authorization code has expired."),
    Kind(
        54005,
        400,
        "invalid_grant",
        "OAuth2 Authorization code was already redeemed, please retry with a new one.",
    ),
    Kind(
        501481,
        400,
        "invalid_grant",
        "The Code_Verifier does not match the code_challenge supplied in the authorization request.",
    ),
    # throttling and outage
    Kind(
        50196,
        400,
        "invalid_grant",
        "The server terminated an operation because of a client request loop.",
    ),
    Kind(
        90055,
        429,
        "temporarily_unavailable",
        "There are too many incoming requests.",
        retry_after=10,
    ),
    Kind(
        90033, 503, "temporarily_unavailable", "A transient error has occurred. Please try again."
    ),
)
KINDS = {kind.code: kind for kind in _TABLE}


class LoginError(Exception):
    """An error that the login service answers with."""

    def __init__(self, code: int, *, client: str = "", tenant: str = "", detail: str = "") -> None:
        self.kind = KINDS[code]
        self.text = f"AADSTS{code}: " + self.kind.text.format(
            client=client, tenant=tenant, detail=detail
        )
        super().__init__(self.text)

    def body(self, now: datetime, correlation_id: str = "") -> dict[str, object]:
        """Return the JSON that the token endpoint answers with."""
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
