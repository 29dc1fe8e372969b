"""Requests of real clients, with their sources, sent through the function app; and similar requests
of the same kind.
"""

from typing import Any

import pytest

from directories import events, provisioning_log
from tests.scim.client import PATCH_OP, USER, ScimClient, patch_body

GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
EMPTY = [None, "", [], [None], [""], [{"value": ""}]]
FALSE = [
    False,
    "False",
    "false",
    0,
    "0",
    ["false"],
    [False],
    [{"value": "False"}],
    {"value": False},
    {"Value": "False"},
    {"active": "False"},
    [{"active": False}],
    [None, False],
]


async def _stored(scim: ScimClient, identifier: str) -> dict[str, Any]:
    return dict((await scim.get(f"/Users/{identifier}")).body)


async def _log(scim: ScimClient) -> list[events.Event]:
    await scim.app.background.drain()
    page = await provisioning_log.read(scim.app, scim.directory_id)
    return [line.event for line in page.lines]


@pytest.mark.clause("entra/boolean")
@pytest.mark.parametrize("value", FALSE)
async def test_a_deactivation_is_understood_in_every_form(scim: ScimClient, value: object) -> None:
    """Captain-P-Goldfish/SCIM-SDK issue 968 and AzureAD/SCIMReferenceCode: in POST, PUT and PATCH,
    with and without a path.
    """
    posted = await scim.user("a@example.com", active=value)
    assert (posted.status, posted.body["active"]) == (201, False)
    person = await scim.user("b@example.com")
    answer = await scim.patch(
        f"/Users/{person.id}", {"op": "Replace", "path": "active", "value": value}
    )
    assert (answer.status, answer.body["active"]) == (200, False)
    await scim.patch(f"/Users/{person.id}", {"op": "Replace", "path": "active", "value": True})
    answer = await scim.patch(f"/Users/{person.id}", {"op": "replace", "value": {"active": value}})
    assert (answer.status, answer.body["active"]) == (200, False)
    await scim.patch(f"/Users/{person.id}", {"op": "Replace", "path": "active", "value": True})
    answer = await scim.put(f"/Users/{person.id}", {"userName": "b@example.com", "active": value})
    assert (answer.status, answer.body["active"]) == (200, False)


@pytest.mark.clause("entra/stays-inactive")
@pytest.mark.parametrize("value", EMPTY)
async def test_an_inactive_person_stays_so_if_active_is_cleared(
    scim: ScimClient, value: object
) -> None:
    """slashdevops/idp-scim-sync omits `active` for a suspended user (also
    valon-technologies/gestalt issue 3167).
    """
    person = await scim.user(active=False)
    path = f"/Users/{person.id}"
    await scim.put(path, {"userName": "anna@example.com", "active": value, "title": "1"})
    assert (await _stored(scim, person.id))["active"] is False
    await scim.patch(path, {"op": "replace", "path": "active", "value": value})
    await scim.patch(path, {"op": "add", "value": {"active": value, "title": "2"}})
    await scim.patch(path, {"op": "remove", "path": "active"})
    await scim.put(path, {"userName": "anna@example.com", "title": "3"})
    stored = await _stored(scim, person.id)
    assert (stored["active"], stored["title"]) == (False, "3")


@pytest.mark.clause("7643/4.1.1-active")
async def test_active_is_in_every_response_and_filter(scim: ScimClient) -> None:
    """Okta's SCIM 2.0 test requires it. The default is true, which RFC 7643 section 4.1.1 leaves to
    the provider.
    """
    person = await scim.user()
    assert person.body["active"] is True
    removed = await scim.patch(f"/Users/{person.id}", {"op": "remove", "path": "active"})
    assert removed.body["active"] is True
    for text, found in (("active eq true", 1), ("active eq false", 0), ("active pr", 1)):
        answer = await scim.get("/Users", filter=f'userName eq "anna@example.com" and {text}')
        assert answer.body["totalResults"] == found
        assert (await scim.get("/Users", filter=text)).body["totalResults"] == found


