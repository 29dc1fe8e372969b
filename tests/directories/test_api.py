"""The JSON API of directories, called through the simulated Functions host."""

import base64
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import orjson
import pytest

from directories import credential_usage, endpoints
from directories.authenticate import Unauthenticated, authenticate
from directories.events import Event, write
from local.host.host import Host, HostOptions
from shared.app import App
from shared.http import Request, Response
from tests.clock import FixedClock
from tests.directories.made import ACCOUNT, OTHER_ACCOUNT, Made
from tests.directories.stored_events import log_refusal
from tests.hosts import serving


def signed_in(account: str, *roles: str) -> str:
    """Return the header that App Service Authentication sets for a user of the account with these
    roles.
    """
    claims = [{"typ": "tid", "val": account}, *({"typ": "roles", "val": role} for role in roles)]
    return base64.b64encode(orjson.dumps({"auth_typ": "aad", "claims": claims})).decode()


@dataclass(frozen=True)
class Api:
    """A client of the API, signed in as an administrator."""

    host: Host
    account: str = ACCOUNT
    role: str = "Directory.Admin"

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> Response:
        """Send a request and return the response; `body` is encoded as JSON."""
        raw = b"" if body is None else body if isinstance(body, bytes) else orjson.dumps(body)
        sent = {
            "x-ms-client-principal": signed_in(self.account, self.role),
            "content-length": str(len(raw)),
        }
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.host.call(
            Request(method, f"http://127.0.0.1:7071/api/directories{path}", sent, raw)
        )

    async def json(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        """Send a request, assert the status, and return the parsed JSON."""
        response = await self.call(method, path, body)
        assert response.status == status, response.body
        return orjson.loads(response.body)


@pytest.fixture
async def host(app: App) -> AsyncIterator[Host]:
    """Yield a simulated host with the functions of this API."""
    async with serving(app, endpoints, options=HostOptions(platform_sign_in=False)) as host:
        yield host


@pytest.fixture
def api(host: Host) -> Api:
    """Return a client that is signed in as an administrator of the account."""
    return Api(host)


async def test_a_directory_is_created_renamed_deleted_and_restored(api: Api, app: App) -> None:
    """The response to its creation has the token and the SCIM base URL."""
    made = await api.json("POST", "", {"name": "Contoso", "kind": "other", "region": "DE"}, 201)
    path = f"/{made['id']}"
    assert made["scimBaseUrl"] == f"http://127.0.0.1:7071/scim/{made['id']}/v2"
    assert (await authenticate(app, made["id"], f"Bearer {made['token']}")).region == "DE"
    assert [each["name"] for each in (await api.json("GET", ""))["directories"]] == ["Contoso"]
    assert (await api.json("PATCH", path, {"name": "Renamed", "setup": "presence"}))[
        "name"
    ] == "Renamed"
    read = await api.json("GET", path)
    assert (read["name"], read["kind"], read["setup"]) == ("Renamed", "other", "presence")
    assert made["token"].encode() not in orjson.dumps(read)
    gone = await api.json("DELETE", path, status=202)
    assert gone["restore"] == f"/api/directories{path}/restore"
    await api.json("GET", path, status=404)
    listed = await api.json("GET", "?deleted=")
    assert (listed["directories"], listed["deleted"][0]["name"]) == ([], "Renamed")
    assert (await api.json("POST", f"{path}/restore"))["name"] == "Renamed"


async def test_another_accounts_directory_does_not_exist(host: Host, made: Made) -> None:
    """Each address of the directory returns 404 to an administrator of another account."""
    stranger = Api(host, OTHER_ACCOUNT)
    calls = [
        ("GET", "", None),
        ("PATCH", "", {"name": "x"}),
        ("DELETE", "", None),
        ("POST", "/restore", None),
        ("GET", "/tokens", None),
        ("POST", "/tokens", None),
        ("DELETE", f"/tokens/{made.directory.tokens[0].id}", None),
        ("POST", "/secrets", {}),
        ("GET", "/trust", None),
        ("DELETE", "/trust", None),
        ("GET", "/state", None),
        ("GET", "/events", None),
    ]
    for method, path, body in calls:
        assert (await stranger.call(method, f"/{made.id}{path}", body)).status == 404, (
            method,
            path,
        )
    assert await stranger.json("GET", "") == {"directories": []}


async def test_only_administrators_have_access(host: Host, made: Made) -> None:
    """SECURITY.md: 403 for an agent, 401 without a sign-in."""
    agent = Api(host, role="Directory.Reader")
    for method, path in (
        ("GET", ""),
        ("POST", ""),
        ("GET", f"/{made.id}/state"),
        ("POST", f"/{made.id}/tokens"),
    ):
        assert (await agent.call(method, path)).status == 403
        assert (await agent.call(method, path, x_ms_client_principal="")).status == 401


async def test_a_cross_site_request_is_refused(api: Api, made: Made) -> None:
    """Browsers send the sign-in cookie with cross-site requests, so the Origin header is
    checked.
    """
    for headers in ({"origin": "https://evil.example"}, {"sec_fetch_site": "cross-site"}):
        assert (await api.call("DELETE", f"/{made.id}", **headers)).status == 403
    assert (
        await api.call("PATCH", f"/{made.id}", {"name": "A"}, origin="http://127.0.0.1:7071")
    ).status == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", "", {}, "name"),
        ("POST", "", {"name": ""}, "name"),
        ("POST", "", {"name": 5}, "name"),
        ("POST", "", {"name": "A", "kind": "ldap"}, "kind"),
        ("POST", "", {"name": "A", "region": "XX"}, "region"),
        ("POST", "", {"name": "A", "strictNumbers": "yes"}, "strictNumbers"),
        ("POST", "", {"name": "A", "colour": "red"}, "colour"),
        ("PATCH", "/{id}", {"presence": "maybe"}, "presence"),
        ("POST", "/{id}/tokens", {"expiresInDays": 0}, "expiresInDays"),
        ("POST", "/{id}/tokens", {"overlapHours": 1e9}, "overlapHours"),
        ("POST", "/{id}/tokens", {"overlapHours": -1}, "overlapHours"),
        ("POST", "/{id}/tokens", {"replaces": "unknown1"}, "replaces"),
        ("PUT", "/{id}/trust", {"tenantId": "x", "subject": "y", "audiences": []}, "tenantId"),
        ("GET", "/{id}/events?limit=0", None, "limit"),
        ("GET", "/{id}/events?limit=many", None, "limit"),
        ("GET", "/{id}/events?limit=000200999999", None, "limit"),
        pytest.param(
            "GET",
            "/{id}/events?limit=000001" + "9" * 5000,
            None,
            "limit",
            id="limit of 5,006 digits",
        ),
        pytest.param(
            "GET", "/{id}/events?text=" + "a" * 251, None, "text", id="text of 251 characters"
        ),
        pytest.param(
            "GET", "/{id}/events?person=" + "a" * 251, None, "person", id="person of 251 characters"
        ),
        ("GET", "/{id}/events?cursor=../../x", None, "cursor"),
    ],
)
async def test_a_wrong_field_is_named_with_its_remedy(
    api: Api, made: Made, method: str, path: str, body: Any, field: str
) -> None:
    """An RFC 9457 problem names the field, the fault and the remedy."""
    response = await api.call(method, path.format(id=made.id), body)
    problem = orjson.loads(response.body)
    assert (response.status, response.headers["content-type"]) == (400, "application/problem+json")
    assert problem["field"] == field
    assert re.fullmatch(r"[^.]+\. [^.].+\.", problem["detail"])


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"x"', b"\xff", b"null", b'{"name": "\\ud800"}', b"[" * 2000]
)
async def test_a_broken_body_is_a_clear_400(api: Api, body: bytes) -> None:
    """Malformed JSON gets 400, never a 500."""
    assert (await api.call("POST", "", body)).status == 400


