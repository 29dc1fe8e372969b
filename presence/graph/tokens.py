"""Parse tokens of the login service: the application token for Graph, and the id_token of a sign-in."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from presence.graph.msal_http import LoginHttp

ROLE = "Presence.Read.All"
_ROLES = frozenset({ROLE, "Presence.ReadWrite.All"})
_MAX_CLOCK_SKEW = 120  # seconds
_MAX_USER_NAME = 254  # characters
_OPTIONS: Any = {
    "require": ["exp", "iat", "aud", "iss", "tid", "oid", "nonce"],
    # False, because `validated` compares the times with the app's own clock.
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
}


@dataclass(frozen=True, slots=True)
class Token:
    """An application token for Graph.

    `tenant_id` and `roles` are from its claims, which aren't validated. `expires_in` is its
    lifetime in seconds when it was issued.
    """

    value: str
    tenant_id: str
    roles: frozenset[str]
    expires_in: float = 0.0

    @property
    def may_read_presence(self) -> bool:
        """Whether the token has the permission to read presence."""
        return bool(self.roles & _ROLES)


def parse(value: str, expires_in: float = 0.0) -> Token:
    """Parse a token for Graph, without validation.

    Microsoft may change the format of Graph's tokens, so a token that can't be parsed counts as one
    with the permission.
    """
    try:
        part = value.split(".")[1]
        claims = orjson.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        tenant_id = str(claims.get("tid", "")).lower()
        return Token(value, tenant_id, frozenset(map(str, claims.get("roles", ()))), expires_in)
    except (IndexError, ValueError, AttributeError, TypeError):
        return Token(value, "", frozenset({ROLE}), expires_in)


def validated(http: LoginHttp, id_token: str, client_id: str, now: datetime) -> dict[str, Any]:
    """Validate an id_token, except its nonce, and return its claims.

    msal (1.39) compares the nonce and validates nothing else.

    Raises:
        ValueError: The signature, issuer, audience or time isn't valid (OpenID Connect Core section
            3.1.3.7).
    """
    import jwt

    try:
        tenant_id = str(jwt.decode(id_token, options={"verify_signature": False}).get("tid", ""))
        keys = jwt.PyJWKSet.from_json(
            http.get(http.authority(tenant_id) + "/discovery/v2.0/keys").text
        )
        claims: dict[str, Any] = jwt.decode(
            id_token,
            keys[jwt.get_unverified_header(id_token).get("kid", "")],
            ["RS256"],
            audience=client_id,
            issuer=http.for_browser(http.authority(tenant_id)) + "/v2.0",
            options=_OPTIONS,
        )
    except (jwt.PyJWTError, KeyError) as error:
        raise ValueError(f"id_token: {type(error).__name__}") from None
    is_valid_now = (
        claims["iat"] - _MAX_CLOCK_SKEW <= now.timestamp() < claims["exp"] + _MAX_CLOCK_SKEW
    )
    if not is_valid_now:
        raise ValueError("id_token: not valid now")
    return claims


def user_name_of(claims: Mapping[str, Any]) -> str:
    """Return the user name of the administrator who signed in, for display; "" if it is not printable or too long."""
    name = str(claims.get("upn") or claims.get("preferred_username") or "")
    return name if len(name) <= _MAX_USER_NAME and name.isprintable() else ""


def company_of(claims: dict[str, Any]) -> str:
    """Return the company's domain from the claims of the administrator who signed in; "" if it is unknown.

    For a guest, `preferred_username` has the domain of the guest's own company, which is another one. A guest's `upn`
    (`…#EXT#@domain`) has the domain of this tenant, so only this form is used.
    """
    name = str(claims.get("upn") or claims.get("preferred_username") or "").lower()
    is_guest = bool(claims.get("idp")) and claims.get("idp") != claims.get("iss")
    if is_guest and "#ext#@" not in name:
        return ""
    return domain_in(name.rpartition("@")[2])


def domain_in(text: str) -> str:
    """Return `text` if it has the form of a domain name in ASCII, as Entra's domains have, else ""."""
    is_short = len(text) <= 253 and "." in text
    is_domain = text.isascii() and text.replace(".", "").replace("-", "").isalnum()
    return text if is_short and is_domain else ""