@pytest.mark.clause("entra/library")
@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("title", ["Chief"]),
        ("title", [{"value": "Chief"}]),
        ("title", [None, "Chief"]),
        ("title", [{"value": "Chief", "primary": None}]),
        ("title", {"value": "Chief"}),
        ("name.givenName", {"value": "Chief"}),
        ('emails[type eq "work"].value', {"value": "Chief"}),
        ("name.givenName", ["Chief"]),
        ("name.givenName", [{"value": "Chief"}]),
        ("name", [{"givenName": "Chief"}]),
        ("name", {"givenName": ["Chief"]}),
        (f"{ENTERPRISE}:department", [{"value": "Chief"}]),
        (f"{ENTERPRISE}.department", ["Chief"]),
        (ENTERPRISE, {"department": ["Chief"]}),
        (ENTERPRISE, [{"department": "Chief"}]),
        ('emails[type eq "work"].value', [{"value": "Chief"}]),
        ('emails[type eq "work"]', [{"value": "Chief"}]),
        ('emails[type eq "work"]', "Chief"),
        ("emails", {"type": "work", "value": ["Chief"]}),
        ("emails", ["Chief"]),
    ],
)
async def test_an_array_of_one_is_its_element(scim: ScimClient, path: str, value: object) -> None:
    """AzureAD/SCIMReferenceCode (PatchOperation2) sends every value as a list of objects with `value`."""
    person = await scim.user()
    for op in ("Add", "Replace"):
        answer = await scim.patch(f"/Users/{person.id}", {"op": op, "path": path, "value": value})
        assert answer.status == 200, answer.body
        assert "Chief" in str(await _stored(scim, person.id))


@pytest.mark.clause("entra/library")
@pytest.mark.parametrize("value", [["a", "b"], [{"value": "a"}, {"value": "b"}], [["a"]]])
async def test_two_values_for_a_singular_attribute_are_refused(
    scim: ScimClient, value: object
) -> None:
    """Which of the two to store isn't known; the detail names the attribute."""
    person = await scim.user(displayName="Anna")
    for answer in (
        await scim.patch(
            f"/Users/{person.id}", {"op": "replace", "path": "displayName", "value": value}
        ),
        await scim.patch(f"/Users/{person.id}", {"op": "replace", "value": {"displayName": value}}),
        await scim.put(f"/Users/{person.id}", {"userName": "a", "displayName": value}),
        await scim.user("b@example.com", displayName=value),
    ):
        assert (answer.status, answer.body["scimType"]) == (400, "invalidValue")
        assert answer.body["detail"].startswith("displayName ")
    assert (await _stored(scim, person.id))["displayName"] == "Anna"


UNNEEDED: list[tuple[str, object, object]] = [
    ("roles", ["ADMIN"], [{"value": "ADMIN"}]),
    ("roles", "ADMIN", [{"value": "ADMIN"}]),
    ("roles", {"value": "ADMIN"}, [{"value": "ADMIN"}]),
    ("roles", [{"value": "A"}, "B", 7], [{"value": "A"}, {"value": "B"}, {"value": "7"}]),
    ("roles", "A, B", None),
    ("roles", [["A", "B"]], None),
    ("entitlements", {"display": {"a": 1}}, None),
    ("x509Certificates", ["%%"], None),
    ("x509Certificates", "TUlJ", [{"value": "TUlJ"}]),
    ("photos", "https://example.com/a.jpg", [{"value": "https://example.com/a.jpg"}]),
    ("photos", [True], None),
    ("ims", ["anna"], [{"value": "anna"}]),
    ("addresses", "Zurich", None),
    ("addresses", {"locality": "Zurich"}, [{"locality": "Zurich"}]),
    ("locale", {"language": "de"}, None),
    ("userType", 5, "5"),
    ("preferredLanguage", 1.5, None),
]


