"""Any bad input gets a SCIM error (RFC 7644 section 3.12), never a 500, and never leaves part of a
user.
"""

from typing import Any

import orjson
import pytest

from tests.scim.client import ScimClient, ScimResponse

ERROR = ["urn:ietf:params:scim:api:messages:2.0:Error"]


def _is_error(answer: ScimResponse, *statuses: int) -> bool:
    return (
        answer.status in statuses
        and answer.headers["content-type"] == "application/scim+json"
        and answer.body["schemas"] == ERROR
        and answer.body["status"] == str(answer.status)
        and bool(answer.body["detail"])
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"\xff\xfe{}",
        b'{"userName": "\\ud800"}',
        b'{"userName": NaN}',
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b'{"userName": 7}',
        b'{"userName": ""}',
        b'{"userName": "   "}',
        b'{"userName": "a", "name": "text"}',
        b'{"userName": "a", "emails": "text"}',
        b'{"userName": "a", "emails": [7]}',
        b'{"userName": "a", "active": "maybe"}',
        b'{"schemas": "text", "userName": ["a", "b"]}',
    ],
)
async def test_a_body_that_is_no_user_is_refused(scim: ScimClient, body: bytes) -> None:
    """Malformed JSON, wrong types, lone surrogates, NaN and deep nesting get 400, and nothing is
    stored.
    """
    answer = await scim.call("POST", "/Users", body)
    assert _is_error(answer, 400), answer
    assert (await scim.get("/Users")).body["totalResults"] == 0


async def test_a_body_of_two_megabytes_is_too_large(scim: ScimClient) -> None:
    """413, and the detail names the limit."""
    answer = await scim.post("/Users", {"userName": "a", "displayName": "x" * 2_000_000})
    assert _is_error(answer, 413)


async def test_a_value_that_storage_cannot_hold_is_too_large(scim: ScimClient) -> None:
    """A row holds 1 MiB: a larger value is refused before anything is written."""
    answer = await scim.post("/Users", {"userName": "a", "displayName": "x" * 600_000})
    assert _is_error(answer, 413)
    assert (await scim.get("/Users")).body["totalResults"] == 0


@pytest.mark.parametrize(
    "name",
    ["a\x00b", "a\tb\nc", "a/b\\c#d?e%f|g~h", "👩‍🚀 żółć", "x" * 3000, "'; DROP TABLE users; --"],
)
async def test_any_text_is_a_user_name(scim: ScimClient, name: str) -> None:
    """Control characters, key separators, emoji and long names are stored, found and returned
    unchanged.
    """
    user = await scim.user(name, displayName=name, externalId=name)
    assert user.status == 201
    for attribute in ("userName", "externalId"):
        found = await scim.get("/Users", filter=f"{attribute} eq {orjson.dumps(name).decode()}")
        assert [each["userName"] for each in found.resources] == [name]
    assert (await scim.delete(f"/Users/{user.id}")).status == 204


@pytest.mark.clause("7644/3.4.2.2-invalid")
@pytest.mark.parametrize(
    "text",
    [
        "userName",
        "userName eq",
        'userName xx "a"',
        '(userName eq "a"',
        'nonsense eq "a"',
        "emails[",
        "not",
        "active gt true",
        "(" * 5000,
        'userName eq "a" or ' * 3000 + "title pr",
    ],
    ids=lambda text: text[:20],
)
async def test_a_broken_filter_is_refused(scim: ScimClient, text: str) -> None:
    """400 invalidFilter, however long or deeply nested the filter is."""
    answer = await scim.get("/Users", filter=text)
    assert _is_error(answer, 400, 413)
    assert answer.status != 400 or answer.body["scimType"] == "invalidFilter"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"Operations": []},
        {"Operations": "x"},
        {"Operations": [7]},
        {"Operations": [{"op": "jump"}]},
        {"Operations": [{"op": "remove"}]},
        {"Operations": [{"op": "replace", "path": "emails[", "value": "x"}]},
        {"Operations": [{"op": "replace", "path": 7, "value": "x"}]},
        {"Operations": [{"op": "replace", "value": "x"}]},
        {"Operations": [{"op": "add", "path": "active", "value": "perhaps"}]},
    ],
    ids=lambda body: orjson.dumps(body).decode()[:40],
)
async def test_a_broken_patch_is_refused(scim: ScimClient, body: Any) -> None:
    """400, and the user doesn't change."""
    user = await scim.user()
    answer = await scim.call("PATCH", f"/Users/{user.id}", body)
    assert _is_error(answer, 400), answer
    assert (await scim.get(f"/Users/{user.id}")).body == user.body


@pytest.mark.parametrize(
    "path", ["/Userz", "/Users/a/b", "/v2/Users", "/Schemas/urn:nothing", "/ResourceTypes/Car"]
)
async def test_a_wrong_path_is_a_scim_404(scim: ScimClient, path: str) -> None:
    """Entra shows the detail to its administrator, who may have mistyped the tenant URL."""
    assert _is_error(await scim.get(path), 404)


@pytest.mark.clause("7644/3.2")
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/Users"),
        ("DELETE", "/Groups"),
        ("POST", "/Schemas"),
        ("PATCH", "/ServiceProviderConfig"),
        ("GET", "/Bulk"),
        ("POST", "/Users/x"),
    ],
)
async def test_a_405_names_the_permitted_methods(scim: ScimClient, method: str, path: str) -> None:
    """RFC 9110 section 15.5.6: 405 with an Allow header."""
    answer = await scim.call(method, path, {})
    assert _is_error(answer, 405)
    assert answer.headers["allow"]


@pytest.mark.clause("7644/3.11")
async def test_me_is_not_implemented(scim: ScimClient) -> None:
    """RFC 7644 section 3.11: 501 for /Me."""
    assert _is_error(await scim.get("/Me"), 501)


@pytest.mark.clause("7644/2", "ipsie/errors")
@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer wrong", "Basic eDp5", "Bearer \udcff"]
)
async def test_without_a_token_nothing_is_shown(scim: ScimClient, header: str | None) -> None:
    """401 with WWW-Authenticate and a SCIM body, the same for every reason and for unknown directories."""
    sent = {} if header is None else {"authorization": header}
    stranger = ScimClient(scim.host, scim.app, scim.directory_id, "")
    nowhere = ScimClient(scim.host, scim.app, "nothinghere", "")
    answers = [
        await each.call("GET", "/Users", headers={"authorization": "", **sent})
        for each in (stranger, nowhere)
    ]
    for answer in answers:
        assert _is_error(answer, 401)
        assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answers[0].body == answers[1].body
