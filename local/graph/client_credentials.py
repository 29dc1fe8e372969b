"""Authenticate the calling application: secret, certificate or federated identity (RFC 6749 section 2.3, RFC 7523)."""

import base64
import binascii
from typing import Any
from urllib.parse import unquote_plus

import jwt

from local.graph.applications import Application, FederatedCredential
from local.graph.keys import UNCHECKED, BadSignature
from local.graph.login_errors import LoginError
from local.graph.simulator import Simulator

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def basic(header: str) -> dict[str, str]:
    """Return client ID and secret from a Basic Authorization header, as form fields; {} if there is none."""
    if not header.lower().startswith("basic "):
        return {}
    try:
        name, _, secret = base64.b64decode(header[6:]).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return {}
    return {"client_id": unquote_plus(name), "client_secret": unquote_plus(secret)}


def authenticate(simulator: Simulator, tenant_id: str, fields: dict[str, str]) -> Application:
    """Return the application that the credentials belong to. Raise LoginError if they are wrong."""
    if not (client_id := fields.get("client_id", "")):
        raise LoginError(900144, detail="client_id")
    application = simulator.applications.get(client_id)
    if application is None:
        raise LoginError(700016, client=client_id, tenant=tenant_id)
    if assertion := fields.get("client_assertion", ""):
        if fields.get("client_assertion_type") != ASSERTION_TYPE:
            raise LoginError(900144, detail="client_assertion_type")
        _check_assertion(simulator, tenant_id, application, assertion)
    elif secret := fields.get("client_secret", ""):
        if secret not in application.secrets:
            raise LoginError(7000215, client=client_id)
        if not application.secrets[secret]:
            raise LoginError(7000222, client=client_id)
    else:
        raise LoginError(7000216)
    return application


def _check_assertion(
    simulator: Simulator, tenant_id: str, application: Application, assertion: str
) -> None:
    try:
        claims = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        raise LoginError(700027, client=application.client_id) from None
    now = simulator.clock.now().timestamp()
    if not _time(claims, "nbf", now) - 300 <= now < _time(claims, "exp", 0) + 300:
        raise LoginError(700024)
    if claims.get("iss") == application.client_id:
        _check_certificate(simulator, tenant_id, application, assertion, claims)
    else:
        _check_federated(simulator, application, assertion, claims)


def _time(claims: dict[str, Any], name: str, missing: float) -> float:
    value = claims.get(name, missing)
    if not isinstance(value, int | float):
        raise LoginError(700024)
    return value


def _check_certificate(
    simulator: Simulator,
    tenant_id: str,
    application: Application,
    assertion: str,
    claims: dict[str, Any],
) -> None:
    """Check audience, issuer and subject of an assertion, and that a registered certificate signed it."""
    allowed = {f"{simulator.url}/{tenant_id}/oauth2/v2.0/token", simulator.issuer(tenant_id)}
    # A client library that requires https names this plain-HTTP server with https.
    allowed |= {address.replace("http://", "https://", 1) for address in allowed}
    if claims.get("aud") not in allowed:
        raise LoginError(700023)
    if claims.get("sub") != application.client_id or not _signed_by(
        application.certificates, assertion
    ):
        raise LoginError(700027, client=application.client_id)


def _signed_by(keys: list[Any], assertion: str) -> bool:
    for key in keys:
        try:
            jwt.decode(assertion, key, ["RS256", "PS256"], options=UNCHECKED)
        except jwt.InvalidTokenError:
            continue
        return True
    return False


def _check_federated(
    simulator: Simulator, application: Application, assertion: str, claims: dict[str, Any]
) -> None:
    """Check issuer, subject and audience against the federated credentials, then the signature."""
    issuer, subject, audience = claims.get("iss"), claims.get("sub"), claims.get("aud")
    trusts = application.federated
    if not trusts:
        raise LoginError(
            70021, detail=f"issuer '{issuer}' subject '{subject}' audience '{audience}'"
        )
    for_issuer = [trust for trust in trusts if trust.issuer == issuer]
    if not for_issuer:
        raise LoginError(700211, detail=f"issuer '{issuer}'")
    for_subject = [trust for trust in for_issuer if trust.subject == subject]
    if not for_subject:
        raise LoginError(700213, detail=f"subject '{subject}'")
    if FederatedCredential(str(issuer), str(subject), str(audience)) not in for_subject:
        raise LoginError(700212, detail=f"audience '{audience}'")
    try:
        simulator.keys.verify(assertion)
    except BadSignature:
        raise LoginError(700027, client=application.client_id) from None