@pytest.mark.parametrize(("name", "value", "expected"), UNNEEDED)
async def test_a_wrong_value_of_an_unneeded_attribute_does_not_fail_the_request(
    scim: ScimClient, name: str, value: object, expected: object
) -> None:
    """wireapp/wire-server issue 5435, Captain-P-Goldfish/SCIM-SDK issue 968: it is converted if it
    is unambiguous, else omitted and logged.
    """
    posted = await scim.user("a@example.com", title="Chief", **{name: value})
    assert (posted.status, posted.body["title"], posted.body.get(name)) == (201, "Chief", expected)
    person = await scim.user("b@example.com")
    for op in (
        {"op": "replace", "path": name, "value": value},
        {"op": "add", "value": {name: value}},
    ):
        answer = await scim.patch(
            f"/Users/{person.id}", op, {"op": "replace", "path": "title", "value": op["op"]}
        )
        assert (answer.status, answer.body["title"]) == (200, op["op"])
        assert answer.body.get(name) == expected
    noted = [event for event in await _log(scim) if event.said]
    assert bool(noted) == (expected is None)
    for event in noted:
        assert name in event.detail


async def test_a_put_keeps_the_stored_value_if_the_new_one_is_malformed(scim: ScimClient) -> None:
    """The client didn't intend to clear it; the log has the reason."""
    extension: dict[str, Any] = {ENTERPRISE: {"costCenter": "7"}}
    person = await scim.user(roles=[{"value": "A"}], **extension)
    body = {"userName": "anna@example.com", "roles": "A;B", ENTERPRISE: {"costCenter": {}}}
    answer = await scim.put(f"/Users/{person.id}", {**body, "title": "x"})
    assert answer.status == 200
    assert answer.body["roles"] == [{"value": "A"}]
    assert answer.body[ENTERPRISE] == {"costCenter": "7"}
    [event] = [event for event in await _log(scim) if event.kind == "user.changed"]
    assert "roles" in event.detail
    assert "costCenter" in event.detail
    assert event.said is not None


@pytest.mark.parametrize(
    "other",
    [
        {"op": "replace", "path": "displayName", "value": {"a": 1}},
        {"op": "replace", "path": "emails", "value": "a@x.com"},
        {"op": "replace", "path": "name..givenName", "value": "x"},
        {"op": "replace", "path": 'emails[kind eq "work"].value', "value": "x"},
        {"op": "replace", "path": 'emails[value eq "none"].type', "value": "x"},
        {"op": "replace", "path": "id", "value": "x"},
        {"op": "remove"},
        {"op": "add", "value": "x"},
        {"op": "add", "path": ENTERPRISE, "value": "x"},
    ],
)
async def test_no_other_attribute_undoes_a_deactivation(
    scim: ScimClient, other: dict[str, Any]
) -> None:
    """Agents must not see a user who left the company because of an unrelated fault. The log has
    that fault.
    """
    person = await scim.user(displayName="Anna")
    assert (await scim.patch(f"/Users/{person.id}", other)).status == 400
    off = {"op": "replace", "path": "active", "value": "False"}
    answer = await scim.patch(f"/Users/{person.id}", other, off)
    assert (answer.status, answer.body["active"], answer.body["displayName"]) == (
        200,
        False,
        "Anna",
    )
    assert next(event for event in await _log(scim) if event.kind == "user.disabled").detail


async def test_a_put_that_deactivates_is_carried_out(strict_scim: ScimClient) -> None:
    """A number that the strict directory refuses and a title of the wrong type are omitted, so that
    the user becomes inactive.
    """
    person = await strict_scim.user(title="Chief", phoneNumbers=[{"value": "+44 20 7946 0958"}])
    body = {"userName": "anna@example.com", "title": {}, "phoneNumbers": [{"value": "ask Bob"}]}
    path = f"/Users/{person.id}"
    assert (await strict_scim.put(path, {**body, "active": True})).status == 400
    answer = await strict_scim.put(path, {**body, "active": False})
    assert (answer.status, answer.body["active"], answer.body["title"]) == (200, False, "Chief")
    assert answer.body["phoneNumbers"] == [{"value": "+44 20 7946 0958"}]


