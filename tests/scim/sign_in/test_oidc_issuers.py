"""A directory may trust any OpenID Connect issuer (RFC 7523), and the token endpoint has metadata
(RFC 8414).
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest

from directories import credentials, service
from directories.audit import operator_actor
from directories.errors import InvalidField
from directories.models import TrustedIdentity
from directories.service import NewDirectory
from local.counting_tables import CountingTables
from local.oidc_issuer import OidcIssuer, running
from shared.app import App
from shared.http import Request
from shared.settings import Settings
from tests.clock import FixedClock
from tests.scim.sign_in.client import ACCOUNT, TokenClient
from tests.scim.sign_in.conftest import host_of

AUDIENCE = "https://app.example"
SUBJECT = "repo:contoso/sync:ref:refs/heads/main"


@pytest.fixture(scope="module")
def served() -> Iterator[OidcIssuer]:
    """Yield one running issuer for all tests of this module; tests use `issuer`."""
    with running(OidcIssuer()) as issuer:
        yield issuer


@pytest.fixture
def issuer(served: OidcIssuer, clock: FixedClock) -> OidcIssuer:
    """Return the issuer, set to the test's clock."""
    served.clock, served.fetched, served.redirect = clock, 0, ""
    return served


@pytest.fixture
def app(issuer: OidcIssuer, tables: CountingTables, clock: FixedClock) -> App:
    """Return an App whose settings permit the issuer's key host."""
    return App(Settings(trusted_key_hosts=frozenset({issuer.host})), clock, tables)


def _trust(by: OidcIssuer, **more: Any) -> TrustedIdentity:
    usual: dict[str, Any] = {
        "tenant_id": "",
        "subject": SUBJECT,
        "audiences": (AUDIENCE,),
        "issuer": by.url,
        "jwks_uri": by.jwks_uri,
    }
    return TrustedIdentity(**(usual | more))


@pytest.fixture
async def client(app: App, issuer: OidcIssuer) -> AsyncIterator[TokenClient]:
    """Yield a client of a directory that trusts the issuer."""
    host = host_of(app)
    directory, _ = await service.create(app, operator_actor(ACCOUNT), NewDirectory("Contoso"))
    await credentials.set_trust(app, operator_actor(ACCOUNT), directory.id, _trust(issuer))
    yield TokenClient(host, app, directory.id, "")
    await app.background.drain()
    await host.stop()


@pytest.mark.clause("ipsie/scope")
@pytest.mark.parametrize("algorithm", ["RS256", "RS512", "PS256", "ES256"])
async def test_an_assertion_of_a_chosen_issuer_gives_a_token(
    client: TokenClient, issuer: OidcIssuer, algorithm: str
) -> None:
    """RFC 7523 section 2.2: no secret is needed. The response names the granted scope."""
    answer = await client.by_assertion(issuer.assertion(SUBJECT, AUDIENCE, algorithm=algorithm))
    assert answer.body["scope"] == "scim"
    assert await client.users(answer.token) == 200


@pytest.mark.clause("6749/7523-3-iss")
@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://other.example"},
        {"sub": SUBJECT.upper()},
        {"sub": None},
        {"aud": "https://other.example"},
        {"exp": 1},
    ],
)
async def test_another_assertion_is_refused(
    client: TokenClient, issuer: OidcIssuer, change: dict[str, Any]
) -> None:
    """RFC 7523 section 3: issuer, audience, subject and time must be exactly those that the
    directory trusts.
    """
    answer = await client.by_assertion(issuer.assertion(SUBJECT, AUDIENCE, **change))
    assert (answer.status, answer.body["error"]) == (401, "invalid_client")


@pytest.mark.clause("6749/7523-3-sig")
async def test_a_key_of_someone_else_is_refused(client: TokenClient, issuer: OidcIssuer) -> None:
    """The same `kid` with another key is refused, and so is an elliptic-curve algorithm with the
    RSA key's `kid`.
    """
    stranger = OidcIssuer(issuer.clock)
    stranger.url = issuer.url
    assert (await client.by_assertion(stranger.assertion(SUBJECT, AUDIENCE))).status == 401
    text = stranger.assertion(SUBJECT, AUDIENCE, algorithm="ES256")
    assert (await client.by_assertion(text)).status == 401


@pytest.mark.clause("6749/7523-3-jti")
async def test_an_assertion_with_a_jti_is_accepted_once(
    client: TokenClient, issuer: OidcIssuer
) -> None:
    """RFC 7523 section 3, item 7: a used `jti` is refused."""
    text = issuer.assertion(SUBJECT, AUDIENCE, jti="1")
    assert (await client.by_assertion(text)).status == 200
    assert (await client.by_assertion(text)).status == 401


