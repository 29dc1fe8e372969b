"""The player detects every mismatch."""

from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.shapes import constraints
from tests.shapes.paths import ABSENT, ENTERPRISE, Ambiguous, find
from tests.shapes.player import Mismatch, Send, Step, play, play_http

SCIM = {"Content-Type": "application/scim+json"}
ERROR = {
    "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
    "status": "404",
    "detail": "There is none.",
}


def step(expect: Step, **request: Any) -> Step:
    """Return a step with this expectation."""
    return {
        "name": "step",
        "source": "test",
        "request": {"method": "GET", "path": "/Users", **request},
        "expect": expect,
    }


def answering(
    status: int,
    content: Any = None,
    headers: Mapping[str, str] = SCIM,
    *,
    seen: list[Any] | None = None,
) -> Send:
    """Return a server that sends the same response to every request; `seen` records the
    requests.
    """

    async def send(
        method: str, path: str, headers_: dict[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        if seen is not None:
            seen.append((method, path, headers_, body))
        return status, headers, b"" if content is None else orjson.dumps(content)

    return send


@pytest.mark.parametrize(
    ("value", "path", "found"),
    [
        ({"name": {"givenName": "A"}}, "name.givenName", "A"),
        ({"emails": [{"type": "work", "value": "a@b"}]}, 'emails[type eq "work"].value', "a@b"),
        ({"Resources": [{"id": "1"}]}, "Resources[0].id", "1"),
        ({"Resources": []}, "Resources[0].id", ABSENT),
        ({ENTERPRISE: {"manager": {"value": "1"}}}, f"{ENTERPRISE}:manager.value", "1"),
        ({"a": 1}, "b.c", ABSENT),
        ({"a": 1}, "", {"a": 1}),
    ],
)
def test_paths_find_values(value: Any, path: str, found: Any) -> None:
    """Attributes, elements by type, elements by number, attributes of the extension."""
    assert find(value, path) == found


def test_a_selection_of_several_elements_is_a_mismatch() -> None:
    """Consecutive operations on one selector must hit one element (simpleidserver#808)."""
    with pytest.raises(Ambiguous, match="2 elements"):
        find({"emails": [{"type": "work"}, {"type": "work"}]}, 'emails[type eq "work"].value')


@pytest.mark.parametrize(
    ("constraint", "good", "bad"),
    [
        ("x", "x", "X"),
        (True, True, "True"),
        (1, 1, True),
        ([], [], None),
        ({"value": True}, {"value": True}, {"value": 1}),
        ({"$present": True}, 0, None),
        ({"$present": False}, ABSENT, "x"),
        ({"$empty": True}, "", "x"),
        ({"$empty": True}, ABSENT, False),
        ({"$type": "boolean"}, False, "false"),
        ({"$type": "integer"}, 3, True),
        ({"$matches": "^a"}, "ab", "ba"),
        ({"$length": 2}, [1, 2], [1]),
        ({"$at_least": 2}, [1, 2, 3], [1]),
        ({"$at_least": 2}, 2, 1),
        ({"$contains": {"value": "1"}}, [{"value": "1", "type": "x"}], [{"value": "2"}]),
        ({"$contains": "b"}, "abc", "ac"),
        ({"$lacks": {"value": "1"}}, [{"value": "2"}], [{"value": "1"}]),
        ({"$in": [1, None]}, None, 2),
        ({"$not": "x"}, ABSENT, "x"),
        ({"$nocase": "Ab"}, "aB", "b"),
    ],
)
def test_constraints_hold_or_are_violated(constraint: Any, good: Any, bad: Any) -> None:
    """One line an operator."""
    assert constraints.violation(good, constraint) is None
    assert constraints.violation(bad, constraint) is not None


async def test_what_fits_is_no_mismatch() -> None:
    """Status, header and body."""
    fits = step(
        {
            "status": [200, 204],
            "headers": {"Content-Type": {"$matches": "scim"}},
            "body": {"id": "1"},
        }
    )
    assert await play([fits], answering(200, {"id": "1"})) == []


@pytest.mark.parametrize(
    ("expect", "status", "content", "headers", "problem"),
    [
        ({"status": 201}, 200, {}, SCIM, "status is 200 instead of 201"),
        ({"status": 200}, 404, ERROR, SCIM, "status is 404 instead of 200: There is none."),
        (
            {"status": 200},
            200,
            {},
            {"Content-Type": "application/json"},
            "Content-Type is 'application/json'",
        ),
        ({"status": 200}, 200, None, SCIM, "the body is not JSON"),
        ({"status": 204}, 204, {}, SCIM, "a 204 has a body"),
        (
            {"status": 200, "headers": {"Location": {"$present": True}}},
            200,
            {},
            SCIM,
            "header Location is absent",
        ),
        (
            {"status": 200, "body": {"active": False}},
            200,
            {"active": "False"},
            SCIM,
            "active is 'False' instead of False",
        ),
        (
            {"status": 404},
            404,
            {**ERROR, "status": 404},
            SCIM,
            "error: status is 404 instead of '404'",
        ),
        ({"status": 404}, 404, {**ERROR, "detail": ""}, SCIM, "error: detail"),
        ({"status": 404}, 404, {}, SCIM, "error: schemas is absent"),
        (
            {"status": 404, "scimType": "noTarget"},
            404,
            ERROR,
            SCIM,
            "error: scimType is absent instead of 'noTarget'",
        ),
    ],
)
async def test_what_does_not_fit_is_named(
    expect: Step, status: int, content: Any, headers: dict[str, str], problem: str
) -> None:
    """The report names the step, its request and the difference."""
    (mismatch,) = await play([step(expect, query="a=b")], answering(status, content, headers))
    assert any(each.startswith(problem) for each in mismatch.problems), mismatch.problems
    assert "GET /Users?a=b" in str(mismatch)
    assert "source: test" in str(mismatch)


async def test_what_a_step_saves_is_put_into_later_ones() -> None:
    """In path, query, body and expectation; braces of other texts stay."""
    seen: list[Any] = []
    steps = [
        step({"status": 200, "saves": {"user_id": "id"}}),
        step(
            {"status": 200, "body": {"id": "{user_id}"}},
            method="PATCH",
            path="/Users/{user_id}",
            query="x={user_id}",
            body={"value": "{user_id}", "role": '{"id": 1}'},
        ),
    ]
    assert await play(steps, answering(200, {"id": "7"}, seen=seen)) == []
    assert seen[1][:2] == ("PATCH", "/Users/7?x=7")
    assert orjson.loads(seen[1][3]) == {"value": "7", "role": '{"id": 1}'}


async def test_a_step_without_what_it_needs_is_reported_and_not_sent() -> None:
    """One failure must not hide others."""
    seen: list[Any] = []
    (mismatch,) = await play(
        [step({"status": 200}, path="/Users/{user_id}")], answering(200, seen=seen)
    )
    assert mismatch == Mismatch(
        "step",
        "test",
        "GET /Users/{user_id}",
        0,
        ("not sent: user_id was not saved by an earlier step",),
    )
    assert seen == []


async def test_headers_of_a_step_win_over_those_of_the_player() -> None:
    """null takes one away."""
    seen: list[Any] = []
    steps = [step({"status": 200}, headers={"Authorization": None, "Accept": "a"})]
    await play(steps, answering(200, {}, seen=seen), headers={"Authorization": "Bearer x"})
    assert seen[0][2] == {"Accept": "a"}


async def test_a_file_is_played_over_http_unchanged() -> None:
    """The query is sent as written, with the token, without a User-Agent."""
    seen: list[web.Request] = []

    async def handle(request: web.Request) -> web.Response:
        seen.append(request)
        return web.Response(body=b"{}", headers=SCIM)

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", handle)
    server = TestServer(application, host="127.0.0.1")
    await server.start_server()
    steps = [step({"status": 200}, query="filter=userName+eq+%22a%40b%22")]
    assert await play_http(str(server.make_url("/scim/v2")), "secret", steps) == []
    assert seen[0].raw_path == "/scim/v2/Users?filter=userName+eq+%22a%40b%22"
    assert seen[0].headers["Authorization"] == "Bearer secret"
    assert "User-Agent" not in seen[0].headers
    await server.close()
