"""The simulated findTenantInformationByTenantId of Graph, which names a tenant to every other one, over
real HTTP.
"""

from local.graph.applications import PRESENCE_ROLE, TENANT_INFORMATION_ROLE
from local.graph.simulator import CONTOSO, FABRIKAM, HOME_TENANT_ID
from tests.local.graph.calls import app_token, bearer, call
from tests.local.graph.fixtures import RunningSimulator

_PATH = "/v1.0/tenantRelationships/findTenantInformationByTenantId"


def address(running: RunningSimulator, tenant_id: str) -> str:
    """Return the URL of findTenantInformationByTenantId for a tenant."""
    return f"{running.url}{_PATH}(tenantId='{tenant_id}')"


async def test_another_tenant_is_named_to_a_token_of_the_home_tenant(
    graph_simulator: RunningSimulator,
) -> None:
    """The response is a tenantInformation resource; only the home tenant has to assign the role."""
    token = app_token(graph_simulator, HOME_TENANT_ID)["access_token"]
    assert TENANT_INFORMATION_ROLE in graph_simulator.simulator.keys.verify(token)["roles"]
    status, body, _ = await call(address(graph_simulator, CONTOSO.upper()), token=token)
    assert status == 200
    assert body.pop("@odata.context").endswith("#microsoft.graph.tenantInformation")
    assert body == {
        "tenantId": CONTOSO,
        "federationBrandName": None,
        "displayName": "Contoso",
        "defaultDomainName": "contoso.example",
    }
    graph_simulator.simulator.consent(FABRIKAM)
    other = app_token(graph_simulator, FABRIKAM)["access_token"]
    assert graph_simulator.simulator.keys.verify(other)["roles"] == [PRESENCE_ROLE]


async def test_a_token_without_the_role_is_refused(graph_simulator: RunningSimulator) -> None:
    """A token with another role, such as that of presence, gets 403, and a request without a token 401."""
    graph_simulator.simulator.options.tenant_information = False
    token = app_token(graph_simulator, HOME_TENANT_ID)["access_token"]
    for given, expected in (
        (token, 403),
        (bearer(graph_simulator, HOME_TENANT_ID), 403),
        ("", 401),
    ):
        status, body, _ = await call(address(graph_simulator, CONTOSO), token=given)
        assert status == expected
        assert body["error"]["message"]


async def test_a_tenant_that_does_not_exist_is_404_and_another_text_400(
    graph_simulator: RunningSimulator,
) -> None:
    """An unknown tenant ID, such as that of a tenant of another cloud, gets 404; a text that is no GUID
    gets 400.
    """
    token = app_token(graph_simulator, HOME_TENANT_ID)["access_token"]
    unknown = "deadbeef-0000-4000-8000-000000000000"
    for asked, expected in ((unknown, 404), ("contoso.example", 400), ("x')y('", 400)):
        status, body, _ = await call(address(graph_simulator, asked), token=token)
        assert (status, bool(body["error"]["code"])) == (expected, True), asked


async def test_calls_are_throttled_and_fail_as_those_for_presence(
    graph_simulator: RunningSimulator,
) -> None:
    """The 429 has Retry-After; calls count for the tenant of the token, not for the requested one."""
    token = app_token(graph_simulator, HOME_TENANT_ID)["access_token"]
    graph_simulator.simulator.faults.on("graph.429", tenant=HOME_TENANT_ID, retry_after=7)
    status, _, headers = await call(address(graph_simulator, CONTOSO), token=token)
    assert (status, headers["retry-after"]) == (429, "7")
    counters = graph_simulator.simulator.counters
    assert counters.calls("tenant-information", tenant=HOME_TENANT_ID, status=429) == 1
