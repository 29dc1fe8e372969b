"""The client of Microsoft Graph, which sends single requests, and the rate limit for them.

Graph allows 1,500 requests in 30 seconds for the app in one tenant, and 2,000 a second in all
tenants (learn.microsoft.com/graph/throttling-limits). A bucket of `burst` requests that is filled
by `rate` a second admits at most burst + 30 * rate in any 30 seconds. Syncs of a tenant run on one
instance at a time and may send 450 + 30 * 30 = 1,350. Refreshes on demand may come from several
instances, which share the remaining 150. The bucket for all tenants limits each instance to a part
of the 2,000 a second, so that several instances together stay below that.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import orjson

from directories.rate_limits import Bucket, Buckets
from presence.presence_states import GraphPresence, parse
from shared.clock import Clock
from shared.concurrency import import_modules
from shared.retry_after import seconds_until

if TYPE_CHECKING:
    import aiohttp

UNREADABLE = "garbage"
TOO_LONG = "too long"
_LENIENT = json.JSONDecoder(strict=False)
MAX_IDS_PER_CALL = 650  # learn.microsoft.com/graph/api/cloudcommunications-getpresencesbyuserid
_PRESENCES = "/v1.0/communications/getPresencesByUserId"
_FIND_TENANT = "/v1.0/tenantRelationships/findTenantInformationByTenantId(tenantId='{}')"
_TIMEOUT = 10.0
_MAX_WAIT = 300.0
_MAX_ANSWER = 8 << 20  # bytes; ten times the response for 650 people with status notes
Purpose = Literal["sync", "demand", "question"]
_LIMITS: dict[Purpose, tuple[float, float]] = {
    "sync": (450, 30),
    "demand": (20, 1),
    "question": (10, 2.5),  # on demand, when an agent waits to know who is free
}
_ALL = (200.0, 100.0)
_TENANTS = 4096
_ROUNDING = 1e-6  # tolerance in tokens, so that a caller that waited needn't wait a nanosecond more


class GraphClient:
    """Sends requests to the Graph of one cloud over pooled connections."""

    def __init__(
        self, graph_url: str, clock: Clock, *, connections: int = 64, timeout: float = _TIMEOUT
    ) -> None:
        self.url = graph_url
        self._clock = clock
        self._connections, self._timeout = connections, timeout
        self._session: aiohttp.ClientSession | None = None

    async def presences(self, token: str, ids: Sequence[str]) -> dict[str, GraphPresence]:
        """Request presences; return them by object ID in lower case, without people whom Graph leaves out.

        Args:
            token: An application token for Graph.
            ids: At most 650 object IDs.

        Raises:
            GraphError: Throttled, Unavailable, Refused or BadRequest.
        """
        content = orjson.dumps({"ids": list(ids)})
        return _people(await self._call("POST", _PRESENCES, token, content))

    async def tenant_information(self, token: str, tenant_id: str) -> dict[str, Any]:
        """Return the tenantInformation object of any tenant.

        Source: learn.microsoft.com/graph/api/tenantrelationship-findtenantinformationbytenantid.

        Args:
            token: An application token of the contact centre's own tenant.
            tenant_id: The tenant to look up, a GUID.

        Raises:
            GraphError: Throttled, Unavailable, Refused or BadRequest.
        """
        body = await self._call("GET", _FIND_TENANT.format(tenant_id), token)
        try:
            content = _json(body)
        except (ValueError, RecursionError):
            raise Unavailable(UNREADABLE) from None
        if not isinstance(content, dict):
            raise Unavailable(UNREADABLE)
        return content

    async def _call(
        self, method: str, path: str, token: str, content: bytes | None = None
    ) -> bytes:
        """Send a request and return the body of the response; raise GraphError."""
        await import_modules("aiohttp")
        import aiohttp

        headers = {"Authorization": f"Bearer {token}"}
        if content is not None:
            headers["Content-Type"] = "application/json"
        try:
            # A redirect is not followed: the token is for this address.
            async with self._open().request(
                method, self.url + path, data=content, headers=headers, allow_redirects=False
            ) as response:
                body = await _body(response)
                if response.status != 200:
                    raise _error(
                        response.status, self._seconds(response.headers.get("Retry-After"))
                    )
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable(type(error).__name__) from None
        return body

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
        """Return the seconds in a Retry-After header, at most 300; None if missing or invalid."""
        seconds = seconds_until(retry_after, self._clock.now())
        return None if seconds is None else min(seconds, _MAX_WAIT)


async def _body(response: "aiohttp.ClientResponse") -> bytes:
    """Return the response's body; raise Unavailable if it is larger than any response of Graph can be."""
    body = bytearray()
    async for part in response.content.iter_any():
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
    """Parse a response and return its presences by object ID; raise Unavailable if it isn't a list of them.

    An element that isn't a presence is skipped, so that it costs only one person the status.
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
    """Parse JSON strictly or, if that fails, leniently; raise ValueError or RecursionError if both fail.

    A person's free text (a status note, an out-of-office message) can contain half a surrogate
    pair, a control character or bytes that aren't UTF-8. RFC 8259 section 8 leaves the behaviour of
    a parser open, and orjson refuses the whole document. Text after a list that isn't empty is
    ignored: Graph has written an error object there (microsoftgraph/msgraph-sdk-dotnet#1701).
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        text = body.decode("utf-8-sig", "replace").strip()
        content, end = _LENIENT.raw_decode(text)
        has_list = isinstance(content, dict) and bool(content.get("value"))
        if end < len(text) and not has_list:
            raise
        return content


class GraphError(Exception):
    """Base class of the errors of a request to Graph."""


@dataclass(eq=False)
class Throttled(GraphError):
    """429: send no request for `retry_after` seconds (None if the response had no Retry-After)."""

    retry_after: float | None


@dataclass(eq=False)
class Unavailable(GraphError):
    """5xx, a broken connection, a timeout, or a response that can't be parsed."""

    reason: str
    retry_after: float | None = None


@dataclass(eq=False)
class Refused(GraphError):
    """401 or 403: the token or its role is not accepted, because consent is missing."""

    status: int


@dataclass(eq=False)
class BadRequest(GraphError):
    """400 or 404: some ID in the request isn't accepted; Graph doesn't say which."""

    status: int


class Budget:
    """The rate limit of an instance: token buckets per tenant and purpose, and one for all tenants."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._all = Bucket(_ALL[0], clock.monotonic())
        self._tenants: Buckets[tuple[str, Purpose]] = Buckets(_TENANTS)

    def charge(self, tenant_id: str, purpose: Purpose) -> float:
        """Charge one request and return 0, or charge nothing and return the seconds until the next try."""
        now = self._clock.monotonic()
        burst, rate = _LIMITS[purpose]
        bucket = self._tenants.filled((tenant_id, purpose), now, rate, burst)
        burst_of_all, rate_of_all = _ALL
        self._all.fill(now, rate_of_all, burst_of_all)
        seconds = max(_wait(bucket, rate), _wait(self._all, rate_of_all))
        if not seconds:
            bucket.level -= 1
            self._all.level -= 1
        return seconds


def _wait(bucket: Bucket, rate: float) -> float:
    """Return the seconds until a request is allowed, 0 if it is now."""
    return 0.0 if bucket.level >= 1 - _ROUNDING else bucket.wait(1, rate)
