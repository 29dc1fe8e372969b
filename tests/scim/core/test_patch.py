"""PATCH as RFC 7644 section 3.5.2 defines it."""

import copy
from typing import Any

import pytest

from scim.core.errors import ScimError
from scim.core.patch import Operation, apply_patch, check_faults, parse_patch
from scim.core.schemas import ENTERPRISE_URN, GROUP, GROUP_URN, USER, USER_URN

BABS: dict[str, Any] = {
    "schemas": [USER_URN],
    "id": "1",
    "userName": "babs",
    "name": {"givenName": "Babs", "familyName": "Jensen"},
    "title": "Guide",
    "emails": [
        {"type": "work", "value": "babs@x.com", "primary": True},
        {"type": "home", "value": "babs@home.org"},
    ],
    "addresses": [{"type": "work", "locality": "London"}],
}


def _patched(*operations: dict[str, Any], resource: dict[str, Any] = BABS) -> dict[str, Any]:
    return apply_patch(resource, parse_patch({"Operations": list(operations)}), USER)


def _op(op: str, path: str, value: object) -> dict[str, Any]:
    return {"op": op, "path": path, "value": value}


def _scim_type(*operations: dict[str, Any]) -> str | None:
    with pytest.raises(ScimError) as raised:
        _patched(*operations)
    assert raised.value.status == 400
    return raised.value.scim_type


@pytest.mark.clause("7644/3.5.2-order", "entra/op-case", "ipsie/multi", "interop/add-replace")
def test_operations_apply_in_order() -> None:
    """RFC 7644 section 3.5.2: each operation applies to the result of the one before."""
    operations = [
        _op("remove", "title", None),
        _op("add", "title", "a"),
        _op("replace", "title", "b"),
    ]
    assert _patched(*operations)["title"] == "b"


@pytest.mark.clause("7644/3.5.2-order")
def test_a_failing_operation_leaves_the_resource_alone() -> None:
    """RFC 7644 section 3.5.2: a PATCH is atomic, and the stored resource is never modified in
    place.
    """
    before = copy.deepcopy(BABS)
    change = [
        _op("replace", "name.givenName", "x"),
        _op("replace", 'emails[type eq "work"].value', "y"),
    ]
    assert _scim_type(*change, _op("replace", "active", "maybe")) == "invalidValue"
    _patched(*change)
    assert before == BABS


@pytest.mark.parametrize(
    "operations",
    [
        [_op("replace", "title", "Guide")],
        [_op("add", "emails", [{"type": "work", "value": "babs@x.com"}])],
        [_op("add", "emails", {"value": "BABS@x.com"})],
        [_op("remove", "nickName", None)],
        [_op("remove", 'emails[type eq "other"]', None)],
        [_op("replace", "nickName", None)],
        [_op("add", "emails", [])],
        [_op("remove", "title", None), _op("add", "title", "Guide")],
        [_op("replace", "name", {"givenName": "Babs"})],
        [_op("add", "addresses", [{"type": "Work", "locality": "LONDON"}])],
    ],
)
def test_a_patch_without_effect_returns_the_same_object(operations: list[dict[str, Any]]) -> None:
    """RFC 7644 section 3.5.2.1: without a change lastModified stays; the caller detects it by
    identity.
    """
    assert _patched(*operations) is BABS


@pytest.mark.clause("7644/3.5.2.1-add", "interop/replace-complex")
def test_replacing_a_complex_attribute_keeps_its_other_parts() -> None:
    """RFC 7644 section 3.5.2.3: sub-attributes that aren't in the value stay."""
    assert _patched(_op("replace", "name", {"FamilyName": "New"}))["name"] == {
        "givenName": "Babs",
        "familyName": "New",
    }


def test_removing_the_last_sub_attribute_removes_the_attribute() -> None:
    """RFC 7643 section 2.5: an attribute without any value is unassigned."""
    assert _patched(_op("remove", "name.givenName", None))["name"] == {"familyName": "Jensen"}
    both = [_op("remove", "name.givenName", None), _op("remove", "name.familyName", None)]
    assert "name" not in _patched(*both)


@pytest.mark.clause("7644/3.5.2.1-add")
def test_adding_to_a_plural_attribute_appends() -> None:
    """RFC 7644 section 3.5.2.1: a new value of a multi-valued attribute is added to the others."""
    assert _patched(_op("add", "emails", [{"value": "c@x.com"}]))["emails"] == [
        *BABS["emails"],
        {"value": "c@x.com"},
    ]


@pytest.mark.clause("7644/3.5.2.1-add")
def test_adding_a_known_value_completes_it() -> None:
    """RFC 7643 section 2.4: two elements never have the same type and value, so the sub-attributes
    are merged.
    """
    emails = _patched(
        _op("add", "emails", [{"value": "babs@x.com", "type": "work", "display": "B"}])
    )["emails"]
    assert emails == [BABS["emails"][0] | {"display": "B"}, BABS["emails"][1]]
    other = _op("add", "emails", [{"value": "babs@x.com", "primary": False}])
    assert _patched(other)["emails"] == [BABS["emails"][0] | {"primary": False}, BABS["emails"][1]]


