"""The simulator's control API changes its responses."""

from typing import Any

import jwt
import pytest

from local.graph.simulator import CONTOSO
from tests.local.graph.calls import app_token, ask, bearer, call
from tests.local.graph.fixtures import RunningSimulator


async def control(running: RunningSimulator, method: str, path: str, body: Any = None) -> Any:
    """Send a control request, assert that it succeeds, and return its JSON."""
    status, answer, _ = await call(
        f"{running.url}/control{path}", method, json={} if body is None else body
    )
    assert status == 200, answer
    return answer


async def test_presence_is_set_and_released(graph_simulator: RunningSimulator) -> None:
    """Setting a presence for an unused object ID adds a person with this ID."""
    path = f"/tenants/{CONTOSO}/presence/AAAAAAAA-0000-4000-8000-000000000003"
    await control(
        graph_simulator,
        "PUT",
        path,
        {"availability": "Busy", "activity": "InACall", "out_of_office": True},
    )
    token = bearer(graph_simulator, CONTOSO)
    asked = ["aaaaaaaa-0000-4000-8000-000000000003"]
    one = (await ask(graph_simulator, asked, token))[1]["value"][0]
    assert (one["availability"], one["activity"], one["outOfOfficeSettings"]["isOutOfOffice"]) == (
        "Busy",
        "InACall",
        True,
    )
    await control(graph_simulator, "DELETE", path)
    assert (await ask(graph_simulator, asked, token))[1]["value"][0]["sequenceNumber"] != one[
        "sequenceNumber"
    ]


@pytest.mark.parametrize(
    ("state", "outcome"),
    [("granted", "role"), ("signed-in", "no role"), ("disabled", 7000112), ("none", 700016)],
)
async def test_consent_is_set_to_each_state(
    graph_simulator: RunningSimulator, state: str, outcome: object
) -> None:
    """The token endpoint responds according to the state of consent."""
    await control(graph_simulator, "PUT", "/tenants/contoso.example/consent", {"state": "granted"})
    await control(graph_simulator, "PUT", "/tenants/contoso.example/consent", {"state": state})
    result = app_token(graph_simulator, CONTOSO)
    if "access_token" in result:
        claims = jwt.decode(result["access_token"], options={"verify_signature": False})
        assert outcome == ("role" if "roles" in claims else "no role")
    else:
        assert result["error_codes"] == [outcome]


async def test_a_fault_is_switched_on_and_off(graph_simulator: RunningSimulator) -> None:
    """A fault has a name and a tenant; the state lists the faults that are on."""
    await control(
        graph_simulator, "PUT", "/faults/AADSTS53003", {"tenant": "contoso.example", "times": 3}
    )
    graph_simulator.simulator.consent(CONTOSO)
    assert app_token(graph_simulator, CONTOSO)["error_codes"] == [53003]
    listed = await control(graph_simulator, "GET", "/state")
    assert [
        (one["name"], one["tenant"], one["times"], one["hits"]) for one in listed["faults"]
    ] == [("AADSTS53003", CONTOSO, 2, 1)]
    await control(graph_simulator, "DELETE", "/faults/AADSTS53003")
    assert "access_token" in app_token(graph_simulator, CONTOSO)


async def test_the_state_counts_the_calls(graph_simulator: RunningSimulator) -> None:
    """The counts are by endpoint, tenant and status."""
    simulator = graph_simulator.simulator
    await control(graph_simulator, "PATCH", "/options", {"limit": 1})
    token, ids = bearer(graph_simulator, CONTOSO), simulator.tenants[CONTOSO].object_ids(0, 5)
    for _ in range(2):
        await ask(graph_simulator, ids, token)
    assert (await control(graph_simulator, "GET", "/state"))["calls"] == [
        {"endpoint": "presences", "tenant": CONTOSO, "status": 200, "count": 1},
        {"endpoint": "presences", "tenant": CONTOSO, "status": 429, "count": 1},
    ]


async def test_options_and_tenants_change_field_by_field(graph_simulator: RunningSimulator) -> None:
    """A field that the request leaves out is unchanged."""
    await control(graph_simulator, "PATCH", "/options", {"token_lifetime": 120})
    changed = await control(graph_simulator, "PATCH", "/options", {"consent_delay_tokens": 1})
    assert (changed["token_lifetime"], changed["consent_delay_tokens"]) == (120, 1)
    await control(graph_simulator, "PATCH", f"/tenants/{CONTOSO}", {"style": "new"})
    tenant = await control(
        graph_simulator, "PATCH", f"/tenants/{CONTOSO}", {"unknown_ids": "chunk-404"}
    )
    assert (tenant["style"], tenant["unknown_ids"], tenant["crowd"]) == ("new", "chunk-404", 200)


async def test_reset_restores_a_new_simulator(graph_simulator: RunningSimulator) -> None:
    """After a reset, faults, consent and options are those of a new simulator."""
    await control(graph_simulator, "PUT", "/faults/graph.503", {})
    await control(graph_simulator, "POST", "/reset")
    assert (await control(graph_simulator, "GET", "/state"))["faults"] == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "text"),
    [
        ("PUT", "/faults/graph.999", {}, 404, "graph.999"),
        ("PUT", "/faults/graph.503", {"times": 0}, 400, "times"),
        ("PUT", "/faults/graph.503", {"times": 10**30}, 400, "times"),
        ("PATCH", "/tenants/nobody.example", {}, 404, "no such tenant"),
        ("PATCH", f"/tenants/{CONTOSO}", {"style": "baroque"}, 400, "style"),
        ("PATCH", "/options", {"latencyy": 1}, 400, "latencyy"),
        ("PUT", f"/tenants/{CONTOSO}/presence/x", {"availability": "Busy"}, 400, "id"),
    ],
)
async def test_a_wrong_control_request_gets_the_fault(
    graph_simulator: RunningSimulator, method: str, path: str, body: Any, status: int, text: str
) -> None:
    """The error names the field and the fault."""
    answered, answer, _ = await call(f"{graph_simulator.url}/control{path}", method, json=body)
    assert answered == status
    assert text in answer["error"]


async def test_a_page_of_another_origin_cannot_control_the_simulator(
    graph_simulator: RunningSimulator,
) -> None:
    """A form of another site is rejected because it isn't application/json, and another request needs a
    preflight, which isn't permitted.
    """
    status, _, _ = await call(f"{graph_simulator.url}/control/options", "PATCH", data="{}")
    assert status == 415


async def test_the_control_page_shows_tenants_faults_and_calls(
    graph_simulator: RunningSimulator,
) -> None:
    """The control page is for those who try faults by hand."""
    graph_simulator.simulator.faults.on("AADSTS700016")
    await ask(graph_simulator, [], bearer(graph_simulator, CONTOSO))
    status, body, _ = await call(f"{graph_simulator.url}/control")
    assert status == 200
    for text in (
        "Contoso",
        CONTOSO,
        "AADSTS700016",
        "presences",
        "Simulator &ndash; not Microsoft",
    ):
        assert text in body
