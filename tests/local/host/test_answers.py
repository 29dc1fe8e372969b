"""The host converts a function's result into a response as Azure does (azure-functions:
HttpResponseConverter; azure-functions-host).
"""

import logging

import pytest

from local.host.running import RunningHost

from .wire import ask

PLAIN = "text/plain; charset=utf-8"


@pytest.mark.parametrize("path", ["/answer/none", "/answer/raise"])
async def test_none_and_errors_are_500_without_a_body(
    host: RunningHost, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    """If a function returns None or raises, the response is an empty 500; the log has the error's type and
    position only, because its text may name a person.
    """
    with caplog.at_level(logging.ERROR, "external_directories"):
        reply = await ask(host.port, path)
    assert (reply.status, reply.body, reply.one("Content-Length")) == (500, b"", "0")
    assert "function.failed" in caplog.text
    assert "personal" not in caplog.text


async def test_content_type_defaults_to_plain_text(host: RunningHost) -> None:
    """An HttpResponse without Content-Type and a returned str are text/plain."""
    text, plain = await ask(host.port, "/answer/text"), await ask(host.port, "/answer/str")
    assert (text.one("Content-Type"), text.body.decode()) == (PLAIN, "Grüße")
    assert (plain.one("Content-Type"), plain.body) == (PLAIN, b"plain")


async def test_204_has_a_content_type_and_no_body(host: RunningHost) -> None:
    """The host sets the default Content-Type on a 204, too."""
    reply = await ask(host.port, "/answer/204")
    assert (reply.status, reply.one("Content-Type"), reply.all("Content-Length")) == (
        204,
        PLAIN,
        [],
    )


async def test_304_keeps_its_headers_and_has_no_body(host: RunningHost) -> None:
    """A 304 has the headers of the 200 and no content (RFC 9110 section 15.4.5)."""
    reply = await ask(host.port, "/answer/304")
    assert (reply.status, reply.one("ETag"), reply.all("Content-Length")) == (304, 'W/"1"', [])


async def test_headers_are_sent_unchanged(host: RunningHost) -> None:
    """ETag, Location and Content-Type are sent unchanged, whatever the case of their names."""
    reply = await ask(host.port, "/answer/scim")
    found = (
        reply.status,
        reply.one("ETag"),
        reply.one("Location"),
        reply.one("Content-Type"),
        reply.body,
    )
    assert found == (201, 'W/"1"', "/scim/x", "application/scim+json", b'{"id":"1"}')


async def test_repeated_header_collapses_to_the_last_one(host: RunningHost) -> None:
    """The worker sends headers to the host in a map, so of a repeated header the last value remains."""
    assert (await ask(host.port, "/answer/repeated")).all("X-One") == ["second"]


async def test_cookies_do_not_collapse_and_are_rewritten(host: RunningHost) -> None:
    """Every cookie is sent, because the worker sends them in a list; ASP.NET Core encodes the value and
    orders the attributes.
    """
    assert (await ask(host.port, "/answer/repeated")).all("Set-Cookie") == [
        "a=1; domain=; path=/; samesite=lax; httponly",
        "b=two%2520words; max-age=60; domain=example.com; path=; secure",
        "c=; expires=Thu, 01 Jan 1970 00:00:00 GMT; domain=; path=/x",
    ]


async def test_head_has_the_headers_of_get_and_no_body(host: RunningHost) -> None:
    """A body after HEAD would make the connection unusable."""
    reply = await ask(host.port, "/answer/text", method="HEAD")
    assert (reply.status, reply.one("Content-Length")) == (200, str(len("Grüße".encode())))


async def test_function_that_is_not_async_runs_in_a_thread(host: RunningHost) -> None:
    """A function that isn't async doesn't block the event loop."""
    assert (await ask(host.port, "/answer/thread")).body == b"False"


async def test_parameter_named_context_gets_the_context(host: RunningHost) -> None:
    """The engine passes its context to a parameter with this name."""
    assert (await ask(host.port, "/answer/context")).body == b"answer_context"
