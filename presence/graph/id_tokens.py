"""Validates the id_token of a sign-in, which msal (1.39) no longer does; msal compares the nonce."""

from datetime import datetime
from typing import Any

from presence.graph.msal_http import LoginHttp

_SKEW = 120  # seconds between two clocks
_OPTIONS: Any = {
    "require": ["exp", "iat", "aud", "iss", "tid", "oid", "nonce"],
    # Times are compared with the app's own clock.
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
}


def validated(http: LoginHttp, id_token: str, client_id: str, now: datetime) -> dict[str, Any]:
    """The claims: signature, issuer, audience and time fit (OpenID Connect Core section 3.1.3.7). Raises ValueError."""
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
    if not claims["iat"] - _SKEW <= now.timestamp() < claims["exp"] + _SKEW:
        raise ValueError("id_token: not now")
    return claims
