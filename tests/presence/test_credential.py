"""Tokens by msal, and each of its pitfalls (msal 1.39)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msal
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from local.graph.simulator import (
    CONTOSO,
    FABRIKAM,
    HOME_TENANT_ID,
    IDENTITY_CLIENT_ID,
    IDENTITY_HEADER,
    Simulator,
)
from presence.graph import tokens
from presence.graph.failure_reasons import Fault
from presence.graph.token_provider import Control, Credential
from shared import log
from shared.clock import FixedClock, SystemClock
from tests.local.graph.fixtures import RunningSimulator
from tests.presence.world import settings_for
from tests.rounds import rounds

NOBODY = "11111111-2222-4333-8444-555555555555"


@pytest.fixture
async def credential(graph_simulator: RunningSimulator) -> AsyncIterator[Credential]:
    """With a secret, for two tenants that have consented."""
    for tenant_id in (CONTOSO, FABRIKAM):
        graph_simulator.simulator.consent(tenant_id)
    found = Credential(settings_for(graph_simulator), SystemClock())
    yield found
    await found.close()


def calls(running: RunningSimulator, endpoint: str = "token") -> int:
    return running.simulator.counters.calls(endpoint)


async def reason_of(credential: Credential, tenant_id: str = CONTOSO) -> str:
    with pytest.raises(Fault) as raised:
        await credential.token(tenant_id)
    return raised.value.reason


async def test_a_token_is_asked_for_once(
    graph_simulator: RunningSimulator, credential: Credential
) -> None:
    """AADSTS50196 loop detection: metadata and token come from memory afterwards (reference-error-codes)."""
    tokens = [await credential.token(CONTOSO) for _ in range(3)]
    assert len({token.value for token in tokens}) == 1
    assert (tokens[0].tenant_id, tokens[0].may_read_presence) == (CONTOSO, True)
    assert (calls(graph_simulator), calls(graph_simulator, "discovery")) == (1, 1)


async def test_each_tenant_has_a_token_of_its_own(credential: Credential) -> None:
    """One application object is one authority: tokens never cross tenants."""
    assert (await credential.token(CONTOSO)).tenant_id == CONTOSO
    assert (await credential.token(FABRIKAM)).tenant_id == FABRIKAM


async def test_dropping_one_tenants_token_leaves_the_others(
    graph_simulator: RunningSimulator, credential: Credential
) -> None:
    """With a shared cache msal's remove_tokens_for_client() would empty it for all tenants."""
    kept = await credential.token(FABRIKAM)
    first = await credential.token(CONTOSO)
    credential.drop(CONTOSO)
    assert await credential.token(FABRIKAM) == kept
    assert (await credential.token(CONTOSO)).value != first.value


async def test_msal_would_remove_the_tokens_of_all_tenants(
    graph_simulator: RunningSimulator,
) -> None:
    """The pitfall itself, so that it is noticed when msal changes."""
    from presence.graph.msal_http import LoginHttp

    cache, http = msal.TokenCache(), LoginHttp(graph_simulator.url)
    clients = []
    for tenant_id in (CONTOSO, FABRIKAM):
        graph_simulator.simulator.consent(tenant_id)
        settings = settings_for(graph_simulator)
        client = msal.ConfidentialClientApplication(
            settings.presence_client_id,
            client_credential=settings.presence_client_secret,
            authority=http.authority(tenant_id),
            instance_discovery=False,
            token_cache=cache,
            http_client=http,
        )
        client.acquire_token_for_client(["https://graph.microsoft.com/.default"])
        clients.append(client)
    clients[0].remove_tokens_for_client()
    assert not list(cache.search(msal.TokenCache.CredentialType.ACCESS_TOKEN))
    http.close()


async def test_consent_is_seen_although_the_refusal_is_remembered(
    graph_simulator: RunningSimulator, credential: Credential
) -> None:
    """msal serves a 400 again for 60 seconds; a fresh token looks past that (msal 1.39)."""
    graph_simulator.simulator.delete_principal(CONTOSO)
    with pytest.raises(Fault):
        await credential.fresh_token(CONTOSO)
    graph_simulator.simulator.consent(CONTOSO)
    assert (await credential.fresh_token(CONTOSO)).may_read_presence


