"""The token endpoint, asked by real msal."""

from local.graph.simulator import CONTOSO
from tests.local.graph.calls import app_token, ask
from tests.local.graph.fixtures import RunningSimulator


async def test_a_consented_tenant_gives_a_token_that_graph_accepts(graph_simulator: RunningSimulator) -> None:
    """Client credentials end to end: metadata, token, presence (v2-oauth2-client-creds-grant-flow)."""
    graph_simulator.simulator.consent(CONTOSO)
    result = app_token(graph_simulator, CONTOSO)
    ids = graph_simulator.simulator.tenants[CONTOSO].object_ids(0, 3)
    status, body, _ = await ask(graph_simulator, ids, result["access_token"])
    assert status == 200
    assert sorted(one["id"] for one in body["value"]) == ids
