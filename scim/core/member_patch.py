"""Separates the changes of a group's members from the rest of a PATCH.

Members are stored as separate rows, so a group of 50,000 is never loaded to add one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from scim.core import interop
from scim.core.attribute_values import is_encodable
from scim.core.errors import ScimError, bad_value, mutability
from scim.core.filter_ast import Node, Or, Term, conjuncts
from scim.core.patch_body import Operation
from scim.core.patch_path import Path, parse_path
from scim.core.schemas import GROUP
from shared.messages import Message

_SCHEMA = GROUP.schema.id.lower()
_MAX_WRAPPED = 3  # arrays and objects around a member's id


@dataclass(frozen=True, slots=True)
class MemberChange:
    """A change of members: `kind` is add, remove, remove_all or replace; `members` are ids."""

    kind: str
    members: tuple[str, ...] = ()


def member_changes(operations: Sequence[Operation]) -> tuple[list[Operation], list[MemberChange]]:
    """Return the operations on other attributes, and the changes of members, each in order.

    Accepts all shapes that Entra sends: a list of values, `members[value eq "…"]`, and {"members": […]} without a path,
    also to remove.

    Raises:
        ScimError: The error of an operation that can't be parsed; invalidFilter if members are selected
            by anything but their value, invalidValue for a member without one.
    """
    others: list[Operation] = []
    changes: list[MemberChange] = []
    for operation in map(_without_schema, operations):
        if operation.fault is not None:
            raise operation.fault
        path = _members_path(operation.path) if operation.path else None
        if path is not None:
            changes += _changes(operation, path)
        elif operation.path is None and isinstance(
            value := interop.extension_object(operation.value), dict
        ):
            others += _split(operation, value, changes)
        else:
            others.append(operation)
    return others, changes


def _without_schema(operation: Operation) -> Operation:
    """Return the operation with the group schema's URN removed from its path and value.

    If the path or a member of the value is the URN itself, the attributes inside take its place.
    """
    value = interop.extension_object(operation.value)
    if not isinstance(value, dict):
        return operation
    if operation.path is not None:
        is_schema = operation.path.strip().lower() == _SCHEMA and "members" in map(str.lower, value)
        return replace(operation, path=None, value=value) if is_schema else operation
    inner = {name: part for name, part in value.items() if name.lower() != _SCHEMA}
    if len(inner) == len(value):
        return operation
    for name, part in value.items():
        if name.lower() == _SCHEMA and isinstance(part, dict):
            inner |= part
    return replace(operation, value=inner)


def _members_path(text: str) -> Path | None:
    """Parse a path; return None if it isn't a path of `members`."""
    if "members" not in text.lower():
        return None
    try:
        path = parse_path(text, GROUP)
    except ScimError:
        if text.strip().lower().startswith("members["):
            raise
        return None  # judged with the other operations
    return path if path.attribute is not None and path.attribute.name == "members" else None


def _split(
    operation: Operation, value: dict[str, Any], changes: list[MemberChange]
) -> Iterator[Operation]:
    """Append the changes of members in the value of an operation without a path to `changes`; yield the rest."""
    rest = {}
    for name, part in value.items():
        target = GROUP.find(name)
        if (
            target is not None
            and target.attribute is not None
            and target.attribute.name == "members"
        ):
            listed = [] if part is None and operation.op == "remove" else part
            changes += _listed(operation.op, listed)
        else:
            rest[name] = part
    if rest or not value:
        yield replace(operation, value=rest)


def _changes(operation: Operation, path: Path) -> list[MemberChange]:
    if path.sub is not None:
        raise _immutable(path)
    if path.selection is None:
        return _listed(operation.op, interop.members_value(operation.value))
    ids = tuple(dict.fromkeys(_selected(path.selection.node)))
    if operation.op == "replace":
        raise _immutable(path)
    return [MemberChange(operation.op, ids)]


def _immutable(path: Path) -> ScimError:
    return mutability(path.text, "member_immutable")


def _listed(op: str, value: object) -> list[MemberChange]:
    """Return the changes for a list of members.

    A removal without a list removes all members (RFC 7644 section 3.5.2.2).
    """
    listed = interop.listed_values(value)
    if listed is None and op == "remove":
        return [MemberChange("remove_all")]
    ids = tuple(
        dict.fromkeys([id_of(member) for member in listed or () if member not in (None, "")])
    )
    return [MemberChange(op, ids)] if ids or op == "replace" else []


def id_of(member: object) -> str:
    """Return the id of a member: of {"value": id, "$ref": null}, of a `$ref` alone (its last part), or the bare id.

    Raise ScimError invalidValue if there is none.
    """
    for _ in range(_MAX_WRAPPED):
        if isinstance(member, dict):
            parts = {name.lower(): value for name, value in member.items()}
            reference = parts.get("$ref")
            named = _id_in(reference) if isinstance(reference, str) else None
            member = parts.get("value") or named
        elif isinstance(member, list) and len(member) == 1:
            member = member[0]
        elif isinstance(member, str) and member.startswith("{"):
            member = interop.json_object(member)
    if isinstance(member, int) and not isinstance(member, bool):
        member = str(member)  # numeric ids: goauthentik/authentik#15533
    if not isinstance(member, str) or not member or not is_encodable(member):
        raise bad_value("members.value", "member_no_id")
    return member


def _id_in(reference: str) -> str:
    """Return the id at the end of a resource's URI (RFC 7643 section 2.3.7)."""
    return reference.rstrip("/").rpartition("/")[2]


def _selected(node: Node) -> Iterator[str]:
    """Yield the ids in a filter `value eq "…"` or `$ref eq "…"`, or several of these joined by `or`."""
    for part in node.nodes if isinstance(node, Or) else tuple(conjuncts(node)):
        if isinstance(part, Or):
            yield from _selected(part)
        elif _is_by_value(part) and (isinstance(node, Or) or part is node):
            yield _id_in(part.literal or "")  # type: ignore[union-attr]
        else:
            raise ScimError(
                400,
                Message("members_by_value"),
                "invalidFilter",
            )


def _is_by_value(node: Node) -> bool:
    if not isinstance(node, Term) or node.op != "eq" or not node.literal:
        return False
    return node.target.attribute is not None and node.target.attribute.name in ("value", "$ref")