@pytest.mark.parametrize("value", [7, 7.5, True, {"value": "x"}, ["a", "b"], {}, "", None, "  "])
async def test_a_user_name_stays_strict(scim: ScimClient, value: object) -> None:
    """Entra matches users by userName: a value that isn't text is refused, even with a
    deactivation.
    """
    assert (await scim.post("/Users", {"userName": value})).status == 400
    person = await scim.user()
    for active in (True, False):
        answer = await scim.put(f"/Users/{person.id}", {"userName": value, "active": active})
        assert (answer.status, answer.body["scimType"]) == (400, "invalidValue")


async def test_numbers_become_texts(scim: ScimClient) -> None:
    """Captain-P-Goldfish/SCIM-SDK commit 53d1e20c: ids and employee numbers are sent as JSON
    numbers.
    """
    body: dict[str, Any] = {
        "externalId": 12345,
        ENTERPRISE: {"employeeNumber": 701984, "department": [5]},
    }
    person = await scim.user(**body)
    assert person.body["externalId"] == "12345"
    assert person.body[ENTERPRISE] == {"employeeNumber": "701984", "department": "5"}
    assert (await scim.get("/Users", filter='externalId eq "12345"')).body["totalResults"] == 1
    assert (await scim.user("b@example.com", externalId=1.5)).status == 400


@pytest.mark.parametrize(
    "name",
    [
        'emails[type eq "work"].value',
        "emails[type eq 'work'].value",
        "name.givenName",
        "name.givenNam",
        "emails.value",
        f"{ENTERPRISE}:department",
        f"{ENTERPRISE}.department",
        "userName ",
        "$.title",
        "display name",
        "",
    ],
)
async def test_a_path_as_attribute_name_in_post_and_put_is_refused(
    scim: ScimClient, name: str
) -> None:
    """grokability/snipe-it pull request 19353: if a path is ignored in a PUT, the stored address is
    cleared.
    """
    person = await scim.user(emails=[{"type": "work", "value": "a@example.com"}])
    for answer in (
        await scim.put(f"/Users/{person.id}", {"userName": "anna@example.com", name: "x"}),
        await scim.user("b@example.com", **{name: "x"}),
    ):
        assert answer.status == 400
        assert f'"{name}"' in answer.body["detail"]
    assert (await _stored(scim, person.id))["emails"][0]["value"] == "a@example.com"


@pytest.mark.parametrize(
    "name",
    [
        'emails[type eq "work"',
        "name..givenName",
        'emails[kind eq "work"].value',
        "emails[0]",
        "a b",
    ],
)
async def test_a_malformed_name_is_refused(scim: ScimClient, name: str) -> None:
    """RFC 7644 section 3.5.2: in a PATCH with or without a path, 400 names it and nothing
    changes.
    """
    person = await scim.user()
    for operation in (
        {"op": "replace", "value": {name: "x", "title": "Chief"}},
        {"op": "replace", "path": name, "value": "x"},
    ):
        answer = await scim.patch(f"/Users/{person.id}", operation)
        assert answer.status == 400
        assert name in answer.body["detail"]
    assert "title" not in await _stored(scim, person.id)


@pytest.mark.clause("entra/unknown", "ipsie/interop", "interop/undefined")
async def test_an_unknown_attribute_is_logged_once(scim: ScimClient) -> None:
    """The administrator sees a typing error in a mapping; the users are stored, and the log isn't
    filled.
    """
    for number in range(5):
        answer = await scim.user(
            f"p{number}@example.com",
            dispalyName="x",
            name={"givenNam": "x", "familyName": "y"},
            **{"urn:custom:2.0:User": {"a": 1}},
        )
        assert answer.status == 201
    await scim.patch(f"/Users/{answer.id}", {"op": "add", "path": "dispalyName", "value": "x"})
    await scim.put(f"/Users/{answer.id}", {"userName": "p4@example.com", "dispalyName": "x"})
    noted = [event for event in await _log(scim) if event.kind == "mapping.fault"]
    assert sorted(event.attribute for event in noted) == [
        "dispalyName", "name.givenNam", "urn:custom:2.0:User",
    ]  # fmt: skip
    assert '"dispalyName" is not an attribute of User' in " ".join(e.detail for e in noted)