async def test_a_fresh_token_is_left_in_no_cache(
    graph_simulator: RunningSimulator, credential: Credential
) -> None:
    """The probe's cache is thrown away."""
    fresh = await credential.fresh_token(CONTOSO)
    assert (await credential.token(CONTOSO)).value != fresh.value


async def test_a_token_without_the_role_is_not_kept(
    graph_simulator: RunningSimulator, credential: Credential
) -> None:
    """It would be served for an hour after the role has come."""
    graph_simulator.simulator.remove_role(CONTOSO)
    assert await reason_of(credential) == "no_role"
    graph_simulator.simulator.consent(CONTOSO)
    assert (await credential.token(CONTOSO)).may_read_presence


async def test_an_unknown_tenant_is_a_reason_not_an_exception(credential: Credential) -> None:
    """msal raises ValueError in the constructor (AADSTS90002)."""
    assert await reason_of(credential, NOBODY) == "tenant_not_found"


async def test_a_throttled_metadata_call_is_not_an_unknown_tenant(
    graph_simulator: RunningSimulator, credential: Credential
) -> None:
    """msal raises the same ValueError for 429; the answer itself tells them apart."""
    graph_simulator.simulator.faults.on("discovery.429", retry_after=7)
    with pytest.raises(Fault) as raised:
        await credential.token(CONTOSO)
    assert (raised.value.reason, raised.value.retry_after) == ("throttled", 7)


@pytest.mark.parametrize(
    "fault", ["discovery.503", "discovery.drop", "discovery.garbage", "token.503", "token.drop"]
)
async def test_an_outage_is_passing(
    graph_simulator: RunningSimulator, credential: Credential, fault: str
) -> None:
    """5xx, broken connections and proxies' pages don't mean that consent was withdrawn."""
    graph_simulator.simulator.faults.on(fault)
    assert await reason_of(credential) == "unavailable"


async def test_a_login_service_that_names_another_address_is_not_followed(
    graph_simulator: RunningSimulator, credential: Credential
) -> None:
    """The credential goes to the configured origin only."""
    from presence.graph.msal_http import LoginHttp

    http = LoginHttp(graph_simulator.url)
    with pytest.raises(ValueError, match="not its own"):
        http.post("https://evil.example/token")
    http.close()


