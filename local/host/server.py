"""The web server: uvicorn with httptools, on a loopback socket."""

import contextlib
import errno
import socket
from collections.abc import Iterator

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from local.host.asgi import WebApp
from local.host.errors import HostError

LOOPBACK = "127.0.0.1"
_BACKLOG = 2048


class HttpProtocol(HttpToolsProtocol):
    """uvicorn's protocol with an empty body in the response to invalid HTTP, as Kestrel sends it."""

    def send_400_response(self, msg: str) -> None:
        """Send a 400 response and close the connection."""
        self.transport.write(
            b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
        self.transport.close()


class Server(uvicorn.Server):
    """A uvicorn server that leaves signals to the command that runs it."""

    def __init__(self, web: WebApp, patience: int) -> None:
        """Create the server.

        Args:
            web: the application to serve.
            patience: seconds for which requests in flight may continue after `stop`.
        """
        super().__init__(
            uvicorn.Config(
                web,
                http=HttpProtocol,
                ws="none",
                lifespan="off",
                interface="asgi3",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=int(web.limits.idle),
                timeout_graceful_shutdown=patience,
            )
        )

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install no signal handlers, because the command has its own."""
        yield

    def stop(self) -> None:
        """Refuse new connections, and stop after the requests in flight."""
        self.should_exit = True

    def hurry(self) -> None:
        """Stop without waiting for the requests in flight."""
        self.force_exit = True


def listen(port: int) -> socket.socket:
    """Return a listening socket on loopback.

    Args:
        port: the port; 0 for a free one.

    Raises:
        HostError: if the port can't be used.
    """
    # asyncio sets TCP_NODELAY only on sockets created with IPPROTO_TCP; without it, many bodies
    # arrive 40 ms after their headers.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
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
            return f"Port {port} needs administrator rights. Choose one above 1023 with --port."
    return f"Port {port} can't be used: {error}. Choose one from 1024 to 65535 with --port."
