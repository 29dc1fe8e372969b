"""The token endpoint for applications, called by real msal (Microsoft Learn,
"v2-oauth2-client-creds-grant-flow").
"""

from typing import Any

import jwt
import pytest

from local.graph.login_errors import KINDS
from local.graph.simulator import CLIENT_ID, CLIENT_SECRET, CONTOSO, FABRIKAM
from tests.clock import FixedClock
from tests.local.graph.calls import GRAPH_SCOPE, app_token, ask, call, msal_client
from tests.local.graph.fixtures import RunningSimulator


async def ask_token(
    running: RunningSimulator, tenant: str, **changes: str
) -> tuple[int, Any, dict[str, str]]:
    """Request a token without msal; return status, JSON and headers."""
    fields = {
        "grant_type": "client_credentials",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "scope": GRAPH_SCOPE,
    }
    fields = {name: value for name, value in (fields | changes).items() if value}
    return await call(f"{running.login_url}/{tenant}/oauth2/v2.0/token", "POST", data=fields)


async def test_a_consented_tenant_gives_a_token_that_graph_accepts(
    graph_simulator: RunningSimulator,
) -> None:
    """The client credentials flow works from the metadata to a presence."""
    graph_simulator.simulator.consent(CONTOSO)
    result = app_token(graph_simulator, CONTOSO)
    ids = graph_simulator.simulator.tenants[CONTOSO].object_ids(0, 3)
    status, body, _ = await ask(graph_simulator, ids, result["access_token"])
    assert status == 200
    assert sorted(one["id"] for one in body["value"]) == ids


async def test_an_app_only_token_names_its_tenant_and_roles(
    graph_simulator: RunningSimulator,
) -> None:
    """The access token has the claims tid, iss, aud, appid, idtyp and roles."""
    graph_simulator.simulator.consent(CONTOSO)
    token = app_token(graph_simulator, CONTOSO)["access_token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["tid"] == CONTOSO
    assert claims["iss"] == f"{graph_simulator.login_url}/{CONTOSO}/v2.0"
    assert claims["aud"] == "https://graph.microsoft.com"
    assert (claims["appid"], claims["idtyp"]) == (CLIENT_ID, "app")
    assert claims["roles"] == ["Presence.Read.All"]


@pytest.mark.parametrize(
    ("code", "error"), [(700016, "unauthorized_client"), (7000229, "invalid_client")]
)
def test_without_a_service_principal_there_is_no_token(
    graph_simulator: RunningSimulator, code: int, error: str
) -> None:
    """Without a service principal, an option chooses between the two errors that Microsoft returns: for a
    tenant that never consented, and after the enterprise application was deleted.
    """
    graph_simulator.simulator.options.missing_principal = code
    result = app_token(graph_simulator, CONTOSO)
    assert (result["error"], result["error_codes"]) == (error, [code])


async def test_consent_of_one_tenant_is_not_consent_of_another(
    graph_simulator: RunningSimulator,
) -> None:
    """Each tenant has its own service principal of the application."""
    graph_simulator.simulator.consent(CONTOSO)
    assert app_token(graph_simulator, FABRIKAM)["error_codes"] == [700016]


async def test_a_removed_permission_gives_a_token_without_roles_that_graph_refuses(
    graph_simulator: RunningSimulator,
) -> None:
    """Graph responds with 403 to a token without roles (Microsoft Learn: “App-only tokens can be issued
    without a roles claim”).
    """
    graph_simulator.simulator.consent(CONTOSO)
    graph_simulator.simulator.remove_role(CONTOSO)
    token = app_token(graph_simulator, CONTOSO)["access_token"]
    assert "roles" not in jwt.decode(token, options={"verify_signature": False})
    status, body, _ = await ask(graph_simulator, [CONTOSO], token)
    assert (status, body["error"]["code"]) == (403, "Forbidden")


async def test_an_older_token_outlives_the_consent(graph_simulator: RunningSimulator) -> None:
    """An app-only token is valid until it expires, even if the administrator removes the consent."""
    simulator = graph_simulator.simulator
    simulator.consent(CONTOSO)
    token = app_token(graph_simulator, CONTOSO)["access_token"]
    simulator.delete_principal(CONTOSO)
    assert app_token(graph_simulator, CONTOSO)["error_codes"] == [700016]
    assert (await ask(graph_simulator, [simulator.tenants[CONTOSO].object_id(0)], token))[0] == 200


def test_a_disabled_application_gets_no_token(graph_simulator: RunningSimulator) -> None:
    """The error is AADSTS7000112."""
    graph_simulator.simulator.disable(CONTOSO)
    result = app_token(graph_simulator, CONTOSO)
    assert (result["error"], result["error_codes"]) == ("unauthorized_client", [7000112])


def test_a_number_of_tokens_after_consent_lacks_the_role(graph_simulator: RunningSimulator) -> None:
    """An option sets how many tokens after the consent lack the role (Microsoft Learn: “Admin consent not
    reflected immediately”).
    """
    graph_simulator.simulator.options.consent_delay_tokens = 2
    graph_simulator.simulator.consent(CONTOSO)
    tokens = [app_token(graph_simulator, CONTOSO)["access_token"] for _ in range(3)]
    have = ["roles" in jwt.decode(token, options={"verify_signature": False}) for token in tokens]
    assert have == [False, False, True]


def test_tokens_lack_the_role_for_a_time_after_consent(graph_simulator: RunningSimulator) -> None:
    """An option sets for how many seconds after the consent tokens lack the role."""
    clock = graph_simulator.simulator.clock = FixedClock()
    graph_simulator.simulator.options.consent_delay = 60
    graph_simulator.simulator.consent(CONTOSO)
    have = []
    for _ in range(3):
        token = app_token(graph_simulator, CONTOSO)["access_token"]
        have.append(
            "roles" in jwt.decode(token, options={"verify_signature": False, "verify_exp": False})
        )
        clock.advance(30)
    assert have == [False, False, True]


@pytest.mark.parametrize(
    ("changes", "status", "error", "code"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"client_secret": "old"}, 401, "invalid_client", 7000222),
        ({"client_secret": ""}, 401, "invalid_client", 7000216),
        ({"client_id": ""}, 400, "invalid_request", 900144),
        ({"client_id": FABRIKAM}, 400, "unauthorized_client", 700016),
        ({"grant_type": ""}, 400, "invalid_request", 900144),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
        ({"scope": ""}, 400, "invalid_request", 900144),
        ({"scope": "Presence.Read.All"}, 400, "invalid_scope", 1002012),
        ({"scope": "https://elsewhere.example/.default"}, 400, "invalid_resource", 500011),
    ],
)
async def test_a_wrong_request_is_refused_with_its_code(
    graph_simulator: RunningSimulator, changes: dict[str, str], status: int, error: str, code: int
) -> None:
    """The response has the documented status, OAuth error and AADSTS code (Microsoft Learn,
    "reference-error-codes").
    """
    graph_simulator.simulator.consent(CONTOSO)
    graph_simulator.simulator.application.secrets["old"] = False
    answered, body, _ = await ask_token(graph_simulator, CONTOSO, **changes)
    assert (answered, body["error"], body["error_codes"]) == (status, error, [code])


