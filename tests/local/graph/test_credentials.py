"""Applications authenticate with a certificate or a managed identity instead of a secret."""

from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from msal import ManagedIdentityClient, UserAssignedManagedIdentity

from local.graph.applications import FederatedCredential
from local.graph.simulator import (
    CLIENT_ID,
    CONTOSO,
    HOME_TENANT_ID,
    IDENTITY_CLIENT_ID,
    IDENTITY_HEADER,
    IDENTITY_PRINCIPAL_ID,
)
from tests.clock import FixedClock
from tests.local.graph.calls import app_token, call
from tests.local.graph.fixtures import RunningSimulator

AUDIENCE = "api://AzureADTokenExchange"


@pytest.fixture(scope="module")
def key() -> RSAPrivateKey:
    """Return the key pair of the application's certificate."""
    return generate_private_key(public_exponent=65537, key_size=2048)


def certificate(key: RSAPrivateKey) -> dict[str, str]:
    """Return the credential in msal's form."""
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return {"private_key": pem, "thumbprint": "A1" * 20}


def test_a_registered_certificate_gives_a_token(
    graph_simulator: RunningSimulator, key: RSAPrivateKey
) -> None:
    """The token endpoint accepts a client_assertion that a registered certificate signed (Microsoft Learn,
    "certificate-credentials").
    """
    graph_simulator.simulator.consent(CONTOSO)
    graph_simulator.simulator.application.certificates.append(key.public_key())
    assert "access_token" in app_token(graph_simulator, CONTOSO, credential=certificate(key))


def test_a_certificate_that_is_not_registered_is_700027(
    graph_simulator: RunningSimulator, key: RSAPrivateKey
) -> None:
    """AADSTS700027 is an error of the operator's credential, not of the customer's consent."""
    graph_simulator.simulator.consent(CONTOSO)
    result = app_token(graph_simulator, CONTOSO, credential=certificate(key))
    assert (result["error"], result["error_codes"]) == ("invalid_client", [700027])


def test_an_assertion_for_another_tenant_is_refused(
    graph_simulator: RunningSimulator, key: RSAPrivateKey
) -> None:
    """The audience of an assertion must be the token endpoint of the same tenant."""
    graph_simulator.simulator.application.certificates.append(key.public_key())
    claims = {
        "iss": CLIENT_ID,
        "sub": CLIENT_ID,
        "aud": f"{graph_simulator.login_url}/{HOME_TENANT_ID}/oauth2/v2.0/token",
    }
    assertion = jwt.encode(claims | {"exp": 4_000_000_000}, key, "RS256")
    result = app_token(graph_simulator, CONTOSO, credential={"client_assertion": lambda: assertion})
    assert result["error_codes"] == [700023]


def identity_token(
    running: RunningSimulator, monkeypatch: pytest.MonkeyPatch, resource: str = AUDIENCE
) -> dict[str, Any]:
    """Return the token that msal's managed identity client gets on App Service."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{running.url}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", IDENTITY_HEADER)
    with requests.Session() as session:
        client = ManagedIdentityClient(
            UserAssignedManagedIdentity(client_id=IDENTITY_CLIENT_ID), http_client=session
        )
        return dict(client.acquire_token_for_client(resource=resource))


def test_a_managed_identity_replaces_a_secret(
    graph_simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The managed identity's token is accepted as client assertion (Microsoft Learn,
    "workload-identity-federation-config-app-trust-managed-identity").
    """
    graph_simulator.simulator.consent(CONTOSO)
    graph_simulator.simulator.trust_managed_identity()
    assertion = identity_token(graph_simulator, monkeypatch)["access_token"]
    result = app_token(graph_simulator, CONTOSO, credential={"client_assertion": lambda: assertion})
    assert "access_token" in result


