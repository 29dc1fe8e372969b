"""Rules of the specifications that no other module tests."""

from uuid import uuid4

import pytest

import contacts.endpoints
from directories import provisioning_log
from local.host.host import Host
from scim.discovery.documents import MAX_BULK_OPERATIONS
from scim.list_query import CURSOR_TIMEOUT, DEFAULT_COUNT, MAX_COUNT
from shared.app import App
from shared.http import Request
from tests.hosts import functions_of
from tests.scim.client import ScimClient, patch_body


@pytest.mark.clause("7644/3.4.2-list", "entra/connect")
async def test_a_filter_without_match_is_an_empty_list(scim: ScimClient) -> None:
    """Entra tests a connection with a random user name, and treats 404 as an incompatible
    server.
    """
    for attribute in ("userName", "externalId", 'emails[type eq "work"].value', "id"):
        found = await scim.get("/Users", filter=f'{attribute} eq "{uuid4()}"')
        assert (found.status, found.body["totalResults"], found.resources) == (200, 0, [])


@pytest.mark.clause("interop/patch-keeps")
async def test_a_patch_keeps_the_resource(scim: ScimClient) -> None:
    """A deactivation never deletes: only DELETE does (SCIM interoperability profile, resource lifecycle)."""
    user = await scim.user()
    await scim.patch(f"/Users/{user.id}", {"op": "replace", "path": "active", "value": False})
    assert (await scim.get(f"/Users/{user.id}")).body["active"] is False


@pytest.mark.clause("7644/3.5.2-answer")
async def test_a_patch_returns_the_resource_if_attributes_are_requested(
    scim: ScimClient,
) -> None:
    """RFC 7644 section 3.5.2. A group's PATCH otherwise gets 204, because it may have many
    members.
    """
    group = await scim.group("Sales", (await scim.user()).id)
    operation = {"op": "replace", "path": "displayName", "value": "Support"}
    path = f"/Groups/{group.id}"
    assert (await scim.patch(path, operation)).status == 204
    asked = await scim.call("PATCH", f"{path}?attributes=displayName", patch_body(operation))
    assert (asked.status, asked.body["displayName"]) == (200, "Support")
    user = await scim.user("b@example.com")
    changed = await scim.patch(
        f"/Users/{user.id}", {"op": "add", "path": "title", "value": "Guide"}
    )
    assert (changed.status, changed.body["title"]) == (200, "Guide")


@pytest.mark.clause("entra/rate", "ipsie/rate")
async def test_a_hundred_requests_in_a_row_are_served(scim: ScimClient) -> None:
    """25 requests a second for each tenant (Microsoft's requirements; IPSIE profile): none is 429."""
    answers = [await scim.get("/Users", count=1) for _ in range(100)]
    assert {answer.status for answer in answers} == {200}


@pytest.mark.clause("7644/4")
@pytest.mark.parametrize("path", ["/ServiceProviderConfig", "/ResourceTypes", "/Schemas"])
async def test_discovery_refuses_a_filter(scim: ScimClient, path: str) -> None:
    """RFC 7644 section 4: 403, so that a client doesn't mistake a part for the whole."""
    assert (await scim.get(path)).status == 200
    assert (await scim.get(path, filter='id eq "User"')).status == 403


@pytest.mark.clause("7643/5", "9865/4")
async def test_the_configuration_describes_the_service(scim: ScimClient) -> None:
    """RFC 7643 section 5 and RFC 9865 section 4: clients rely on the declared features and
    limits.
    """
    found = (await scim.get("/ServiceProviderConfig")).body
    supported = {
        name for name, value in found.items() if isinstance(value, dict) and value.get("supported")
    }
    assert supported == {"patch", "bulk", "filter", "sort", "etag"}
    assert found["bulk"]["maxOperations"] == MAX_BULK_OPERATIONS
    assert found["filter"]["maxResults"] == found["pagination"]["maxPageSize"] == MAX_COUNT
    pagination = dict(found["pagination"])
    assert (pagination.pop("cursor"), pagination.pop("index")) == (True, True)
    assert pagination == {
        "defaultPaginationMethod": "index",
        "defaultPageSize": DEFAULT_COUNT,
        "maxPageSize": MAX_COUNT,
        "cursorTimeout": CURSOR_TIMEOUT,
    }
    schemes = {scheme["type"] for scheme in found["authenticationSchemes"]}
    assert schemes == {"oauthbearertoken", "oauth2"}


@pytest.mark.clause("7643/6", "interop/rt-id")
async def test_resource_types_name_their_schemas(scim: ScimClient) -> None:
    """RFC 7643 section 6: endpoint, schema and extensions; the id equals the name, by which clients
    request it.
    """
    known = {schema["id"] for schema in (await scim.get("/Schemas")).resources}
    found = {kind["name"]: kind for kind in (await scim.get("/ResourceTypes")).resources}
    assert {name: kind["endpoint"] for name, kind in found.items()} == {
        "User": "/Users",
        "Group": "/Groups",
    }
    for name, kind in found.items():
        assert kind["id"] == name
        assert kind["schema"] in known
        assert (await scim.get(f"/ResourceTypes/{name}")).body["schema"] == kind["schema"]
    extensions = found["User"]["schemaExtensions"]
    assert [(one["schema"] in known, one["required"]) for one in extensions] == [(True, False)]


@pytest.mark.clause("7643/8", "7644/3.1", "interop/media")
async def test_every_response_is_scim_json(scim: ScimClient) -> None:
    """RFC 7644 sections 3.1 and 3.12: errors too, whatever Accept is. Requests may be
    application/json, as Okta's are.
    """
    as_json = {"content-type": "application/json", "accept": "application/json, text/plain, */*"}
    made = await scim.call("POST", "/Users", {"userName": "a@example.com"}, headers=as_json)
    assert made.status == 201
    for answer in (
        made,
        await scim.get("/Users"),
        await scim.get(f"/Users/{made.id}"),
        await scim.get("/Users/nobody"),
        await scim.get("/Users", filter="broken"),
        await scim.get("/Schemas"),
    ):
        assert answer.headers["content-type"] == "application/scim+json"


@pytest.mark.clause("interop/conformant")
async def test_the_interoperability_profile_is_not_claimed(scim: ScimClient) -> None:
    """interopProfileConformant is absent, because the profile forbids requests that Entra sends."""
    configuration = (await scim.get("/ServiceProviderConfig")).body
    assert not configuration.get("interopProfileConformant")


@pytest.mark.clause("ipsie/audit")
async def test_every_change_is_in_the_provisioning_log(scim: ScimClient, app: App) -> None:
    """Creation, change and deletion of a user are logged (IPSIE profile, security considerations)."""
    user = await scim.user()
    await scim.patch(f"/Users/{user.id}", {"op": "replace", "path": "title", "value": "Guide"})
    await scim.delete(f"/Users/{user.id}")
    page = await provisioning_log.read(app, scim.directory_id)
    kinds = [line.event.kind for line in page.lines]
    assert set(kinds) >= {"user.created", "user.changed", "user.deleted"}


@pytest.mark.clause("ipsie/local")
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_only_scim_changes_people(scim: ScimClient, app: App, method: str) -> None:
    """The contacts API has no operation that changes a user (IPSIE profile, local
    modifications).
    """
    host = Host(functions_of(app, contacts.endpoints), environment={})
    user = await scim.user()
    url = f"http://localhost/api/contacts/{scim.directory_id}~{user.id}"
    assert (await host.call(Request(method, url, {}, b"{}"))).status >= 400
    await host.stop()
