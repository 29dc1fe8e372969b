"""HTTP rules of the SCIM endpoints: methods, conditional requests, unusual bodies (RFC 7644, RFC
9110).
"""

from typing import Any

import orjson
import pytest

from directories import rate_limits
from local.counting_tables import CountingTables
from local.host.host import Host
from scim import endpoints
from shared.app import App
from shared.settings import Settings
from tests.clock import FixedClock
from tests.hosts import functions_of
from tests.scim.client import USER, ScimClient, patch_body
from tests.scim.conftest import client_of

TITLE = patch_body({"op": "replace", "path": "title", "value": "X"})


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/Users", {"GET", "HEAD", "POST"}),
        ("/Users/someone", {"GET", "HEAD", "PUT", "PATCH", "DELETE"}),
        ("/Users/.search", {"POST"}),
        ("/Groups/.search", {"POST"}),
        ("/.search", {"POST"}),
        ("/Bulk", {"POST"}),
        ("/Schemas", {"GET", "HEAD"}),
    ],
)
async def test_options_gets_a_405_with_the_permitted_methods(
    scim: ScimClient, path: str, allowed: set[str]
) -> None:
    """RFC 9110 section 10.2.1: Allow lists them. OPTIONS isn't supported."""
    answer = await scim.call("OPTIONS", path)
    assert (answer.status, set(answer.headers["allow"].split(", "))) == (405, allowed)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
async def test_search_is_no_resource(scim: ScimClient, method: str) -> None:
    """RFC 7644 section 3.4.3: `.search` permits POST only, and isn't the id of a resource."""
    assert (await scim.call(method, "/Users/.search", TITLE)).status == 405


@pytest.mark.parametrize("header", ["", " ", "*", 'W/"1"', '"1"', 'W/"9", "1"', '"9","8" , W/"1"'])
async def test_if_match_accepts_the_current_version(scim: ScimClient, header: str) -> None:
    """In a list, as a weak or strong tag (RFC 7644 section 3.14 uses weak tags). An empty header
    has no effect.
    """
    user = await scim.user()
    assert (
        await scim.call("PATCH", f"/Users/{user.id}", TITLE, headers={"if-match": header})
    ).status == 200


@pytest.mark.clause("7644/3.14")
async def test_if_none_match_star_prevents_a_change(scim: ScimClient) -> None:
    """RFC 9110 section 13.1.2: `*` on an existing resource gives 412, but 304 for GET and HEAD."""
    user = await scim.user()
    assert (
        await scim.call("PATCH", f"/Users/{user.id}", TITLE, headers={"if-none-match": "*"})
    ).status == 412
    assert (
        await scim.call("GET", f"/Users/{user.id}", headers={"if-none-match": "*"})
    ).status == 304


async def test_the_tag_of_a_user_includes_its_groups(scim: ScimClient) -> None:
    """A GET with the tag from before the user joined a group gets the new body; If-Match with that
    tag still permits a change of the user.
    """
    user = await scim.user()
    await scim.group("Sales", user.id)
    tag = user.headers["etag"]
    answer = await scim.call("GET", f"/Users/{user.id}", headers={"if-none-match": tag})
    assert answer.status == 200
    assert answer.body["groups"]
    assert answer.headers["etag"] == answer.body["meta"]["version"] != tag
    again = await scim.call(
        "GET", f"/Users/{user.id}", headers={"if-none-match": answer.headers["etag"]}
    )
    assert again.status == 304
    assert (
        await scim.call("PATCH", f"/Users/{user.id}", TITLE, headers={"if-match": tag})
    ).status == 200
    assert (
        await scim.call("PATCH", f"/Users/{user.id}", TITLE, headers={"if-match": tag})
    ).status == 412


@pytest.mark.clause("7644/3.8")
async def test_a_byte_order_mark_is_ignored(scim: ScimClient) -> None:
    """RFC 8259 section 8.1: a parser may ignore it. Some Windows clients send one."""
    assert (await scim.call("POST", "/Users", b"\xef\xbb\xbf" + b'{"userName": "a"}')).status == 201


@pytest.mark.clause("7644/3.10")
async def test_core_attributes_under_their_urn_are_understood(scim: ScimClient) -> None:
    """RFC 7643 section 3.3 nests attributes below the URN of an extension; the suite of scim.dev
    does so for the core schema too.
    """
    answer = await scim.post(
        "/Users", {"schemas": [USER], USER: {"userName": "a", "emails": [{"value": "a@b.c"}]}}
    )
    assert (answer.status, answer.body["userName"], answer.body["emails"]) == (
        201,
        "a",
        [{"value": "a@b.c"}],
    )


