"""Send requests as Entra does: bearer token, no User-Agent, `+` for spaces, repeated with back-off."""

import asyncio
import itertools
import time
from dataclasses import dataclass
from random import Random
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote_plus, urlsplit

import aiohttp
import orjson
from yarl import URL

from local.entra.options import Options
from local.entra.record import PASSING, Record

CONTENT_TYPE = "application/scim+json; charset=utf-8"
_MAX_PAUSE = 5.0


class Quarantined(Exception):
    """The job can't continue; Entra would put it into quarantine (Microsoft Learn, "Quarantine status")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A response as received.

    `content` is the decoded JSON, None if the body is empty or malformed. `repeated` is True if the
    request was sent more than once; the server may then have processed an earlier attempt and its
    response was lost.
    """

    request: str
    status: int
    headers: dict[str, str]
    body: bytes
    content: Any
    repeated: bool


class Wire:
    """The HTTP connections of one job; an async context manager."""

    def __init__(self, options: Options, record: Record) -> None:
        """Store the options; connections are opened when the context is entered."""
        self._bases = itertools.cycle(map(_without_query, (options.base, *options.instances)))
        self._flag = urlsplit(options.base).query  # Entra's compliance flag is in the tenant URL
        self.patience = options.patience
        self._options, self._record = options, record
        self._random = Random(options.seed)
        self._headers = {
            "Accept": "application/scim+json",
            "Authorization": f"Bearer {options.token}",
        }

    async def __aenter__(self) -> Self:
        """Create an HTTP session with as many connections as the job may use."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._options.connections),
            timeout=aiohttp.ClientTimeout(total=self._options.timeout),
            skip_auto_headers=("User-Agent",),
            headers=self._headers,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        await self._session.close()

    async def send(
        self,
        operation: str,
        method: str,
        path: str,
        query: str = "",
        body: Any = None,
        *,
        lose_answer: bool = False,
    ) -> Response:
        """Send a request, repeated until it has a final response or `patience` is over, and return the response.

        `lose_answer` cuts the connection when the first response begins: the server has then
        processed the request, but Entra doesn't know that.

        Raises:
            Quarantined: The server refuses the token, or it can't be reached.
        """
        url = URL(next(self._bases) + path + _query(self._flag, query), encoded=True)
        request = f"{method} {path}{'?' + query if query else ''}"
        data = orjson.dumps(body) if body is not None else None
        give_up, pause, attempt = time.monotonic() + self.patience, self._options.pause, 0
        while True:
            attempt += 1
            lose = lose_answer and attempt == 1
            last = time.monotonic() >= give_up and not lose
            try:
                response = await self._once(operation, method, url, request, data, attempt, lose)
            except (aiohttp.ClientError, TimeoutError) as error:
                if last:
                    raise Quarantined(f"{request}: no answer ({type(error).__name__})") from error
                wait = pause
            else:
                if response.status == 401:
                    raise Quarantined(f"{request}: 401, the server refuses the token")
                # A 500 is a fault of the server, and the request is repeated once.
                if last or not (
                    response.status in PASSING or (response.status == 500 and attempt == 1)
                ):
                    return response
                if response.status == 500:
                    self._record.deviations(
                        operation, request, ["status 500: the server failed, Entra logs an error"]
                    )
                wait = _retry_after(response) or pause
            self._record.retries += 1
            await asyncio.sleep(wait * self._random.uniform(0.8, 1.2))
            pause = min(pause * 2, _MAX_PAUSE)

    async def _once(
        self,
        operation: str,
        method: str,
        url: URL,
        request: str,
        data: bytes | None,
        attempt: int,
        lose: bool,
    ) -> Response:
        headers = {"Content-Type": CONTENT_TYPE} if data is not None else {}
        started = time.perf_counter()
        async with self._session.request(
            method,
            url,
            data=data,
            headers=headers,
            skip_auto_headers=("Content-Type",),
            allow_redirects=False,
        ) as response:
            if lose:
                response.close()
                raise aiohttp.ClientConnectionError("cut")
            body = await response.read()
        self._record.answered(operation, time.perf_counter() - started, response.status)
        lower = {name.lower(): value for name, value in response.headers.items()}
        return Response(
            request=request,
            status=response.status,
            headers=lower,
            body=body,
            content=_decoded(body),
            repeated=attempt > 1,
        )


def equals(attribute: str, value: str) -> str:
    """Return the query of a matching filter, encoded as Entra does: `filter=userName+eq+%22a%40b%22`."""
    expression = f'{attribute} eq "{escaped(value)}"'
    return f"filter={quote_plus(expression)}"


def escaped(value: str) -> str:
    """Return the value escaped for the quotes of a filter."""
    return value.replace("\\", "\\\\").replace('"', '\\"')


def _without_query(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _query(flag: str, query: str) -> str:
    both = "&".join(part for part in (flag, query) if part)
    return f"?{both}" if both else ""


def _decoded(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _retry_after(response: Response) -> float | None:
    seconds = response.headers.get("retry-after", "")
    return min(float(seconds), 60.0) if seconds.isdecimal() else None
