"""A group's members are taken out of a PATCH as changes of rows."""

from typing import Any

import pytest

from scim.core.errors import ScimError
from scim.core.patch import MemberChange, Operation, member_changes, read_patch
from scim.core.schemas import GROUP_URN


def _split(*operations: dict[str, Any]) -> tuple[list[Operation], list[MemberChange]]:
    return member_changes(read_patch({"Operations": list(operations)}))


def _change(**operation: Any) -> list[MemberChange]:
    others, changes = _split(operation)
    assert others == []
    return changes


@pytest.mark.parametrize("path", ["members", "Members", f"{GROUP_URN}:members"])
def test_members_are_added(path: str) -> None:
    """Entra: several members in an operation, `$ref` null; each counts once."""
    value = [{"$ref": None, "value": "1"}, {"value": "2", "display": "B"}, {"value": "1"}]
    assert _change(op="Add", path=path, value=value) == [MemberChange("add", ("1", "2"))]


@pytest.mark.parametrize("value", [{"value": "1"}, "1", ["1"], [{"VALUE": "1"}]])
def test_one_member_needs_no_list(value: object) -> None:
    """RFC 7644 section 3.5.2.1 speaks of a value; templates write the bare id."""
    assert _change(op="add", path="members", value=value) == [MemberChange("add", ("1",))]


@pytest.mark.clause("okta/group-push")
def test_members_are_replaced() -> None:
    """SCIM Validator, test 23; an empty list leaves none."""
    assert _change(op="replace", path="members", value=[{"value": "1"}]) == [
        MemberChange("replace", ("1",))
    ]
    assert _change(op="replace", path="members", value=[]) == [MemberChange("replace")]
    assert _change(op="replace", path="members", value=None) == [MemberChange("replace")]


@pytest.mark.clause("7644/3.5.2.2-filter")
@pytest.mark.parametrize(
    "operation",
    [
        {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": "1"}]},
        {"op": "remove", "path": 'members[value eq "1"]'},
        {"op": "remove", "path": f'{GROUP_URN}:members[value eq "1"]'},
        {"op": "remove", "value": {"members": [{"value": "1"}]}},
        {"op": "Remove", "path": "", "value": {"Members": [{"value": "1"}]}},
    ],
)
def test_only_the_named_member_is_removed(operation: dict[str, Any]) -> None:
    """Entra's removal shapes: RFC 7644 section 3.5.2.2, read literally, would empty the group at the first."""
    assert _change(**operation) == [MemberChange("remove", ("1",))]


def test_several_members_are_removed_by_or() -> None:
    """One operation may name many."""
    path = 'members[value eq "1" or value eq "2" or (value eq "3")]'
    assert _change(op="remove", path=path) == [MemberChange("remove", ("1", "2", "3"))]


@pytest.mark.clause("ipsie/fifty")
def test_fifty_members_are_removed_in_one_path() -> None:
    """A path of fifty ids is longer than most."""
    ids = tuple(f"0190aaaa-bbbb-7ccc-8ddd-{n:012}" for n in range(50))
    terms = " or ".join(f'value eq "{i}"' for i in ids)
    path = f"members[{terms}]"
    assert _change(op="remove", path=path) == [MemberChange("remove", ids)]


def test_removing_without_a_list_removes_all() -> None:
    """RFC 7644 section 3.5.2.2; an empty list names no member."""
    assert _change(op="remove", path="members") == [MemberChange("remove_all")]
    assert _change(op="remove", path="members", value=[]) == []


def test_adding_no_member_changes_nothing() -> None:
    """Null and [] are no members."""
    assert _change(op="add", path="members", value=[]) == []
    assert _change(op="add", path="members", value=None) == []


def test_a_value_without_path_is_split() -> None:
    """An attribute other than members stays an operation."""
    others, changes = _split(
        {"op": "replace", "value": {"displayName": "b", "members": [{"value": "1"}]}}
    )
    assert others == [Operation("replace", None, {"displayName": "b"})]
    assert changes == [MemberChange("replace", ("1",))]


@pytest.mark.parametrize(
    "path", ["externalId", "displayName", "unknownMembers", 'x[y eq "members"].z']
)
def test_other_paths_never_touch_members(path: str) -> None:
    """langwatch#7136: an unknown path taken for members emptied the group."""
    others, changes = _split({"op": "Replace", "path": path, "value": "x"})
    assert (others, changes) == ([Operation("replace", path, "x")], [])


def test_changes_keep_their_order() -> None:
    """SCIM Validator, preview: a member added and removed in one request."""
    _, changes = _split(
        {"op": "add", "path": "members", "value": [{"value": "1"}]},
        {"op": "remove", "path": 'members[value eq "1"]'},
    )
    assert [change.kind for change in changes] == ["add", "remove"]


@pytest.mark.parametrize(
    ("operation", "scim_type"),
    [
        ({"op": "remove", "path": 'members[display eq "x"]'}, "invalidFilter"),
        ({"op": "remove", "path": 'members[value ne "1"]'}, "invalidFilter"),
        ({"op": "remove", "path": 'members[value eq "1" and value eq "2"]'}, "invalidFilter"),
        ({"op": "remove", "path": 'members[not (value eq "1")]'}, "invalidFilter"),
        ({"op": "remove", "path": 'members[value eq "1"'}, "invalidFilter"),
        ({"op": "add", "path": "members", "value": [{"display": "x"}]}, "invalidValue"),
        ({"op": "add", "path": "members", "value": [7.5]}, "invalidValue"),
        ({"op": "add", "path": "members", "value": [True]}, "invalidValue"),
        ({"op": "add", "path": "members", "value": ["\ud800"]}, "invalidValue"),
        ({"op": "replace", "path": 'members[value eq "1"].value', "value": "2"}, "mutability"),
        ({"op": "replace", "path": 'members[value eq "1"]', "value": {"value": "2"}}, "mutability"),
        ({"op": "replace", "path": "members.type", "value": "User"}, "mutability"),
    ],
)
def test_what_can_not_be_done_is_refused(operation: dict[str, Any], scim_type: str) -> None:
    """Members are selected by value only, and their parts are immutable (RFC 7643 section 4.2)."""
    with pytest.raises(ScimError) as raised:
        _split(operation)
    assert raised.value.scim_type == scim_type
