"""The product on Core Tools' host (`func start`) with Azurite and a stand-in for App Service
Authentication.
"""

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Iterator
from pathlib import Path
from typing import TypeVar

import aiohttp
from aiohttp import web

from local.graph.server import running as simulated
from local.graph.simulator import CLIENT_ID, CLIENT_SECRET, HOME_TENANT_ID, Simulator
from local.host.sign_in import ACCOUNT, is_excluded, principal_headers
from tests.browser.world import World
from tests.emulator import answers, free_port

ROOT = Path(__file__).parent.parent.parent
AZURITE = ROOT / ".tools/azurite/node_modules/azurite/dist/src/azurite.js"
_START_SECONDS = 180.0
_KEY = (  # published, the same for every emulator (learn.microsoft.com/azure/storage/common/storage-connect-azurite)
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)
_HOP_BY_HOP = {"host", "content-length", "transfer-encoding", "connection", "content-encoding"}
Result = TypeVar("Result")


class FuncWorld(World):
    """A deployment at `url` on Core Tools' host; its timers run by themselves."""

    def __init__(self, url: str, simulator: Simulator) -> None:
        self.session = ""
        self.url, self.simulator = url, simulator

    def wait(self, work: Awaitable[Result]) -> Result:
        """Run a coroutine on a loop of its own."""

        async def run() -> Result:
            return await work

        return asyncio.run(run())

    def tick(self) -> None:
        """Give the real timer and queue a second."""
        time.sleep(1)


async def _forward(request: web.Request) -> web.StreamResponse:
    """Pass a request on as the platform does for a person who is signed in as an administrator."""
    headers = {
        name: value for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP
    }
    if not is_excluded(request.path):
        headers.update(principal_headers(f"admin.{ACCOUNT}"))
    headers["X-Forwarded-Host"], headers["X-Forwarded-Proto"] = request.host, "http"
    session: aiohttp.ClientSession = request.app["session"]
    async with session.request(
        request.method,
        request.app["host"] + request.raw_path,
        data=await request.read(),
        headers=headers,
        allow_redirects=False,
    ) as answer:
        made = web.Response(status=answer.status, body=await answer.read())
        for name, value in answer.headers.items():
            if name.lower() not in _HOP_BY_HOP:
                made.headers.add(name, value)
        return made


async def _serve(port: int, host: str, stop: asyncio.Event) -> None:
    application = web.Application(client_max_size=8 << 20)
    application.router.add_route("*", "/{path:.*}", _forward)
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(auto_decompress=True, cookie_jar=jar) as session:
        application["session"], application["host"] = session, host
        runner = web.AppRunner(application)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        await stop.wait()
        await runner.cleanup()


@contextlib.contextmanager
def _signed_in(port: int, host: str) -> Iterator[None]:
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(_serve(port, host, stop),))
    thread.start()
    try:
        _wait_for(port, "the stand-in for sign-in")
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(60)
        loop.close()


def _wait_for(port: int, what: str) -> None:
    end = time.monotonic() + _START_SECONDS
    while not answers(port):
        if time.monotonic() > end:
            raise RuntimeError(f"{what} did not start")
        time.sleep(0.1)


@contextlib.contextmanager
def _process(command: list[str], log: Path, environment: dict[str, str]) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(60)


def _connection(ports: dict[str, int]) -> str:
    """Return the connection string of the emulator."""
    endpoints = (
        f"{service.capitalize()}Endpoint=http://127.0.0.1:{port}/devstoreaccount1"
        for service, port in ports.items()
    )
    account = f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={_KEY}"
    return ";".join([account, *endpoints])


def settings(ports: dict[str, int], url: str, microsoft: str) -> dict[str, str]:
    """Return the environment of `func start`."""
    return {
        **os.environ,
        # Core Tools run the worker with the Python that comes first.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "AzureWebJobsStorage": _connection(ports),
        "AzureWebJobsDisableHomepage": "true",
        "TABLES": "UseDevelopmentStorage=true;TableEndpoint="
        f"http://127.0.0.1:{ports['table']}/devstoreaccount1",
        "PUBLIC_URL": url,
        "WEBSITE_AUTH_ENABLED": "true",
        "LOGIN_URL": microsoft,
        "GRAPH_URL": microsoft,
        "PRESENCE_CLIENT_ID": CLIENT_ID,
        "PRESENCE_CLIENT_SECRET": CLIENT_SECRET,
        "HOME_TENANT_ID": HOME_TENANT_ID,
        "PRESENCE_INTERVAL_SECONDS": "10",
    }


@contextlib.contextmanager
def world() -> Iterator[World]:
    """Start Azurite, the host, the stand-in for sign-in and the simulator; yield the deployment."""
    ports = {service: free_port() for service in ("blob", "queue", "table")}
    outer, inner = free_port(), free_port()
    simulator = Simulator()
    node = ROOT / ".venv/bin/node"
    azurite = [
        str(node) if node.exists() else "node",
        str(AZURITE),
        "--silent",
        "--skipApiVersionCheck",
    ]
    azurite += ["--inMemoryPersistence", "--disableTelemetry"]
    for service, port in ports.items():
        azurite += [f"--{service}Port", str(port)]
    url = f"http://127.0.0.1:{outer}"
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        microsoft = stack.enter_context(simulated(simulator))
        stack.enter_context(_process(azurite, folder / "azurite.log", dict(os.environ)))
        for service, port in ports.items():
            _wait_for(port, f"Azurite's {service} service")
        environment = settings(ports, url, microsoft)
        func = ["func", "start", "--port", str(inner)]
        stack.enter_context(_process(func, folder / "func.log", environment))
        try:
            _wait_for(inner, "func start")
        except RuntimeError as error:
            raise RuntimeError((folder / "func.log").read_text(errors="replace")[-4000:]) from error
        stack.enter_context(_signed_in(outer, f"http://127.0.0.1:{inner}"))
        yield FuncWorld(url, simulator)
