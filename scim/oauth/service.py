"""Issues an access token for a token request with a client secret or a signed assertion."""

from dataclasses import dataclass

from directories import access_tokens, credential_usage, rate_limits
from directories.access_rows import BY_TRUST
from directories.access_tokens import AssertionReplayed, InvalidClient
from directories.models import Directory, TrustedIdentity
from scim.oauth.client_assertions import BadAssertion, ParsedAssertion, parse, verify
from scim.oauth.errors import OAuthError, invalid_client, invalid_request
from scim.oauth.jwks import KeysUnavailable
from scim.oauth.token_request import TokenRequest
from shared.app import App
from shared.messages import Message

# The scope of a token. A request may ask for any `scope`; the answer names the granted one (RFC
# 6749 section 3.3).
SCOPE = "scim"
CLIENT_CREDENTIALS = "client_credentials"
JWT_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class Issued:
    """An access token and its lifetime in seconds."""

    token: str
    expires_in: int


async def issue(app: App, directory_id: str, request: TokenRequest) -> Issued:
    """Issue an access token for the request. Raise OAuthError or DirectoryRateExceeded."""
    grant = request.get("grant_type")
    if not grant:
        raise invalid_request(Message("oauth_grant_missing"))
    if grant == JWT_GRANT:  # RFC 7523 section 2.1
        return await _by_assertion(app, directory_id, request, request.get("assertion"))
    if grant != CLIENT_CREDENTIALS:
        raise OAuthError("unsupported_grant_type", Message("oauth_grant_unsupported"))
    if request.get("client_assertion") or request.get(
        "client_assertion_type"
    ):  # RFC 7523 section 2.2
        if request.get("client_assertion_type") != JWT_ASSERTION:
            raise invalid_request(Message("oauth_assertion_type", expected=JWT_ASSERTION))
        return await _by_assertion(app, directory_id, request, request.get("client_assertion"))
    return await _by_secret(app, directory_id, request)


async def _by_secret(app: App, directory_id: str, request: TokenRequest) -> Issued:
    try:
        directory, secret_id = await access_tokens.client(
            app, directory_id, request.get("client_id"), request.get("client_secret")
        )
    except InvalidClient as error:
        mistyped, unknown = Message("oauth_secret_mistyped"), Message("oauth_no_client")
        message = mistyped if error.mistyped else unknown
        raise invalid_client(message) from None
    rate_limits.charge_request(app, directory.id)
    return _issued(await access_tokens.issue(app, directory, secret_id))


async def _by_assertion(app: App, directory_id: str, request: TokenRequest, text: str) -> Issued:
    if not text:
        raise invalid_request(Message("oauth_assertion_missing"))
    found = await access_tokens.trusted_identity(app, directory_id)
    try:
        presented = parse(app, text)
        if found is None:
            raise invalid_client(Message("oauth_not_trusted"))
        return await _trusted(app, *found, request, presented)
    except BadAssertion as error:
        if found:
            credential_usage.refused(app, found[0], "client", Message("jwt_refused", why=error.why))
        if error.of_itself:
            raise invalid_client(Message("oauth_assertion_refused", why=error.why)) from None
        raise invalid_client(Message("oauth_not_trusted")) from None


async def _trusted(
    app: App,
    directory: Directory,
    trust: TrustedIdentity,
    request: TokenRequest,
    presented: ParsedAssertion,
) -> Issued:
    claimed = frozenset({request.get("client_id")} - {"", directory.id})
    try:
        assertion = await verify(app, trust, presented, claimed)
        rate_limits.charge_request(app, directory.id)
        token = await access_tokens.issue(app, directory, BY_TRUST, assertion)
    except AssertionReplayed:
        replayed = Message("oauth_assertion_refused", why=Message("jwt_replayed"))
        raise invalid_client(replayed) from None
    except KeysUnavailable:
        message = Message("oauth_keys_unavailable")
        raise OAuthError("temporarily_unavailable", message, 503, {"Retry-After": "10"}) from None
    credential_usage.accepted(app, directory.id, BY_TRUST)
    return _issued(token)


def _issued(token: str) -> Issued:
    return Issued(token, int(access_tokens.LIFETIME.total_seconds()))