async def test_invented_names_fill_neither_memory_nor_storage(scim: ScimClient) -> None:
    """At most a hundred unknown attributes are logged per directory, whatever a client sends."""
    for number in range(30):
        names = {f"x{number}x{n}": "x" for n in range(60)}
        assert (await scim.user(f"p{number}@example.com", **names)).status == 201
        await scim.app.background.drain()
    page = await provisioning_log.read(scim.app, scim.directory_id, limit=500)
    noted = [line.event for line in page.lines if line.event.kind == "mapping.fault"]
    assert 10 <= len(noted) <= 100


@pytest.mark.parametrize("quotes", ["''", "‘’", "“”", "„“", "``", "«»", "＂＂", '""', "  "])
async def test_any_pair_of_quotes_is_understood(scim: ScimClient, quotes: str) -> None:
    """google/go-github sends emails[type eq 'work'].value; the quotes don't become part of the
    stored type.
    """
    before, after = quotes[0].strip(), quotes[1].strip()
    person = await scim.user(emails=[{"type": "work", "value": "old@example.com"}])
    path = f"emails[type eq {before}work{after}].value"
    answer = await scim.patch(
        f"/Users/{person.id}", {"op": "replace", "path": path, "value": "new"}
    )
    assert answer.body["emails"] == [{"type": "work", "value": "new"}]
    text = f"userName eq {before}anna@example.com{after}"
    assert (await scim.get("/Users", filter=text)).body["totalResults"] == 1


@pytest.mark.parametrize(
    "text",
    [
        *("'work", "work'", "‘work", "work”", '"work', "'O'Brien'", "'a''b'"),
        *("%22work%22", "&quot;work&quot;", "&#39;work&#39;", '\\"work\\"'),
    ],
)
async def test_a_quote_without_its_pair_is_refused(scim: ScimClient, text: str) -> None:
    """RFC 7644 section 3.12, invalidFilter: nothing is stored. Quotes that were encoded twice don't
    become part of a value.
    """
    person = await scim.user()
    path = f"emails[type eq {text}].value"
    answer = await scim.patch(
        f"/Users/{person.id}", {"op": "replace", "path": path, "value": "new"}
    )
    assert (answer.status, answer.body["scimType"]) == (400, "invalidFilter")
    found = await scim.get("/Users", filter=f"title eq {text}")
    assert (found.status, found.body["scimType"]) == (400, "invalidFilter")
    assert "emails" not in await _stored(scim, person.id)


async def test_quotes_inside_single_quotes(scim: ScimClient) -> None:
    """In single quotes an apostrophe is escaped as in JSON; double quotes and spaces are part of
    the text.
    """
    await scim.user(title='O\'Brien "x" y')
    text = "title eq 'O\\'Brien \"x\" y'"
    assert (await scim.get("/Users", filter=text)).body["totalResults"] == 1


@pytest.mark.parametrize(
    "key", ["members", "Members", "urn:ietf:params:scim:schemas:core:2.0:Group:members"]
)
async def test_members_in_an_object_under_their_path(scim: ScimClient, key: str) -> None:
    """Salesforce Help, "Manage Group Members with SCIM"; pingidentity/scim2 issue 174.

    An empty list removes no member.
    """
    one, two = (await scim.user("1@example.com")).id, (await scim.user("2@example.com")).id
    group = await scim.group("Sales", one)
    path = f"/Groups/{group.id}"

    async def change(op: str, members: object) -> set[str]:
        answer = await scim.patch(path, {"op": op, "path": "members", "value": {key: members}})
        assert answer.status == 204, answer.body
        stored = (await scim.get(path)).body.get("members", [])
        return {member["value"] for member in stored}

    assert await change("add", [{"value": two}]) == {one, two}
    assert await change("remove", []) == {one, two}
    assert await change("remove", None) == {one, two}
    assert await change("remove", [{"value": one}]) == {two}
    assert await change("replace", {"value": one}) == {one}


