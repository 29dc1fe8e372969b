"""The edge to the web server: limits of the host's own server, bodies as the host lets them through, the access log."""

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol

from local.host.http import BAD_REQUEST, Answer
from local.host.paths import decode_path
from local.host.sign_in import sign_in
from shared import log

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

BODY_LIMIT = 100 * 1024 * 1024  # FUNCTIONS_REQUEST_BODY_SIZE_LIMIT of the platform
URL_LIMIT = 8192
_SECONDS_BEFORE_SLOW = 5.0  # Kestrel's MinRequestBodyDataRate: 240 bytes/s after 5 s of grace
_BYTES_PER_SECOND = 240
TOO_LARGE = Answer(413, [("connection", "close")], b"")
TOO_SLOW = Answer(408, [("connection", "close")], b"")
TOO_LONG = Answer(414, [("connection", "close")], b"")


class Answers(Protocol):
    """What answers the requests that the server lets through; see `HttpFunctions.answer`."""

    async def answer(
        self, method: str, origin: str, path: str, query: str, headers: dict[str, str], body: bytes
    ) -> Answer: ...


class ClientGone(Exception):
    """The client went away before its request was complete; there is nobody to answer."""


class Asgi:
    """The ASGI application in front of the functions; `platform_sign_in` puts the played sign-in before them."""

    def __init__(
        self,
        functions: Answers,
        *,
        platform_sign_in: bool = True,
        access_log: bool = False,
        grace: float = _SECONDS_BEFORE_SLOW,
        body_limit: int = BODY_LIMIT,
    ):
        self._functions = functions
        self._platform_sign_in = platform_sign_in
        self._access_log = access_log
        self._grace = grace
        self._body_limit = body_limit

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        started = time.perf_counter()
        try:
            answer = await self._answer(scope, receive)
        except ClientGone:
            return
        except UnicodeDecodeError:
            answer = BAD_REQUEST
        await _write(answer, scope["method"], send)
        if self._access_log:
            milliseconds = round((time.perf_counter() - started) * 1000, 2)
            log.event(
                "http.request",
                method=scope["method"],
                path=scope["raw_path"].decode("ascii"),
                status=answer.status,
                bytes=len(answer.body),
                milliseconds=milliseconds,
            )

    async def _answer(self, scope: MutableMapping[str, Any], receive: Receive) -> Answer:
        headers: dict[str, str] = {}
        for name, value in scope["headers"]:
            key, text = name.decode("ascii"), value.decode()
            headers[key] = f"{headers[key]},{text}" if key in headers else text
        raw_path, query = scope["raw_path"].decode("ascii"), scope["query_string"].decode("ascii")
        if len(raw_path) + len(query) > URL_LIMIT:
            return TOO_LONG
        body = b""
        length = headers.get("content-length")
        if length is not None or "transfer-encoding" in headers:
            if length is not None and int(length) > self._body_limit:
                return TOO_LARGE
            given = await self._body(receive)
            if isinstance(given, Answer):
                return given
            # The host passes a body on only if its length was declared; a chunked one is dropped.
            body = given if length is not None else b""
        return await self.respond(scope["method"], raw_path, query, headers, body)

    async def respond(self, method: str, raw_path: str, query: str, headers: dict[str, str], body: bytes) -> Answer:
        """The answer to a complete request."""
        if "host" not in headers:
            return BAD_REQUEST
        path = decode_path(raw_path)
        if path is None:
            return BAD_REQUEST
        if self._platform_sign_in:
            instead = sign_in(method, path, query, headers)
            if instead is not None:
                return instead
        return await self._functions.answer(method, "http://" + headers["host"], path, query, headers, body)

    async def _body(self, receive: Receive) -> bytes | Answer:
        started = time.monotonic()
        parts: list[bytes] = []
        received = 0
        while True:
            message = await self._next(receive, received, time.monotonic() - started)
            if message is None:
                return TOO_SLOW
            part: bytes = message.get("body", b"")
            received += len(part)
            if received > self._body_limit:
                return TOO_LARGE
            parts.append(part)
            if not message.get("more_body"):
                return b"".join(parts)

    async def _next(self, receive: Receive, received: int, elapsed: float) -> Message | None:
        """The next part of the body; None where the client is slower than the host puts up with."""
        allowed = self._grace + received / _BYTES_PER_SECOND - elapsed
        try:
            async with asyncio.timeout(allowed):
                message = await receive()
        except TimeoutError:
            return None
        if message["type"] == "http.disconnect":
            raise ClientGone
        return message


async def _write(answer: Answer, method: str, send: Send) -> None:
    status, headers, body = answer
    lines = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers]
    if status >= 200 and status not in (204, 304):
        lines.append((b"content-length", str(len(body)).encode("ascii")))
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})
