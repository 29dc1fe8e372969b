"""Assertions signed by Entra or another issuer in place of a client secret (RFC 7523 section 3).

A fault of the assertion itself is reported to its sender. A difference from the directory's trust settings is reported
only to the administrator: a stranger can invent assertions, and a report would reveal who owns the directory. The
claims are checked before the signature, so that keys are fetched only for an assertion that can be valid.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from directories.access_rows import Assertion
from directories.models import TrustedIdentity
from scim.oauth.jwks import issuer, signing_key
from shared.app import App
from shared.clock import timestamp
from shared.messages import Message, Param

ENTRA_ALGORITHMS = ("RS256",)  # the only one that Entra signs with
# Signatures with a public key (RFC 7518 section 3.1); never one with a shared secret, nor "none".
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
LEEWAY_SECONDS = 60.0
_MAX_LIFETIME_SECONDS = 25 * 3600.0  # the longest that Entra issues is about a day
_MAX_LENGTH = 16 * 1024
_LAST_SECOND = 2**37  # far later than any assertion, and a valid date


class BadAssertion(Exception):
    """An assertion that is refused; `why` is the reason.

    If `of_itself`, the fault is in the assertion itself, so the reason may be sent to its sender.
    """

    of_itself = True

    def __init__(self, code: str, /, **params: Param) -> None:
        self.why = Message(code, **params)
        super().__init__(code)


class Untrusted(BadAssertion):
    """An assertion that the directory doesn't trust, with the reason for its administrator."""

    of_itself = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedAssertion:
    """An assertion that is well-formed and current, but not yet verified.

    `key_id` is the `kid` of its signing key.
    """

    text: str
    key_id: str
    algorithm: str
    claims: dict[str, Any]
    expires: float


def parse(app: App, text: str) -> ParsedAssertion:
    """Parse an assertion, and check its form and times; raise BadAssertion if one of them is wrong."""
    import jwt

    if len(text) > _MAX_LENGTH:
        raise BadAssertion("jwt_too_long")
    try:
        header = jwt.get_unverified_header(text)
        claims = jwt.decode(text, options={"verify_signature": False})
    except (jwt.InvalidTokenError, ValueError, RecursionError):
        raise BadAssertion("jwt_none") from None
    if header.get("alg") not in ALGORITHMS or not isinstance(header.get("kid"), str):
        raise BadAssertion("jwt_signing", name=", ".join(ALGORITHMS))
    return ParsedAssertion(
        text=text,
        key_id=header["kid"],
        algorithm=header["alg"],
        claims=claims,
        expires=_check_times(app, claims),
    )


async def verify(
    app: App,
    trust: TrustedIdentity,
    presented: ParsedAssertion,
    client_ids: frozenset[str],
) -> Assertion | None:
    """Check issuer, audience, subject and signature. Raise Untrusted or KeysUnavailable.

    `client_ids` are the client ids in the request. Return the record to store so that the assertion can't be used
    again. Return None if it has no `jti`, because Entra presents such an assertion several times during its lifetime.
    """
    import jwt

    _check_identity(app, trust, presented.claims, client_ids)
    if trust.is_entra and presented.algorithm not in ENTRA_ALGORITHMS:
        raise Untrusted("jwt_algorithm", name=ENTRA_ALGORITHMS[0])
    key = await signing_key(app, trust, presented.key_id)
    if key is None:
        raise Untrusted("jwt_key")
    try:
        jwt.PyJWS().decode(presented.text, key, algorithms=[presented.algorithm])
    except (jwt.PyJWTError, TypeError, ValueError):
        # Also if the key is of another type than the algorithm's.
        raise Untrusted("jwt_signature") from None
    identifier = presented.claims.get("jti")
    if not identifier:
        return None
    until = datetime.fromtimestamp(presented.expires + LEEWAY_SECONDS, UTC)
    return Assertion(str(presented.claims["iss"]), str(identifier), timestamp(until))


def _check_identity(
    app: App, trust: TrustedIdentity, claims: dict[str, Any], client_ids: frozenset[str]
) -> None:
    expected = issuer(app, trust)
    if claims.get("iss") != expected:
        raise Untrusted("jwt_issuer", expected=expected)
    if trust.is_entra and str(claims.get("tid", trust.tenant_id)).lower() != trust.tenant_id:
        raise Untrusted("jwt_tenant")
    audiences = claims.get("aud")
    if not any(
        audience in trust.audiences
        for audience in (audiences if isinstance(audiences, list) else [audiences])
    ):
        raise Untrusted("jwt_audience", known=", ".join(trust.audiences))
    _check_subject(trust, claims, client_ids)


def _check_subject(
    trust: TrustedIdentity, claims: dict[str, Any], client_ids: frozenset[str]
) -> None:
    """Raise Untrusted if `sub` is another identity, or if the request names another client.

    Entra's GUIDs are case-insensitive, and its `oid` is accepted in place of `sub`.
    """
    if not trust.is_entra:
        if claims.get("sub") != trust.subject:
            raise Untrusted("jwt_subject", expected=trust.subject)
        own = {trust.subject, str(claims.get("azp", "")), str(claims.get("client_id", ""))}
        if client_ids - own:
            raise Untrusted("jwt_client")
        return
    identities = {str(claims.get(name, "")).lower() for name in ("sub", "oid")}
    if trust.subject not in identities:
        raise Untrusted("jwt_subject", expected=trust.subject)
    known = (
        identities
        | {trust.subject}
        | {str(claims.get(name, "")).lower() for name in ("azp", "appid")}
    )
    if any(client_id.lower() not in known for client_id in client_ids):
        raise Untrusted("jwt_client")


def _check_times(app: App, claims: dict[str, Any]) -> float:
    """Check the times, and return the expiry in seconds since 1970."""
    now = app.clock.now().timestamp()
    expires, begins = _time(claims, "exp"), _time(claims, "nbf" if "nbf" in claims else "iat")
    if expires + LEEWAY_SECONDS <= now:
        raise BadAssertion("jwt_expired")
    if begins - LEEWAY_SECONDS > now:
        raise BadAssertion("jwt_early")
    if expires - now > _MAX_LIFETIME_SECONDS:
        raise BadAssertion("jwt_long_lived")
    return expires


def _time(claims: dict[str, Any], name: str) -> float:
    value = claims.get(name)
    if (
        not isinstance(value, int | float)
        or isinstance(value, bool)
        or not 0 <= value < _LAST_SECOND
    ):
        raise BadAssertion("jwt_time", name=name)
    return float(value)