async def test_the_identity_endpoint_requires_its_header_and_identity(
    graph_simulator: RunningSimulator,
) -> None:
    """App Service's endpoint requires X-IDENTITY-HEADER, which prevents request forgery, and the client ID
    of a user-assigned identity.
    """
    address = f"{graph_simulator.url}/msi/token"
    asked = {"resource": AUDIENCE, "client_id": IDENTITY_CLIENT_ID}
    header = {"X-IDENTITY-HEADER": IDENTITY_HEADER}
    assert (await call(address, params=asked))[0] == 401
    assert (await call(address, params={"resource": AUDIENCE}, headers=header))[0] == 400
    assert (await call(address, params={"client_id": IDENTITY_CLIENT_ID}, headers=header))[0] == 400
    status, body, _ = await call(address, params=asked, headers=header)
    assert status == 200
    assert sorted(body) == ["access_token", "client_id", "expires_on", "resource", "token_type"]


@pytest.mark.parametrize(
    ("issuer", "subject", "audience", "code"),
    [
        ("https://elsewhere.example/v2.0", IDENTITY_PRINCIPAL_ID, AUDIENCE, 700211),
        ("", "somebody-else", AUDIENCE, 700213),
        ("", IDENTITY_PRINCIPAL_ID, AUDIENCE + "China", 700212),
    ],
)
def test_a_federated_credential_must_match_in_full(
    graph_simulator: RunningSimulator, issuer: str, subject: str, audience: str, code: int
) -> None:
    """Issuer, subject and audience are compared exactly; the error code says which differs."""
    simulator = graph_simulator.simulator
    simulator.consent(CONTOSO)
    trusted = FederatedCredential(issuer or simulator.issuer(HOME_TENANT_ID), subject, audience)
    simulator.application.federated.append(trusted)
    assertion = simulator.token(HOME_TENANT_ID, AUDIENCE, sub=IDENTITY_PRINCIPAL_ID)
    result = app_token(graph_simulator, CONTOSO, credential={"client_assertion": lambda: assertion})
    assert (result["error"], result["error_codes"]) == ("invalid_client", [code])


def test_without_any_federated_credential_it_is_70021(graph_simulator: RunningSimulator) -> None:
    """AADSTS70021: the application has no federated credential."""
    assertion = graph_simulator.simulator.token(HOME_TENANT_ID, AUDIENCE, sub=IDENTITY_PRINCIPAL_ID)
    result = app_token(graph_simulator, CONTOSO, credential={"client_assertion": lambda: assertion})
    assert result["error_codes"] == [70021]


@pytest.mark.parametrize("assertion", ["nonsense", jwt.encode({"exp": "soon"}, "k" * 32, "HS256")])
def test_a_malformed_assertion_is_a_client_error(
    graph_simulator: RunningSimulator, assertion: str
) -> None:
    """A malformed assertion is an error of the client (4xx), not of the server."""
    result = app_token(graph_simulator, CONTOSO, credential={"client_assertion": lambda: assertion})
    assert result["error"] == "invalid_client"


def test_a_forged_or_expired_assertion_is_refused(graph_simulator: RunningSimulator) -> None:
    """The signature is verified with the issuer's keys, and the times with the clock."""
    simulator = graph_simulator.simulator
    simulator.consent(CONTOSO)
    simulator.trust_managed_identity()
    forged = simulator.provisioning_assertion(
        HOME_TENANT_ID, AUDIENCE, IDENTITY_PRINCIPAL_ID, forged=True
    )
    assert app_token(graph_simulator, CONTOSO, credential={"client_assertion": lambda: forged})[
        "error_codes"
    ] == [700027]
    clock = simulator.clock = FixedClock()
    assertion = simulator.token(HOME_TENANT_ID, AUDIENCE, sub=IDENTITY_PRINCIPAL_ID)
    clock.advance(2 * 3600)
    late = app_token(graph_simulator, CONTOSO, credential={"client_assertion": lambda: assertion})
    assert late["error_codes"] == [700024]
