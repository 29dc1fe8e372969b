"""PATCH as Entra and other clients send it; `scim.core.interop` gives the source of each deviation
from the RFC.
"""

from typing import Any

import pytest

from scim.core.errors import ScimError
from scim.core.patch import apply_patch, parse_patch
from scim.core.schemas import ENTERPRISE_URN, GROUP, GROUP_URN, USER, USER_URN

BABS: dict[str, Any] = {"schemas": [USER_URN], "userName": "babs", "active": True, "title": "Guide"}
MANAGER = f"{ENTERPRISE_URN}:manager"
WORK_PHONE = 'phoneNumbers[type eq "work"].value'


def _patched(*operations: dict[str, Any], resource: dict[str, Any] = BABS) -> dict[str, Any]:
    return apply_patch(
        resource, parse_patch({"schemas": ["x"], "operations": list(operations)}), USER
    )


def _op(op: str, path: str, value: object) -> dict[str, Any]:
    return {"op": op, "path": path, "value": value}


@pytest.mark.clause("entra/boolean", "ipsie/deactivate")
@pytest.mark.parametrize("value", ["False", "false", False, "FALSE"])
def test_a_user_is_disabled_by_text_or_boolean(value: object) -> None:
    """Without the flag aadOptscim062020, Entra sends the text "False", which must not count as
    true.
    """
    assert _patched(_op("Replace", "active", value))["active"] is False


@pytest.mark.clause("okta/update")
def test_a_user_is_disabled_without_a_path() -> None:
    """Okta sends {"op": "replace", "value": {"active": false}}."""
    assert _patched({"op": "replace", "value": {"active": False}})["active"] is False


@pytest.mark.clause("7644/3.5.2.3-notarget", "entra/create-missing", "interop/add-replace")
@pytest.mark.parametrize("op", ["Add", "Replace", "add", "REPLACE"])
def test_a_value_that_was_never_set_is_created(op: str) -> None:
    """better-auth issue 10682: a delta sync replaces the phone number of a user who has none."""
    assert _patched(_op(op, WORK_PHONE, "+1"))["phoneNumbers"] == [{"type": "work", "value": "+1"}]


@pytest.mark.clause("entra/create-missing")
def test_operations_on_one_selection_hit_one_element() -> None:
    """simpleidserver issue 808: sub-attributes with the same selection belong to one new
    element.
    """
    country = 'addresses[type eq "work"].country'
    street = 'addresses[type eq "work"].streetAddress'
    patched = _patched(_op("Add", country, "GB"), _op("Add", street, "1 High Street"))
    assert patched["addresses"] == [
        {"type": "work", "country": "GB", "streetAddress": "1 High Street"}
    ]


def test_an_element_may_begin_with_primary() -> None:
    """The order of Entra's mappings is up to the administrator: `primary` may come before
    `value`.
    """
    patched = _patched(
        _op("Add", 'emails[type eq "work"].primary', "True"),
        _op("Add", 'emails[type eq "work"].value', "a"),
    )
    assert patched["emails"] == [{"type": "work", "primary": True, "value": "a"}]


def test_roles_are_selected_by_primary() -> None:
    """Entra sends `roles[primary eq "True"].value`, with a quoted boolean in the brackets."""
    patched = _patched(_op("Add", 'roles[primary eq "True"].value', "Admin"))
    assert _patched(_op("Replace", 'roles[primary eq "True"].value', "User"), resource=patched)[
        "roles"
    ] == [{"primary": True, "value": "User"}]


@pytest.mark.parametrize("value", ["", None])
@pytest.mark.parametrize(
    "path", [WORK_PHONE, "title", "name.givenName", "name", "phoneNumbers", MANAGER]
)
def test_an_empty_value_clears(path: str, value: object) -> None:
    """Logic App template, SCIM_Null_Update_Test: after a replacement by "" or null the attribute is
    absent, never a 400.
    """
    full = _patched(
        _op("add", WORK_PHONE, "+1"),
        _op("add", "name", {"givenName": "B"}),
        _op("add", MANAGER, {"value": "9"}),
    )
    cleared = _patched(_op("replace", path, value), resource=full)
    top = path.partition("[")[0].partition(".")[0] if path != MANAGER else ENTERPRISE_URN
    assert top in full
    assert top not in cleared


@pytest.mark.parametrize("path", [WORK_PHONE, "nickName", "name.givenName", MANAGER, "urn:x:y:z"])
def test_clearing_what_is_not_there_changes_nothing(path: str) -> None:
    """SCIM_Null_Update_Test clears every mapped attribute, whether it has a value or not."""
    assert _patched(_op("replace", path, "")) is BABS


@pytest.mark.parametrize(
    "operation",
    [
        _op("Add", "favouriteColour", "red"),
        _op("Add", "urn:ietf:params:scim:schemas:extension:custom:2.0:User:badge", "7"),
        _op("Remove", "favouriteColour", None),
        _op("Replace", 'favourites[type eq "work"].value', "x"),
        _op("Replace", "name.nick", "x"),
        {"op": "replace", "value": {"favouriteColour": "red", "urn:x": {"a": 1}}},
        _op("replace", "password", "secret"),
        _op("add", "schemas", [ENTERPRISE_URN]),
    ],
)
def test_an_unsupported_attribute_is_ignored(operation: dict[str, Any]) -> None:
    """Entra's default mappings contain attributes that a target lacks; an error would lose the
    whole request.
    """
    assert _patched(operation) is BABS