async def test_no_more_tenants_are_kept_than_fit(
    graph_simulator: RunningSimulator, credential: Credential, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cache of tokens is bounded; the least recently used one is evicted."""
    monkeypatch.setattr("presence.graph.token_provider.MAX_TENANTS", 1)
    credential = Credential(settings_for(graph_simulator), SystemClock())
    await credential.token(CONTOSO)
    await credential.token(FABRIKAM)
    await credential.token(CONTOSO)
    assert calls(graph_simulator) == 3


async def test_a_managed_identity_proves_the_app(
    graph_simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Federated credential: no secret anywhere; the identity's own token is asked for once for all tenants."""
    simulator = identity(graph_simulator, monkeypatch)
    credential = Credential(_with_identity(graph_simulator), SystemClock())
    for tenant_id in (CONTOSO, FABRIKAM):
        simulator.consent(tenant_id)
        assert (await credential.token(tenant_id)).may_read_presence
    assert calls(graph_simulator, "msi") == 1
    await credential.close()


async def test_the_assertion_is_made_only_when_a_token_is_asked_for(
    graph_simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A callable, not a string that would go stale: a token from memory needs none."""
    simulator = identity(graph_simulator, monkeypatch)
    simulator.consent(CONTOSO)
    credential = Credential(_with_identity(graph_simulator), SystemClock())
    await credential.token(CONTOSO)
    before = calls(graph_simulator, "msi")
    await credential.token(CONTOSO)
    assert calls(graph_simulator, "msi") == before
    await credential.close()


async def test_an_identity_that_is_not_trusted_is_the_operators_fault(
    graph_simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AADSTS70021x: wrong issuer, subject or audience fail at the exchange (Entra: app-trust-managed-identity)."""
    simulator = identity(graph_simulator, monkeypatch)
    simulator.consent(CONTOSO)
    simulator.application.federated.clear()
    credential = Credential(_with_identity(graph_simulator), SystemClock())
    assert await reason_of(credential) == "own_credential"
    await credential.close()


async def test_an_identity_endpoint_that_refuses_is_the_operators_fault(
    graph_simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proof cannot even be made."""
    simulator = identity(graph_simulator, monkeypatch)
    simulator.consent(CONTOSO)
    monkeypatch.setenv("IDENTITY_HEADER", "wrong")
    credential = Credential(_with_identity(graph_simulator), SystemClock())
    assert await reason_of(credential) == "own_credential"
    await credential.close()


async def test_a_certificate_proves_the_app(
    graph_simulator: RunningSimulator, tmp_path: Path
) -> None:
    """For machines without a managed identity: one PEM file with certificate and key."""
    pem, public = _certificate()
    (tmp_path / "app.pem").write_text(pem)
    graph_simulator.simulator.consent(CONTOSO)
    graph_simulator.simulator.application.certificates.append(public)
    settings = settings_for(
        graph_simulator, PRESENCE_CLIENT_SECRET="", PRESENCE_CERTIFICATE=str(tmp_path / "app.pem")
    )
    credential = Credential(settings, SystemClock())
    assert (await credential.token(CONTOSO)).may_read_presence
    await credential.close()


async def test_a_certificate_that_cannot_be_read_is_the_operators_fault(
    graph_simulator: RunningSimulator, tmp_path: Path
) -> None:
    """A missing or broken file is no exception in the middle of a sync."""
    (tmp_path / "broken.pem").write_text("no certificate")
    for name in ("missing.pem", "broken.pem"):
        settings = settings_for(
            graph_simulator, PRESENCE_CLIENT_SECRET="", PRESENCE_CERTIFICATE=str(tmp_path / name)
        )
        credential = Credential(settings, SystemClock())
        assert await reason_of(credential) == "own_credential"
        await credential.close()


async def test_without_a_registration_nothing_is_asked(graph_simulator: RunningSimulator) -> None:
    """A deployment that has no presence app yet reports that."""
    credential = Credential(settings_for(graph_simulator, PRESENCE_CLIENT_ID=""), SystemClock())
    assert not credential.is_set_up
    assert await reason_of(credential) == "not_set_up"
    assert calls(graph_simulator, "discovery") == 0


def _certificate() -> tuple[str, Any]:
    """A self-signed certificate with its key as PEM, and the public key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "presence")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return (
        certificate.public_bytes(serialization.Encoding.PEM) + private
    ).decode(), key.public_key()


def identity(running: RunningSimulator, monkeypatch: pytest.MonkeyPatch) -> Simulator:
    """The environment that App Service gives to an app with a managed identity."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{running.url}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", IDENTITY_HEADER)
    running.simulator.trust_managed_identity()
    return running.simulator


def _with_identity(running: RunningSimulator):  # type: ignore[no-untyped-def]
    return settings_for(
        running, MANAGED_IDENTITY_CLIENT_ID=IDENTITY_CLIENT_ID, PRESENCE_CLIENT_SECRET=""
    )


async def test_a_token_that_is_nearly_over_is_not_used(
    graph_simulator: RunningSimulator, credential: Credential
) -> None:
    """msal subtracts five minutes; a token that lives for four is requested each time (msal 1.39)."""
    graph_simulator.simulator.options.token_lifetime = 240
    first, second = await credential.token(CONTOSO), await credential.token(CONTOSO)
    assert first.value != second.value
    assert calls(graph_simulator, "discovery") == 1


async def test_a_login_service_that_hangs_is_given_up(
    graph_simulator: RunningSimulator, credential: Credential, monkeypatch: pytest.MonkeyPatch
) -> None:
    """msal's own session has no timeout; ours has."""
    monkeypatch.setattr("presence.graph.msal_http._TIMEOUT", (0.2, 0.2))
    graph_simulator.simulator.faults.on("token.hang")
    assert await reason_of(credential) == "unavailable"


async def test_an_object_that_was_refused_is_not_asked_again(
    graph_simulator: RunningSimulator, credential: Credential
) -> None:
    """It would repeat the 400 for a minute without a call (msal 1.39)."""
    graph_simulator.simulator.options.token_lifetime = 1
    await credential.token(CONTOSO)
    graph_simulator.simulator.delete_principal(CONTOSO)
    assert await reason_of(credential) == "deleted"
    graph_simulator.simulator.consent(CONTOSO)
    assert (await credential.token(CONTOSO)).may_read_presence


async def test_a_token_that_is_dropped_while_it_is_fetched_is_not_kept(
    graph_simulator: RunningSimulator, credential: Credential
) -> None:
    """Access is removed at that moment: "drops tokens at once"."""
    graph_simulator.simulator.faults.on("token.hang")
    (hanging,) = graph_simulator.simulator.faults.active()
    fetching = asyncio.create_task(credential.token(CONTOSO))
    for _ in rounds():
        if hanging.hits:
            break
        await asyncio.sleep(0.001)
    credential.drop(CONTOSO)
    graph_simulator.simulator.faults.off()
    first = await fetching
    assert (await credential.token(CONTOSO)).value != first.value


async def test_one_fetch_at_a_time_for_a_tenant(
    graph_simulator: RunningSimulator, credential: Credential
) -> None:
    """Sync and looks on demand want a token at once: one call (AADSTS50196, loop detection)."""
    tokens = await asyncio.gather(*(credential.token(CONTOSO) for _ in range(20)))
    assert len({token.value for token in tokens}) == 1
    assert calls(graph_simulator) == 1


@pytest.mark.parametrize("value", ["", "a.b", "a.!!.c", "a.bnVsbA.c", "opaque"])
def test_a_token_that_cannot_be_read_is_not_taken_for_roleless(value: str) -> None:
    """Only Graph reads its tokens; its answer decides."""
    assert tokens.read(value).may_read_presence


async def test_a_sign_in_that_hangs_for_one_tenant_delays_no_other(
    graph_simulator: RunningSimulator, credential: Credential
) -> None:
    """msal blocks its thread: there are enough for others."""
    graph_simulator.simulator.faults.on("token.hang", tenant=CONTOSO)
    (fault,) = graph_simulator.simulator.faults.active()
    hanging = asyncio.create_task(credential.token(CONTOSO))
    for _ in rounds():
        if fault.hits:
            break
        await asyncio.sleep(0.001)
    assert (await asyncio.wait_for(credential.token(FABRIKAM), 5)).may_read_presence
    assert not hanging.done()
    graph_simulator.simulator.faults.off()
    await hanging


async def test_the_control_asks_again_whether_our_own_credential_works(
    graph_simulator: RunningSimulator, credential: Credential
) -> None:
    """A token of the own tenant in memory proves nothing: a company would be told that it had withdrawn consent."""
    graph_simulator.simulator.consent(HOME_TENANT_ID)
    await credential.token(HOME_TENANT_ID)
    graph_simulator.simulator.application.secrets.clear()
    with pytest.raises(Fault) as raised:
        await credential.fresh_token(CONTOSO)
    assert raised.value.is_doubtful
    assert (
        await Control(credential, SystemClock(), HOME_TENANT_ID).attribute_fault(raised.value)
        == "own_credential"
    )


async def test_ten_thousand_tenants_cost_ten_thousand_token_calls_per_lifetime(
    graph_simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked in the same order each interval, as the timer does, which would evict every entry of a small cache.

    Each instance has tokens of its own, because bearer tokens aren't written to storage
    (microsoft-authentication-library-for-dotnet#2976, #3063).
    """
    asked = 0

    async def fresh(self: Credential, tenant_id: str) -> tokens.Token:
        nonlocal asked
        asked += 1
        return tokens.Token(f"token-{tenant_id}-{asked}", tenant_id, frozenset({tokens.ROLE}), 3599)

    monkeypatch.setattr(Credential, "fresh_token", fresh)
    clock = FixedClock()
    instances = [Credential(settings_for(graph_simulator), clock) for _ in range(2)]
    for turn in range(4):
        for number in range(10_000):
            await instances[turn % 2].token(f"tenant-{number}")
        clock.advance(600)
    assert asked == 20_000  # two instances
    clock.advance(1200)
    for number in range(10_000):
        await instances[0].token(f"tenant-{number}")
    assert asked == 30_000  # the tokens of the first instance have expired
    for one in instances:
        await one.close()


async def test_a_line_of_msals_thread_belongs_to_the_call(credential: Credential) -> None:
    """The thread has the context of its caller, so that its log lines carry the call's dimensions."""
    call = log.begin("presence_sync")
    try:
        assert await credential._in_thread(log.current) is call
    finally:
        log.end()
