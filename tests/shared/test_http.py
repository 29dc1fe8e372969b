"""Requests, problem responses, and the refusal of cross-site changes."""

import orjson
import pytest

from shared.azure_functions import method_dispatcher, problem_response
from shared.http import HttpError, Request, Response, check_same_origin, json_body
from shared.tables.port import LimitExceeded, StorageUnavailable


def test_a_query_is_decoded_as_a_form() -> None:
    """Entra encodes a space as `+`, a quote as %22 and a plus sign as %2B."""
    request = Request(
        "GET", "http://host/p?filter=userName+eq+%22a%2Bb%40c.de%22&empty=&empty=second"
    )
    assert request.query == {"filter": 'userName eq "a+b@c.de"', "empty": ""}


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({}, False),
        ({"origin": "https://host"}, False),
        ({"origin": "https://evil.example"}, True),
        ({"origin": "null"}, True),
        ({"sec-fetch-site": "cross-site"}, True),
        ({"sec-fetch-site": "same-site", "origin": "https://host"}, True),
        ({"sec-fetch-site": "same-origin", "origin": "https://host"}, False),
        ({"cookie": "AppServiceAuthSession=x"}, True),
        ({"cookie": "AppServiceAuthSession=x", "origin": ""}, True),
        ({"cookie": "AppServiceAuthSession=x", "origin": "", "sec-fetch-site": ""}, True),
        ({"cookie": "AppServiceAuthSession=x", "origin": "https://host"}, False),
        ({"cookie": "AppServiceAuthSession=x", "sec-fetch-site": "same-origin"}, False),
        ({"cookie": "AppServiceAuthSession=x", "sec-fetch-site": "none"}, False),
    ],
)
def test_a_change_is_accepted_from_the_same_origin_only(
    headers: dict[str, str], refused: bool
) -> None:
    """Cross-site request forgery: browsers send Origin or Sec-Fetch-Site, and the sign-in cookie,
    with every change.
    """
    request = Request("POST", "https://host/api/directories", headers)
    if refused:
        with pytest.raises(HttpError):
            check_same_origin(request)
    else:
        check_same_origin(request)


def test_a_read_is_not_checked_for_its_origin() -> None:
    """A link from another site to a page is no attack."""
    check_same_origin(Request("GET", "https://host/", {"sec-fetch-site": "cross-site"}))


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"", {}, 400),
        (b"", {"transfer-encoding": "chunked"}, 411),
        (b"{", {}, 400),
        (b'"\\ud800"', {}, 400),
        (b"[" * 100_000, {}, 400),
        (b" " * 1_048_577, {}, 413),
    ],
)
def test_a_body_that_is_no_json_is_a_clear_error(
    body: bytes, headers: dict[str, str], status: int
) -> None:
    """Malformed, missing, chunked, deeply nested and too large bodies get a client error, never a
    500.
    """
    with pytest.raises(HttpError) as refused:
        json_body(Request("POST", "https://host/", headers, body))
    assert refused.value.response.status == status


async def test_an_unsupported_method_gets_a_405_with_allow() -> None:
    """RFC 9110 section 15.5.6."""

    async def handler(request: Request) -> Response:
        return Response(200)

    with pytest.raises(HttpError) as refused:
        await method_dispatcher(GET=handler)(Request("DELETE", "https://host/"))
    assert refused.value.response.headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (StorageUnavailable("x"), 503),
        (LimitExceeded("bytes", 2, 1), 413),
        (ValueError("secret"), 500),
    ],
)
def test_an_unexpected_error_becomes_a_problem_without_its_text(
    error: Exception, status: int
) -> None:
    """RFC 9457. The text may contain personal data."""
    response = problem_response(error)
    assert response.status == status
    assert b"secret" not in response.body
    assert orjson.loads(response.body)["status"] == status
