"""The control by HTTP, and what it changes."""

from typing import Any

import jwt
import pytest

from local.graph.simulator import CLIENT_ID, CONTOSO
from tests.local.graph.calls import app_token, ask, bearer, call
from tests.local.graph.fixtures import RunningSimulator


async def control(running: RunningSimulator, method: str, path: str, body: Any = None) -> Any:
    """A control call that succeeds."""
    status, answer, _ = await call(
        f"{running.url}/control{path}", method, json={} if body is None else body
    )
    assert status == 200, answer
    return answer


async def test_a_tenant_with_100000_people_is_one_call(graph_simulator: RunningSimulator) -> None:
    """Created, consented, asked."""
    made = await control(
        graph_simulator,
        "POST",
        "/tenants",
        {"name": "Big", "domain": "big.example", "crowd": 100_000},
    )
    await control(graph_simulator, "PUT", "/tenants/big.example/consent", {"state": "granted"})
    token = app_token(graph_simulator, made["id"])["access_token"]
    ids = (
        await control(graph_simulator, "GET", "/tenants/big.example/ids?start=99990&stop=200000")
    )["ids"]
    assert len(ids) == 10
    assert len((await ask(graph_simulator, ids, token))[1]["value"]) == 10


async def test_people_are_added_for_sign_in_and_for_presence(
    graph_simulator: RunningSimulator,
) -> None:
    """sign_in, ids, unlicensed."""
    known, unlicensed = (
        "aaaaaaaa-0000-4000-8000-000000000001",
        "aaaaaaaa-0000-4000-8000-000000000002",
    )
    body = {
        "sign_in": [{"name": "Ada Admin", "roles": ["global-administrator"]}],
        "ids": [known, unlicensed],
        "unlicensed": [unlicensed],
    }
    added = await control(graph_simulator, "POST", f"/tenants/{CONTOSO}/people", body)
    assert added["added"][0]["user_name"] == "ada@contoso.example"
    found = graph_simulator.simulator.person("ada@contoso.example")
    assert found is not None
    assert found[1].is_administrator
    values = (await ask(graph_simulator, [known, unlicensed], bearer(graph_simulator, CONTOSO)))[1][
        "value"
    ]
    assert [one["availability"] == "PresenceUnknown" for one in values] == [False, True]


async def test_presence_is_set_and_released(graph_simulator: RunningSimulator) -> None:
    """An id that was nobody's becomes somebody."""
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
    """What the token endpoint then answers."""
    await control(graph_simulator, "PUT", "/tenants/contoso.example/consent", {"state": "granted"})
    await control(graph_simulator, "PUT", "/tenants/contoso.example/consent", {"state": state})
    result = app_token(graph_simulator, CONTOSO)
    if "access_token" in result:
        claims = jwt.decode(result["access_token"], options={"verify_signature": False})
        assert outcome == ("role" if "roles" in claims else "no role")
    else:
        assert result["error_codes"] == [outcome]


async def test_a_fault_is_switched_on_and_off(graph_simulator: RunningSimulator) -> None:
    """By name and tenant; GET lists what there is and what is on."""
    await control(
        graph_simulator, "PUT", "/faults/AADSTS53003", {"tenant": "contoso.example", "times": 3}
    )
    graph_simulator.simulator.consent(CONTOSO)
    assert app_token(graph_simulator, CONTOSO)["error_codes"] == [53003]
    listed = await control(graph_simulator, "GET", "/faults")
    assert [(one["name"], one["tenant"], one["times"], one["hits"]) for one in listed["on"]] == [
        ("AADSTS53003", CONTOSO, 2, 1)
    ]
    assert "graph.503" in listed["names"]
    await control(graph_simulator, "DELETE", "/faults/AADSTS53003")
    assert "access_token" in app_token(graph_simulator, CONTOSO)


async def test_counters_tell_what_was_called(graph_simulator: RunningSimulator) -> None:
    """By endpoint, tenant and status, with throttles; DELETE starts from 0."""
    simulator = graph_simulator.simulator
    await control(graph_simulator, "PATCH", "/options", {"limit": 1})
    token, ids = bearer(graph_simulator, CONTOSO), simulator.tenants[CONTOSO].object_ids(0, 5)
    for _ in range(2):
        await ask(graph_simulator, ids, token)
    counted = await control(graph_simulator, "GET", "/counters")
    assert counted["calls"] == [
        {"endpoint": "presences", "tenant": CONTOSO, "status": 200, "count": 1},
        {"endpoint": "presences", "tenant": CONTOSO, "status": 429, "count": 1},
    ]
    assert (counted["ids_asked"], counted["throttled"], counted["most_at_once"]) == (5, 1, 1)
    await control(graph_simulator, "DELETE", "/counters")
    assert (await control(graph_simulator, "GET", "/counters"))["calls"] == []


