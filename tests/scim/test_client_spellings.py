"""Unusual spellings of names, paths and values that real clients send and that are unambiguous."""

import json
from typing import Any

import pytest

from tests.scim.client import PATCH_OP, USER, ScimClient

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
WORK = {"type": "work", "value": "work@example.com", "primary": True}


async def _stored(scim: ScimClient, identifier: str) -> dict[str, Any]:
    return dict((await scim.get(f"/Users/{identifier}")).body)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("name", {"givenName": "New"}),
        ('emails[type eq "work"]', {"type": "work", "value": "New"}),
        ("emails", {"type": "other", "value": "New"}),
        ("emails", [{"type": "other", "value": "New"}]),
        (ENTERPRISE, {"department": "New"}),
        (f"{ENTERPRISE}:manager", {"value": "New"}),
        (None, {"title": "New"}),
    ],
)
async def test_an_object_as_json_text_is_that_object(
    scim: ScimClient, path: str | None, value: object
) -> None:
    """Captain-P-Goldfish/SCIM-SDK issue 201: it encodes values as JSON text, which was stored as an
    e-mail address.
    """
    person = await scim.user(emails=[WORK])
    one = value[0] if isinstance(value, list) else value
    text: object = json.dumps(one)
    operation = {"op": "add", "path": path, "value": [text] if isinstance(value, list) else text}
    answer = await scim.patch(f"/Users/{person.id}", operation)
    assert answer.status == 200, answer.body
    stored = await _stored(scim, person.id)
    assert "New" in json.dumps(stored)
    assert "{\\" not in json.dumps(stored)


async def test_json_text_of_other_parts_stays_text(scim: ScimClient) -> None:
    """Entra's AppRoleAssignmentsComplex sends JSON text as a role's `value`; that text isn't an
    element of `roles`.
    """
    role = '{"id": "1", "displayName": "Admin"}'
    person = await scim.user(roles=[role])
    assert person.body["roles"] == [{"value": role}]


@pytest.mark.clause("entra/boolean")
@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "active.value", "value": "False"},
        {"op": "replace", "path": "Active.Value", "value": [{"value": False}]},
        {"op": "replace", "value": {"active.value": False}},
        {"op": "replace", "value": '{"active": false}'},
        {"op": "replace", "value": ['{"active": "False"}']},
        {"op": "replace", "value": [{"active": False}]},
    ],
)
async def test_a_deactivation_is_recognised_in_every_wrapping(
    scim: ScimClient, operation: dict[str, Any]
) -> None:
    """`active` may have the path active.value, be in a list or be JSON text. A fault of another
    operation doesn't undo it.
    """
    person = await scim.user(active=True)
    assert (await scim.patch(f"/Users/{person.id}", operation)).body["active"] is False
    other = await scim.user("b@example.com", active=True)
    fault = {"op": "replace", "path": "displayName", "value": {"a": 1}}
    answer = await scim.patch(f"/Users/{other.id}", fault, operation)
    assert (answer.status, answer.body["active"]) == (200, False)


async def test_a_malformed_name_does_not_undo_a_deactivation(scim: ScimClient) -> None:
    """/Schemas announces `name` as required, but a person is taken without it: so its fault is noted, too."""
    person = await scim.user(name={"givenName": "Anna"})
    path = f"/Users/{person.id}"
    body = {"userName": "anna@example.com", "active": "False", "name": "Anna", ENTERPRISE: "x"}
    assert (await scim.put(path, {**body, "active": True})).status == 400
    answer = await scim.put(path, body)
    assert (answer.status, answer.body["active"]) == (200, False)
    assert answer.body["name"] == {"givenName": "Anna"}
    other = await scim.user("b@example.com")
    fault = {"op": "replace", "path": "name", "value": "Ben"}
    off = {"op": "replace", "path": "active", "value": False}
    assert (await scim.patch(f"/Users/{other.id}", fault, off)).body["active"] is False


async def test_a_new_uri_of_the_manager_does_not_keep_the_old_id(scim: ScimClient) -> None:
    """RFC 7643 section 4.3: `value` and `$ref` name the same user; together they named two."""
    extension: dict[str, Any] = {ENTERPRISE: {"manager": {"value": "1"}}}
    person = await scim.user(**extension)
    value = {"$ref": "https://idp.example/scim/Users/2"}
    operation = {"op": "replace", "path": f"{ENTERPRISE}:manager", "value": value}
    answer = await scim.patch(f"/Users/{person.id}", operation)
    assert answer.body[ENTERPRISE]["manager"] == value
    title = {"op": "add", "path": "title", "value": "x"}
    again = await scim.patch(f"/Users/{person.id}", operation, title)
    assert again.body[ENTERPRISE]["manager"] == value


async def test_a_primary_element_without_a_value_does_not_unset_the_primary_one(
    scim: ScimClient,
) -> None:
    """Entra sends a constant `emails[type eq "other"].primary` also for users without such an
    address.
    """
    person = await scim.user(emails=[WORK])
    path = f"/Users/{person.id}"
    alone = {"op": "Add", "path": 'emails[type eq "other"].primary', "value": "True"}
    assert (await scim.patch(path, alone)).body["emails"] == [WORK]
    both = {"op": "Add", "path": 'emails[type eq "other"].value', "value": "other@example.com"}
    answer = await scim.patch(path, alone, both)
    assert [email["primary"] for email in answer.body["emails"]] == [False, True]


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_extension_attributes_are_accepted_outside_their_extension(
    scim: ScimClient, method: str
) -> None:
    """OneLogin's templates and SCIM 1.1 clients send `manager` and `department` among the core
    attributes.
    """
    body = {"userName": "anna@example.com", "Department": "Sales", "manager": {"managerId": "9"}}
    answer = await scim.post(
        "/Users", {"userName": "anna@example.com"} | (body if method == "POST" else {})
    )
    if method == "PUT":
        answer = await scim.put(f"/Users/{answer.id}", body)
    assert answer.body[ENTERPRISE] == {"department": "Sales", "manager": {"value": "9"}}
    assert answer.body["schemas"] == [USER, ENTERPRISE]


