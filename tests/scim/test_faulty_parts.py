"""A part of a request that can't be parsed: when it refuses the request, and when the rest is carried out."""

from typing import Any

import pytest

from directories import events, provisioning_log
from tests.scim.client import ScimClient, patch_body

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
OFF = {"op": "Replace", "path": "active", "value": "False"}
UNPARSABLE: list[Any] = [
    {"op": "test", "path": "title", "value": "x"},
    {"op": None, "path": "title", "value": "x"},
    {"path": "title", "value": "x"},
    {"op": "copy", "path": "active", "value": True},
    {"op": "replace", "path": "title"},
    {"op": "replace", "path": ["title"], "value": "x"},
    {"op": "replace"},
    {},
    None,
    "x",
    [],
]


async def _log(scim: ScimClient) -> list[events.Event]:
    await scim.app.background.drain()
    page = await provisioning_log.read(scim.app, scim.directory_id)
    return [line.event for line in page.lines]


@pytest.mark.clause("7644/3.5.2-order")
@pytest.mark.parametrize("faulty", UNPARSABLE)
async def test_an_operation_that_cannot_be_parsed_does_not_undo_a_deactivation(
    scim: ScimClient, faulty: Any
) -> None:
    """Agents must not see a person who left; alone, the operation is refused, and then no other is carried out."""
    person = await scim.user(displayName="Anna")
    path = f"/Users/{person.id}"
    rename = {"op": "replace", "path": "displayName", "value": "Ann"}
    refused = await scim.call("PATCH", path, patch_body(rename, faulty))
    assert refused.status == 400
    assert (await scim.get(path)).body["displayName"] == "Anna"
    for operations in ((faulty, OFF), (OFF, faulty)):
        await scim.patch(path, {"op": "replace", "path": "active", "value": True})
        answer = await scim.call("PATCH", path, patch_body(*operations))
        assert (answer.status, answer.body["active"]) == (200, False), answer.body
    noted = next(event for event in await _log(scim) if event.kind == "user.disabled")
    assert noted.detail


async def test_a_deactivation_that_the_same_request_takes_back_carries_out_nothing(
    scim: ScimClient,
) -> None:
    """The last operation that sets `active` decides, so here all operations are carried out, or none."""
    person = await scim.user()
    on = {"op": "replace", "path": "active", "value": True}
    rename = {"op": "replace", "path": "displayName", "value": "Ann"}
    answer = await scim.call(
        "PATCH", f"/Users/{person.id}", patch_body(OFF, rename, {"op": "test"}, on)
    )
    assert answer.status == 400
    assert (await scim.get(f"/Users/{person.id}")).body.get("displayName") != "Ann"


async def test_a_group_has_no_deactivation_to_carry_out(scim: ScimClient) -> None:
    """RFC 7644 section 3.5.2: otherwise all operations are carried out, or none."""
    group = await scim.group()
    path = f"/Groups/{group.id}"
    rename = {"op": "replace", "path": "displayName", "value": "New"}
    answer = await scim.call("PATCH", path, patch_body(rename, {"op": "test"}, OFF))
    assert (answer.status, answer.body["scimType"]) == (400, "invalidSyntax")
    assert (await scim.get(path)).body["displayName"] == "Sales"


@pytest.mark.clause("7644/3.5.2-order")
@pytest.mark.parametrize(
    "faulty",
    [
        {"op": "test", "path": "members", "value": [{"value": "x"}]},
        {"op": "replace", "path": "members"},
        {"op": "copy", "path": 'members[value eq "x"]'},
    ],
)
async def test_an_operation_on_members_that_cannot_be_parsed_changes_no_member(
    scim: ScimClient, faulty: Any
) -> None:
    """RFC 7644 section 3.5.2: all operations are carried out, or none."""
    group, person = await scim.group(), await scim.user()
    path = f"/Groups/{group.id}"
    join = {"op": "add", "path": "members", "value": [{"value": person.id}]}
    for operations in ((faulty,), (join, faulty)):
        answer = await scim.call("PATCH", path, patch_body(*operations))
        assert answer.status == 400, answer.body
    assert not (await scim.get(path)).body.get("members")


