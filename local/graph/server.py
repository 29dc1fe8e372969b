"""Serves the simulator on loopback: in the foreground, or in a thread of its own."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread

import uvicorn

from local.graph.app import create_app
from local.graph.simulator import Simulator

HOST = "127.0.0.1"


def _server(simulator: Simulator) -> uvicorn.Server:
    config = uvicorn.Config(
        create_app(simulator), log_level="critical", access_log=False, timeout_graceful_shutdown=1
    )
    return uvicorn.Server(config)


def _listen(port: int) -> socket.socket:
    # IPPROTO_TCP is given so that asyncio sets TCP_NODELAY on each connection.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((HOST, port))
    listening.listen(2048)
    return listening


def serve(
    port: int, simulator: Simulator | None = None, ready: Callable[[str], None] = lambda url: None
) -> None:
    """Serve until interrupted; call `ready` with the address first. Raise OSError if the port is in use."""
    simulator = simulator or Simulator()
    with _listen(port) as listening:
        simulator.url = f"http://{HOST}:{listening.getsockname()[1]}"
        ready(simulator.url)
        _server(simulator).run(sockets=[listening])


@contextmanager
def running(simulator: Simulator, port: int = 0) -> Iterator[str]:
    """Serve in a thread and yield the address.

    Requests that arrive before the server is up wait in the socket's queue.
    """
    with _listen(port) as listening:
        simulator.url = f"http://{HOST}:{listening.getsockname()[1]}"
        server = _server(simulator)
        thread = Thread(
            target=server.run, kwargs={"sockets": [listening]}, daemon=True, name="graph simulator"
        )
        thread.start()
        try:
            yield simulator.url
        finally:
            simulator.faults.off()
            server.should_exit = True
            thread.join()