async def test_keys_are_not_fetched_from_another_host(
    client: TokenClient, issuer: OidcIssuer, app: App
) -> None:
    """Redirects aren't followed, and a host that the operator removed from the list isn't
    contacted.
    """
    issuer.redirect = "http://127.0.0.1:9/keys"
    answer = await client.by_assertion(issuer.assertion(SUBJECT, AUDIENCE))
    assert (answer.status, answer.headers["retry-after"]) == (503, "10")
    fetched = issuer.fetched
    later = replace(app, settings=Settings())
    host = host_of(later)
    other = TokenClient(host, later, client.directory_id, "")
    assert (await other.by_assertion(issuer.assertion(SUBJECT, AUDIENCE))).status == 503
    assert issuer.fetched == fetched
    await host.stop()


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/keys",
        "http://{host}.evil.example/keys",
        "http://evil.example@{host}/keys",
        "http://{host}@evil.example/keys",
        "http://{host}\\@evil.example/keys",
        "http://{host}\n.evil.example/keys",
        "file:///etc/passwd",
        "http://169.254.169.254/metadata",
        "//{host}/keys",
        "http://{host}",
        "http://{host}/keys#x",
        "",
    ],
)
async def test_only_listed_hosts_have_keys(
    client: TokenClient, app: App, issuer: OidcIssuer, address: str
) -> None:
    """OWASP, Server-Side Request Forgery Prevention: an allow list of hosts, compared in full."""
    trust = _trust(issuer, jwks_uri=address.replace("{host}", issuer.host))
    with pytest.raises(InvalidField) as raised:
        await credentials.set_trust(app, operator_actor(ACCOUNT), client.directory_id, trust)
    assert raised.value.field == "jwksUri"
    assert "TRUSTED_KEY_HOSTS" in raised.value.message.text()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"issuer": "contoso"}, "issuer"),
        ({"issuer": "http://evil.example"}, "issuer"),
        ({"subject": " "}, "subject"),
        ({"audiences": ()}, "audiences"),
        ({"tenant_id": "7f0c7c5e-8f5d-4a0e-9d6c-1d5f3a2b4c6d"}, "tenantId"),
    ],
)
async def test_a_wrong_field_is_named(
    client: TokenClient, app: App, issuer: OidcIssuer, change: dict[str, Any], field: str
) -> None:
    """The error names the field, the fault and the remedy."""
    with pytest.raises(InvalidField) as raised:
        await credentials.set_trust(
            app, operator_actor(ACCOUNT), client.directory_id, _trust(issuer, **change)
        )
    assert raised.value.field == field


@pytest.mark.parametrize("hosts", ["a b", "https://a.example", "a.example/x", "a.example:x"])
def test_the_setting_accepts_hosts_only(hosts: str) -> None:
    """With any other value the app doesn't start, and the error names the fault."""
    from shared.settings import SettingsError

    with pytest.raises(SettingsError, match="TRUSTED_KEY_HOSTS"):
        Settings.read({"TRUSTED_KEY_HOSTS": hosts})
    assert Settings.read({"TRUSTED_KEY_HOSTS": "A.example, b.example:8443"}).trusted_key_hosts == {
        "a.example", "b.example:8443",
    }  # fmt: skip


@pytest.mark.clause("6749/8414", "ipsie/scope", "ipsie/metadata")
@pytest.mark.parametrize(
    "path",
    [
        "/.well-known/oauth-authorization-server/scim/{id}",
        "/scim/{id}/.well-known/oauth-authorization-server",
    ],
)
async def test_metadata_of_the_token_endpoint(client: TokenClient, path: str) -> None:
    """RFC 8414 section 3.2. The metadata is the same for a directory that doesn't exist."""

    async def read(directory_id: str) -> Any:
        url = f"https://app.example{path.replace('{id}', directory_id)}"
        response = await client.host.call(Request("GET", url))
        return response.status, orjson.loads(response.body)

    status, found = await read(client.directory_id)
    assert status == 200
    assert found["issuer"].endswith(f"://app.example/scim/{client.directory_id}")
    assert found["token_endpoint"] == f"{found['issuer']}/oauth2/token"
    assert "client_credentials" in found["grant_types_supported"]
    assert "private_key_jwt" in found["token_endpoint_auth_methods_supported"]
    assert "ES256" in found["token_endpoint_auth_signing_alg_values_supported"]
    assert (found["scopes_supported"], found["response_types_supported"]) == (["scim"], [])
    assert (await read("nothing-like-it"))[0] == 200
    assert (await read("x"))[0] == 404
