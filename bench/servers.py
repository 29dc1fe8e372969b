"""Which web server carries the local host: `python -m bench.servers` (granian: `pip install granian==2.8.7`).

Each server runs in a process of its own: alone, which for uvicorn means with ASGI, and with the host in front of a
function that does nothing, which for uvicorn means with `local/host/protocol.py`. Medians of interleaved rounds.
"""

import importlib.util
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import azure.functions as func
import uvicorn
import uvloop

from bench.load import Figures, measure

ROUNDS, CONNECTIONS, REQUESTS = 5, 8, 12_000
_BODY = b'{"ok":true}'
_HEADERS = b"Host: 127.0.0.1\r\nAuthorization: Bearer abcdefghijklmnopqrstuvwxyz0123456789\r\nAccept: */*\r\n"
_PATH = b"/scim/0a21f0f28d2a4f8e/v2/Users/123"
_GET = b"GET " + _PATH + b" HTTP/1.1\r\n" + _HEADERS + b"\r\n"
_POST = (
    b"POST " + _PATH + b" HTTP/1.1\r\n" + _HEADERS + b"Content-Length: 1000\r\n\r\n" + b"x" * 1000
)

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="scim/{directoryId}/v2/Users/{id?}")
async def nothing(req: func.HttpRequest) -> func.HttpResponse:
    """The cheapest function there is."""
    return func.HttpResponse(_BODY, headers={"Content-Type": "application/json"})


async def _bare_asgi(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"11")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": _BODY})


class _Rsgi:
    """The host behind granian's own interface; `edge` None: without the host."""

    def __init__(self, edge: Any) -> None:
        self._edge = edge

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        headers = dict(scope.headers.items())
        headers.setdefault("host", scope.authority or "")
        body = await protocol() if scope.method == "POST" else b""
        if self._edge is None:
            protocol.response_bytes(200, [("content-type", "application/json")], _BODY)
            return
        answer = await self._edge.respond(
            scope.method, scope.path, scope.query_string, headers, body
        )
        protocol.response_bytes(answer.status, answer.headers, answer.body)


async def _uvicorn(port: int, with_host: bool) -> None:
    from local.host.host import Host
    from local.host.server import Server, listen

    if with_host:
        await Server(Host(app, environment={}), patience=1).serve(sockets=[listen(port)])
        return
    config = uvicorn.Config(
        _bare_asgi, port=port, http="httptools", lifespan="off", log_config=None, access_log=False
    )
    await uvicorn.Server(config).serve()


async def _granian(port: int, with_host: bool) -> None:
    from local.host.host import Host

    embed: Any = importlib.import_module("granian.server.embed")
    constants: Any = importlib.import_module("granian.constants")
    target = _Rsgi(Host(app, environment={}).edge if with_host else None)
    await embed.Server(
        target, port=port, interface=constants.Interfaces.RSGI, log_enabled=False
    ).serve()


_SERVERS: dict[str, Callable[[int, bool], Any]] = {"uvicorn": _uvicorn, "granian": _granian}


def _run(name: str, with_host: bool, request: bytes) -> Figures:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "bench.servers", name, str(port), str(int(with_host))]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            _wait(port)
            return uvloop.run(
                measure(port, process.pid, request, connections=CONNECTIONS, requests=REQUESTS)
            )
        finally:
            process.kill()


def _wait(port: int) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("the server did not start")


def main() -> None:
    """Print one line for each server, with and without the host, and each kind of request."""
    names = [name for name in _SERVERS if name == "uvicorn" or importlib.util.find_spec("granian")]
    cases = [(n, h, k) for h in (False, True) for k in ("GET", "POST") for n in names]
    found: dict[tuple[str, bool, str], list[Figures]] = {case: [] for case in cases}
    for _ in range(ROUNDS):
        for name, with_host, kind in cases:
            found[name, with_host, kind].append(
                _run(name, with_host, _GET if kind == "GET" else _POST)
            )
    print(f"{'server':10}{'':11}{'':6}{'CPU us/req':>12}{'req/s':>10}{'p50 us':>9}{'p95 us':>9}")
    for (name, with_host, kind), rows in found.items():
        what = "with host" if with_host else "alone"
        cpu, rate = median(row.cpu for row in rows), median(row.per_second for row in rows)
        p50, p95 = median(row.p50 for row in rows), median(row.p95 for row in rows)
        print(f"{name:10}{what:11}{kind:6}{cpu:12.1f}{rate:10.0f}{p50:9.0f}{p95:9.0f}")


if __name__ == "__main__":
    if len(sys.argv) == 4:
        uvloop.run(_SERVERS[sys.argv[1]](int(sys.argv[2]), sys.argv[3] == "1"))
    else:
        main()
