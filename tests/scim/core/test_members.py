"""Changes of a group's members are separated from the other operations of a PATCH, because members
are rows of their own.
"""

from typing import Any

import pytest

from scim.core.errors import ScimError
from scim.core.patch import MemberChange, Operation, member_changes, parse_patch
from scim.core.schemas import GROUP_URN


def _split(*operations: dict[str, Any]) -> tuple[list[Operation], list[MemberChange]]:
    return member_changes(parse_patch({"Operations": list(operations)}))


def _change(**operation: Any) -> list[MemberChange]:
    others, changes = _split(operation)
    assert others == []
    return changes


@pytest.mark.parametrize("path", ["members", "Members", f"{GROUP_URN}:members"])
def test_members_are_added(path: str) -> None:
    """Entra sends several members in one operation, with `$ref` null; duplicates count once."""
    value = [{"$ref": None, "value": "1"}, {"value": "2", "display": "B"}, {"value": "1"}]
    assert _change(op="Add", path=path, value=value) == [MemberChange("add", ("1", "2"))]


@pytest.mark.parametrize("value", [{"value": "1"}, "1", ["1"], [{"VALUE": "1"}]])
def test_one_member_needs_no_list(value: object) -> None:
    """RFC 7644 section 3.5.2.1 permits a single value; some templates send the bare id."""
    assert _change(op="add", path="members", value=value) == [MemberChange("add", ("1",))]


@pytest.mark.clause("okta/group-push")
def test_members_are_replaced() -> None:
    """SCIM Validator, test 23: a replacement sets the members, and an empty list removes all."""
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
    """Entra's forms of a removal. RFC 7644 section 3.5.2.2, read literally, would empty the group
    for the first form.
    """
    assert _change(**operation) == [MemberChange("remove", ("1",))]


def test_several_members_are_removed_by_or() -> None:
    """One path may select many members: `members[value eq "a" or value eq "b"]`."""
    path = 'members[value eq "1" or value eq "2" or (value eq "3")]'
    assert _change(op="remove", path=path) == [MemberChange("remove", ("1", "2", "3"))]


@pytest.mark.clause("ipsie/fifty")
def test_fifty_members_are_removed_in_one_path() -> None:
    """The length limit of paths permits fifty ids."""
    ids = tuple(f"0190aaaa-bbbb-7ccc-8ddd-{n:012}" for n in range(50))
    terms = " or ".join(f'value eq "{i}"' for i in ids)
    path = f"members[{terms}]"
    assert _change(op="remove", path=path) == [MemberChange("remove", ids)]


def test_removing_without_a_list_removes_all() -> None:
    """RFC 7644 section 3.5.2.2: a removal without a value removes all; an empty list removes no
    one.
    """
    assert _change(op="remove", path="members") == [MemberChange("remove_all")]
    assert _change(op="remove", path="members", value=[]) == []


def test_adding_no_member_changes_nothing() -> None:
    """Null and an empty list contain no members."""
    assert _change(op="add", path="members", value=[]) == []
    assert _change(op="add", path="members", value=None) == []


def test_a_value_without_path_is_split() -> None:
    """In an operation without a path, `members` is separated, and the other attributes stay."""
    others, changes = _split(
        {"op": "replace", "value": {"displayName": "b", "members": [{"value": "1"}]}}
    )
    assert others == [Operation("replace", None, {"displayName": "b"})]
    assert changes == [MemberChange("replace", ("1",))]


@pytest.mark.parametrize(
    "path", ["externalId", "displayName", "unknownMembers", 'x[y eq "members"].z']
)
def test_other_paths_never_touch_members(path: str) -> None:
    """langwatch issue 7136: an unknown path was treated as `members`, which emptied the group."""
    others, changes = _split({"op": "Replace", "path": path, "value": "x"})
    assert (others, changes) == ([Operation("replace", path, "x")], [])


def test_changes_keep_their_order() -> None:
    """SCIM Validator, preview tests: a member is added and removed in the same request."""
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
def test_an_impossible_change_of_members_is_refused(
    operation: dict[str, Any], scim_type: str
) -> None:
    """Members are selected by `value` only, and their sub-attributes are immutable (RFC 7643
    section 4.2).
    """
    with pytest.raises(ScimError) as raised:
        _split(operation)
    assert raised.value.scim_type == scim_type
