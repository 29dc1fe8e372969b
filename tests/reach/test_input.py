"""Malformed values in keys, numbers and links get a standard error, never a 500."""

import base64
from typing import Any

import orjson
import pytest

from directories.authenticate import Unauthenticated, authenticate
from local.counting_tables import CountingTables
from scim.oauth.client_assertions import BadAssertion, parse
from shared import keys
from shared.app import App
from shared.easy_auth import require_reader
from shared.http import HttpError, Request
from shared.settings import Settings
from tests.clock import FixedClock
from tests.openapi.conftest import ADDRESS, Deployed
from tests.reach.test_reach import principal


async def as_admin(
    deployed: Deployed, method: str, path: str, body: bytes = b"", **headers: str
) -> Any:
    """Send a request as the administrator, with forms as browsers send them, and return the
    response.
    """
    return await deployed.call(method, path, body, "application/x-www-form-urlencoded", **headers)


def cursor(position: str) -> str:
    """Return a forged cursor of the list of people with this position."""
    return base64.urlsafe_b64encode(orjson.dumps(["list", "", position])).decode().rstrip("=")


@pytest.mark.parametrize(
    "directory_id", ["a/b", "?", "#x", "account|a", "index|all", "a" * 2000, "\x00", "é", "a'b", ""]
)
async def test_a_malformed_directory_id_is_refused_without_a_storage_call(
    tables: CountingTables, clock: FixedClock, directory_id: str
) -> None:
    """The storage account would refuse such a partition key with an error instead of a 401."""
    with pytest.raises(Unauthenticated):
        await authenticate(App(Settings(), clock, tables), directory_id, "Bearer extdiracc_x")
    assert tables.count == 0


@pytest.mark.parametrize(
    "position", ["\x00", "a\x7f", "a'b", "a/b", "a#b", "\U0001f600", "a" * 513]
)
async def test_a_forged_position_in_a_cursor_is_refused(deployed: Deployed, position: str) -> None:
    """400, so that only characters of row keys reach the storage account's filter."""
    for path in ("/api/contacts", "/contacts/list"):
        assert (await deployed.call("GET", f"{path}?cursor={cursor(position)}")).status == 400


@pytest.mark.parametrize(
    "parts", [("list", "o'brien", "1"), ("find", "\x00\U0001f600#|~", "2"), ("x" * 300, "y" * 300)]
)
def test_every_row_key_is_a_valid_position(parts: tuple[str, ...]) -> None:
    """No cursor that a query returned is refused."""
    assert keys.is_key(keys.key(*parts))


@pytest.mark.parametrize("part", ["header", "claims"])
async def test_an_assertion_nested_deeply_is_refused(
    tables: CountingTables, clock: FixedClock, part: str
) -> None:
    """JSON that is too deep for the parser gets 401, not a 500."""
    deep = base64.urlsafe_b64encode(b"[" * 5900 + b"]" * 5900).decode().rstrip("=")
    plain = base64.urlsafe_b64encode(b'{"alg":"RS256","kid":"k"}').decode().rstrip("=")
    text = f"{deep}.{plain}.x" if part == "header" else f"{plain}.{deep}.eA"
    with pytest.raises(BadAssertion):
        parse(App(Settings(), clock, tables), text)


@pytest.mark.parametrize("page", ["connect", "issue"])
@pytest.mark.parametrize("field", ["overlap", "lifetime"])
async def test_a_number_of_any_length_causes_no_500(
    deployed: Deployed, page: str, field: str
) -> None:
    """Python parses at most 4,300 digits, and formats no more than a float holds."""
    for digits in (8, 400, 5000):
        body = f"kind=client_secret&{field}={'9' * digits}".encode()
        assert (
            await as_admin(deployed, "POST", f"/directories/contoso/{page}", body)
        ).status == 200


async def test_an_email_adds_nothing_to_its_link(deployed: Deployed) -> None:
    """RFC 6068 section 2: text after ? would be header fields of the new message."""
    user = {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "eve",
        "emails": [{"value": "eve@example.com?bcc=boss@example.com&body=<b>", "type": "work"}],
    }
    created = await deployed.json("POST", "/scim/contoso/v2/Users", user)
    card = (await deployed.call("GET", f"/contacts?person=contoso.{created['id']}")).body
    assert b'href="mailto:eve@example.com%3Fbcc%3Dboss@example.com%26body%3D%3Cb%3E"' in card


