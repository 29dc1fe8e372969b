"""What stands between the web server and the functions: the checks of a request, the played sign-in, the access log."""

import time
from dataclasses import dataclass
from typing import Protocol

from local.host.http import BAD_REQUEST, Answer
from local.host.paths import decode_path
from local.host.sign_in import sign_in
from shared import log


class Answers(Protocol):
    """What answers the requests that the server lets through; see `HttpFunctions.answer`."""

    async def answer(
        self, method: str, origin: str, path: str, query: str, headers: dict[str, str], body: bytes
    ) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """What the server takes, as on the platform (Kestrel; FUNCTIONS_REQUEST_BODY_SIZE_LIMIT).

    `grace`: seconds before a body must have come with 240 bytes a second (MinRequestBodyDataRate).
    """

    body: int = 100 * 1024 * 1024
    target: int = 8192
    grace: float = 5.0
    bytes_per_second: int = 240
    idle: float = 130.0


class Edge:
    """Answers complete requests; `platform_sign_in` puts the played sign-in before the functions."""

    def __init__(
        self, functions: Answers, *, platform_sign_in: bool = True, access_log: bool = False
    ) -> None:
        self._functions = functions
        self._platform_sign_in = platform_sign_in
        self._access_log = access_log

    async def answer(
        self, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> Answer:
        """The answer to a request for `target` (path and query as sent); header names are in lower case."""
        path, _, query = target.partition("?")
        if not self._access_log:
            return await self.respond(method, path, query, headers, body)
        started = time.perf_counter()
        answer = await self.respond(method, path, query, headers, body)
        spent = round((time.perf_counter() - started) * 1000, 2)
        size = len(answer.body)
        log.event(
            "http.request",
            method=method,
            path=path,
            status=answer.status,
            bytes=size,
            milliseconds=spent,
        )
        return answer

    async def respond(
        self, method: str, raw_path: str, query: str, headers: dict[str, str], body: bytes
    ) -> Answer:
        """The answer, without the access log."""
        path = decode_path(raw_path)
        if path is None or "host" not in headers:
            return BAD_REQUEST
        if self._platform_sign_in:
            instead = sign_in(method, path, query, headers)
            if instead is not None:
                return instead
        return await self._functions.answer(
            method, "http://" + headers["host"], path, query, headers, body
        )