@pytest.mark.clause("7644/3.5.2.3-all")
def test_replacing_a_plural_attribute_replaces_all() -> None:
    """RFC 7644 section 3.5.2.3: without a selection every value of the attribute is replaced."""
    assert _patched(_op("replace", "emails", [{"value": "c@x.com"}]))["emails"] == [
        {"value": "c@x.com"}
    ]


@pytest.mark.clause("7643/2.4-primary", "7644/3.5.2-primary")
def test_a_new_primary_takes_it_from_the_others() -> None:
    """RFC 7644 section 3.5.2: if one element becomes primary, the server sets the others to
    false.
    """
    by_path = _patched(_op("replace", 'emails[type eq "home"].primary', True))["emails"]
    by_value = _patched(_op("add", "emails", [{"value": "c@x.com", "primary": True}]))["emails"]
    assert [email.get("primary") for email in by_path] == [False, True]
    assert [email.get("primary") for email in by_value] == [False, None, True]


@pytest.mark.clause("7644/3.5.2.3-select")
def test_a_selection_changes_every_element_it_matches() -> None:
    """RFC 7644 section 3.5.2.3: a replacement applies to all elements that the filter matches."""
    emails = _patched(_op("replace", 'emails[value sw "babs"].display', "B"))["emails"]
    assert [email["display"] for email in emails] == ["B", "B"]


def test_a_sub_attribute_path_without_a_selection_changes_every_element() -> None:
    """RFC 7644 section 3.5.2: `emails.display` names the sub-attribute of all elements."""
    emails = _patched(_op("add", "emails.display", "B"))["emails"]
    assert [email["display"] for email in emails] == ["B", "B"]


@pytest.mark.clause("7644/3.5.2.3-select")
def test_a_selected_element_keeps_its_other_sub_attributes() -> None:
    """RFC 7644 section 3.5.2.3: a replacement of a complex value changes only the named
    sub-attributes.
    """
    emails = _patched(_op("replace", 'emails[type eq "work"]', {"value": "n@x.com"}))["emails"]
    assert emails[0] == {"type": "work", "value": "n@x.com", "primary": True}


@pytest.mark.clause("7644/3.5.2.2-filter")
def test_a_selection_removes_only_its_elements() -> None:
    """RFC 7644 section 3.5.2.2: the attribute becomes unassigned when its last element is
    removed.
    """
    assert _patched(_op("remove", 'emails[type eq "work"]', None))["emails"] == [BABS["emails"][1]]
    assert "emails" not in _patched(_op("remove", "emails[value pr]", None))


def test_removing_a_part_by_selection_leaves_the_other_elements() -> None:
    """RFC 7644 section 3.5.2.2: only the selected elements lose the sub-attribute."""
    shown = _patched(_op("add", "emails.display", "B"))
    emails = _patched(_op("remove", 'emails[type eq "home"].display', None), resource=shown)[
        "emails"
    ]
    assert [email.get("display") for email in emails] == ["B", None]


@pytest.mark.clause("interop/element")
@pytest.mark.parametrize("value", [None, "", []])
def test_a_selected_element_is_cleared_as_a_whole(value: object) -> None:
    """RFC 7643 section 2.5: null is unassigned, so replacing by null removes the element, and
    adding null changes nothing.
    """
    assert _patched(_op("replace", 'emails[type eq "work"]', value))["emails"] == [
        BABS["emails"][1]
    ]
    assert _patched(_op("add", 'emails[type eq "work"]', value)) is BABS


def test_an_extension_is_written_by_its_urn() -> None:
    """RFC 7644 section 3.10; `schemas` lists the extensions that have values."""
    patched = _patched(_op("add", f"{ENTERPRISE_URN}:department", "Tours"))
    assert patched["schemas"] == [USER_URN, ENTERPRISE_URN]
    assert patched[ENTERPRISE_URN] == {"department": "Tours"}
    again = _patched(_op("remove", f"{ENTERPRISE_URN}:department", None), resource=patched)
    assert again == BABS


def test_a_whole_extension_is_merged_and_removed() -> None:
    """RFC 7644 section 3.5.2: an extension's URN is a path, handled as one complex attribute."""
    user = _patched(_op("add", ENTERPRISE_URN, {"department": "a", "costCenter": "b"}))
    merged = _patched(
        _op("replace", ENTERPRISE_URN, {"department": "c", "division": None}), resource=user
    )
    assert merged[ENTERPRISE_URN] == {"department": "c", "costCenter": "b"}
    assert _patched(_op("remove", ENTERPRISE_URN, None), resource=merged) == BABS
    assert _patched({"op": "replace", "value": {ENTERPRISE_URN: None}}, resource=merged) == BABS


@pytest.mark.clause("7644/3.5.2.1-nopath", "interop/path")
def test_a_value_without_path_holds_attributes() -> None:
    """RFC 7644 sections 3.5.2.1 and 3.5.2.3: without a path, the value is an object of
    attributes.
    """
    patched = _patched({"op": "replace", "value": {"TITLE": "x", "emails": [{"value": "c@x.com"}]}})
    assert (patched["title"], patched["emails"]) == ("x", [{"value": "c@x.com"}])


