"""Metadata of the sign-in service (learn.microsoft.com/entra/identity-platform/v2-protocols-oidc)."""

import jwt
import pytest

from local.graph.simulator import CONTOSO
from tests.local.graph.calls import call
from tests.local.graph.fixtures import RunningSimulator

METADATA = "/v2.0/.well-known/openid-configuration"


@pytest.mark.parametrize("segment", [CONTOSO, "contoso.example"])
async def test_a_tenant_is_found_by_id_and_by_domain(
    graph_simulator: RunningSimulator, segment: str
) -> None:
    """ID and domain give the same metadata, with the ID in every address."""
    status, body, _ = await call(f"{graph_simulator.login_url}/{segment}{METADATA}")
    assert status == 200
    assert body["issuer"] == f"{graph_simulator.login_url}/{CONTOSO}/v2.0"
    assert body["token_endpoint"] == f"{graph_simulator.login_url}/{CONTOSO}/oauth2/v2.0/token"


@pytest.mark.parametrize("segment", ["common", "organizations"])
async def test_the_issuer_of_any_tenant_is_a_template(
    graph_simulator: RunningSimulator, segment: str
) -> None:
    """The issuer of `common` and `organizations` contains the literal {tenantid}."""
    _, body, _ = await call(f"{graph_simulator.login_url}/{segment}{METADATA}")
    assert body["issuer"] == graph_simulator.login_url + "/{tenantid}/v2.0"
    assert body["authorization_endpoint"].startswith(f"{graph_simulator.login_url}/{segment}/")


async def test_an_unknown_tenant_is_400_with_its_code(graph_simulator: RunningSimulator) -> None:
    """The error is AADSTS90002 (Microsoft Learn, "reference-error-codes")."""
    status, body, _ = await call(f"{graph_simulator.login_url}/nobody.example{METADATA}")
    assert (status, body["error"], body["error_codes"]) == (400, "invalid_tenant", [90002])


async def test_the_keys_check_a_token_and_rotation_keeps_the_old_one(
    graph_simulator: RunningSimulator,
) -> None:
    """A token is verified by the key with its `kid` (RFC 7517); after a rotation, older tokens are valid
    while their key is published.
    """
    simulator = graph_simulator.simulator
    before = simulator.token(CONTOSO, "api://one")
    simulator.keys.rotate()
    after = simulator.token(CONTOSO, "api://one")
    _, body, _ = await call(f"{graph_simulator.login_url}/{CONTOSO}/discovery/v2.0/keys")
    published = {key.key_id: key for key in jwt.PyJWKSet.from_dict(body).keys}
    for token in (before, after):
        key = published[jwt.get_unverified_header(token)["kid"]]
        assert jwt.decode(token, key, ["RS256"], audience="api://one")["tid"] == CONTOSO


async def test_instance_discovery_returns_the_aliases_of_the_host(
    graph_simulator: RunningSimulator,
) -> None:
    """`/common/discovery/instance` returns the aliases of the host, for clients that request them."""
    address = f"{graph_simulator.login_url}/common/discovery/instance"
    status, body, _ = await call(
        address, params={"authorization_endpoint": f"https://host/{CONTOSO}/oauth2/authorize"}
    )
    assert status == 200
    assert body["tenant_discovery_endpoint"] == f"{graph_simulator.login_url}/{CONTOSO}{METADATA}"
    assert body["metadata"][0]["aliases"] == [graph_simulator.login_url.split("//")[1]]