async def test_parameter_names_ignore_case(scim: ScimClient) -> None:
    """If `Filter` were ignored, the client would receive all users and match the first one."""
    for name in ("a", "b", "c"):
        await scim.user(f"{name}@example.com")
    text = 'userName eq "b@example.com"'
    for parameter in ("filter", "Filter", "FILTER"):
        assert (await scim.get("/Users", **{parameter: text})).body["totalResults"] == 1
        for path in ("/Users/.search", "/.search"):
            assert (await scim.post(path, {parameter: text})).body["totalResults"] == 1
    page = (await scim.get("/Users", StartIndex=2, COUNT=1, Attributes="userName")).body
    assert (page["startIndex"], page["itemsPerPage"]) == (2, 1)
    assert page["Resources"][0].keys() == {"schemas", "id", "userName"}
    assert (await scim.get("/Users", FILTER="active eq false", filter=text)).body[
        "totalResults"
    ] == 1
    operations = [{"Method": "post", "PATH": "/Users", "BulkId": "q", "Data": {"userName": "q"}}]
    bulk = await scim.post("/Bulk", {"operations": operations, "FailOnErrors": 1})
    assert bulk.body["Operations"][0]["status"] == "201"


async def test_members_are_named_by_their_uri(scim: ScimClient) -> None:
    """RFC 7643 section 2.3.7: `$ref` is the member's URI, with or without a final slash, in a path
    too.
    """
    person = await scim.user()
    group = await scim.group("Sales")
    path, reference = f"/Groups/{group.id}", f"https://idp.example/scim/Users/{person.id}"
    for member in ({"$ref": reference + "/"}, json.dumps({"value": person.id})):
        await scim.patch(path, {"op": "add", "path": "members", "value": [member]})
        assert len((await scim.get(path)).body["members"]) == 1
        removal = {"op": "remove", "path": f'members[$ref eq "{reference}"]'}
        assert (await scim.patch(path, removal)).status == 204
        assert "members" not in (await scim.get(path)).body


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'{"userName": "a\\ud83d"}', "userName"),
        (b'{"userName": "a", "name": {"givenName": "\\uDE00"}}', "name.givenName"),
        (b'{"userName": "a", "emails": [{"value": "x"}, {"value": "\\ud83d"}]}', "emails.value"),
        (b'{"userName": "a", "\\udfff": 1}', "?"),
    ],
)
async def test_half_of_an_emoji_is_named(scim: ScimClient, body: bytes, name: str) -> None:
    """RFC 8259 section 8.2: a lone surrogate is valid JSON but can't be stored: the error names its
    attribute.
    """
    answer = await scim.call("POST", "/Users", body)
    assert (answer.status, answer.body["scimType"]) == (400, "invalidValue")
    assert answer.body["detail"].startswith(f"{name} contains half of a surrogate pair")


async def test_half_of_an_emoji_in_an_operation_is_named_by_its_path(scim: ScimClient) -> None:
    """A lone surrogate in a PATCH is reported with the operation's path, and in a bulk request with
    the attribute.
    """
    person = await scim.user()
    operations = b'"Operations": [{"op": "add", "path": "title", "value": "\\ud83d"}]'
    patch = await scim.call("PATCH", f"/Users/{person.id}", b"{" + operations + b"}")
    assert patch.body["detail"].startswith("title ")
    data = b'{"Operations": [{"method": "POST", "path": "/Users", "data": {"title": "\\ud83d"}}]}'
    bulk = await scim.call("POST", "/Bulk", data)
    assert bulk.body["detail"].startswith("title ")


async def test_octets_that_are_not_utf_8_are_called_so(scim: ScimClient) -> None:
    """RFC 8259 section 8.1: the place of the first wrong octet, so that the field is found; not a fault of the JSON."""
    for body, place in ((b'{"userName": "a\xff"}', 16), ('{"userName": "a"}'.encode("utf-16"), 1)):
        answer = await scim.call("POST", "/Users", body)
        assert (answer.status, answer.body["scimType"]) == (400, "invalidSyntax")
        assert f"byte {place} begins no character" in answer.body["detail"]


async def test_an_empty_list_of_operations_is_called_empty(scim: ScimClient) -> None:
    """RFC 7644 section 3.5.2 requires at least one operation; the detail doesn't say that the array
    is missing.
    """
    person = await scim.user()
    body = {"schemas": [PATCH_OP], "Operations": []}
    answer = await scim.call("PATCH", f"/Users/{person.id}", body)
    assert answer.status == 400
    assert "Operations array is empty" in answer.body["detail"]
    group = await scim.group()
    path = {"op": "add", "path": "/members", "value": []}
    assert "displayName" in (await scim.patch(f"/Groups/{group.id}", path)).body["detail"]