MARKUP = "\"><img src=x onerror=alert(1)>'{{7*7}}"


async def test_no_value_of_a_person_becomes_markup(deployed: Deployed) -> None:
    """Every page escapes the values, and the link to a history identifies exactly that person."""
    name = f"a+b&kind=refused{MARKUP}"
    user = {
        "schemas": [
            "urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        ],
        "userName": name,
        "externalId": MARKUP,
        "displayName": MARKUP,
        "title": MARKUP,
        "emails": [{"value": f"javascript:alert(1)//{MARKUP}", "type": "work"}],
        "phoneNumbers": [{"value": f"javascript:alert(1){MARKUP}", "type": "work"}],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": MARKUP},
    }
    created = await deployed.json("POST", "/scim/contoso/v2/Users", user)
    member = {"value": created["id"]}
    schemas = ["urn:ietf:params:scim:schemas:core:2.0:Group"]
    await deployed.json(
        "POST",
        "/scim/contoso/v2/Groups",
        {"schemas": schemas, "displayName": MARKUP, "members": [member]},
    )
    await deployed.json("PATCH", "/api/directories/contoso", {"name": MARKUP})
    await deployed.call(
        "POST", "/scim/contoso/v2/Users", orjson.dumps(user), **{"user-agent": f"{MARKUP}/1"}
    )
    paths = (
        "",
        "/setup",
        "/connect",
        "/presence",
        "/credentials",
        "/log",
        "/numbers",
        "/rename",
        "/delete",
    )
    pages = [f"/directories/contoso{path}" for path in paths]
    pages += [
        "/",
        "/contacts",
        f"/contacts?person=contoso.{created['id']}",
        f"/contacts?person=contoso.{created['id']}",
    ]
    for path in pages:
        answer = await deployed.call("GET", path)
        assert answer.status == 200, path
        assert b"<img src=x" not in answer.body, path
        assert b'href="javascript:' not in answer.body, path
    assert (
        b"person=a%2Bb%26kind%3Drefused"
        in (await deployed.call("GET", "/directories/contoso/log?kind=refused")).body
    )


async def test_a_file_name_breaks_no_header(deployed: Deployed) -> None:
    """RFC 6266: quotes, line breaks and other characters of a directory's name stay in the file
    name.
    """
    refused = await deployed.call(
        "PATCH", "/api/directories/contoso", orjson.dumps({"name": "a\u0000b"})
    )
    assert refused.status == 400
    await deployed.json(
        "PATCH", "/api/directories/contoso", {"name": 'x"; \r\n Set-Cookie: a=b; ü'}
    )
    answer = await deployed.call("GET", "/api/directories/contoso/export?format=csv&limit=1")
    assert answer.headers["content-disposition"].count('"') == 2
    assert not any(ord(c) < 32 or ord(c) > 126 for value in answer.headers.values() for c in value)


async def test_the_sign_in_returns_to_this_site_only(deployed: Deployed) -> None:
    """The address to return to is a path of the app, fully encoded."""
    url = f"{ADDRESS}/contacts?q=//evil.example/%0d%0aSet-Cookie:a=b&post_login_redirect_uri=https://evil.example"
    answer = await deployed.host.call(Request("GET", url, {}))
    assert answer.status == 302
    where = answer.headers["location"]
    assert where.startswith("/.auth/login/aad?post_login_redirect_uri=%2Fcontacts%3Fq%3D")
    assert where.count("&") == 0
    assert not any(ord(c) < 33 for c in where)


def test_no_principal_header_is_trusted_while_sign_in_is_off() -> None:
    """Without the platform in front of the app, anyone could send it."""
    request = Request("GET", ADDRESS, {"x-ms-client-principal": principal("x", "Directory.Admin")})
    with pytest.raises(HttpError) as refused:
        require_reader(request, Settings())
    assert refused.value.response.status == 401
