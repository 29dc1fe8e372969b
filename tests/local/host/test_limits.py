"""Connections, sizes and slow or vanishing clients (Kestrel's limits; functions-scale, "Service limits")."""

import asyncio
from collections.abc import AsyncIterator

import azure.functions as func
import orjson
import pytest

from local.host.host import HostOptions
from local.host.running import RunningHost, running

from .conftest import APPS, NO_PREFIX
from .wire import ask, connect

GET = b"GET /echo/%d HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
async def small() -> AsyncIterator[RunningHost]:
    """A host that takes 1,000 bytes and has no patience."""
    options = HostOptions(timers=False, body_limit=1000, grace=0.0)
    async with running(APPS / "sample_http.py", host_file=NO_PREFIX, options=options) as found:
        yield found


async def test_connection_is_kept_for_the_next_request(host: RunningHost) -> None:
    """HTTP/1.1 keep-alive."""
    async with connect(host.port) as connection:
        for number in range(3):
            await connection.send(GET % number)
            assert orjson.loads((await connection.reply()).body)["route"] == {"id": str(number)}


async def test_pipelined_requests_are_answered_in_order(host: RunningHost) -> None:
    """RFC 9112 section 9.3.2."""
    async with connect(host.port) as connection:
        await connection.send(b"".join(GET % number for number in range(5)))
        found = [orjson.loads((await connection.reply()).body)["route"]["id"] for _ in range(5)]
    assert found == ["0", "1", "2", "3", "4"]


async def test_connection_close_is_obeyed(host: RunningHost) -> None:
    """The server closes after the answer."""
    async with connect(host.port) as connection:
        await connection.send(b"GET /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert (await connection.reply()).one("Connection") == "close"
        assert await connection.at_end()


async def test_body_may_be_100_megabytes(host: RunningHost) -> None:
    """FUNCTIONS_REQUEST_BODY_SIZE_LIMIT is 104,857,600 bytes; one more is 413 before a byte of it was sent."""
    async with connect(host.port) as connection:
        await connection.send(b"POST /length HTTP/1.1\r\nHost: localhost\r\nContent-Length: 104857601\r\n\r\n")
        reply = await connection.reply()
        assert (reply.status, reply.one("Connection")) == (413, "close")


async def test_large_body_arrives_whole(host: RunningHost) -> None:
    """A body of many reads."""
    assert (await ask(host.port, "/length", method="POST", body=b"x" * 3_000_000)).body == b"3000000"


async def test_chunked_body_is_limited_too(small: RunningHost) -> None:
    """It has no length to refuse it by beforehand."""
    async with connect(small.port) as connection:
        await connection.send(b"POST /length HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        await connection.send(b"7d0\r\n" + b"x" * 2000 + b"\r\n0\r\n\r\n")
        assert (await connection.reply()).status == 413


async def test_body_that_does_not_come_is_408(small: RunningHost) -> None:
    """Kestrel wants 240 bytes a second after a time of grace, here none."""
    async with connect(small.port) as connection:
        await connection.send(b"POST /length HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n")
        assert (await connection.reply()).status == 408


async def test_url_may_be_8192_characters(host: RunningHost) -> None:
    """Longer ones are 414."""
    assert (await ask(host.port, "/echo/" + "x" * 8186)).status == 200
    assert (await ask(host.port, "/echo/" + "x" * 8187)).status == 414


async def test_client_that_vanishes_does_no_harm(host: RunningHost) -> None:
    """In the middle of a body, of a head, or right after its request."""
    beginnings = [b"POST /length HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc", b"GET /ec", GET % 1]
    for beginning in beginnings:
        async with connect(host.port) as connection:
            await connection.send(beginning)
    assert (await ask(host.port, "/echo")).status == 200


async def test_stopping_finishes_what_is_in_flight() -> None:
    """A request that was taken is answered; the connection is closed after it and new ones are refused."""
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