@pytest.mark.parametrize("has_path", [True, False])
async def test_members_under_the_urn_of_the_group_schema(scim: ScimClient, has_path: bool) -> None:
    """RFC 7644 section 3.10: an attribute's name may include its schema; the URN may also be a key
    with an object of attributes.
    """
    one, two = (await scim.user("1@example.com")).id, (await scim.user("2@example.com")).id
    group = await scim.group("Sales", one)
    path = f"/Groups/{group.id}"
    for op, member, left in (("add", two, {one, two}), ("remove", one, {two})):
        value: dict[str, Any] = {"members": [{"value": member}]}
        named = {"path": GROUP, "value": value} if has_path else {"value": {GROUP: value}}
        answer = await scim.patch(path, {"op": op, **named})
        assert answer.status == 204, answer.body
        stored = (await scim.get(path)).body["members"]
        assert {each["value"] for each in stored} == left


@pytest.mark.clause("7644/3.10")
async def test_a_dot_is_accepted_after_a_urn(scim: ScimClient) -> None:
    """Stack Overflow question 77655790, wso2/product-is issue 11092: in PATCH, filters, sorting and
    lists of attributes.
    """
    extension: dict[str, Any] = {ENTERPRISE: {"department": "Old"}}
    person = await scim.user(**extension)
    name = f"{ENTERPRISE}.department"
    await scim.patch(f"/Users/{person.id}", {"op": "Replace", "path": name, "value": "New"})
    found = await scim.get("/Users", filter=f'{name} eq "new"', sortBy=name, attributes=name)
    assert found.resources[0][ENTERPRISE] == {"department": "New"}
    path = f'{USER}.emails[type eq "work"].value'
    answer = await scim.patch(f"/Users/{person.id}", {"op": "Add", "path": path, "value": "a@x"})
    assert answer.body["emails"] == [{"type": "work", "value": "a@x"}]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ('attributes=emails[type eq "work"]', {"emails"}),
        ('attributes=userName,emails[type eq "a,b"].value,title', {"userName", "emails", "title"}),
        ("attributes=userName&attributes=title", {"userName", "title"}),
        ("attributes=userName&count=1&attributes=emails", {"userName", "emails"}),
        ("attributes=emails[type", set()),
        (
            'excludedAttributes=emails[type eq "home"]',
            {"userName", "emails", "title", "active", "meta"},
        ),
        ("excludedAttributes=emails&excludedAttributes=title", {"userName", "active", "meta"}),
    ],
)
async def test_lists_of_attributes(scim: ScimClient, query: str, names: set[str]) -> None:
    """scimmyjs/scimmy issue 55: Microsoft's Postman collection sends selections, and HTTP libraries
    repeat the parameter.
    """
    person = await scim.user(title="Chief", emails=[{"type": "work", "value": "a@example.com"}])
    quoted = query.replace(" ", "%20").replace('"', "%22")
    answer = await scim.get(f"/Users/{person.id}?{quoted}")
    assert answer.status == 200
    assert answer.body.keys() - {"schemas", "id"} == names


@pytest.mark.parametrize("slashes", ["//Users", "///Users", "//Users/", "//users"])
async def test_doubled_slashes_in_the_path_are_accepted(scim: ScimClient, slashes: str) -> None:
    """Captain-P-Goldfish/scim-for-keycloak issue 127: the configured base URL ends with a slash."""
    person = await scim.post(slashes, {"userName": "anna@example.com"})
    assert person.status == 201
    assert (await scim.get(slashes, count=1)).body["totalResults"] == 1
    for path in (f"//Users/{person.id}", f"/Users//{person.id}", f"//Users//{person.id}/"):
        assert (await scim.get(path)).id == person.id
    search = await scim.post("//Users/.search", {"filter": "active eq true"})
    assert search.body["totalResults"] == 1
    assert (await scim.post("//.search", {"count": 1})).status == 200
    assert (await scim.get("//Schemas")).status == 200
    assert (
        await scim.patch(f"//Users/{person.id}", {"op": "add", "path": "title", "value": "x"})
    ).status == 200
    assert (await scim.delete(f"//Users/{person.id}")).status == 204
    assert (await scim.get("//Nothing")).status == 404


