"""From a token request to an access token: by client secret or by a signed assertion."""

from dataclasses import dataclass

from directories import access_tokens, credential_usage, directory_rate_limit
from directories.access_tokens import BY_TRUST, AssertionReplayed, InvalidClient
from directories.models import Directory, TrustedIdentity
from scim.oauth.client_assertions import BadAssertion, ParsedAssertion, read, verify
from scim.oauth.errors import OAuthError, invalid_client, invalid_request
from scim.oauth.jwks import KeysUnavailable
from scim.oauth.token_request import TokenRequest
from shared.app import App
from shared.messages import Sentence

# What a token is good for. A request may ask for any `scope`; the answer says what was granted (RFC 6749 section 3.3).
SCOPE = "scim"
CLIENT_CREDENTIALS = "client_credentials"
JWT_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_NO_CLIENT = (
    "The client id or secret is wrong, expired or revoked, or this address belongs to no directory. Copy the token"
    " endpoint, the client id and a live client secret from the directory's page."
)
_REFUSED = (
    "An assertion was not accepted: {why}. Compare the trusted identity on this directory's page with the enterprise"
    " application in Entra ID, or with the issuer's settings."
)
_NOT_TRUSTED = (
    "The assertion is not accepted: this address belongs to no directory that trusts it. Compare tenant id, subject and"
    " audiences on the directory's page with the enterprise application; the provisioning log there says what differs."
)


@dataclass(frozen=True, slots=True)
class Issued:
    """An access token and the seconds that it is good for."""

    token: str
    expires_in: int


async def issue(app: App, directory_id: str, request: TokenRequest) -> Issued:
    """The access token that the request has a right to; raises OAuthError, or TooManyRequests."""
    grant = request.get("grant_type")
    if not grant:
        raise invalid_request("grant_type is missing; send client_credentials.")
    if grant == JWT_GRANT:  # RFC 7523 section 2.1
        return await _by_assertion(app, directory_id, request, request.get("assertion"))
    if grant != CLIENT_CREDENTIALS:
        raise OAuthError("unsupported_grant_type", "grant_type must be client_credentials.")
    if request.get("client_assertion") or request.get(
        "client_assertion_type"
    ):  # RFC 7523 section 2.2
        if request.get("client_assertion_type") != JWT_ASSERTION:
            raise invalid_request(f"client_assertion_type must be {JWT_ASSERTION}.")
        return await _by_assertion(app, directory_id, request, request.get("client_assertion"))
    return await _by_secret(app, directory_id, request)


async def _by_secret(app: App, directory_id: str, request: TokenRequest) -> Issued:
    try:
        directory, secret_id = await access_tokens.client(
            app, directory_id, request.get("client_id"), request.get("client_secret")
        )
    except InvalidClient:
        raise invalid_client(_NO_CLIENT, basic=request.basic) from None
    directory_rate_limit.take(app, directory.id)
    return _issued(await access_tokens.issue(app, directory, secret_id))


async def _by_assertion(app: App, directory_id: str, request: TokenRequest, text: str) -> Issued:
    found = await access_tokens.trusted_identity(app, directory_id)
    try:
        presented = read(app, text)
        if found is None:
            raise invalid_client(_NOT_TRUSTED)
        return await _trusted(app, *found, request, presented)
    except BadAssertion as error:
        if found:
            credential_usage.refused(
                app, found[0], "client", Sentence("jwt_refused", _REFUSED, why=error.why)
            )
        told = f"The assertion is not accepted: {error}." if error.of_itself else _NOT_TRUSTED
        raise invalid_client(told) from None


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
        directory_rate_limit.take(app, directory.id)
        token = await access_tokens.issue(app, directory, BY_TRUST, assertion)
    except AssertionReplayed:
        raise invalid_client("The assertion is not accepted: it was used before (jti).") from None
    except KeysUnavailable:
        detail = "The issuer did not give its signing keys. Ask again in some seconds."
        raise OAuthError("temporarily_unavailable", detail, 503, {"Retry-After": "10"}) from None
    credential_usage.accepted(app, directory.id, BY_TRUST)
    return _issued(token)


def _issued(token: str) -> Issued:
    return Issued(token, int(access_tokens.LIFETIME.total_seconds()))