async def test_unsupported_methods_get_a_405_with_allow(api: Api, made: Made) -> None:
    """RFC 9110 section 15.5.6."""
    response = await api.call("PUT", f"/{made.id}")
    assert (response.status, response.headers["allow"]) == (405, "GET, PATCH, DELETE, HEAD")


async def test_a_change_of_an_outdated_version_gets_a_412(api: Api, made: Made) -> None:
    """RFC 9110 section 13.1.1: If-Match has the ETag of the version that the page showed."""
    seen = (await api.call("GET", f"/{made.id}")).headers["etag"]
    assert (await api.call("PATCH", f"/{made.id}", {"name": "A"}, if_match=seen)).status == 200
    assert (await api.call("PATCH", f"/{made.id}", {"name": "B"}, if_match=seen)).status == 412
    assert (await api.call("DELETE", f"/{made.id}", if_match=seen)).status == 412
    assert (await api.call("PATCH", f"/{made.id}", {"name": "C"}, if_match="*")).status == 200


async def test_tokens_are_issued_rotated_and_revoked(api: Api, app: App, made: Made) -> None:
    """A token in plain text is only in the response that issued it."""
    path = f"/{made.id}/tokens"
    second = await api.json("POST", path, {"expiresInDays": 30}, 201)
    assert second["expires"] == "2026-01-31T00:00:00.000Z"
    for body in ({}, {"overlapHours": 1}):
        refused = await api.json("POST", path, body, 409)
        assert refused["code"] == "two_live"
        assert second["id"] in refused["detail"]
    first = made.directory.tokens[0].id
    third = await api.json("POST", path, {"replaces": first, "expiresInDays": None}, 201)
    assert third["expires"] is None
    assert (third["replaced"]["id"], third["replaced"]["state"]) == (first, "revoked")
    listed = (await api.json("GET", path))["tokens"]
    assert [token["state"] for token in listed] == ["revoked", "live", "live"]
    assert all("hash" not in token and "token" not in token for token in listed)
    assert (await api.call("DELETE", f"{path}/{third['id']}")).status == 204
    with pytest.raises(Unauthenticated):
        await authenticate(app, made.id, f"Bearer {third['token']}")
    assert (await api.call("DELETE", f"{path}/unknown")).status == 404