@pytest.mark.clause("7644/3.5.2.2-notarget")
@pytest.mark.parametrize(
    "operation",
    [
        {"op": "remove"},
        _op("replace", 'emails[value eq "no@x.com"].display', "x"),
        _op("replace", 'emails[type sw "x"].value', "x"),
        _op("add", 'addresses[not (type eq "work")].country', "GB"),
    ],
)
def test_a_path_without_a_target_is_an_error(operation: dict[str, Any]) -> None:
    """RFC 7644 sections 3.5.2.2 and 3.5.2.3: noTarget for a removal without a path, and for a
    selection that matches no element.
    """
    assert _scim_type(operation) == "noTarget"


@pytest.mark.clause("7644/3.5.2-readonly")
@pytest.mark.parametrize(
    "operation",
    [
        _op("replace", "id", "2"),
        _op("remove", "meta", None),
        _op("add", "groups", [{"value": "g"}]),
        _op("replace", "meta.created", "2026-01-01T00:00:00Z"),
        _op("remove", "userName", None),
        _op("remove", USER_URN, None),
    ],
)
def test_a_read_only_or_required_attribute_is_protected(operation: dict[str, Any]) -> None:
    """RFC 7644 sections 3.5.2 and 3.5.2.2: no change of a read-only attribute, no removal of a
    required one.
    """
    assert _scim_type(operation) == "mutability"


@pytest.mark.clause("7644/3.5.2.2-required")
@pytest.mark.parametrize("value", ["", None, " ", []])
def test_a_required_attribute_is_not_cleared(value: object) -> None:
    """RFC 7643 section 4.1.1: userName must have a value."""
    assert _scim_type(_op("replace", "userName", value)) == "invalidValue"


@pytest.mark.clause("7644/3.5.2-body")
@pytest.mark.parametrize(
    ("operation", "scim_type"),
    [
        (_op("replace", "active", 3), "invalidValue"),
        (_op("replace", "name", "Babs"), "invalidValue"),
        (_op("replace", "emails", "a@x.com"), "invalidValue"),
        (_op("replace", 'emails[type eq "work"]', 1.5), "invalidValue"),
        (
            _op("replace", 'emails[type eq "work"]', [{"value": "a"}, {"value": "b"}]),
            "invalidValue",
        ),
        (_op("add", ENTERPRISE_URN, "x"), "invalidValue"),
        ({"op": "add", "value": "x"}, "invalidValue"),
        (_op("add", "a b", "x"), "invalidPath"),
        (_op("add", 'emails[type eq "a"', "x"), "invalidFilter"),
    ],
)
def test_a_wrong_operation_is_named(operation: dict[str, Any], scim_type: str) -> None:
    """RFC 7644 section 3.12, table 9: each fault of an operation has its scimType."""
    assert _scim_type(operation) == scim_type


def test_an_immutable_part_is_not_changed() -> None:
    """RFC 7643 section 4.2: a member's value is immutable."""
    group = {"schemas": [GROUP_URN], "displayName": "x", "members": [{"value": "1"}]}
    for op in ("replace", "remove"):
        with pytest.raises(ScimError) as raised:
            apply_patch(group, [Operation(op, 'members[value eq "1"].value', "2")], GROUP)
        assert raised.value.scim_type == "mutability"


@pytest.mark.clause("7644/3.5.2-body")
@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"Operations": []},
        {"Operations": {}},
        {"Operations": ["x"]},
        {"Operations": [{"path": "title"}]},
        {"Operations": [{"op": "move", "path": "title"}]},
        {"Operations": [{"op": 1}]},
    ],
)
def test_a_body_that_is_no_patch_is_bad_syntax(body: object) -> None:
    """RFC 7644 section 3.12: 400 with scimType invalidSyntax."""
    with pytest.raises(ScimError) as raised:
        check_faults(parse_patch(body), USER)
    assert raised.value.scim_type == "invalidSyntax"


def test_an_operation_without_value_is_refused() -> None:
    """RFC 7644 section 3.5.2: `add` and `replace` need a value; null is a value, and clears."""
    with pytest.raises(ScimError) as raised:
        _patched({"op": "replace", "path": "title"})
    assert raised.value.scim_type == "invalidValue"
    assert "title" not in _patched(_op("replace", "title", None))


def test_a_path_that_is_no_text_is_refused() -> None:
    """RFC 7644 section 3.12: 400 with scimType invalidPath."""
    with pytest.raises(ScimError) as raised:
        _patched({"op": "replace", "path": 1, "value": 1})
    assert raised.value.scim_type == "invalidPath"


def test_too_many_operations_are_refused() -> None:
    """413, so that one request doesn't delay the others."""
    with pytest.raises(ScimError) as raised:
        parse_patch({"Operations": [_op("add", "title", "x")] * 1001})
    assert raised.value.status == 413
