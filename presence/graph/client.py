"""The client of Microsoft Graph: one call to getPresencesByUserId and its answer or error."""

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import orjson

from presence.graph.errors import BadRequest, Refused, Throttled, Unavailable
from presence.presence_states import GraphPresence, parse
from shared.clock import Clock
from shared.concurrency import import_modules
from shared.retry_after import seconds_until

if TYPE_CHECKING:
    import aiohttp

UNREADABLE = "garbage"
TOO_LONG = "too long"
MAX_IDS_PER_CALL = 650  # learn.microsoft.com/graph/api/cloudcommunications-getpresencesbyuserid
_PATH = "/v1.0/communications/getPresencesByUserId"
_TIMEOUT = 10.0
_MAX_WAIT = 300.0
_MAX_ANSWER = 8 << 20  # bytes; ten times the answer for 650 people with status notes
_OBJECT_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_object_id(text: str) -> bool:
    """Return whether a lower-case text has the form of an Entra object ID, which Graph requires."""
    return _OBJECT_ID.fullmatch(text) is not None


class GraphClient:
    """Calls to the Graph of one cloud over pooled connections."""

    def __init__(
        self, graph_url: str, clock: Clock, *, connections: int = 64, timeout: float = _TIMEOUT
    ) -> None:
        self.url = graph_url + _PATH
        self._clock = clock
        self._connections, self._timeout = connections, timeout
        self._session: aiohttp.ClientSession | None = None

    async def presences(self, token: str, ids: Sequence[str]) -> dict[str, GraphPresence]:
        """Return the presence, by lower-case object ID, of those of `ids` that Graph returns.

        Args:
            token: An application token for Graph.
            ids: At most 650 object IDs.

        Raises:
            GraphError: Throttled, Unavailable, Refused or BadRequest.
        """
        await import_modules("aiohttp")
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
        """Close the connections."""
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
        """Return the seconds of a Retry-After header, at most five minutes, or None."""
        seconds = seconds_until(retry_after, self._clock.now())
        return None if seconds is None else min(seconds, _MAX_WAIT)


async def _body(answer: "aiohttp.ClientResponse") -> bytes:
    """Return the body. Raise Unavailable if it is larger than any answer of Graph can be."""
    body = bytearray()
    async for part in answer.content.iter_any():
        body += part
        if len(body) > _MAX_ANSWER:
            raise Unavailable(TOO_LONG)
    return bytes(body)


def _error(status: int, retry_after: float | None) -> Exception:
    if status == 429:
        return Throttled(retry_after)
    if status in (401, 403):
        return Refused(status)
    if status in (400, 404):
        return BadRequest(status)
    return Unavailable(str(status), retry_after)


def _people(body: bytes) -> dict[str, GraphPresence]:
    """Return the presences in an answer. Raise Unavailable if it can't be read at all.

    An element that isn't a presence is left out, so that it costs one person their status.
    """
    resources = _resources(body)
    return dict(found for resource in resources if (found := parse(resource)) is not None)


def _resources(body: bytes) -> list[Any]:
    try:
        content = _json(body)
    except (ValueError, RecursionError):
        raise Unavailable(UNREADABLE) from None
    resources = content.get("value") if isinstance(content, dict) else None
    if not isinstance(resources, list):
        raise Unavailable(UNREADABLE)
    return resources


def _json(body: bytes) -> Any:
    """Parse JSON strictly, else leniently. Raise ValueError or RecursionError if neither works.

    Free text of a person (a status note, an out-of-office message) can hold half a surrogate pair,
    a control character or bytes that aren't UTF-8. RFC 8259 section 8 leaves the behaviour of a
    parser open; orjson refuses the whole document.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return json.loads(body.decode("utf-8-sig", "replace"), strict=False)
