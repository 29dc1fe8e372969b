"""Real msal works with a sign-in service on loopback by way of msal_http.py."""

import msal
import pytest

from local.graph.simulator import CLIENT_ID, CLIENT_SECRET, CONTOSO
from tests.local.graph.calls import GRAPH_SCOPE, msal_client
from tests.local.graph.fixtures import RunningSimulator
from tests.local.graph.msal_http import LoopbackHttp


def test_msal_refuses_an_authority_without_https(graph_simulator: RunningSimulator) -> None:
    """msal 1.39 rejects an http authority (authority.canonicalize), so LoopbackHttp is necessary."""
    with pytest.raises(ValueError, match="https url"):
        msal.ConfidentialClientApplication(
            CLIENT_ID,
            authority=f"{graph_simulator.login_url}/{CONTOSO}",
            client_credential=CLIENT_SECRET,
            instance_discovery=False,
        )


def test_msal_requests_the_metadata_once_and_then_tokens(
    graph_simulator: RunningSimulator,
) -> None:
    """The constructor requests the metadata once and no instance discovery; msal returns a second token
    from its cache.
    """
    graph_simulator.simulator.consent(CONTOSO)
    client = msal_client(graph_simulator, CONTOSO)
    first, second = (client.acquire_token_for_client([GRAPH_SCOPE]) for _ in range(2))
    client.http_client.close()
    assert first["access_token"] == second["access_token"]
    counted = {row["endpoint"]: row["count"] for row in graph_simulator.simulator.counters.rows()}
    assert counted == {"discovery": 1, "token": 1}


def test_the_http_client_refuses_another_origin(graph_simulator: RunningSimulator) -> None:
    """LoopbackHttp raises an error for an address of another origin, whatever the metadata contains."""
    http = LoopbackHttp(graph_simulator.login_url)
    with pytest.raises(ValueError, match="is not at"):
        http.get("https://login.microsoftonline.com/common/discovery/instance")
    http.close()


def test_an_unknown_tenant_is_a_value_error_of_the_constructor(
    graph_simulator: RunningSimulator,
) -> None:
    """For AADSTS90002, msal's constructor raises ValueError instead of returning a result
    (msal/authority.py).
    """
    http = LoopbackHttp(graph_simulator.login_url)
    with pytest.raises(ValueError, match="Unable to get authority configuration"):
        msal_client(graph_simulator, "11111111-2222-4333-8444-555555555555", http=http)
    http.close()