async def test_last_use_of_a_token_is_shown(api: Api, app: App, made: Made) -> None:
    """Its precision is about five minutes; null means that the token was never used."""
    assert (await api.json("GET", f"/{made.id}"))["tokens"][0]["lastUsed"] is None
    await authenticate(app, made.id, made.header)
    await app.background.drain()
    assert (await api.json("GET", f"/{made.id}"))["tokens"][0][
        "lastUsed"
    ] == "2026-01-01T00:00:00.000Z"


async def test_a_trusted_identity_is_set_read_and_removed(api: Api, made: Made) -> None:
    """PUT, GET and DELETE of /trust."""
    guid = "5f2f7b1c-0a52-4c39-9d60-0c4f3f8f7a10"
    trust = {"tenantId": guid, "subject": guid, "audiences": ["api://app"]}
    assert (await api.json("PUT", f"/{made.id}/trust", trust))["trust"] == trust
    assert (await api.json("GET", f"/{made.id}/trust"))["trust"] == trust
    assert (await api.call("DELETE", f"/{made.id}/trust")).status == 204
    assert (await api.json("GET", f"/{made.id}/trust"))["trust"] is None


async def test_the_connection_state_follows_each_step(
    api: Api, app: App, made: Made, clock: FixedClock
) -> None:
    """The stage is "waiting", also after a wrong token, whose remedy is shown, then "connected",
    and "provisioning" after the first user.
    """
    path = f"/{made.id}/state"
    assert (await api.json("GET", path))["stage"] == "waiting"
    with pytest.raises(Unauthenticated):
        await authenticate(app, made.id, "Bearer wrong")
    await app.background.drain()
    state = await api.json("GET", path)
    assert (state["stage"], state["denied"]["reason"]) == ("waiting", "wrong")
    assert state["denied"]["remedy"].endswith(".")
    clock.advance(5)
    await authenticate(app, made.id, made.header)
    credential_usage.served(app, made.id)
    await app.background.drain()
    state = await api.json("GET", path)
    assert (state["stage"], state["denied"], state["lastCall"]) == (
        "connected",
        None,
        "2026-01-01T00:00:05.000Z",
    )
    await log_refusal(
        app, made.id, detail="userName is missing.", client="Entra", attribute="userName"
    )
    state = await api.json("GET", path)
    assert (state["refusedLastDay"], state["lastRefusal"]["detail"]) == (
        1,
        "userName is missing.",
    )
    event = Event("t", "user.created", users=1, active=True)
    await app.tables.transact("contacts", made.id, [write(event, clock)])
    state = await api.json("GET", path)
    assert (state["stage"], state["people"], state["active"]) == ("provisioning", 1, 1)


async def test_the_log_is_read_through_the_api(
    api: Api, app: App, made: Made, clock: FixedClock
) -> None:
    """Events are returned newest first, page by page, and filtered."""
    for number in range(5):
        await log_refusal(app, made.id, client="Okta", name=f"person{number}")
        clock.advance(1)
    first = await api.json("GET", f"/{made.id}/events?limit=3")
    rest = await api.json("GET", f"/{made.id}/events?limit=3&cursor={first['nextCursor']}")
    names = [event["name"] for event in first["events"] + rest["events"]]
    assert names == [f"person{number}" for number in (4, 3, 2, 1, 0)]
    assert "nextCursor" not in rest
    assert rest["events"][0]["name"] == "person1"
    none = await api.json("GET", f"/{made.id}/events?kind=created")
    assert none == {"events": []}
    one = await api.json("GET", f"/{made.id}/events?person=person2&refused=1")
    assert await api.json("GET", f"/{made.id}/events?person=person2&kind=refused") == one
    assert [(event["client"], event["status"], event["count"]) for event in one["events"]] == [
        ("Okta", 400, 1)
    ]


async def test_the_public_address_is_in_every_url(app: App, made: Made, clock: FixedClock) -> None:
    """PUBLIC_URL takes precedence over the request's host."""
    from directories.serializers import scim_base_url, token_endpoint

    public = replace(app.settings, public_url="https://scim.example")
    behind = App(public, clock, app.tables)
    assert scim_base_url(behind, "http://10.0.0.1", "d1") == "https://scim.example/scim/d1/v2"
    assert (
        token_endpoint(behind, "http://10.0.0.1", "d1")
        == "https://scim.example/scim/d1/oauth2/token"
    )
