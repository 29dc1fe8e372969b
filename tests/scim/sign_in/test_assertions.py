"""Workload identity federation: Entra signs an assertion that replaces the client secret (RFC
7523).
"""

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
from shared.clock import timestamp
from shared.settings import Settings
from tests.clock import FixedClock
from tests.local.graph.fixtures import RunningSimulator
from tests.scim.sign_in.client import ACCOUNT, AUDIENCE, SUBJECT, TokenClient
from tests.scim.sign_in.conftest import host_of


@pytest.fixture
def sign(graph_simulator: RunningSimulator) -> Any:
    """Return a function that signs an assertion as Entra's provisioning service does; its arguments
    replace claims.
    """

    def signed(
        tenant_id: str = CONTOSO, audience: str = AUDIENCE, subject: str = SUBJECT, **more: Any
    ) -> str:
        return graph_simulator.simulator.provisioning_assertion(
            tenant_id, audience, subject, **more
        )

    return signed


@pytest.mark.clause("6749/7523-2.2", "entra/federated", "ipsie/auth")
async def test_an_assertion_gives_a_token_that_opens_scim(client: TokenClient, sign: Any) -> None:
    """RFC 7523 section 2.2: an assertion with Entra's signature is exchanged for an access token,
    without a secret.
    """
    answer = await client.by_assertion(sign())
    assert answer.body["expires_in"] == 3600
    assert answer.headers["cache-control"] == "no-store"
    assert await client.users(answer.token) == 200


@pytest.mark.clause("6749/7523-2.2")
@pytest.mark.parametrize("client_id", ["", "directory", "subject"])
async def test_client_id_is_left_out_or_names_the_client(
    client: TokenClient, sign: Any, client_id: str
) -> None:
    """RFC 7523 section 3: client_id is optional, but must identify the same client as the
    assertion.
    """
    value = {"": "", "directory": client.directory_id, "subject": SUBJECT}[client_id]
    assert (await client.by_assertion(sign(), client_id=value)).status == 200
    assert (await client.by_assertion(sign(), client_id="somebody-else")).status == 401


async def test_an_assertion_is_accepted_as_the_grant(client: TokenClient, sign: Any) -> None:
    """RFC 7523 section 2.1: the assertion is the authorization grant itself."""
    grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    assert (await client.post({"grant_type": grant, "assertion": sign()})).status == 200
    assert (await client.post({"grant_type": grant})).status == 400


async def refused(client: TokenClient, assertion: str, why: str) -> None:
    """Assert that the assertion gets 401 invalid_client with a description that contains `why`."""
    answer = await client.by_assertion(assertion)
    assert (answer.status, answer.body["error"]) == (401, "invalid_client")
    assert why in answer.body["error_description"]


async def logged(client: TokenClient) -> list[str]:
    """Return the texts of refused requests in the provisioning log, newest first."""
    await client.app.background.drain()
    page = await provisioning_log.read(
        client.app, client.directory_id, wanted=EventFilter(kinds=KINDS["refused"])
    )
    return [line.event.detail for line in page.lines]


async def not_trusted(client: TokenClient, assertion: str, why: str, **fields: str) -> None:
    """Assert that the response equals that of an unknown directory and that only the log has the
    reason `why`.
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
async def test_only_the_log_says_how_an_assertion_differs_from_the_trusted_one(
    client: TokenClient, sign: Any, change: dict[str, Any], why: str
) -> None:
    """The response must not reveal that a directory exists, or which company owns it."""
    await not_trusted(client, sign(**change), why)


async def test_the_log_has_the_expected_issuer_audiences_and_subject(
    client: TokenClient, sign: Any, clock: FixedClock
) -> None:
    """The administrator compares them; each kind of fault is logged at most once a minute."""
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
    """An attacker who alternates between forged assertions and wrong tokens still causes one line a
    minute.
    """
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
async def test_a_wrong_time_claim_is_named_in_the_response(
    client: TokenClient, sign: Any, change: dict[str, Any], why: str
) -> None:
    """RFC 7523 section 3: the fault doesn't depend on the directory, so an unknown one gives the
    same response. The log has it too.
    """
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
    "text", ["x", "a.b.c", "....", "\u00e9.\u00e9.\u00e9", "e30.e30.e30", "x" * 20_000]
)
async def test_a_malformed_assertion_is_refused(client: TokenClient, text: str) -> None:
    """Text that isn't a JWT gets 401, never a 500."""
    answer = await client.by_assertion(text)
    assert (answer.status, answer.body["error"]) == (401, "invalid_client")


