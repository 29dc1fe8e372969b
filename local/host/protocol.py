"""HTTP/1.1 on one connection: httptools parses, a task answers, the next request waits its turn.

In place of uvicorn's own protocol, of whose 50 us a request 40 are ASGI's (python -m bench.servers); uvicorn still
runs the server. One write for each answer, timers only for clients that are slow.
"""

import asyncio
import re
from collections import deque
from http import HTTPStatus
from typing import Any, NamedTuple, cast

import httptools

from local.host.edge import Edge, Limits
from local.host.http import BAD_REQUEST, FAILED, Answer
from shared import log

TOO_LARGE = Answer(413, [], b"")
TOO_LONG = Answer(414, [], b"")
TOO_SLOW = Answer(408, [], b"")
_PIPELINED = 32  # requests that may wait on one connection
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_STATUS = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}
_CLEAN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+: [\t\x20-\x7e]*")
_TARGET = re.compile(rb"/[\x21-\x22\x24-\x7e]*")


class _Turn(NamedTuple):
    """A request, or at once the answer to what is none; `last`: the connection ends after it."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    last: bool
    answer: Answer | None = None


class HttpProtocol(asyncio.Protocol):
    """One connection; uvicorn makes it, and calls `shutdown` when the server stops."""

    def __init__(
        self,
        config: Any,
        server_state: Any,
        app_state: Any,
        _loop: asyncio.AbstractEventLoop | None = None,
    ):
        self._edge: Edge = config.app.edge
        self._limits: Limits = config.app.limits
        self._state = server_state
        self._loop = _loop or asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._turns: deque[_Turn] = deque()
        self._busy = self._deaf = self._in_body = self._write_paused = self._stopping = False
        self._slow: asyncio.TimerHandle | None = None
        self._begin()

    def _begin(self) -> None:
        self._url = b""
        self._headers: dict[str, str] = {}
        self._parts: list[bytes] = []
        self._received = 0

    # The connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to listen."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class
        self._state.connections.add(self)
        self._heard = self._loop.time()
        self._idle = self._loop.call_later(self._limits.idle, self._check_idle)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection; a function that runs goes on, as on the platform, and its answer is dropped."""
        self._state.connections.discard(self)
        self._deaf = True
        self._turns.clear()
        self._idle.cancel()
        self._end_body()

    def data_received(self, data: bytes) -> None:
        """Parse; what can't be parsed is answered in its turn and ends the connection."""
        if self._deaf:
            return
        self._heard = self._loop.time()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._deaf = True  # whatever it wants to upgrade to, it got an ordinary answer
        except httptools.HttpParserError:
            self._refuse(BAD_REQUEST)
        if self._in_body and self._slow is None and not self._deaf:
            self._body_began = self._heard
            self._slow = self._loop.call_later(self._limits.grace, self._check_slow)

    def pause_writing(self) -> None:
        """The client does not read: take no more of its requests."""
        self._write_paused = True
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._write_paused = False
        self._transport.resume_reading()
        self._next()

    def shutdown(self) -> None:
        """The server stops: answer what is being answered, then close."""
        self._stopping = self._deaf = True
        if not self._busy:
            self._transport.close()

    def _check_idle(self) -> None:
        left = self._limits.idle - (self._loop.time() - self._heard)
        if left <= 0 and not self._busy:
            self._transport.close()
        else:
            self._idle = self._loop.call_later(max(left, 1.0), self._check_idle)

    def _check_slow(self) -> None:
        earned = self._limits.grace + self._received / self._limits.bytes_per_second
        left = earned - (self._loop.time() - self._body_began)
        if left > 0:
            self._slow = self._loop.call_later(left, self._check_slow)
        else:
            self._refuse(TOO_SLOW)

    # What the parser finds

    def on_message_begin(self) -> None:
        """A request begins."""
        self._begin()

    def on_url(self, url: bytes) -> None:
        """A part of the request's target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; repeated ones are joined. Names and values are UTF-8, else the request is bad."""
        key, text = name.decode().lower(), value.decode()
        self._headers[key] = f"{self._headers[key]},{text}" if key in self._headers else text

    def on_headers_complete(self) -> None:
        """Refuse at once what is too large; ask for the body where the client waits for that."""
        length = self._headers.get("content-length")
        self._in_body = length not in (None, "0") or "transfer-encoding" in self._headers
        if len(self._url) > self._limits.target:
            self._refuse(TOO_LONG)
        elif length is not None and (not length.isdecimal() or int(length) > self._limits.body):
            self._refuse(TOO_LARGE if length.isdecimal() else BAD_REQUEST)
        elif (
            self._in_body
            and self._headers.get("expect", "").lower() == "100-continue"
            and not self._busy
        ):
            self._transport.write(_CONTINUE)

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._received += len(body)
        if self._received > self._limits.body:
            self._refuse(TOO_LARGE)
        elif not self._deaf:
            self._parts.append(body)

    def on_message_complete(self) -> None:
        """The request is complete; its turn comes after those before it."""
        self._end_body()
        if self._deaf:
            return
        if not _TARGET.fullmatch(self._url):
            self._url = _origin_form(self._url)
        # The host passes a body on only if its length was declared; a chunked one is dropped.
        body = b"".join(self._parts) if self._parts and "content-length" in self._headers else b""
        last = not self._parser.should_keep_alive() or self._parser.should_upgrade()
        self._add(
            _Turn(self._parser.get_method().decode(), self._url.decode(), self._headers, body, last)
        )

    def _end_body(self) -> None:
        self._in_body = False
        if self._slow is not None:
            self._slow.cancel()
            self._slow = None

    # Turns

    def _refuse(self, answer: Answer) -> None:
        """Answer in turn without a function, and hear no more."""
        if not self._deaf:
            self._end_body()
            self._add(_Turn("", "", {}, b"", True, answer))
            self._deaf = True

    def _add(self, turn: _Turn) -> None:
        self._turns.append(turn)
        if len(self._turns) > _PIPELINED:
            self._transport.pause_reading()
        self._next()

    def _next(self) -> None:
        if self._busy or self._write_paused or not self._turns:
            return
        turn = self._turns.popleft()
        if turn.answer is not None:
            self._write(turn, turn.answer)
            return
        self._busy = True
        task = self._loop.create_task(self._run(turn))
        self._state.tasks.add(task)
        task.add_done_callback(self._state.tasks.discard)

    async def _run(self, turn: _Turn) -> None:
        try:
            answer = await self._edge.answer(turn.method, turn.target, turn.headers, turn.body)
        except Exception as error:
            log.failure("host.failed", error)
            answer = FAILED
        self._busy = False
        self._state.total_requests += 1
        if not self._transport.is_closing():
            self._heard = self._loop.time()
            self._write(turn, answer)
            if len(self._turns) == _PIPELINED and not self._write_paused:
                self._transport.resume_reading()
            self._next()

    def _write(self, turn: _Turn, answer: Answer) -> None:
        last = turn.last or self._stopping
        date = self._state.default_headers[0][1].decode() if self._state.default_headers else ""
        self._transport.write(encode(answer, turn.method, date, last))
        if last:
            self._deaf = True
            self._turns.clear()
            self._transport.close()


def _origin_form(url: bytes) -> bytes:
    """The path and query of a target in absolute form (RFC 9112 section 3.2.2); the parser's error where it is none."""
    parts = httptools.parse_url(url)
    target: bytes = (parts.path or b"/") + (b"?" + parts.query if parts.query else b"")
    if not parts.schema or not _TARGET.fullmatch(target):
        raise httptools.HttpParserError("the target is no path")
    return target


def encode(answer: Answer, method: str, date: str, last: bool) -> bytes:
    """The answer as it goes over the wire; 500 where a header holds what none may (Kestrel throws)."""
    lines = [f"{name}: {value}" for name, value in answer.headers]
    if not all(map(_CLEAN.fullmatch, lines)):
        return encode(FAILED, method, date, last)
    lines.append(f"date: {date}")
    if answer.status >= 200 and answer.status not in (204, 304):
        lines.append(f"content-length: {len(answer.body)}")
    if last:
        lines.append("connection: close")
    status = _STATUS.get(answer.status) or f"HTTP/1.1 {answer.status} \r\n"
    head = (status + "\r\n".join(lines) + "\r\n\r\n").encode("ascii")
    return head if method == "HEAD" else head + answer.body
