"""Authorization codes: single use, valid for five minutes, bound to client, redirect URI and tenant."""

import secrets
from dataclasses import dataclass

from local.graph.applications import Application
from local.graph.login_errors import LoginError
from local.graph.people import Person, Tenant
from local.graph.simulator import Simulator

LIFETIME = 300.0


@dataclass(slots=True, kw_only=True)
class Code:
    """An issued authorization code and what it was issued for; `issued` is in monotonic seconds."""

    client_id: str
    redirect_uri: str
    tenant_id: str
    person: Person
    nonce: str
    challenge: str
    challenge_method: str
    issued: float
    used: bool = False


def issue(simulator: Simulator, tenant: Tenant, person: Person, parameters: dict[str, str]) -> str:
    """Return a new code for the signed-in user; `parameters` are those of the authorization request."""
    now = simulator.clock.monotonic()
    simulator.codes = {
        value: code for value, code in simulator.codes.items() if now - code.issued < 2 * LIFETIME
    }
    value = "0." + secrets.token_urlsafe(48)
    simulator.codes[value] = Code(
        client_id=parameters["client_id"],
        redirect_uri=parameters["redirect_uri"],
        tenant_id=tenant.tenant_id,
        person=person,
        nonce=parameters.get("nonce", ""),
        challenge=parameters.get("code_challenge", ""),
        challenge_method=parameters.get("code_challenge_method", "plain"),
        issued=now,
    )
    return value


def redeem(
    simulator: Simulator, fields: dict[str, str], application: Application, tenant: Tenant | None
) -> Code:
    """Mark a code as used and return it.

    Raise LoginError if the code is unknown, used, expired, or was issued for another client,
    redirect URI or tenant.
    """
    if not (value := fields.get("code", "")):
        raise LoginError(900144, detail="code")
    code: Code | None = simulator.codes.get(value)
    if code is None or code.client_id != application.client_id:
        raise LoginError(70000)
    if code.used:
        raise LoginError(54005)
    code.used = True
    if simulator.clock.monotonic() - code.issued > LIFETIME:
        raise LoginError(70008)
    if fields.get("redirect_uri") != code.redirect_uri:
        raise LoginError(50011, detail=fields.get("redirect_uri", ""))
    if tenant is not None and tenant.tenant_id != code.tenant_id:
        raise LoginError(50020, detail=code.person.user_name, tenant=tenant.tenant_id)
    return code