@pytest.mark.clause("6749/7523-3-jti", "ipsie/replay")
async def test_an_assertion_is_accepted_once(client: TokenClient, sign: Any, app: App) -> None:
    """RFC 7523 section 3, item 7: a used `jti` is refused, also on another instance and at the same
    moment.
    """
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


async def test_an_assertion_without_a_jti_works_until_it_expires(
    client: TokenClient, sign: Any, clock: FixedClock
) -> None:
    """RFC 7523 section 3: `jti` is optional. Entra's tokens may have none, and Entra uses them
    again.
    """
    assertion = sign(jti=None)
    for _ in range(2):
        assert (await client.by_assertion(assertion)).status == 200
    clock.advance(3599 + 61)
    await refused(client, assertion, "exp")


async def test_keys_are_fetched_once_and_again_when_entra_rotates(
    client: TokenClient, sign: Any, graph_simulator: RunningSimulator, clock: FixedClock
) -> None:
    """Microsoft Learn, "Signing key rollover": keys are cached by `kid`, and an unknown `kid`
    fetches them again.
    """
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


async def test_a_withdrawn_key_is_refused_after_a_day(
    client: TokenClient, sign: Any, graph_simulator: RunningSimulator, clock: FixedClock
) -> None:
    """An instance caches keys for 24 hours at most, as docs/operations.md says."""
    now = int(clock.now().timestamp())
    first, last = (sign(iat=now, nbf=now, exp=now + 25 * 3600) for _ in range(2))
    assert (await client.by_assertion(sign())).status == 200
    graph_simulator.simulator.keys.rotate(keep=0)
    clock.advance(24 * 3600 - 1)
    assert (await client.by_assertion(first)).status == 200
    clock.advance(2)
    assert (await client.by_assertion(last)).status == 401


async def test_invented_kids_do_not_make_a_flood_of_fetches(
    client: TokenClient, sign: Any, graph_simulator: RunningSimulator
) -> None:
    """Keys are fetched at most once in 30 seconds, whatever `kid` assertions have."""
    for _ in range(20):
        assert (await client.by_assertion(sign(forged=True))).status == 401
    assert graph_simulator.simulator.counters.calls("keys") == 1


async def test_a_login_service_that_is_down_is_a_503(
    client: TokenClient, sign: Any, clock: FixedClock
) -> None:
    """503 asks the client to retry. Keys that are cached work during the outage."""
    down = replace(client.app.settings, login_url="http://127.0.0.1:9")
    app = App(down, clock, CountingTables(client.app.tables))
    elsewhere = TokenClient(host_of(app), app, client.directory_id, "")
    answer = await elsewhere.by_assertion(sign(iss=f"http://127.0.0.1:9/{CONTOSO}/v2.0"))
    assert (answer.status, answer.headers["retry-after"]) == (503, "10")
    await app.background.drain()
    await elsewhere.host.stop()


async def test_removing_trust_ends_assertions_and_their_tokens(
    client: TokenClient, sign: Any
) -> None:
    """After the trusted identity is removed, assertions and access tokens issued for them get
    401.
    """
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
async def test_an_access_token_is_refused_after_its_identity_is_replaced(
    client: TokenClient, sign: Any, clock: FixedClock, other: TrustedIdentity
) -> None:
    """Every instance refuses it within 30 seconds, also if no identity was trusted in between."""
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


async def test_an_access_token_of_an_older_release_works_until_it_expires(
    client: TokenClient, clock: FixedClock
) -> None:
    """Older rows contain "trust" instead of a fingerprint. An upgrade must not interrupt
    provisioning, and they expire within an hour.
    """
    plain = tokens.new_secret(tokens.ACCESS_PREFIX)
    expires = timestamp(clock.now() + timedelta(minutes=10))
    row = insert_access(tokens.digest(plain), Access("trust", expires))
    assert b'"trust":' not in row.value.replace(b'"by":"trust"', b"")
    await client.app.tables.transact("directories", client.directory_id, [row])
    assert await client.users(plain) == 200
    clock.advance(600)
    assert await client.users(plain) == 401


async def test_a_forged_assertion_costs_the_same_at_every_directory(
    client: TokenClient, tables: CountingTables
) -> None:
    """The number of reads doesn't reveal whether a directory exists or trusts an identity."""
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
    """Microsoft Learn, "National clouds": each sovereign cloud has its own sign-in service, which
    is the issuer.
    """
    from scim.oauth.jwks import issuer

    for cloud, host in (("global", "microsoftonline.com"), ("gcchigh", "microsoftonline.us")):
        app = App(Settings.read({"CLOUD": cloud}), clock, tables)
        assert (
            issuer(app, TrustedIdentity(tenant_id=CONTOSO, subject=SUBJECT, audiences=()))
            == f"https://login.{host}/{CONTOSO}/v2.0"
        )
