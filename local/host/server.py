"""The web server: uvicorn with httptools, on a socket of this machine only."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Iterator
from typing import Any, Protocol, cast

import uvicorn

from local.host.edge import Edge, Limits
from local.host.errors import HostError
from local.host.protocol import HttpProtocol

LOOPBACK = "127.0.0.1"
_BACKLOG = 2048


class Served(Protocol):
    """What the server serves: a `Host`."""

    edge: Edge
    limits: Limits


class Server(uvicorn.Server):
    """A uvicorn server that leaves signals to whoever runs it."""

    def __init__(self, host: "Served", patience: int) -> None:
        """`patience`: seconds that requests in flight get when the server stops."""
        self._stopping = asyncio.Event()
        super().__init__(
            uvicorn.Config(
                cast(Any, host),  # no ASGI: the protocol takes the edge from it
                http=HttpProtocol,
                ws="none",
                lifespan="off",
                interface="asgi3",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=patience,
            )
        )

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing: the signals belong to the command."""
        yield

    async def main_loop(self) -> None:
        """As uvicorn's own, which renews the Date header each second, but ended at once by `stop`."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._stopping.wait()

    def stop(self) -> None:
        """Take no more connections, finish the requests in flight."""
        self.should_exit = True
        self._stopping.set()

    def hurry(self) -> None:
        """Do not wait for the requests in flight either."""
        self.force_exit = True


def listen(port: int) -> socket.socket:
    """A listening socket on loopback (port 0: a free one). HostError where the port can't be had."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        raise HostError(_reason(port, error)) from None
    listener.setblocking(False)
    return listener


def _reason(port: int, error: Exception) -> str:
    match getattr(error, "errno", None):
        case errno.EADDRINUSE:
            return f"Port {port} is taken. Stop what uses it, or choose another with --port."
        case errno.EACCES:
            return f"Port {port} needs the rights of an administrator. Choose one above 1023 with --port."
    return f"Port {port} can't be used: {error}. Choose one from 1024 to 65535 with --port."
