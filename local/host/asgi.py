"""The ASGI application that serves a host's functions, with limits, App Service Authentication and an access log.

uvicorn implements HTTP/1.1. This module adds the differences of Kestrel, the web server of Azure
Functions, that a function can notice (recorded from the real host in
tests/local/host/recorded.json).
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from local.host.http import BAD_REQUEST, FAILED, NOT_FOUND, HostResponse
from local.host.paths import decode_path
from local.host.sign_in import sign_in
from shared import log

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

TOO_SLOW = HostResponse(408, [], b"")
TOO_LONG = HostResponse(414, [], b"")
TOO_MANY_HEADERS = HostResponse(431, [], b"")
# Kestrel sends only such header lines, and throws for others
# (HttpHeaders.ValidateHeaderValueCharacters).
_SENDABLE = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+: [\t\x20-\x7e]*")
_HOST = re.compile(r"[A-Za-z0-9.:\[\]_-]*")
_STATUSES = range(100, 600)  # the statuses that uvicorn can send


class Functions(Protocol):
    """Serves the requests that pass the checks of the web server; see `HttpFunctions.answer`."""

    async def answer(
        self, method: str, origin: str, path: str, query: str, headers: dict[str, str], body: bytes
    ) -> HostResponse: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of the web server, as on the platform (Kestrel; FUNCTIONS_REQUEST_BODY_SIZE_LIMIT).

    Attributes:
        body: octets of a request's body.
        target: characters of a path with its query.
        header_bytes: octets of all header lines.
        headers: number of header lines.
        grace: seconds before a body must have arrived at `bytes_per_second`
            (MinRequestBodyDataRate).
        bytes_per_second: lowest rate of a body after the grace.
        idle: seconds for which an unused connection is kept open.
    """

    body: int = 100 * 1024 * 1024
    target: int = 8192
    header_bytes: int = 32 * 1024
    headers: int = 100
    grace: float = 5.0
    bytes_per_second: int = 240
    idle: float = 130.0


class WebApp:
    """The ASGI application of one host."""

    def __init__(
        self,
        functions: Functions,
        limits: Limits,
        *,
        platform_sign_in: bool,
        access_log: bool,
        asks_to_sign_in: bool = False,
    ) -> None:
        self.limits = limits
        self._functions = functions
        self._platform_sign_in = platform_sign_in
        self._asks_to_sign_in = asks_to_sign_in
        self._access_log = access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI 3)."""
        started = time.perf_counter()
        target = scope["raw_path"] + (
            b"?" + scope["query_string"] if scope["query_string"] else b""
        )
        try:
            response = await self._respond_checked(scope, target, receive)
        except ConnectionError:
            return  # the client left before its request was complete
        except Exception as error:
            log.failure("host.failed", error)
            response = FAILED
        if self._access_log:
            milliseconds = round((time.perf_counter() - started) * 1000, 2)
            log.event(
                "http.request",
                method=scope["method"],
                path=scope["path"],
                status=response.status,
                bytes=len(response.body),
                milliseconds=milliseconds,
            )
        await send_answer(response, send)

    async def respond(
        self, method: str, raw_path: str, query: str, headers: dict[str, str], body: bytes
    ) -> HostResponse:
        """Return the response to a complete request; header names are in lower case."""
        path = decode_path(raw_path)
        if path is None:
            return BAD_REQUEST
        if not headers.get("host"):
            return FAILED if headers.get("host") == "" else BAD_REQUEST
        if self._platform_sign_in:
            instead = sign_in(path, query, headers, asks=self._asks_to_sign_in)
            if instead is not None:
                return instead
        origin = "http://" + headers["host"]
        return await self._functions.answer(method, origin, path, query, headers, body)

    async def _respond_checked(self, scope: Scope, target: bytes, receive: Receive) -> HostResponse:
        refusal, headers = self._head(scope, target)
        if refusal is not None:
            return refusal
        if not scope["raw_path"].startswith(b"/"):
            return NOT_FOUND
        length = headers.get("content-length")
        if length is not None and int(length) > self.limits.body:
            return FAILED  # recorded: an empty 500, not 413
        chunked = "transfer-encoding" in headers
        if length in (None, "0") and not chunked:
            body: bytes | None = b""
        else:
            body = await self._body(receive, keep=not chunked)
        if body is None:
            return TOO_SLOW
        if self._platform_sign_in and scope["client"]:
            append_client_address(headers, scope["client"])
        raw_path, query = scope["raw_path"].decode(), scope["query_string"].decode()
        return await self.respond(scope["method"], raw_path, query, headers, body)

    def _head(self, scope: Scope, target: bytes) -> tuple[HostResponse | None, dict[str, str]]:
        """Return the response if Kestrel would refuse the headers (else None), and the headers by name."""
        lines: list[tuple[bytes, bytes]] = scope["headers"]
        if len(target) > self.limits.target:
            return TOO_LONG, {}
        if len(lines) > self.limits.headers:
            return TOO_MANY_HEADERS, {}
        headers: dict[str, str] = {}
        size = 0
        try:
            for name, value in lines:
                size += len(name) + len(value) + 4
                key, text = name.decode(), value.decode().rstrip()
                if key == "host" and (key in headers or not _HOST.fullmatch(text)):
                    return BAD_REQUEST, {}
                headers[key] = f"{headers[key]},{text}" if key in headers else text
        except UnicodeDecodeError:
            return BAD_REQUEST, {}
        if size > self.limits.header_bytes:
            return TOO_MANY_HEADERS, {}
        return None, headers

    async def _body(self, receive: Receive, *, keep: bool) -> bytes | None:
        """Read the whole body and return it, or None if it arrives too slowly.

        Without `keep`, the data are dropped and b"" is returned.
        """
        parts: list[bytes] = []
        received, started = 0, time.monotonic()
        while True:
            earned = self.limits.grace + received / self.limits.bytes_per_second
            try:
                async with asyncio.timeout(started + earned - time.monotonic()):
                    message = await receive()
            except TimeoutError:
                return None
            if message["type"] == "http.disconnect":
                raise ConnectionResetError
            received += len(message["body"])
            if keep:
                parts.append(message["body"])
            if not message["more_body"]:
                return b"".join(parts)


def append_client_address(headers: dict[str, str], client: tuple[str, int]) -> None:
    """Append the client's address and port to `X-Forwarded-For`, as App Service's front end does."""
    host, port = client
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    sent = headers.get("x-forwarded-for")
    headers["x-forwarded-for"] = f"{sent}, {address}" if sent else address


@lru_cache(maxsize=256)
def _line(name: str, value: str) -> tuple[bytes, bytes] | None:
    """Return a header as octets; None if Kestrel refuses it.

    Results are cached, because most headers are the same in every response.
    """
    if not _SENDABLE.fullmatch(f"{name}: {value}"):
        return None
    return name.encode(), value.encode()


async def send_answer(response: HostResponse, send: Send) -> None:
    """Send the response, or an empty 500 if Kestrel would refuse to send it."""
    lines = [_line(name, value) for name, value in response.headers]
    if response.status not in _STATUSES or None in lines:
        response, lines = FAILED, []
    headers = [line for line in lines if line is not None]
    if response.status >= 200 and response.status not in (204, 304):
        headers.append((b"content-length", b"%d" % len(response.body)))
    if response in (TOO_SLOW, TOO_LONG, TOO_MANY_HEADERS, BAD_REQUEST):
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})
