"""Workload identity federation: assertions signed by Entra in place of a secret (RFC 7523)."""

import asyncio
import base64
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import jwt
import pytest

from directories import credentials, provisioning_log, service, tokens
from directories.access_rows import Access, insert_access
from directories.audit import operator_actor
from directories.event_types import KINDS
from directories.models import TrustedIdentity
from directories.provisioning_log import EventFilter
from directories.service import NewDirectory
from local.counting_tables import CountingTables
from local.graph.simulator import CONTOSO, FABRIKAM
from shared.app import App
from shared.clock import FixedClock, timestamp
from shared.settings import Settings
from tests.local.graph.fixtures import RunningSimulator
from tests.scim.sign_in.client import ACCOUNT, AUDIENCE, SUBJECT, TokenClient
from tests.scim.sign_in.conftest import host_of


@pytest.fixture
def sign(graph_simulator: RunningSimulator) -> Any:
    """Mints an assertion as Entra's provisioning service would; arguments replace the usual claims."""

    def signed(
        tenant_id: str = CONTOSO, audience: str = AUDIENCE, subject: str = SUBJECT, **more: Any
    ) -> str:
        return graph_simulator.simulator.provisioning_assertion(
            tenant_id, audience, subject, **more
        )

    return signed


@pytest.mark.clause("6749/7523-2.2", "entra/federated", "ipsie/auth")
async def test_an_assertion_gives_a_token_that_opens_scim(client: TokenClient, sign: Any) -> None:
    """No secret exists: Entra's signature is enough (RFC 7523 section 2.2)."""
    answer = await client.by_assertion(sign())
    assert answer.body["expires_in"] == 3600
    assert answer.headers["cache-control"] == "no-store"
    assert await client.users(answer.token) == 200


@pytest.mark.clause("6749/7523-2.2")
@pytest.mark.parametrize("client_id", ["", "directory", "subject"])
async def test_client_id_is_left_out_or_names_the_client(
    client: TokenClient, sign: Any, client_id: str
) -> None:
    """RFC 7523 section 3: client_id is optional and must be the same client."""
    value = {"": "", "directory": client.directory_id, "subject": SUBJECT}[client_id]
    assert (await client.by_assertion(sign(), client_id=value)).status == 200
    assert (await client.by_assertion(sign(), client_id="somebody-else")).status == 401


async def test_the_other_grant_of_rfc_7523_works_too(client: TokenClient, sign: Any) -> None:
    """Section 2.1: the assertion as the grant itself."""
    grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    assert (await client.post({"grant_type": grant, "assertion": sign()})).status == 200
    assert (await client.post({"grant_type": grant})).status == 401


async def refused(client: TokenClient, assertion: str, why: str) -> None:
    """The assertion gets 401 invalid_client with a description that names its fault."""
    answer = await client.by_assertion(assertion)
    assert (answer.status, answer.body["error"]) == (401, "invalid_client")
    assert why in answer.body["error_description"]


async def logged(client: TokenClient) -> list[str]:
    """Return the provisioning log's lines about refused requests, newest first."""
    await client.app.background.drain()
    page = await provisioning_log.read(
        client.app, client.directory_id, wanted=EventFilter(kinds=KINDS["refused"])
    )
    return [line.event.detail for line in page.lines]


async def not_trusted(client: TokenClient, assertion: str, why: str, **fields: str) -> None:
    """The sender gets the same answer as a stranger at no directory; the administrator reads the
    reason in the log.
    """
    answer = await client.by_assertion(assertion, **fields)
    nowhere = await TokenClient(client.host, client.app, "a" * 20, "").by_assertion(
        assertion, **fields
    )
    assert (answer.status, answer.headers, answer.body) == (401, nowhere.headers, nowhere.body)
    assert nowhere.status == 401
    assert why in (await logged(client))[0]


