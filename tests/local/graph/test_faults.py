"""The simulator's faults of the network, the sign-in service and Graph."""

import asyncio
from typing import Any

import aiohttp
import pytest

from local.graph.faults import UnknownFault, names
from local.graph.simulator import CONTOSO, FABRIKAM
from tests.clock import FixedClock
from tests.local.graph.calls import ask, bearer, call
from tests.local.graph.fixtures import RunningSimulator
from tests.rounds import rounds


async def token_call(
    running: RunningSimulator, tenant: str = CONTOSO
) -> tuple[int, Any, dict[str, str]]:
    """Call the token endpoint without parameters and return the response, which is AADSTS900144 unless a
    fault is on.
    """
    return await call(f"{running.login_url}/{tenant}/oauth2/v2.0/token", "POST", data={})


async def discovery_call(
    running: RunningSimulator, tenant: str = CONTOSO
) -> tuple[int, Any, dict[str, str]]:
    """Request the metadata and return the response."""
    return await call(f"{running.login_url}/{tenant}/v2.0/.well-known/openid-configuration")


async def graph_call(
    running: RunningSimulator, tenant: str = CONTOSO
) -> tuple[int, Any, dict[str, str]]:
    """Request presence and return the response."""
    return await ask(
        running, [running.simulator.tenants[tenant].object_id(0)], bearer(running, tenant)
    )


CALLS = {"token": token_call, "discovery": discovery_call, "graph": graph_call}
HEALTHY = {"token": 400, "discovery": 200, "graph": 200}


@pytest.mark.parametrize("name", [name for name in names() if name.split(".")[-1].isdigit()])
async def test_a_status_can_be_switched_on_for_some_calls(
    graph_simulator: RunningSimulator, name: str
) -> None:
    """`times` limits the number of affected calls; 429 and 503 have Retry-After."""
    place, status = name.split(".")
    graph_simulator.simulator.faults.on(name, times=2, retry_after=7)
    answers = [await CALLS[place](graph_simulator) for _ in range(3)]
    assert [answer[0] for answer in answers] == [int(status), int(status), HEALTHY[place]]
    assert answers[0][2].get("retry-after") == ("7" if status in ("429", "503") else None)


async def test_retry_after_can_be_missing(graph_simulator: RunningSimulator) -> None:
    """The fault can omit Retry-After, because Graph doesn't always send it."""
    graph_simulator.simulator.faults.on("graph.429", retry_after=None)
    assert "retry-after" not in (await graph_call(graph_simulator))[2]


async def test_a_fault_can_last_for_a_time(graph_simulator: RunningSimulator) -> None:
    """With `seconds: 60`, for example, Graph returns 503 for a minute."""
    clock = graph_simulator.simulator.clock = FixedClock()
    graph_simulator.simulator.faults.on("graph.503", seconds=60)
    assert (await graph_call(graph_simulator))[0] == 503
    clock.advance(59)
    assert (await graph_call(graph_simulator))[0] == 503
    clock.advance(1)
    assert (await graph_call(graph_simulator))[0] == 200


async def test_a_fault_of_one_tenant_spares_the_others(graph_simulator: RunningSimulator) -> None:
    """A fault with a tenant affects only its calls of the token endpoint, the metadata and Graph."""
    for place, one_call in CALLS.items():
        graph_simulator.simulator.faults.on(f"{place}.500", tenant=CONTOSO)
        assert (await one_call(graph_simulator, CONTOSO))[0] == 500
        assert (await one_call(graph_simulator, FABRIKAM))[0] == HEALTHY[place]


@pytest.mark.parametrize("place", list(CALLS))
async def test_a_dropped_connection_raises_an_error_in_the_client(
    graph_simulator: RunningSimulator, place: str
) -> None:
    """The server closes the connection within the response."""
    graph_simulator.simulator.faults.on(f"{place}.drop", times=1)
    with pytest.raises(aiohttp.ClientError):
        await CALLS[place](graph_simulator)
    assert (await CALLS[place](graph_simulator))[0] == HEALTHY[place]


@pytest.mark.parametrize("place", list(CALLS))
async def test_a_call_can_hang_until_the_fault_is_off(
    graph_simulator: RunningSimulator, place: str
) -> None:
    """While one tenant's call hangs, calls of another tenant succeed."""
    simulator = graph_simulator.simulator
    fault = simulator.faults.on(f"{place}.hang", tenant=CONTOSO)
    waiting = asyncio.create_task(CALLS[place](graph_simulator))
    for _ in rounds():
        if fault.hits:
            break
        await CALLS[place](graph_simulator, FABRIKAM)
    assert not waiting.done()
    simulator.faults.off(f"{place}.hang")
    assert (await waiting)[0] == HEALTHY[place]


async def test_one_call_can_hang_while_others_succeed(graph_simulator: RunningSimulator) -> None:
    """With `times: 1`, only the first call hangs."""
    simulator = graph_simulator.simulator
    fault = simulator.faults.on("graph.hang", times=1)
    waiting = asyncio.create_task(graph_call(graph_simulator))
    for _ in rounds():
        if fault.hits:
            break
        await asyncio.sleep(0)
    assert (await graph_call(graph_simulator))[0] == 200
    assert not waiting.done()
    simulator.faults.off()
    assert (await waiting)[0] == 200


async def test_a_hanging_call_continues_after_its_time(
    graph_simulator: RunningSimulator,
) -> None:
    """After `seconds`, a hanging call gets its response."""
    clock = graph_simulator.simulator.clock = FixedClock()
    fault = graph_simulator.simulator.faults.on("token.hang", seconds=60)
    waiting = asyncio.create_task(token_call(graph_simulator))
    for _ in rounds():
        if fault.hits:
            break
        await asyncio.sleep(0)
    clock.advance(60)
    assert (await waiting)[0] == 400


async def test_garbage_is_200_without_json(graph_simulator: RunningSimulator) -> None:
    """The fault returns 200 with a body that isn't JSON, as a proxy may."""
    graph_simulator.simulator.faults.on("graph.garbage")
    status, body, _ = await graph_call(graph_simulator)
    assert status == 200
    assert body.startswith("<html>")


def test_a_fault_that_does_not_exist_cannot_be_switched_on(
    graph_simulator: RunningSimulator,
) -> None:
    """An unknown name is an error, because a typing error would otherwise look like a service without
    faults.
    """
    with pytest.raises(UnknownFault):
        graph_simulator.simulator.faults.on("graph.999")


@pytest.mark.parametrize("code", [90002, 90038])
async def test_the_metadata_of_an_unknown_tenant_is_an_error(
    graph_simulator: RunningSimulator, code: int
) -> None:
    """If a tenant doesn't exist or is in another cloud, the request for its metadata fails already."""
    graph_simulator.simulator.faults.on(f"AADSTS{code}", tenant=CONTOSO)
    status, body, _ = await discovery_call(graph_simulator)
    assert (status, body["error_codes"]) == (400, [code])