async def test_an_error_has_the_documented_keys(graph_simulator: RunningSimulator) -> None:
    """The JSON has error, error_description, error_codes, timestamp, trace_id, and the correlation_id of
    the request.
    """
    address = f"{graph_simulator.login_url}/{CONTOSO}/oauth2/v2.0/token"
    wanted = "aaaa0000-bb11-2222-33cc-444444dddddd"
    _, body, headers = await call(
        address, "POST", data={"grant_type": "x"}, headers={"client-request-id": wanted}
    )
    names = [
        "error",
        "error_description",
        "error_codes",
        "timestamp",
        "trace_id",
        "correlation_id",
        "error_uri",
    ]
    assert list(body) == names
    assert body["correlation_id"] == wanted
    assert body["error_description"].startswith("AADSTS900144: ")
    assert f"Correlation ID: {wanted}" in body["error_description"]
    assert headers["cache-control"] == "no-store"


async def test_a_single_tenant_application_gets_no_token_of_another_tenant(
    graph_simulator: RunningSimulator,
) -> None:
    """A single-tenant application gets AADSTS50194 from another tenant."""
    graph_simulator.simulator.application.multi_tenant = False
    graph_simulator.simulator.consent(CONTOSO)
    assert (await ask_token(graph_simulator, CONTOSO))[1]["error_codes"] == [50194]


@pytest.mark.parametrize("code", sorted(KINDS))
async def test_every_error_can_be_switched_on(graph_simulator: RunningSimulator, code: int) -> None:
    """Each AADSTS code of the table is returned with its status and OAuth error while its fault is on."""
    graph_simulator.simulator.consent(CONTOSO)
    graph_simulator.simulator.faults.on(f"AADSTS{code}", tenant=CONTOSO)
    status, body, headers = await ask_token(graph_simulator, CONTOSO)
    assert (status, body["error"], body["error_codes"]) == (
        KINDS[code].status,
        KINDS[code].error,
        [code],
    )
    assert ("retry-after" in headers) == (KINDS[code].retry_after is not None)
    graph_simulator.simulator.faults.off(f"AADSTS{code}")
    assert (await ask_token(graph_simulator, CONTOSO))[0] == 200


def test_msal_repeats_a_400_from_its_own_cache_for_a_minute(
    graph_simulator: RunningSimulator,
) -> None:
    """msal caches a client's 400 responses, so the product uses a new client after each consent."""
    client = msal_client(graph_simulator, CONTOSO)
    assert "error" in client.acquire_token_for_client([GRAPH_SCOPE])
    graph_simulator.simulator.consent(CONTOSO)
    assert "error" in client.acquire_token_for_client([GRAPH_SCOPE])
    client.http_client.close()
    assert "access_token" in app_token(graph_simulator, CONTOSO)
    assert graph_simulator.simulator.counters.calls("token") == 2
