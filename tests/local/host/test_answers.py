"""A function's answer as a client gets it (azure-functions: HttpResponseConverter;
azure-functions-host).
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
    """The error is logged by type and place only, since its text may be about a person."""
    with caplog.at_level(logging.ERROR, "external_directories"):
        reply = await ask(host.port, path)
    assert (reply.status, reply.body, reply.one("Content-Length")) == (500, b"", "0")
    assert "function.failed" in caplog.text
    assert "personal" not in caplog.text


async def test_content_type_defaults_to_plain_text(host: RunningHost) -> None:
    """HttpResponse without Content-Type; also one that is a str."""
    text, plain = await ask(host.port, "/answer/text"), await ask(host.port, "/answer/str")
    assert (text.one("Content-Type"), text.body.decode()) == (PLAIN, "Grüße")
    assert (plain.one("Content-Type"), plain.body) == (PLAIN, b"plain")


async def test_204_has_a_content_type_and_no_body(host: RunningHost) -> None:
    """The default type is set on 204 too."""
    reply = await ask(host.port, "/answer/204")
    assert (reply.status, reply.one("Content-Type"), reply.all("Content-Length")) == (
        204,
        PLAIN,
        [],
    )


async def test_304_keeps_its_headers_and_has_no_body(host: RunningHost) -> None:
    """RFC 9110 section 15.4.5."""
    reply = await ask(host.port, "/answer/304")
    assert (reply.status, reply.one("ETag"), reply.all("Content-Length")) == (304, 'W/"1"', [])


async def test_headers_pass_as_given(host: RunningHost) -> None:
    """ETag, Location and Content-Type, in whatever case they were written."""
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
    """Headers travel from the worker to the host in a map."""
    assert (await ask(host.port, "/answer/repeated")).all("X-One") == ["second"]


async def test_cookies_do_not_collapse_and_are_rewritten(host: RunningHost) -> None:
    """Set-Cookie travels in a list of its own; ASP.NET Core encodes values and writes the attributes in its order."""
    assert (await ask(host.port, "/answer/repeated")).all("Set-Cookie") == [
        "a=1; domain=; path=/; samesite=lax; httponly",
        "b=two%2520words; max-age=60; domain=example.com; path=; secure",
        "c=; expires=Thu, 01 Jan 1970 00:00:00 GMT; domain=; path=/x",
    ]


async def test_head_has_the_headers_of_get_and_no_body(host: RunningHost) -> None:
    """The connection stays usable, which it would not with a body."""
    reply = await ask(host.port, "/answer/text", method="HEAD")
    assert (reply.status, reply.one("Content-Length")) == (200, str(len("Grüße".encode())))


async def test_function_that_is_not_async_runs_in_a_thread(host: RunningHost) -> None:
    """It must not stop the loop."""
    assert (await ask(host.port, "/answer/thread")).body == b"False"


async def test_parameter_named_context_gets_the_context(host: RunningHost) -> None:
    """A special name of the engine."""
    assert (await ask(host.port, "/answer/context")).body == b"answer_context"
