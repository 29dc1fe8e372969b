"""The engine of the 3.13 worker responds to the recorded requests as the real host did."""

import asyncio

import pytest

from local.host.asgi import Limits, WebApp
from local.host.server import Server, listen
from tests.local.host.conftest import APPS
from tests.local.host.recorded.exchange import differs, send
from tests.local.host.recorded.probes import probes
from tests.local.host.test_recorded import ANSWERS, KNOWN_DIFFERENCES

from .engine import Engine

# The host answers these itself; the engine never sees them.
_HOST_ALONE = {"path admin", "path admin functions", "path root", "path runtime webhook"}


@pytest.fixture(scope="module")
def answers() -> dict[str, dict[str, object]]:
    """Return the engine's response to each probe, sent through the local web server, by the probe's name."""

    async def ask() -> dict[str, dict[str, object]]:
        engine = await Engine.load(APPS / "probe_app.py", {})
        limits = Limits(body=2_097_152)
        web = WebApp(engine, limits, platform_sign_in=False, access_log=False)
        server, listener = Server(web, patience=5), listen(0)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        port = listener.getsockname()[1]
        try:
            return await asyncio.to_thread(
                lambda: {name: send(port, raw) for name, raw in probes().items()}
            )
        finally:
            server.stop()
            await serving
            engine.close()

    return asyncio.run(ask())


@pytest.mark.parametrize("name", sorted(ANSWERS.keys() - KNOWN_DIFFERENCES.keys() - _HOST_ALONE))
def test_engine_answers_as_the_real_host_does(
    name: str, answers: dict[str, dict[str, object]]
) -> None:
    """Status, headers, body and the request that the function received equal the recorded ones."""
    assert differs(ANSWERS[name], answers[name]) == ""
