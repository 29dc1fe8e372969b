"""A SCIM server accepts the assertions of the simulated provisioning service (RFC 7523 section 3)."""

import jwt
import pytest

from local.graph.simulator import CONTOSO, FABRIKAM
from tests.local.graph.fixtures import RunningSimulator

AUDIENCE = "api://6f1d6a52-51c5-4b3b-9f1c-5a9b6e1d0c01"
SUBJECT = "b5a7c0de-1111-4222-8333-444455556666"


def check(running: RunningSimulator, assertion: str) -> dict[str, object]:
    """Verify an assertion with PyJWT and the keys of the published address; return its claims."""
    keys = jwt.PyJWKClient(f"{running.login_url}/{CONTOSO}/discovery/v2.0/keys")
    return jwt.decode(
        assertion,
        keys.get_signing_key_from_jwt(assertion),
        ["RS256"],
        audience=AUDIENCE,
        issuer=f"{running.login_url}/{CONTOSO}/v2.0",
        options={"require": ["exp", "iat", "sub", "jti"]},
    )


def test_an_assertion_passes_every_check(graph_simulator: RunningSimulator) -> None:
    """Signature, issuer, audience, subject and times are valid; `jti` differs between assertions."""
    make = graph_simulator.simulator.provisioning_assertion
    first, second = (check(graph_simulator, make(CONTOSO, AUDIENCE, SUBJECT)) for _ in range(2))
    assert (first["sub"], first["oid"], first["tid"]) == (SUBJECT, SUBJECT, CONTOSO)
    assert first["jti"] != second["jti"]


def test_each_wrong_assertion_fails_for_its_own_reason(graph_simulator: RunningSimulator) -> None:
    """PyJWT raises the matching error for an assertion that is expired, forged, without jti, or of another
    audience or tenant.
    """
    make = graph_simulator.simulator.provisioning_assertion
    for assertion, reason in (
        (make(CONTOSO, AUDIENCE, SUBJECT, lifetime=-1), jwt.ExpiredSignatureError),
        (make(CONTOSO, "api://another", SUBJECT), jwt.InvalidAudienceError),
        (make(FABRIKAM, AUDIENCE, SUBJECT), jwt.InvalidIssuerError),
        (make(CONTOSO, AUDIENCE, SUBJECT, forged=True), jwt.PyJWKClientError),
        (make(CONTOSO, AUDIENCE, SUBJECT, jti=None), jwt.MissingRequiredClaimError),
    ):
        with pytest.raises(reason):
            check(graph_simulator, assertion)
