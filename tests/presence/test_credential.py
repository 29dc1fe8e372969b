"""Access tokens from msal, and the pitfalls of msal 1.39."""

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
from shared.clock import SystemClock
from tests.clock import FixedClock
from tests.local.graph.fixtures import RunningSimulator
from tests.presence.world import settings_for
from tests.rounds import rounds

NOBODY = "11111111-2222-4333-8444-555555555555"


@pytest.fixture
async def credential(graph_simulator: RunningSimulator) -> AsyncIterator[Credential]:
    """Yield a Credential with a client secret; two tenants have consented."""
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


async def test_a_token_is_requested_once(
    graph_simulator: RunningSimulator, credential: Credential
) -> None:
    """Metadata and token are cached, because Entra refuses clients that repeat a request
    (AADSTS50196).
    """
    tokens = [await credential.token(CONTOSO) for _ in range(3)]
    assert len({token.value for token in tokens}) == 1
    assert (tokens[0].tenant_id, tokens[0].may_read_presence) == (CONTOSO, True)
    assert (calls(graph_simulator), calls(graph_simulator, "discovery")) == (1, 1)


async def test_each_tenant_has_a_token_of_its_own(credential: Credential) -> None:
    """One msal application object has one authority, so tokens of tenants are never mixed."""
    assert (await credential.token(CONTOSO)).tenant_id == CONTOSO
    assert (await credential.token(FABRIKAM)).tenant_id == FABRIKAM


async def test_dropping_one_tenants_token_leaves_the_others(
    graph_simulator: RunningSimulator, credential: Credential
) -> None:
    """With a shared cache msal's remove_tokens_for_client() would remove those of all tenants."""
    kept = await credential.token(FABRIKAM)
    first = await credential.token(CONTOSO)
    credential.drop(CONTOSO)
    assert await credential.token(FABRIKAM) == kept
    assert (await credential.token(CONTOSO)).value != first.value


async def test_msal_would_remove_the_tokens_of_all_tenants(
    graph_simulator: RunningSimulator,
) -> None:
    """This is the pitfall itself: the test fails if a new version of msal no longer has it."""
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


async def test_consent_is_noticed_although_msal_caches_the_refusal(
    graph_simulator: RunningSimulator, credential: Credential
) -> None:
    """msal returns a cached 400 for 60 seconds; a fresh token bypasses that cache."""
    graph_simulator.simulator.delete_principal(CONTOSO)
    with pytest.raises(Fault):
        await credential.fresh_token(CONTOSO)
    graph_simulator.simulator.consent(CONTOSO)
    assert (await credential.fresh_token(CONTOSO)).may_read_presence


async def test_a_fresh_token_is_not_cached(
    graph_simulator: RunningSimulator, credential: Credential
) -> None:
    """A check uses a cache of its own, which is discarded."""
    fresh = await credential.fresh_token(CONTOSO)
    assert (await credential.token(CONTOSO)).value != fresh.value


async def test_a_token_without_the_role_is_not_cached(
    graph_simulator: RunningSimulator, credential: Credential
) -> None:
    """It would be used for an hour after the role was granted."""
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
    """msal raises the same ValueError for a 429; the response distinguishes them."""
    graph_simulator.simulator.faults.on("discovery.429", retry_after=7)
    with pytest.raises(Fault) as raised:
        await credential.token(CONTOSO)
    assert (raised.value.reason, raised.value.retry_after) == ("throttled", 7)


@pytest.mark.parametrize(
    "fault", ["discovery.503", "discovery.drop", "discovery.garbage", "token.503", "token.drop"]
)
async def test_an_outage_is_a_passing_error(
    graph_simulator: RunningSimulator, credential: Credential, fault: str
) -> None:
    """5xx responses, broken connections and pages of proxies don't mean that consent was
    withdrawn.
    """
    graph_simulator.simulator.faults.on(fault)
    assert await reason_of(credential) == "unavailable"


async def test_metadata_with_another_origin_is_refused(
    graph_simulator: RunningSimulator, credential: Credential
) -> None:
    """The credential is sent to the configured origin only."""
    from presence.graph.msal_http import LoginHttp

    http = LoginHttp(graph_simulator.url)
    with pytest.raises(ValueError, match="not its own"):
        http.post("https://evil.example/token")
    http.close()