@pytest.mark.parametrize("path", ["", " ", "\t"])
async def test_a_blank_path_is_no_path(scim: ScimClient, path: str) -> None:
    """A client's template has the field but nothing in it; the attributes are in the value."""
    person = await scim.user()
    operation = {"op": "replace", "path": path, "value": {"active": "False", "title": "Chief"}}
    answer = await scim.patch(f"/Users/{person.id}", operation)
    assert (answer.status, answer.body["active"], answer.body["title"]) == (200, False, "Chief")
    removal = await scim.patch(f"/Users/{person.id}", {"op": "remove", "path": path})
    assert (removal.status, removal.body["scimType"]) == (400, "noTarget")


@pytest.mark.clause("7644/3.7-continue")
@pytest.mark.parametrize(
    "faulty",
    [
        None,
        5,
        [],
        {},
        {"method": 5, "path": "/Users", "bulkId": "z", "data": {}},
        {"method": "POST", "path": 5, "bulkId": "z", "data": {}},
        {"method": "POST", "path": "/Users", "bulkId": {"a": 1}, "data": {}},
        {"method": "POST", "path": "/Users", "bulkId": True, "data": {}},
        {"method": "DELETE", "path": "/Users/none", "version": 5},
    ],
)
async def test_a_bulk_operation_that_cannot_be_parsed_fails_alone(
    scim: ScimClient, faulty: Any
) -> None:
    """RFC 7644 section 3.7.3: a service provider makes as many changes as possible."""
    person = await scim.user()
    off = {"method": "PATCH", "path": f"/Users/{person.id}", "data": patch_body(OFF)}
    answer = await scim.post("/Bulk", {"Operations": [faulty, off]})
    first, second = answer.body["Operations"]
    assert (answer.status, first["status"], second["status"]) == (200, "400", "200")
    assert first["response"]["detail"].startswith("Operations[0]")
    assert (await scim.get(f"/Users/{person.id}")).body["active"] is False
    stopped = await scim.post("/Bulk", {"failOnErrors": 1, "Operations": [faulty, off]})
    assert len(stopped.body["Operations"]) == 1


@pytest.mark.clause("7644/3.7.2")
@pytest.mark.parametrize("number", [1, 0, -1, 2**40])
async def test_a_bulk_id_may_be_a_number(scim: ScimClient, number: int) -> None:
    """Clients number their operations (goauthentik/authentik issue 15533: numeric ids); the reference is text."""
    user = {"method": "POST", "path": "/Users", "bulkId": number, "data": {"userName": "a"}}
    data = {"displayName": "Sales", "members": [{"value": f"bulkId:{number}"}]}
    group = {"method": "POST", "path": "/Groups", "bulkId": "group", "data": data}
    answer = await scim.post("/Bulk", {"Operations": [group, user]})
    results = answer.body["Operations"]
    assert [result["status"] for result in results] == ["201", "201"], results
    assert results[1]["bulkId"] == str(number)


async def test_fail_on_errors_may_be_text_and_operations_one_object(scim: ScimClient) -> None:
    """As in the other messages: `count` of a search may be text, and a PATCH may have one object."""
    user = {"method": "POST", "path": "/Users", "bulkId": "a", "data": {"userName": "a"}}
    for limit in ("1", " 2 ", 1.0):
        answer = await scim.post("/Bulk", {"failOnErrors": limit, "Operations": []})
        assert answer.status == 200
    answer = await scim.post("/Bulk", {"failOnErrors": "1", "Operations": user})
    assert answer.body["Operations"][0]["status"] == "201"
    wrong_limits: list[Any] = ["x", "1.5", 1.5, True, [1], "-1"]
    for wrong in wrong_limits:
        refused = await scim.post("/Bulk", {"failOnErrors": wrong, "Operations": user})
        assert (refused.status, refused.body["scimType"]) == (400, "invalidValue")
    assert (await scim.post("/Bulk", {"Operations": {}})).status == 400


@pytest.mark.clause("7644/3.14")
async def test_a_get_whose_if_match_is_false_is_not_performed(scim: ScimClient) -> None:
    """RFC 9110 section 13.1.1: the method is not performed, and the response is 412; for users and groups."""
    for path in (f"/Users/{(await scim.user()).id}", f"/Groups/{(await scim.group()).id}"):
        etag = (await scim.get(path)).headers["etag"]
        for tag in ('"other"', 'W/"other"'):
            answer = await scim.call("GET", path, headers={"if-match": tag})
            assert (answer.status, etag in answer.body["detail"]) == (412, True)
        for tag in ("*", etag, etag.removeprefix("W/"), f'"other", {etag}', ""):
            assert (await scim.call("GET", path, headers={"if-match": tag})).status == 200