@pytest.mark.clause("6749/7523-3-iss")
@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"forged": True}, "kid"),
        ({"audience": "api://external-directories/"}, "aud"),
        ({"audience": "API://external-directories"}, "aud"),
        ({"aud": None}, "aud"),
        ({"aud": [{"a": 1}, 5]}, "aud"),
        ({"tenant_id": FABRIKAM}, "iss"),
        ({"iss": f"https://login.microsoftonline.com/{CONTOSO}/v2.0"}, "iss"),
        ({"iss": None}, "iss"),
        ({"tid": FABRIKAM}, "tid"),
        ({"subject": "00000000-0000-0000-0000-000000000000"}, "sub"),
        ({"sub": None, "oid": None}, "sub"),
        ({"sub": ["x"], "oid": 5}, "sub"),
    ],
)
async def test_how_an_assertion_differs_from_the_trusted_one_only_the_administrator_learns(
    client: TokenClient, sign: Any, change: dict[str, Any], why: str
) -> None:
    """A made-up assertion doesn't find out that a directory exists, or to which company it belongs."""
    await not_trusted(client, sign(**change), why)


async def test_the_log_has_what_is_expected(
    client: TokenClient, sign: Any, clock: FixedClock
) -> None:
    """Issuer, audiences and subject to compare with; one line a minute, however many come."""
    login = client.app.settings.login_url
    changes: list[dict[str, Any]] = [
        {"tenant_id": FABRIKAM},
        {"audience": "x"},
        {"subject": FABRIKAM},
    ]
    for change in changes:
        for _ in range(3):
            await client.by_assertion(sign(**change))
        await client.app.background.drain()
        clock.advance(61)
    expected = [SUBJECT, f"api://other, {AUDIENCE}", f"{login}/{CONTOSO}/v2.0"]
    lines = await logged(client)
    assert len(lines) == len(expected)
    assert all(value in said for value, said in zip(expected, lines, strict=True))


async def test_other_failures_in_between_make_no_more_lines(
    client: TokenClient, sign: Any, clock: FixedClock
) -> None:
    """A stranger who takes turns between false assertions and false tokens writes one line a minute all the same."""
    for _ in range(20):
        await client.by_assertion(sign(audience="x"))
        clock.advance(1.5)
        await client.users("false")
        clock.advance(1.5)
        await client.app.background.drain()
    wanted = EventFilter(kinds=KINDS["refused"])
    page = await provisioning_log.read(client.app, client.directory_id, wanted=wanted)
    assert [line.count for line in page.lines] == [1]


@pytest.mark.clause("6749/7523-3-exp")
@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"lifetime": -61}, "exp"),
        ({"lifetime": 200_000}, "exp"),
        ({"exp": None}, "exp"),
        ({"exp": "tomorrow"}, "exp"),
        ({"exp": 1e300}, "exp"),
        ({"nbf": 4e9}, "nbf"),
        ({"nbf": True}, "nbf"),
    ],
)
async def test_what_is_wrong_with_an_assertion_by_itself_its_sender_hears(
    client: TokenClient, sign: Any, change: dict[str, Any], why: str
) -> None:
    """Times (RFC 7523 section 3), at any address alike; the administrator reads it, too."""
    await refused(client, sign(**change), why)
    await refused(TokenClient(client.host, client.app, "a" * 20, ""), sign(**change), why)
    assert why in (await logged(client))[0]


async def test_an_extension_that_must_be_understood_is_refused(
    client: TokenClient, sign: Any
) -> None:
    """RFC 7515 section 4.1.11: `crit` names headers that a recipient must understand."""
    _, body, signature = sign().split(".")
    header = (
        base64.urlsafe_b64encode(
            b'{"alg":"RS256","kid":"k","crit":["http://example.com/x"],"http://example.com/x":1}'
        )
        .decode()
        .rstrip("=")
    )
    await refused(client, f"{header}.{body}.{signature}", "not a JSON Web Token")


@pytest.mark.clause("6749/7523-3-sig")
async def test_claims_cannot_be_changed_after_signing(client: TokenClient, sign: Any) -> None:
    """An assertion with a valid signature and another body is refused (RFC 7515 section 5.2)."""
    header, _, signature = sign().split(".")
    body = sign(exp=4_000_000_000 - 1).split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    claims["exp"] = client.app.clock.now().timestamp() + 600
    changed = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    await not_trusted(client, f"{header}.{changed}.{signature}", "signature")


