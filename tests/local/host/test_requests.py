"""A function gets a request as on Azure (azure-functions-host:
GrpcMessageConversionExtensions.ToRpcHttp).
"""

from typing import Any

import orjson
import pytest

from local.host.http import query_parameters
from local.host.running import RunningHost

from .wire import ask, connect


async def seen(host: RunningHost, target: str = "/echo", **options: Any) -> dict[str, Any]:
    reply = await ask(host.port, target, **options)
    assert reply.status == 200
    content: dict[str, Any] = orjson.loads(reply.body)
    return content


async def test_header_names_are_lower_case(host: RunningHost) -> None:
    """The host converts names to lower case and leaves values unchanged, also empty ones."""
    headers = (await seen(host, headers={"X-Mixed-Case": "Value", "X-Empty": ""}))["headers"]
    assert (headers["x-mixed-case"], headers["x-empty"]) == ("Value", "")


async def test_repeated_request_headers_are_joined(host: RunningHost) -> None:
    """Values of a repeated header are joined with a comma (StringValues.ToString)."""
    async with connect(host.port) as connection:
        await connection.send(b"GET /echo HTTP/1.1\r\nHost: localhost\r\nX-A: 1\r\nX-A: 2\r\n\r\n")
        assert orjson.loads((await connection.reply()).body)["headers"]["x-a"] == "1,2"


async def test_empty_query_values_are_only_in_the_url(host: RunningHost) -> None:
    """`?x=` is absent from req.params and present in req.url."""
    content = await seen(host, "/echo?x=&y=1&z")
    assert content["params"] == {"y": "1"}
    assert content["url"].endswith("/echo?x=&y=1&z")


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("a=1&a=2", {"a": "1,2"}),
        ("a=1&A=2", {"A": "1,2"}),
        ("a=&a=1", {"a": ",1"}),
        ("a=b+c%2B%C3%BC", {"a": "b c+ü"}),
        ("a%20b=1&&=x", {"a b": "1", "": "x"}),
    ],
)
def test_query_values_are_joined_by_name(query: str, values: dict[str, str]) -> None:
    """Names ignore case, values of a repeated name are joined with a comma, and plus is a space."""
    assert query_parameters(query) == values


async def test_route_values_are_decoded_and_the_url_is_not(host: RunningHost) -> None:
    """An encoded slash stays encoded, so that it can't become a separator."""
    content = await seen(host, "/echo/M%C3%BCller%2F%20x")
    assert content["route"] == {"id": "Müller%2F x"}
    assert content["url"] == f"{host.url}/echo/M%C3%BCller%2F%20x"


async def test_optional_route_value_that_is_missing_is_absent(host: RunningHost) -> None:
    """A missing optional value has no entry in route_params."""
    assert (await seen(host, "/echo"))["route"] == {}


async def test_body_with_a_length_arrives(host: RunningHost) -> None:
    """The body is unchanged byte for byte."""
    content = await seen(host, method="POST", body=bytes(range(256)))
    assert content["body"].encode("latin-1") == bytes(range(256))


async def test_body_without_a_length_is_dropped(host: RunningHost) -> None:
    """The host reads a chunked body and drops it: `Body != null && ContentLength > 0` (host issue 4926)."""
    async with connect(host.port) as connection:
        head = b"POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        await connection.send(
            head + b"3\r\nabc\r\n0\r\n\r\n" + b"GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n"
        )
        first, second = await connection.reply(), await connection.reply()
    assert orjson.loads(first.body)["body"] == ""
    assert orjson.loads(first.body)["headers"]["transfer-encoding"] == "chunked"
    assert second.status == 200


async def test_request_without_host_header_is_bad(host: RunningHost) -> None:
    """HTTP/1.1 requires the Host header (RFC 9112 section 3.2)."""
    async with connect(host.port) as connection:
        await connection.send(b"GET /echo HTTP/1.1\r\n\r\n")
        assert (await connection.reply()).status == 400


@pytest.mark.parametrize(
    "start", [b"GET /a%00b HTTP/1.1", b"GET /a HTTP/1.1\r\nX-Bad: \xff", b"GARBAGE"]
)
async def test_nonsense_is_400(host: RunningHost, start: bytes) -> None:
    """A null character, a header that isn't UTF-8, and text that isn't HTTP get 400."""
    async with connect(host.port) as connection:
        await connection.send(start + b"\r\nHost: localhost\r\n\r\n")
        assert (await connection.reply()).status == 400