async def test_the_token_cache_has_a_maximum_size(
    graph_simulator: RunningSimulator, credential: Credential, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The least recently used token is evicted."""
    monkeypatch.setattr("presence.graph.token_provider.MAX_TENANTS", 1)
    credential = Credential(settings_for(graph_simulator), SystemClock())
    await credential.token(CONTOSO)
    await credential.token(FABRIKAM)
    await credential.token(CONTOSO)
    assert calls(graph_simulator) == 3


async def test_a_managed_identity_authenticates_the_app(
    graph_simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Federated credential: no secret exists, and one token of the identity serves all tenants."""
    simulator = identity(graph_simulator, monkeypatch)
    credential = Credential(_with_identity(graph_simulator), SystemClock())
    for tenant_id in (CONTOSO, FABRIKAM):
        simulator.consent(tenant_id)
        assert (await credential.token(tenant_id)).may_read_presence
    assert calls(graph_simulator, "msi") == 1
    await credential.close()


async def test_the_assertion_is_created_only_for_a_token_request(
    graph_simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """msal gets a function that creates it, because a string would expire; a cached token needs
    none.
    """
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
    """AADSTS70021x: a wrong issuer, subject or audience fails the exchange (Microsoft Learn,
    "app-trust-managed-identity").
    """
    simulator = identity(graph_simulator, monkeypatch)
    simulator.consent(CONTOSO)
    simulator.application.federated.clear()
    credential = Credential(_with_identity(graph_simulator), SystemClock())
    assert await reason_of(credential) == "own_credential"
    await credential.close()


async def test_an_identity_endpoint_that_refuses_is_the_operators_fault(
    graph_simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """App Service returns no token for the identity, so there is no assertion."""
    simulator = identity(graph_simulator, monkeypatch)
    simulator.consent(CONTOSO)
    monkeypatch.setenv("IDENTITY_HEADER", "wrong")
    credential = Credential(_with_identity(graph_simulator), SystemClock())
    assert await reason_of(credential) == "own_credential"
    await credential.close()


async def test_a_certificate_authenticates_the_app(
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
    """A missing or malformed file is a fault with a reason, not an exception that stops a sync."""
    (tmp_path / "broken.pem").write_text("no certificate")
    for name in ("missing.pem", "broken.pem"):
        settings = settings_for(
            graph_simulator, PRESENCE_CLIENT_SECRET="", PRESENCE_CERTIFICATE=str(tmp_path / name)
        )
        credential = Credential(settings, SystemClock())
        assert await reason_of(credential) == "own_credential"
        await credential.close()


async def test_without_a_registration_microsoft_is_not_called(
    graph_simulator: RunningSimulator,
) -> None:
    """A deployment without an app registration reports that."""
    credential = Credential(settings_for(graph_simulator, PRESENCE_CLIENT_ID=""), SystemClock())
    assert not credential.is_set_up
    assert await reason_of(credential) == "not_set_up"
    assert calls(graph_simulator, "discovery") == 0


def _certificate() -> tuple[str, Any]:
    """Return a self-signed certificate with its key as PEM, and the public key."""
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
    """Set the environment variables of a managed identity, and return the simulator."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{running.url}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", IDENTITY_HEADER)
    running.simulator.trust_managed_identity()
    return running.simulator


def _with_identity(running: RunningSimulator):  # type: ignore[no-untyped-def]
    return settings_for(
        running, MANAGED_IDENTITY_CLIENT_ID=IDENTITY_CLIENT_ID, PRESENCE_CLIENT_SECRET=""
    )


async def test_a_token_that_expires_soon_is_not_reused(
    graph_simulator: RunningSimulator, credential: Credential
) -> None:
    """msal treats tokens as expired five minutes early, so one that is valid for four is requested
    each time.
    """
    graph_simulator.simulator.options.token_lifetime = 240
    first, second = await credential.token(CONTOSO), await credential.token(CONTOSO)
    assert first.value != second.value
    assert calls(graph_simulator, "discovery") == 1


async def test_a_sign_in_service_that_hangs_times_out(
    graph_simulator: RunningSimulator, credential: Credential, monkeypatch: pytest.MonkeyPatch
) -> None:
    """msal's own session has no timeout; the app's session has one."""
    monkeypatch.setattr("presence.graph.msal_http._TIMEOUT", (0.2, 0.2))
    graph_simulator.simulator.faults.on("token.hang")
    assert await reason_of(credential) == "unavailable"


async def test_after_a_refusal_a_new_msal_object_is_used(
    graph_simulator: RunningSimulator, credential: Credential
) -> None:
    """The old object would return the cached 400 for a minute (msal 1.39)."""
    graph_simulator.simulator.options.token_lifetime = 1
    await credential.token(CONTOSO)
    graph_simulator.simulator.delete_principal(CONTOSO)
    assert await reason_of(credential) == "deleted"
    graph_simulator.simulator.consent(CONTOSO)
    assert (await credential.token(CONTOSO)).may_read_presence


async def test_a_token_dropped_during_its_request_is_not_cached(
    graph_simulator: RunningSimulator, credential: Credential
) -> None:
    """Access was removed at that moment, so the next call requests a new token."""
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


async def test_concurrent_calls_for_a_tenants_token_make_one_request(
    graph_simulator: RunningSimulator, credential: Credential
) -> None:
    """The sync and refreshes on demand share it (AADSTS50196, loop detection)."""
    tokens = await asyncio.gather(*(credential.token(CONTOSO) for _ in range(20)))
    assert len({token.value for token in tokens}) == 1
    assert calls(graph_simulator) == 1


@pytest.mark.parametrize("value", ["", "a.b", "a.!!.c", "a.bnVsbA.c", "opaque"])
def test_a_token_that_cannot_be_parsed_is_used(value: str) -> None:
    """Tokens are for Graph, so its response decides whether the role is there."""
    assert tokens.parse(value).may_read_presence


async def test_a_sign_in_that_hangs_for_one_tenant_delays_no_other(
    graph_simulator: RunningSimulator, credential: Credential
) -> None:
    """msal blocks a thread; other tenants have further threads."""
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


async def test_the_own_credential_is_checked_with_a_new_token(
    graph_simulator: RunningSimulator, credential: Credential
) -> None:
    """A cached token proves nothing; otherwise a company would be said to have withdrawn
    consent.
    """
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
    """The timer uses the tenants in the same order each interval, which would evict every entry of
    a smaller cache.

    Each instance has its own tokens, because bearer tokens aren't written to storage
    (microsoft-authentication-library-for-dotnet issues 2976 and 3063).
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


async def test_a_log_line_of_msals_thread_has_the_callers_dimensions(
    credential: Credential,
) -> None:
    """The thread runs with the context of its caller."""
    call = log.begin("presence_sync")
    try:
        assert await credential._in_thread(log.current) is call
    finally:
        log.end()
