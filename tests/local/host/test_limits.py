"""The local host has Kestrel's limits of connections and sizes, and survives slow or vanishing clients
(Microsoft Learn, functions-scale, "Service limits").
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import azure.functions as func
import orjson
import pytest

from local.host.asgi import Limits, send_answer
from local.host.host import HostOptions
from local.host.http import HostResponse
from local.host.running import RunningHost, running

from .conftest import APPS, NO_PREFIX
from .wire import ask, connect

GET = b"GET /echo/%d HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
async def small() -> AsyncIterator[RunningHost]:
    """Yield a host with a body limit of 1,000 bytes and without a grace period."""
    options = HostOptions(timers=False, limits=Limits(body=1000, grace=0.0))
    async with running(APPS / "sample_http.py", host_file=NO_PREFIX, options=options) as found:
        yield found


async def test_connection_is_kept_for_the_next_request(host: RunningHost) -> None:
    """HTTP/1.1 keeps a connection open after a response."""
    async with connect(host.port) as connection:
        for number in range(3):
            await connection.send(GET % number)
            assert orjson.loads((await connection.reply()).body)["route"] == {"id": str(number)}


async def test_a_body_does_not_wait_for_the_acknowledgement_of_its_headers(
    host: RunningHost,
) -> None:
    """The server sets TCP_NODELAY (RFC 9293 section 3.7.4): otherwise a client that delays its ACK gets
    the body 40 ms after the headers.
    """
    async with connect(host.port) as connection:
        await connection.send(GET % 1)
        await connection.reply()
        (served,) = host._server.server_state.connections
        served_socket = served.transport.get_extra_info("socket")
        assert served_socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_pipelined_requests_are_answered_in_order(host: RunningHost) -> None:
    """The responses have the order of the requests (RFC 9112 section 9.3.2)."""
    async with connect(host.port) as connection:
        await connection.send(b"".join(GET % number for number in range(5)))
        found = [orjson.loads((await connection.reply()).body)["route"]["id"] for _ in range(5)]
    assert found == ["0", "1", "2", "3", "4"]


async def test_a_thousand_pipelined_requests_are_all_answered(host: RunningHost) -> None:
    """The server stops reading a connection that has too many waiting requests, and continues later."""
    async with connect(host.port) as connection:
        sending = asyncio.create_task(
            connection.send(b"".join(GET % number for number in range(1000)))
        )
        found = [orjson.loads((await connection.reply()).body)["route"]["id"] for _ in range(1000)]
        await sending
    assert found == [str(number) for number in range(1000)]


async def test_request_may_come_byte_by_byte(host: RunningHost) -> None:
    """A request that arrives in many segments is complete for the function."""
    request = b"POST /length?x=1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello"
    async with connect(host.port) as connection:
        for position in range(len(request)):
            await connection.send(request[position : position + 1])
        assert (await connection.reply()).body == b"5"


async def test_the_connection_of_an_http_1_0_client_is_closed(host: RunningHost) -> None:
    """The server closes the connection of an HTTP/1.0 client after the response."""
    async with connect(host.port) as connection:
        await connection.send(b"GET /echo HTTP/1.0\r\nHost: localhost\r\n\r\n")
        reply = await connection.reply()
        assert (reply.status, reply.one("Connection")) == (200, "close")
        assert await connection.at_end()


async def test_expect_100_continue_is_obeyed(host: RunningHost) -> None:
    """A request with Expect: 100-continue gets a 100 before its body (RFC 9110 section 10.1.1)."""
    async with connect(host.port) as connection:
        await connection.send(
            b"POST /length HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
        )
        assert (await connection.reply()).status == 100
        await connection.send(b"ok")
        assert (await connection.reply()).body == b"2"


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("http://localhost/echo/1?x=1", 200),
        ("*", 404),
        ("localhost:80", 400),
        ("/echo/1?x=1#x", 200),
    ],
)
async def test_target_is_a_path_or_a_whole_address(
    host: RunningHost, target: str, status: int
) -> None:
    """A request target is a path or an absolute URL, never with a fragment (RFC 9112 section 3.2)."""
    reply = await ask(host.port, target)
    assert reply.status == status
    assert status != 200 or orjson.loads(reply.body)["url"].endswith("/echo/1?x=1")


@pytest.mark.parametrize("value", ["a\r\nX-Injected: 1", "a\nb", "ü", "\0"])
async def test_invalid_header_value_is_500(value: str) -> None:
    """A header value with control characters or non-ASCII becomes a 500, as by Kestrel, so that no response
    can be split.
    """
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await send_answer(HostResponse(200, [("x-a", value)], b"body"), send)
    assert (sent[0]["status"], sent[1]["body"]) == (500, b"")


async def test_idle_connection_is_closed() -> None:
    """The server closes an idle connection after Kestrel's keep-alive time, which this test sets to zero."""
    options = HostOptions(timers=False, limits=Limits(idle=0.0))
    async with (
        running(APPS / "sample_http.py", host_file=NO_PREFIX, options=options) as host,
        connect(host.port) as connection,
    ):
        await connection.send(GET % 1)
        await connection.reply()
        assert await connection.at_end()