@pytest.mark.clause("7644/3.5.2-path")
@pytest.mark.parametrize(
    "path",
    [
        'emails[type eq "work"].',
        'emails[type eq "work"]. value',
        'emails[type eq "work"].value.value',
        'emails[type eq "work"].0',
        f"{ENTERPRISE}::department",
        f"{ENTERPRISE}/department",
        f"{ENTERPRISE}#department",
    ],
)
async def test_a_misspelt_path_to_a_known_attribute_is_refused(scim: ScimClient, path: str) -> None:
    """It is no unknown attribute: to ignore it would keep the old value (RFC 7644 section 3.12, invalidPath)."""
    extension: dict[str, Any] = {ENTERPRISE: {"department": "Old"}}
    person = await scim.user(emails=[{"type": "work", "value": "old@example.com"}], **extension)
    for operation in (
        {"op": "replace", "path": path, "value": "new"},
        {"op": "add", "value": {path: "new"}},
    ):
        answer = await scim.patch(f"/Users/{person.id}", operation)
        assert answer.status == 400, answer.body
        assert path.strip() in answer.body["detail"].replace('\\"', '"')
    body = {"userName": "anna@example.com", path: "new"}
    assert (await scim.put(f"/Users/{person.id}", body)).status == 400
    assert (await scim.get(f"/Users/{person.id}")).body[ENTERPRISE] == {"department": "Old"}


@pytest.mark.parametrize(
    "path", [f"{ENTERPRISE}:badge", f"{ENTERPRISE}:own:badge", 'emails[type eq "work"].badge']
)
async def test_an_unknown_attribute_below_a_known_name_is_logged(
    scim: ScimClient, path: str
) -> None:
    """Entra's administrators add their own attributes below the URN: the rest of the request is carried out."""
    person = await scim.user()
    title = {"op": "add", "path": "title", "value": "Chief"}
    answer = await scim.patch(
        f"/Users/{person.id}", {"op": "add", "path": path, "value": "1"}, title
    )
    assert (answer.status, answer.body["title"]) == (200, "Chief")
    assert any("badge" in (event.detail or "") for event in await _log(scim))


@pytest.mark.clause("entra/stays-inactive")
@pytest.mark.parametrize(
    "name",
    [
        'emails[type eq "work"].value',
        "emails.value",
        "$.emails",
        "name.givenName",
        f"{ENTERPRISE}:department",
        f"{ENTERPRISE}/department",
        "display name",
        "",
    ],
)
async def test_a_path_as_a_name_does_not_undo_a_deactivation(scim: ScimClient, name: str) -> None:
    """A PUT with a name that is a path is refused, unless it deactivates: then the attribute that it names is kept."""
    kept: dict[str, Any] = {
        "emails": [{"type": "work", "value": "anna@example.com"}],
        "name": {"givenName": "Anna"},
        ENTERPRISE: {"department": "Sales"},
    }
    person = await scim.user(**kept)
    path = f"/Users/{person.id}"
    body = {"userName": "anna@example.com", **kept}
    for sent in ("emails", "name", ENTERPRISE):
        if name.lower().startswith((sent.lower(), f"$.{sent}")):
            del body[sent]
    assert (await scim.put(path, {**body, name: "x"})).status == 400
    answer = await scim.put(path, {**body, name: "x", "active": "False"})
    assert (answer.status, answer.body["active"]) == (200, False), answer.body
    assert {key: answer.body.get(key) for key in kept} == kept
    [event] = [event for event in await _log(scim) if event.kind == "user.disabled"]
    assert event.detail


async def test_a_misspelt_user_name_is_refused_also_with_a_deactivation(scim: ScimClient) -> None:
    """Clients match people by userName, so a fault in it is never left out."""
    person = await scim.user()
    body = {"userName": "anna@example.com", "userName ": "ben@example.com", "active": False}
    assert (await scim.put(f"/Users/{person.id}", body)).status == 400