@pytest.mark.clause("6749/7523-3-sig")
async def test_other_algorithms_are_refused(
    client: TokenClient, sign: Any, graph_simulator: RunningSimulator
) -> None:
    """Neither `none` nor a MAC with the public key as its secret (RFC 8725 section 3.1)."""
    claims = jwt.decode(sign(), options={"verify_signature": False})
    kid = graph_simulator.simulator.keys.published[-1].kid
    secret = "a" * 64
    await refused(client, jwt.encode(claims, "", algorithm="none", headers={"kid": kid}), "RS256")
    await refused(
        client, jwt.encode(claims, secret, algorithm="HS256", headers={"kid": kid}), "RS256"
    )
    await refused(client, jwt.encode(claims, secret, algorithm="HS256"), "RS256")


@pytest.mark.parametrize(
    "text", ["", "x", "a.b.c", "....", "\u00e9.\u00e9.\u00e9", "e30.e30.e30", "x" * 20_000]
)
async def test_what_is_no_token_is_refused(client: TokenClient, text: str) -> None:
    """Never a 500."""
    answer = await client.by_assertion(text)
    assert (answer.status, answer.body["error"]) == (401, "invalid_client")


@pytest.mark.clause("6749/7523-3-jti", "ipsie/replay")
async def test_an_assertion_is_taken_once(client: TokenClient, sign: Any, app: App) -> None:
    """A `jti` seen before is refused (RFC 7523 section 3, item 7), on another instance too, even at the same time."""
    other = App(app.settings, app.clock, CountingTables(app.tables))
    elsewhere = TokenClient(host_of(other), other, client.directory_id, client.secret)
    assertion = sign()
    answers = await asyncio.gather(
        *(one.by_assertion(assertion) for one in (client, elsewhere, client, elsewhere))
    )
    assert sorted(answer.status for answer in answers) == [200, 401, 401, 401]
    await refused(elsewhere, assertion, "before")
    await other.background.drain()
    await elsewhere.host.stop()


async def test_without_a_jti_an_assertion_serves_while_it_is_good(
    client: TokenClient, sign: Any, clock: FixedClock
) -> None:
    """Entra's own tokens may carry none and are presented again until they expire; `jti` is optional in RFC 7523."""
    assertion = sign(jti=None)
    for _ in range(2):
        assert (await client.by_assertion(assertion)).status == 200
    clock.advance(3599 + 61)
    await refused(client, assertion, "exp")


async def test_keys_are_fetched_once_and_again_when_entra_rotates(
    client: TokenClient, sign: Any, graph_simulator: RunningSimulator, clock: FixedClock
) -> None:
    """Keys are remembered by kid; an unknown kid makes them be read again (signing key rollover, Microsoft Learn)."""
    simulator = graph_simulator.simulator

    def fetched() -> int:
        return simulator.counters.calls("keys")

    for _ in range(3):
        assert (await client.by_assertion(sign())).status == 200
    assert fetched() == 1
    simulator.keys.rotate()
    clock.advance(31)
    assert (await client.by_assertion(sign())).status == 200
    assert fetched() == 2


async def test_invented_kids_do_not_make_a_flood_of_fetches(
    client: TokenClient, sign: Any, graph_simulator: RunningSimulator
) -> None:
    """Keys are asked for every 30 seconds at the most."""
    for _ in range(20):
        assert (await client.by_assertion(sign(forged=True))).status == 401
    assert graph_simulator.simulator.counters.calls("keys") == 1


async def test_a_login_service_that_is_down_is_a_503(
    client: TokenClient, sign: Any, clock: FixedClock
) -> None:
    """Not the client's fault: try again later; once keys are known, they serve through the outage."""
    down = replace(client.app.settings, login_url="http://127.0.0.1:9")
    app = App(down, clock, CountingTables(client.app.tables))
    elsewhere = TokenClient(host_of(app), app, client.directory_id, "")
    answer = await elsewhere.by_assertion(sign(iss=f"http://127.0.0.1:9/{CONTOSO}/v2.0"))
    assert (answer.status, answer.headers["retry-after"]) == (503, "10")
    await app.background.drain()
    await elsewhere.host.stop()


