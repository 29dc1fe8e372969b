"""The edge to Microsoft Graph: one call, its answer or what came instead of it."""

import re
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import orjson

from presence.graph.errors import BadRequest, Refused, Throttled, Unavailable
from presence.presence_states import Value, parse
from shared.clock import Clock

if TYPE_CHECKING:
    import aiohttp

MAX_IDS_PER_CALL = 650  # learn.microsoft.com/graph/api/cloudcommunications-getpresencesbyuserid
_PATH = "/v1.0/communications/getPresencesByUserId"
_TIMEOUT = 10.0
_LONGEST_WAIT = 300.0
_LONGEST_ANSWER = 8 << 20  # bytes: ten times what 650 people with status notes need
_OBJECT_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_object_id(text: str) -> bool:
    """Whether the text, in lower case, has the form of an Entra object id; anything else Graph would refuse."""
    return _OBJECT_ID.fullmatch(text) is not None


class GraphClient:
    """Calls to one cloud's Graph, over connections that are kept."""

    def __init__(
        self, graph_url: str, clock: Clock, *, connections: int = 64, timeout: float = _TIMEOUT
    ) -> None:
        self.url = graph_url + _PATH
        self._clock = clock
        self._connections, self._timeout = connections, timeout
        self._session: aiohttp.ClientSession | None = None

    async def presences(self, token: str, ids: Sequence[str]) -> dict[str, Value]:
        """Presence by object id (lower case) of those of at most 650 ids that Graph names.

        Raises Throttled, Unavailable, Refused or BadRequest.
        """
        import aiohttp

        session = self._open()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        try:
            # A redirect is not followed: the token is for this address.
            async with session.post(
                self.url,
                data=orjson.dumps({"ids": list(ids)}),
                headers=headers,
                allow_redirects=False,
            ) as answer:
                body = await _body(answer)
                if answer.status != 200:
                    raise _error(answer.status, self._seconds(answer.headers.get("Retry-After")))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable(type(error).__name__) from None
        return _people(body)

    async def close(self) -> None:
        """Let go of the connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _open(self) -> "aiohttp.ClientSession":
        import aiohttp

        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections),
                timeout=aiohttp.ClientTimeout(total=self._timeout),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=True,
            )
        return self._session

    def _seconds(self, retry_after: str | None) -> float | None:
        """Retry-After (RFC 9110 section 10.2.3): seconds or a date; None where it names no time to come."""
        if not retry_after:
            return None
        try:
            seconds = (
                float(retry_after)
                if retry_after.isdecimal()
                else (parsedate_to_datetime(retry_after) - self._clock.now()).total_seconds()
            )
        except (ValueError, TypeError, OverflowError):
            return None
        return min(seconds, _LONGEST_WAIT) if seconds > 0 else None


async def _body(answer: "aiohttp.ClientResponse") -> bytes:
    """The body. Raises Unavailable where it is larger than any answer of Graph can be."""
    body = bytearray()
    async for part in answer.content.iter_any():
        body += part
        if len(body) > _LONGEST_ANSWER:
            raise Unavailable("too long")
    return bytes(body)


def _error(status: int, retry_after: float | None) -> Exception:
    if status == 429:
        return Throttled(retry_after)
    if status in (401, 403):
        return Refused(status)
    if status in (400, 404):
        return BadRequest(status)
    return Unavailable(str(status), retry_after)


def _people(body: bytes) -> dict[str, Value]:
    try:
        resources = orjson.loads(body)["value"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise Unavailable("garbage") from None
    if not isinstance(resources, list):
        raise Unavailable("garbage")
    return dict(found for resource in resources if (found := parse(resource)) is not None)