@pytest.mark.parametrize("as_list", [True, False])
async def test_a_patch_may_be_the_bare_operations(scim: ScimClient, as_list: bool) -> None:
    """The example of RFC 7644 section 3.7 has an array as `data` (wso2/product-is issue 6887);
    PATCH accepts it too.
    """
    person = await scim.user()
    operations = [{"op": "replace", "path": "title", "value": "Chief"}]
    data: Any = operations if as_list else patch_body(*operations)
    bulk = {"Operations": [{"method": "PATCH", "path": f"/Users/{person.id}", "data": data}]}
    assert (await scim.post("/Bulk", bulk)).body["Operations"][0]["status"] == "200"
    assert (await _stored(scim, person.id))["title"] == "Chief"
    body = [{"op": "add", "path": "nickName", "value": "An"}]
    assert (await scim.call("PATCH", f"/Users/{person.id}", body)).body["nickName"] == "An"
    single = {"schemas": [PATCH_OP], "Operations": {"op": "remove", "path": "title"}}
    assert "title" not in (await scim.call("PATCH", f"/Users/{person.id}", single)).body


async def test_bulk_says_why_a_reference_is_unresolved(scim: ScimClient) -> None:
    """RFC 7644 section 3.7.1: each cause has its text: circular, failed, to itself, or missing."""

    def group(bulk_id: str, reference: str) -> dict[str, Any]:
        data = {"displayName": bulk_id, "members": [{"value": f"bulkId:{reference}"}]}
        return {"method": "POST", "path": "/Groups", "bulkId": bulk_id, "data": data}

    failing = {"method": "POST", "path": "/Users", "bulkId": "f", "data": {"userName": ""}}
    operations = [
        group("a", "b"),
        group("b", "a"),
        group("c", "c"),
        group("d", "f"),
        failing,
        group("e", "none"),
    ]
    answer = await scim.post("/Bulk", {"Operations": operations})
    details = {one["bulkId"]: one["response"]["detail"] for one in answer.body["Operations"]}
    assert "circle" in details["a"]
    assert "circle" in details["b"]
    assert "its own operation" in details["c"]
    assert "failed" in details["d"]
    assert "is not created by this request" in details["e"]


async def test_an_empty_response_has_no_content_type(scim: ScimClient) -> None:
    """RFC 9110 section 8.3: Content-Type describes content, and there is none."""
    person = await scim.user()
    tag = {"if-none-match": (await scim.get(f"/Users/{person.id}")).headers["etag"]}
    unchanged = await scim.call("GET", f"/Users/{person.id}", headers=tag)
    deleted = await scim.delete(f"/Users/{person.id}")
    for answer in (unchanged, deleted):
        assert answer.status in (204, 304)
        assert "content-type" not in answer.headers
    assert unchanged.headers["etag"]


@pytest.mark.clause("7644/3.1", "7644/3.8")
@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"content-encoding": "gzip"}, b"\x1f\x8b", 415),
        ({"content-encoding": "identity"}, b'{"userName": "a"}', 201),
        ({"content-type": "application/json; charset=utf-16"}, b'{"userName": "a"}', 415),
        ({"content-type": "application/json; charset=ISO-8859-1"}, b'{"userName": "a"}', 201),
        ({"content-type": "application/json; charset=ISO-8859-1"}, b'{"userName": "\xe4"}', 415),
        ({"content-type": 'application/scim+json; charset="UTF-8"'}, b'{"userName": "a"}', 201),
        ({"content-type": "text/xml"}, b"<user/>", 415),
        ({"content-type": "multipart/form-data; boundary=x"}, b"--x", 415),
        ({"content-type": "text/plain"}, b'{"userName": "a"}', 201),
        ({"content-type": "application/scim+json"}, b"<user/>", 400),
    ],
)
async def test_an_unsupported_encoding_is_415(
    scim: ScimClient, headers: dict[str, str], body: bytes, status: int
) -> None:
    """RFC 9110 section 15.5.16. JSON in UTF-8 is accepted whatever Content-Type it has."""
    answer = await scim.call("POST", "/Users", body, headers=headers)
    assert answer.status == status, answer.body
    if status == 415:
        assert "Send JSON in UTF-8" in answer.body["detail"]