async def test_without_trust_no_assertion_is_taken(client: TokenClient, sign: Any) -> None:
    """Once trust is dropped, new assertions and the tokens issued for old ones are refused."""
    token = (await client.by_assertion(sign())).token
    await credentials.set_trust(client.app, operator_actor(ACCOUNT), client.directory_id, None)
    answer = await client.by_assertion(sign())
    assert (answer.status, answer.body["error"]) == (401, "invalid_client")
    assert await client.users(token) == 401


@pytest.mark.parametrize(
    "other",
    [
        TrustedIdentity(tenant_id=FABRIKAM, subject=SUBJECT, audiences=("api://other", AUDIENCE)),
        TrustedIdentity(
            tenant_id=CONTOSO,
            subject="11111111-52f0-4b0b-8a36-2f1f6f0c9b11",
            audiences=("api://other", AUDIENCE),
        ),
        TrustedIdentity(tenant_id=CONTOSO, subject=SUBJECT, audiences=("api://third",)),
    ],
)
async def test_an_access_token_ends_with_the_identity_that_it_was_issued_for(
    client: TokenClient, sign: Any, clock: FixedClock, other: TrustedIdentity
) -> None:
    """Another trusted identity ends it on every instance within 30 seconds, also if none was trusted in between."""
    first = client.app
    token = (await client.by_assertion(sign())).token
    assert await client.users(token) == 200
    elsewhere = App(first.settings, clock, first.tables)
    await credentials.set_trust(elsewhere, operator_actor(ACCOUNT), client.directory_id, other)
    clock.advance(30)
    assert await client.users(token) == 401
    await credentials.set_trust(elsewhere, operator_actor(ACCOUNT), client.directory_id, None)
    await credentials.set_trust(elsewhere, operator_actor(ACCOUNT), client.directory_id, other)
    clock.advance(30)
    assert await client.users(token) == 401


async def test_an_access_token_of_a_release_without_fingerprints_works_until_its_end(
    client: TokenClient, clock: FixedClock
) -> None:
    """An upgrade interrupts no provisioning: such a row contains "trust" and lives for at most an
    hour.
    """
    plain = tokens.new_secret(tokens.ACCESS_PREFIX)
    expires = timestamp(clock.now() + timedelta(minutes=10))
    row = insert_access(tokens.digest(plain), Access("trust", expires))
    assert b'"trust":' not in row.value.replace(b'"by":"trust"', b"")
    await client.app.tables.transact("directories", client.directory_id, [row])
    assert await client.users(plain) == 200
    clock.advance(600)
    assert await client.users(plain) == 401


async def test_whether_a_directory_trusts_an_identity_costs_the_same(
    client: TokenClient, tables: CountingTables
) -> None:
    """A made-up assertion costs as many reads at a directory with trust, at one without, and at none."""
    without, _ = await service.create(client.app, operator_actor(ACCOUNT), NewDirectory("Without"))
    counts = []
    for directory_id in (client.directory_id, without.id, "a" * 20):
        stranger = TokenClient(client.host, client.app, directory_id, "")
        own = []
        for _ in range(12):
            with tables.measured() as calls:
                assert (
                    await stranger.by_assertion("eyJhbGciOiJSUzI1NiIsImtpZCI6ImsifQ.e30.AA")
                ).status == 401
                own.append([kind for kind, _ in calls].count("get"))
            await client.app.background.drain()
        counts.append(own)
    assert counts[0] == counts[1] == counts[2]


@pytest.mark.clause("entra/federated")
async def test_the_issuer_is_that_of_the_deployments_cloud(
    clock: FixedClock, tables: CountingTables
) -> None:
    """Sovereign clouds sign in elsewhere (Microsoft Learn, "National clouds")."""
    from scim.oauth.jwks import issuer

    for cloud, host in (("global", "microsoftonline.com"), ("gcchigh", "microsoftonline.us")):
        app = App(Settings.read({"CLOUD": cloud}), clock, tables)
        assert (
            issuer(app, TrustedIdentity(tenant_id=CONTOSO, subject=SUBJECT, audiences=()))
            == f"https://login.{host}/{CONTOSO}/v2.0"
        )