async def test_slow_reader_does_not_fill_the_memory(host: RunningHost) -> None:
    """While a client doesn't read its responses, the server doesn't read its requests; later all get a
    response.
    """
    body = b"x" * 200_000
    request = b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200000\r\n\r\n" + body
    async with connect(host.port) as connection:
        sending = asyncio.create_task(connection.send(request * 40))
        assert (await ask(host.port, "/length", method="POST", body=b"1")).body == b"1"
        found = [len((await connection.reply()).body) > 200_000 for _ in range(40)]
        await sending
    assert found == [True] * 40


async def test_connection_close_is_obeyed(host: RunningHost) -> None:
    """The server closes the connection after the response to a request with Connection: close."""
    async with connect(host.port) as connection:
        await connection.send(b"GET /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert (await connection.reply()).one("Connection") == "close"
        assert await connection.at_end()


async def test_body_may_be_100_megabytes(host: RunningHost) -> None:
    """The default FUNCTIONS_REQUEST_BODY_SIZE_LIMIT is 104,857,600 octets; a longer body gets an empty 500
    (recorded).
    """
    async with connect(host.port) as connection:
        await connection.send(
            b"POST /length HTTP/1.1\r\nHost: localhost\r\nContent-Length: 104857601\r\n\r\n"
        )
        reply = await connection.reply()
        assert (reply.status, reply.body) == (500, b"")


async def test_large_body_arrives_whole(host: RunningHost) -> None:
    """A body that needs many reads of the socket is complete and in order."""
    assert (
        await ask(host.port, "/length", method="POST", body=b"x" * 3_000_000)
    ).body == b"3000000"


async def test_chunked_body_is_dropped(small: RunningHost) -> None:
    """The function gets an empty body, whatever the size of the chunked one (recorded)."""
    async with connect(small.port) as connection:
        await connection.send(
            b"POST /length HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        await connection.send(b"7d0\r\n" + b"x" * 2000 + b"\r\n0\r\n\r\n")
        assert (await connection.reply()).body == b"0"


async def test_body_that_does_not_arrive_is_408(small: RunningHost) -> None:
    """A body must arrive at Kestrel's minimum of 240 bytes a second, after a grace period that this test
    sets to zero.
    """
    async with connect(small.port) as connection:
        await connection.send(
            b"POST /length HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n"
        )
        assert (await connection.reply()).status == 408


async def test_url_may_be_8192_characters(host: RunningHost) -> None:
    """A longer URL gets 414."""
    assert (await ask(host.port, "/echo/" + "x" * 8186)).status == 200
    assert (await ask(host.port, "/echo/" + "x" * 8187)).status == 414


async def test_client_that_vanishes_does_no_harm(host: RunningHost) -> None:
    """A client may disconnect within the headers, within the body, or right after its request; the host
    then serves others.
    """
    beginnings = [
        b"POST /length HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc",
        b"GET /ec",
        GET % 1,
    ]
    for beginning in beginnings:
        async with connect(host.port) as connection:
            await connection.send(beginning)
    assert (await ask(host.port, "/echo")).status == 200


async def test_stopping_finishes_what_is_in_flight() -> None:
    """A request that was received gets its response, then the connection is closed; new connections are
    refused.
    """
    entered, leave = asyncio.Event(), asyncio.Event()
    app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

    @app.route(route="slow")
    async def slow(req: func.HttpRequest) -> func.HttpResponse:
        entered.set()
        await leave.wait()
        return func.HttpResponse("done")

    async with running(app) as host, connect(host.port) as connection:
        await connection.send(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await entered.wait()
        host.stop()
        leave.set()
        assert (await connection.reply()).body == b"done"
        assert await connection.at_end()
        await host.stopped()
        with pytest.raises(OSError):
            await ask(host.port, "/slow")