@pytest.mark.clause("entra/flag")
def test_the_compliance_flag_writes_paths_as_names() -> None:
    """With aadOptscim062020 Entra sends values without a path whose names have dots and URNs
    (scim-for-keycloak issue 26).
    """
    value = {
        "displayName": "Bjfe",
        "name.givenName": "Kkom",
        "name.familyName": "Unua",
        f"{ENTERPRISE_URN}:employeeNumber": "Aklq",
        WORK_PHONE: "+1",
    }
    patched = _patched(
        {"op": "replace", "value": value}, _op("replace", 'emails[type eq "work"].value', "a@x.com")
    )
    assert patched["name"] == {"givenName": "Kkom", "familyName": "Unua"}
    assert patched[ENTERPRISE_URN] == {"employeeNumber": "Aklq"}
    assert patched["phoneNumbers"] == [{"type": "work", "value": "+1"}]
    assert patched["emails"] == [{"type": "work", "value": "a@x.com"}]


@pytest.mark.clause("7644/3.3-ignore")
def test_read_only_names_in_a_value_are_ignored() -> None:
    """Okta sends the id too: {"op": "replace", "value": {"id": …, "displayName": …}}."""
    group = {"schemas": [GROUP_URN], "id": "1", "displayName": "a"}
    value = {"id": "2", "displayName": "b", "meta": {}, "schemas": []}
    patched = apply_patch(
        group, parse_patch({"Operations": [{"op": "replace", "value": value}]}), GROUP
    )
    assert patched == {**group, "displayName": "b"}


@pytest.mark.clause("entra/manager")
@pytest.mark.parametrize("path", [MANAGER, "manager"])
@pytest.mark.parametrize(
    "value",
    ["9", {"value": "9"}, [{"$ref": "", "value": "9"}], {"managerId": "9"}, {"manager": "9"}],
)
def test_a_manager_is_set_by_every_form(path: str, value: object) -> None:
    """Entra sends a bare id, an object, or an array of one, with and without the URN. SCIM 1.1 has
    `managerId`.
    """
    assert _patched(_op("Add", path, value))[ENTERPRISE_URN] == {"manager": {"value": "9"}}


@pytest.mark.parametrize(
    "operation",
    [
        _op("replace", MANAGER, {"value": ""}),
        _op("replace", MANAGER, ""),
        _op("replace", MANAGER, {}),
        _op("Remove", MANAGER, None),
        _op("remove", 'manager[value eq "9"]', None),
        _op("remove", f'{MANAGER}[value eq "9"]', None),
        _op("replace", f"{MANAGER}.value", ""),
    ],
)
def test_a_manager_is_removed_by_every_form(operation: dict[str, Any]) -> None:
    """Removals as Entra sends them (captured requests; scim-patch issue 453)."""
    user = _patched(_op("add", MANAGER, {"value": "9", "$ref": "https://x/Users/9"}))
    assert _patched(operation, resource=user) == BABS


def test_another_manager_is_not_removed() -> None:
    """A removal of manager[value eq "1"] leaves manager 9."""
    user = _patched(_op("add", MANAGER, "9"))
    assert _patched(_op("remove", 'manager[value eq "1"]', None), resource=user) is user


def test_a_new_manager_does_not_keep_the_old_ones_reference() -> None:
    """`$ref` is the URI of the user in `value` (RFC 7643 section 4.3), so a new value replaces
    it.
    """
    user = _patched(_op("add", MANAGER, {"value": "9", "$ref": "https://x/Users/9"}))
    assert _patched(_op("replace", MANAGER, {"value": "8"}), resource=user)[ENTERPRISE_URN][
        "manager"
    ] == {"value": "8"}


def test_a_manager_may_be_named_by_its_uri_alone() -> None:
    """RFC 7643 section 4.3: $ref is the URI of the manager; neither part is required."""
    patched = _patched(_op("add", MANAGER, {"$ref": "https://x/Users/9"}))
    assert patched[ENTERPRISE_URN]["manager"] == {"$ref": "https://x/Users/9"}


def test_values_are_removed_by_list() -> None:
    """Without aadOptscim062020 Entra lists the values to remove; RFC 7644, read literally, would
    remove all.
    """
    emails = [{"value": "a", "type": "work"}, {"value": "b", "type": "work"}]
    user = {**BABS, "emails": emails}
    removed = _patched(_op("Remove", "emails", [{"$ref": None, "value": "A"}]), resource=user)
    assert removed["emails"] == [emails[1]]
    assert _patched(_op("Remove", "emails", []), resource=user) is user
    assert "emails" not in _patched(_op("Remove", "emails", [{"type": "work"}]), resource=user)


def test_a_removal_lists_values() -> None:
    """A removal may list at most a hundred elements without a `value`, because each is compared
    with every stored element.
    """
    listed = [{"locality": str(n)} for n in range(101)]
    with pytest.raises(ScimError) as raised:
        _patched(_op("remove", "addresses", listed))
    assert raised.value.scim_type == "invalidValue"


@pytest.mark.clause("okta/group-push")
def test_a_group_is_renamed() -> None:
    """langwatch issue 7136: replacing a group's displayName or externalId doesn't change its
    members.
    """
    group = {
        "schemas": [GROUP_URN],
        "displayName": "a",
        "externalId": "1",
        "members": [{"value": "u"}],
    }
    operations = [_op("Replace", "externalId", "2"), _op("Replace", "displayName", "b")]
    patched = apply_patch(group, parse_patch({"Operations": operations}), GROUP)
    assert patched == {**group, "externalId": "2", "displayName": "b"}


def test_several_operations_on_one_attribute() -> None:
    """SCIM Validator, preview tests: remove, add and replace of one attribute in one request."""
    operations = [
        _op("remove", WORK_PHONE, None),
        _op("add", WORK_PHONE, "1"),
        _op("replace", WORK_PHONE, "2"),
    ]
    assert _patched(*operations)["phoneNumbers"] == [{"type": "work", "value": "2"}]
