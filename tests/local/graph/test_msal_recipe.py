"""How msal is pointed at a login service on loopback."""

import msal
import pytest

from local.graph.simulator import CLIENT_ID, CLIENT_SECRET, CONTOSO
from tests.local.graph.calls import GRAPH_SCOPE, msal_client
from tests.local.graph.fixtures import RunningSimulator
from tests.local.graph.msal_http import LoopbackHttp


def test_msal_refuses_an_authority_without_https(graph_simulator: RunningSimulator) -> None:
    """msal 1.39, authority.canonicalize: the reason why the recipe is needed."""
    with pytest.raises(ValueError, match="https url"):
        msal.ConfidentialClientApplication(
            CLIENT_ID,
            authority=f"{graph_simulator.login_url}/{CONTOSO}",
            client_credential=CLIENT_SECRET,
            instance_discovery=False,
        )


def test_msal_with_the_recipe_asks_for_metadata_once_and_then_for_tokens(
    graph_simulator: RunningSimulator,
) -> None:
    """Constructor: one metadata call; no instance discovery; a second token comes out of the cache."""
    graph_simulator.simulator.consent(CONTOSO)
    client = msal_client(graph_simulator, CONTOSO)
    first, second = (client.acquire_token_for_client([GRAPH_SCOPE]) for _ in range(2))
    client.http_client.close()
    assert first["access_token"] == second["access_token"]
    counted = {row["endpoint"]: row["count"] for row in graph_simulator.simulator.counters.rows()}
    assert counted == {"discovery": 1, "token": 1}


def test_the_recipe_speaks_with_its_own_origin_only(graph_simulator: RunningSimulator) -> None:
    """Whatever the metadata contains, nothing is sent elsewhere."""
    http = LoopbackHttp(graph_simulator.login_url)
    with pytest.raises(ValueError, match="is not at"):
        http.get("https://login.microsoftonline.com/common/discovery/instance")
    http.close()


def test_an_unknown_tenant_is_a_value_error_of_the_constructor(
    graph_simulator: RunningSimulator,
) -> None:
    """AADSTS90002 shows in msal as ValueError, not as a result (msal/authority.py)."""
    http = LoopbackHttp(graph_simulator.login_url)
    with pytest.raises(ValueError, match="Unable to get authority configuration"):
        msal_client(graph_simulator, "11111111-2222-4333-8444-555555555555", http=http)
    http.close()
