"""The addresses of the service provider as HTTP has them: methods, conditions, odd bodies (RFC 7644, RFC 9110)."""

from typing import Any

import azure.functions as func
import orjson
import pytest

from directories import rate_limits
from local.counting_tables import CountingTables
from local.host.host import Host
from scim import endpoints
from shared.app import App
from shared.clock import FixedClock
from shared.settings import Settings
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
async def test_allow_names_just_what_is_possible(
    scim: ScimClient, path: str, allowed: set[str]
) -> None:
    """RFC 9110 section 10.2.1: OPTIONS is not among them, so every address can be asked with it."""
    answer = await scim.call("OPTIONS", path)
    assert (answer.status, set(answer.headers["allow"].split(", "))) == (405, allowed)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
async def test_search_is_no_resource(scim: ScimClient, method: str) -> None:
    """RFC 7644 section 3.4.3: `.search` takes POST, and no resource has it as an id."""
    assert (await scim.call(method, "/Users/.search", TITLE)).status == 405


@pytest.mark.parametrize("header", ["", " ", "*", 'W/"1"', '"1"', 'W/"9", "1"', '"9","8" , W/"1"'])
async def test_if_match_lets_its_version_through(scim: ScimClient, header: str) -> None:
    """A list, weak or strong (RFC 7644 section 3.14 uses weak tags with If-Match); an empty header
    has no effect.
    """
    user = await scim.user()
    assert (
        await scim.call("PATCH", f"/Users/{user.id}", TITLE, headers={"if-match": header})
    ).status == 200


@pytest.mark.clause("7644/3.14")
async def test_if_none_match_guards_a_change(scim: ScimClient) -> None:
    """RFC 9110 section 13.1.2: `*` on an existing resource is 412, for every method but GET and
    HEAD.
    """
    user = await scim.user()
    assert (
        await scim.call("PATCH", f"/Users/{user.id}", TITLE, headers={"if-none-match": "*"})
    ).status == 412
    assert (
        await scim.call("GET", f"/Users/{user.id}", headers={"if-none-match": "*"})
    ).status == 304


async def test_a_user_that_joined_a_group_is_not_unmodified(scim: ScimClient) -> None:
    """`groups` is part of the resource: its tag follows it, but a change of the user is not refused for that."""
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
async def test_a_byte_order_mark_is_passed_over(scim: ScimClient) -> None:
    """RFC 8259 section 8.1: a parser may ignore it; some Windows clients send one."""
    assert (await scim.call("POST", "/Users", b"\xef\xbb\xbf" + b'{"userName": "a"}')).status == 201


@pytest.mark.clause("7644/3.10")
async def test_core_attributes_under_their_urn_are_understood(scim: ScimClient) -> None:
    """RFC 7643 section 3.3 has it for extensions; scim.dev's suite writes the core schema so, too."""
    answer = await scim.post(
        "/Users", {"schemas": [USER], USER: {"userName": "a", "emails": [{"value": "a@b.c"}]}}
    )
    assert (answer.status, answer.body["userName"], answer.body["emails"]) == (
        201,
        "a",
        [{"value": "a@b.c"}],
    )


async def test_a_member_by_its_uri_alone_is_no_member_lost(scim: ScimClient) -> None:
    """RFC 7643 section 2.4: `$ref` names a resource as well as `value` does."""
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
async def test_a_search_of_another_type_is_refused(
    scim: ScimClient, path: str, body: dict[str, Any]
) -> None:
    """RFC 7644 section 3.4.3: nothing is guessed, since an ignored filter would show all users."""
    answer = await scim.post(path, body)
    assert answer.status == 400
    assert answer.body["scimType"] in ("invalidValue", "invalidCursor")
    assert next(iter(body)) in answer.body["detail"] or "ursor" in answer.body["detail"]


async def test_a_search_passes_over_what_is_unassigned_or_unknown(scim: ScimClient) -> None:
    """RFC 7643 section 2.5: null is as good as absent; a name in one string is as good as a list of one."""
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
    """As deep as the parser takes it, never a 500."""
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
async def test_a_flood_is_told_when_to_come_again(
    scim: ScimClient, other_scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 6585 section 4: 429 with Retry-After and a SCIM body; another directory is served at the
    same time.
    """
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
    """PUBLIC_URL takes precedence over the address of the request; forwarded headers, which anyone
    can send, never count.
    """
    app = App(Settings.read({"PUBLIC_URL": "https://directory.example"}), clock, tables)
    functions = func.FunctionApp()
    functions.register_functions(endpoints.blueprint(app))
    client = await client_of(Host(functions, environment={}), app, "public")
    forged = {"x-forwarded-host": "evil.example", "x-forwarded-proto": "http"}
    made = await client.call("POST", "/Users", {"userName": "a"}, headers=forged)
    assert made.headers["location"].startswith("https://directory.example/scim/public/v2/Users/")
    await app.background.drain()
