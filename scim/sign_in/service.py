"""From a token request to an access token: by client secret or by an assertion that Entra signed."""

from dataclasses import dataclass

from directories import access, last_calls, rate
from directories.access import BY_TRUST, NoClient, Replayed
from directories.directory import Directory, Trust
from scim.sign_in.assertions import BadAssertion, Presented, read, verify
from scim.sign_in.entra_keys import KeysUnavailable
from scim.sign_in.errors import OAuthError, invalid_client, invalid_request
from scim.sign_in.form import TokenRequest
from shared.sentences import Sentence
from shared.services import Services

CLIENT_CREDENTIALS = "client_credentials"
JWT_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_NO_CLIENT = (
    "The client id or secret is wrong, expired or revoked, or this address belongs to no directory. Copy the token"
    " endpoint, the client id and a live client secret from the directory's page."
)
_REFUSED = (
    "An assertion was not accepted: {why}. Compare the trusted identity on this directory's page with the enterprise"
    " application in Entra ID."
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


async def issue(services: Services, directory_id: str, request: TokenRequest) -> Issued:
    """The access token that the request has a right to; raises OAuthError, or TooManyRequests."""
    grant = request.get("grant_type")
    if not grant:
        raise invalid_request("grant_type is missing; send client_credentials.")
    if grant == JWT_GRANT:  # RFC 7523 section 2.1
        return await _by_assertion(services, directory_id, request, request.get("assertion"))
    if grant != CLIENT_CREDENTIALS:
        raise OAuthError("unsupported_grant_type", "grant_type must be client_credentials.")
    if request.get("client_assertion") or request.get("client_assertion_type"):  # RFC 7523 section 2.2
        if request.get("client_assertion_type") != JWT_ASSERTION:
            raise invalid_request(f"client_assertion_type must be {JWT_ASSERTION}.")
        return await _by_assertion(services, directory_id, request, request.get("client_assertion"))
    return await _by_secret(services, directory_id, request)


async def _by_secret(services: Services, directory_id: str, request: TokenRequest) -> Issued:
    try:
        directory, secret_id = await access.client(
            services, directory_id, request.get("client_id"), request.get("client_secret")
        )
    except NoClient:
        raise invalid_client(_NO_CLIENT, basic=request.basic) from None
    rate.take(services, directory.id)
    return _issued(await access.issue(services, directory, secret_id))


async def _by_assertion(services: Services, directory_id: str, request: TokenRequest, text: str) -> Issued:
    found = await access.trusting(services, directory_id)
    try:
        presented = read(services, text)
        if found is None:
            raise invalid_client(_NOT_TRUSTED)
        return await _trusted(services, *found, request, presented)
    except BadAssertion as error:
        if found:
            last_calls.refused(services, found[0], "client", Sentence("jwt_refused", _REFUSED, why=error.why))
        told = f"The assertion is not accepted: {error}." if error.of_itself else _NOT_TRUSTED
        raise invalid_client(told) from None


async def _trusted(
    services: Services, directory: Directory, trust: Trust, request: TokenRequest, presented: Presented
) -> Issued:
    claimed = frozenset({request.get("client_id")} - {"", directory.id})
    try:
        assertion = await verify(services, trust, presented, claimed)
        rate.take(services, directory.id)
        token = await access.issue(services, directory, BY_TRUST, assertion)
    except Replayed:
        raise invalid_client("The assertion is not accepted: it was used before (jti).") from None
    except KeysUnavailable:
        detail = "The login service did not give its signing keys. Ask again in some seconds."
        raise OAuthError("temporarily_unavailable", detail, 503, {"Retry-After": "10"}) from None
    last_calls.accepted(services, directory.id, BY_TRUST)
    return _issued(token)


def _issued(token: str) -> Issued:
    return Issued(token, int(access.LIFETIME.total_seconds()))