async def test_a_member_may_be_named_by_its_uri_alone(scim: ScimClient) -> None:
    """RFC 7643 section 2.4: `$ref` identifies a resource as `value` does."""
    user = await scim.user()
    location = user.body["meta"]["location"]
    group = await scim.post("/Groups", {"displayName": "Sales", "members": [{"$ref": location}]})
    assert [member["value"] for member in group.body["members"]] == [user.id]


@pytest.mark.clause("7644/3.4.3")
@pytest.mark.parametrize(
    "body",
    [
        {"filter": 5},
        {"filter": ["a"]},
        {"attributes": 7},
        {"attributes": ["userName", 7]},
        {"excludedAttributes": {"a": 1}},
        {"count": 1.5},
        {"count": True},
        {"startIndex": []},
        {"sortBy": {}},
        {"cursor": 1},
    ],
    ids=lambda body: orjson.dumps(body).decode(),
)
@pytest.mark.parametrize("path", ["/Users/.search", "/Groups/.search", "/.search"])
async def test_a_malformed_search_is_refused(
    scim: ScimClient, path: str, body: dict[str, Any]
) -> None:
    """RFC 7644 section 3.4.3: if a malformed filter were ignored, all users would be returned."""
    answer = await scim.post(path, body)
    assert answer.status == 400
    assert answer.body["scimType"] in ("invalidValue", "invalidCursor")
    assert next(iter(body)) in answer.body["detail"] or "ursor" in answer.body["detail"]


async def test_a_search_ignores_null_and_unknown_members(scim: ScimClient) -> None:
    """RFC 7643 section 2.5: null is the same as absent. `attributes` may be one string instead of a
    list.
    """
    await scim.user()
    body = {
        "schemas": [],
        "filter": None,
        "count": "1",
        "attributes": "userName",
        "colour": ["red"],
    }
    assert [set(user) for user in (await scim.post("/Users/.search", body)).resources] == [
        {"schemas", "id", "userName"}
    ]


@pytest.mark.parametrize("path", ["/Users", "/Bulk", "/Users/.search"])
async def test_deep_json_is_refused(scim: ScimClient, path: str) -> None:
    """400 at every depth that the parser accepts, never a 500."""
    deep = b"[" * 1000 + b"]" * 1000
    for body in (
        b'{"userName": "a", "name": %b}' % deep,
        b'{"filter": %b}' % deep,
        b'{"Operations": [{"method": "POST", "path": "/Users", "bulkId": "a", "data": %b}]}' % deep,
        b'{"Operations": [{"method": "POST", "path": "/Users", "bulkId": "a", "data": %b}]}'
        % (b'{"a":' * 1000 + b'"bulkId:x"' + b"}" * 1000),
    ):
        answer = await scim.call("POST", path, body)
        assert answer.status in (200, 400)
        for each in (answer.body or {}).get("Operations", []):
            assert each["status"] in ("400", "409")


@pytest.mark.clause("ipsie/rate")
async def test_too_many_requests_get_a_429_with_retry_after(
    scim: ScimClient, other_scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 6585 section 4, with a SCIM body. Another directory isn't affected."""
    monkeypatch.setattr(rate_limits, "DIRECTORY_BURST", 20.0)
    answers = [await scim.get("/Users/x") for _ in range(30)]
    refused = next(answer for answer in answers if answer.status == 429)
    assert (refused.headers["content-type"], refused.body["status"]) == (
        "application/scim+json",
        "429",
    )
    assert int(refused.headers["retry-after"]) >= 1
    assert (await other_scim.get("/Users")).status == 200


@pytest.mark.clause("7643/2.3.7")
async def test_locations_have_the_public_address(tables: CountingTables, clock: FixedClock) -> None:
    """PUBLIC_URL takes precedence over the request's host. Forwarded headers never count, because
    anyone can send them.
    """
    app = App(Settings.read({"PUBLIC_URL": "https://directory.example"}), clock, tables)
    functions = functions_of(app, endpoints)
    client = await client_of(Host(functions, environment={}), app, "public")
    forged = {"x-forwarded-host": "evil.example", "x-forwarded-proto": "http"}
    made = await client.call("POST", "/Users", {"userName": "a"}, headers=forged)
    assert made.headers["location"].startswith("https://directory.example/scim/public/v2/Users/")
    await app.background.drain()
