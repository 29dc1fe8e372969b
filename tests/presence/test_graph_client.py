"""The Graph client: any response becomes presence or one of four errors, never another
exception.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import orjson
import pytest

from presence.graph.client import (
    BadRequest,
    GraphClient,
    GraphError,
    Refused,
    Throttled,
    Unavailable,
)
from presence.presence_states import GraphPresence
from tests.clock import FixedClock
from tests.listening import listening

ANNA = "00000000-0000-4000-8000-00000000000a"
BOB = "00000000-0000-4000-8000-00000000000b"


@asynccontextmanager
async def answering(
    head: str, body: bytes = b"", *, length: int | None = None
) -> AsyncIterator[GraphClient]:
    """Yield a client of a server that sends this response to every request.

    `length` replaces the true Content-Length.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        size = len(body) if length is None else length
        writer.write(f"HTTP/1.1 {head}\r\nContent-Length: {size}\r\n\r\n".encode("latin-1") + body)
        await writer.drain()

    async with listening(serve) as url:
        client = GraphClient(url, FixedClock())
        try:
            yield client
        finally:
            await client.close()


async def fault(head: str, body: bytes = b"", *, length: int | None = None) -> GraphError:
    """Return the GraphError that this response causes."""
    async with answering(head, body, length=length) as client:
        with pytest.raises(GraphError) as raised:
            await client.presences("token", [ANNA, BOB])
        return raised.value


async def people(body: object) -> dict[str, GraphPresence]:
    """Return the presence of each person that is parsed from this response body."""
    async with answering("200 OK", orjson.dumps(body)) as client:
        return await client.presences("token", [ANNA, BOB])


def of(object_id: object, availability: object = "Busy") -> dict[str, object]:
    """Return one element of a response."""
    return {"id": object_id, "availability": availability, "activity": availability}


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0", None),
        ("-5", None),
        ("1.5", 1.5),
        ("120.5", 120.5),
        ("1e3", None),
        ("nan", None),
        ("soon", None),
        ("", None),
        ("9" * 400, 300.0),
        ("Thu, 01 Jan 2026 00:00:20 GMT", 20.0),
        ("Thursday, 01-Jan-26 00:00:20 GMT", 20.0),
        ("Thu Jan  1 00:00:20 2026", 20.0),
        ("Thu, 01 Jan 2026 00:00:20 -0000", 20.0),
        ("Wed, 31 Dec 2025 23:59:00 GMT", None),
        ("Fri, 01 Jan 9999 00:00:00 GMT", 300.0),
        ("Fri, 99 Foo 2026 99:99:99 GMT", None),
        ("\u00b2", None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_in_every_form(header: str, seconds: float | None, status: int) -> None:
    """Seconds, or a date in one of the three formats of RFC 9110 section 5.6.7, at most five
    minutes.

    A value that isn't in the future counts as absent; otherwise the call would be repeated at once
    without end. Graph sends decimals (microsoftgraph/microsoft-graph-docs issue 3877).
    """
    raised = await fault(f"{status} No\r\nRetry-After: {header}")
    assert isinstance(raised, Throttled | Unavailable)
    assert raised.retry_after == seconds


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadRequest),
        (404, BadRequest),
        (401, Refused),
        (403, Refused),
        (429, Throttled),
        (500, Unavailable),
        (502, Unavailable),
        (504, Unavailable),
        (204, Unavailable),
        (418, Unavailable),
    ],
)
async def test_each_status_is_one_of_four_errors(status: int, kind: type[GraphError]) -> None:
    """The next step of the sync depends on it (Microsoft Learn, Graph "throttling")."""
    assert isinstance(await fault(f"{status} Word"), kind)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>proxy</html>",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"{}",
        b'{"value":null}',
        b'{"value":{}}',
        b'{"value":"abc"}',
        b'{"value":5}',
        b'{"value":[' + b"[" * 5000,
        b'{"value":[{"id":"' + ANNA.encode() + b'"',
    ],
)
async def test_a_malformed_response_removes_no_status(body: bytes) -> None:
    """A page of a proxy, a truncated response or another object is Unavailable, not an empty list
    of people.
    """
    assert isinstance(await fault("200 OK", body), Unavailable)


async def test_a_truncated_response_is_unavailable() -> None:
    """It has fewer bytes than Content-Length."""
    assert isinstance(await fault("200 OK", b'{"value":[]}', length=100), Unavailable)


async def test_a_response_without_end_is_abandoned() -> None:
    """All calls share the instance's 512 MB of memory."""
    raised = await fault("200 OK", b" " * (9 << 20))
    assert isinstance(raised, Unavailable)
    assert raised.reason == "too long"


async def test_a_redirect_is_not_followed() -> None:
    """The token must be sent to Graph's address only."""
    visited: list[str] = []
    async with elsewhere(visited.append) as address:
        raised = await fault(f"307 Temporary Redirect\r\nLocation: {address}")
    assert isinstance(raised, Unavailable)
    assert visited == []


@asynccontextmanager
async def elsewhere(visited: Callable[[str], None]) -> AsyncIterator[str]:
    """Yield the URL of another server, which calls `visited` for each request."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visited((await reader.readline()).decode())

    async with listening(serve) as url:
        yield f"{url}/"


async def test_malformed_elements_are_skipped() -> None:
    """Elements that aren't objects, unknown ids, ids in capitals, and a person twice, of whom the
    last counts.
    """
    found = await people(
        {
            "value": [
                None,
                5,
                "x",
                {},
                of(None),
                of(["x"]),
                of(ANNA, "Away"),
                of(ANNA.upper()),
                of("stranger"),
                of(BOB, 7),
            ]
        }
    )
    assert found[ANNA].availability == "Busy"
    assert found[BOB] == GraphPresence("", "", False)


async def test_an_error_after_the_list_costs_no_status() -> None:
    """microsoftgraph/msgraph-sdk-dotnet#1701: status 200, and an error object after the complete list."""
    listed = orjson.dumps({"value": [{"id": ANNA, "availability": "Busy", "activity": "Busy"}]})
    async with answering("200 OK", listed + b'\r\n{"error": {"code": "x"}}') as client:
        assert list(await client.presences("token", [ANNA, BOB])) == [ANNA]
    error = await fault("200 OK", b'{"value": []}{"error": {"code": "x"}}')
    assert isinstance(error, Unavailable)


async def test_values_are_bounded() -> None:
    """A very long availability isn't stored for each person."""
    assert len((await people({"value": [of(ANNA, "x" * 1_000_000)]}))[ANNA].availability) <= 40


async def test_a_refused_connection_is_unavailable() -> None:
    """No server listens on Graph's address."""
    client = GraphClient("http://127.0.0.1:9", FixedClock())
    with pytest.raises(Unavailable):
        await client.presences("token", [ANNA])
    await client.close()


async def test_a_graph_that_hangs_times_out() -> None:
    """The timeout lets a sync end."""

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with listening(silent) as url:
        client = GraphClient(url, FixedClock(), timeout=0.05)
        with pytest.raises(Unavailable):
            await client.presences("token", [ANNA])
        await client.close()