async def test_options_and_tenants_change_field_by_field(graph_simulator: RunningSimulator) -> None:
    """What is left out stays."""
    await control(graph_simulator, "PATCH", "/options", {"token_lifetime": 120})
    changed = await control(graph_simulator, "PATCH", "/options", {"consent_delay_tokens": 1})
    assert (changed["token_lifetime"], changed["consent_delay_tokens"]) == (120, 1)
    await control(graph_simulator, "PATCH", f"/tenants/{CONTOSO}", {"style": "new"})
    tenant = await control(
        graph_simulator, "PATCH", f"/tenants/{CONTOSO}", {"unknown_ids": "chunk-404"}
    )
    assert (tenant["style"], tenant["unknown_ids"], tenant["crowd"]) == ("new", "chunk-404", 200)


async def test_a_removed_tenant_is_not_found_and_reset_brings_it_back(
    graph_simulator: RunningSimulator,
) -> None:
    """AADSTS90002 in the metadata."""
    await control(graph_simulator, "DELETE", f"/tenants/{CONTOSO}")
    address = f"{graph_simulator.login_url}/{CONTOSO}/v2.0/.well-known/openid-configuration"
    assert (await call(address))[1]["error_codes"] == [90002]
    await control(graph_simulator, "POST", "/reset")
    assert (await call(address))[0] == 200


async def test_an_application_is_registered(graph_simulator: RunningSimulator) -> None:
    """Its secrets and redirect addresses; secrets are never shown."""
    body = {
        "secrets": {"s3cret": True},
        "redirects": ["https://directory.example/sign-in/callback"],
    }
    shown = await control(graph_simulator, "PUT", f"/applications/{CLIENT_ID}", body)
    assert shown["secrets"] == 1
    assert "s3cret" not in str(await control(graph_simulator, "GET", "/state"))
    graph_simulator.simulator.consent(CONTOSO)
    assert "access_token" in app_token(graph_simulator, CONTOSO, credential="s3cret")


async def test_assertions_and_keys_are_made_by_call(graph_simulator: RunningSimulator) -> None:
    """For trying the SCIM token endpoint by hand; after a rotation without old keys the assertion is worthless."""
    body = {
        "tenant": "contoso.example",
        "audience": "api://x",
        "subject": "y",
        "claims": {"appid": "z"},
    }
    assertion = (await control(graph_simulator, "POST", "/assertion", body))["assertion"]
    keys = jwt.PyJWKClient(
        f"{graph_simulator.login_url}/{CONTOSO}/discovery/v2.0/keys", cache_jwk_set=False
    )
    claims = jwt.decode(
        assertion, keys.get_signing_key_from_jwt(assertion), ["RS256"], audience="api://x"
    )
    assert (claims["sub"], claims["appid"]) == ("y", "z")
    await control(graph_simulator, "POST", "/keys/rotate", {"keep": 0})
    with pytest.raises(jwt.PyJWKClientError):
        keys.get_signing_key_from_jwt(assertion)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "text"),
    [
        ("PUT", "/faults/graph.999", {}, 404, "graph.999"),
        ("PUT", "/faults/graph.503", {"times": 0}, 400, "times"),
        ("PUT", "/faults/graph.503", {"times": 10**30}, 400, "times"),
        ("PATCH", "/tenants/nobody.example", {}, 404, "no such tenant"),
        ("PATCH", f"/tenants/{CONTOSO}", {"style": "baroque"}, 400, "style"),
        ("POST", "/tenants", {"name": "Contoso", "domain": "contoso.example"}, 409, "already"),
        ("POST", "/tenants", {"name": "X", "id": "1"}, 400, "id"),
        ("PATCH", "/options", {"latencyy": 1}, 400, "latencyy"),
        ("PUT", f"/tenants/{CONTOSO}/presence/x", {"availability": "Busy"}, 400, "id"),
        ("POST", f"/tenants/{CONTOSO}/people", {"ids": ["x"]}, 400, "ids"),
        ("PUT", f"/applications/{CLIENT_ID}", {"certificates": ["no PEM"]}, 400, "certificates"),
        ("GET", f"/tenants/{CONTOSO}/ids?start=x", {}, 400, "whole numbers"),
    ],
)
async def test_a_wrong_call_is_told_why(
    graph_simulator: RunningSimulator, method: str, path: str, body: Any, status: int, text: str
) -> None:
    """The field and the fault."""
    answered, answer, _ = await call(f"{graph_simulator.url}/control{path}", method, json=body)
    assert answered == status
    assert text in answer["error"]


async def test_a_page_of_another_origin_cannot_turn_anything(
    graph_simulator: RunningSimulator,
) -> None:
    """A form post is not application/json, and anything else needs a preflight that is never granted."""
    status, _, _ = await call(f"{graph_simulator.url}/control/options", "PATCH", data="{}")
    assert status == 415


async def test_the_control_page_shows_tenants_faults_and_calls(
    graph_simulator: RunningSimulator,
) -> None:
    """For people who try faults by hand."""
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
