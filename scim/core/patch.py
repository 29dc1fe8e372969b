"""Applies PATCH operations to a resource (RFC 7644 section 3.5.2), in order and all or none."""

from collections.abc import Sequence
from typing import Any

from scim.core import interop, multi_valued
from scim.core.attribute_values import check_count, normalize_multi_valued, read_single
from scim.core.attributes import Attribute, ResourceType
from scim.core.errors import ScimError, UnknownAttribute, bad_value, mutability, no_target
from scim.core.member_patch import MemberChange, member_changes
from scim.core.patch_body import MAX_OPERATIONS, PATCH_URN, Operation, read_patch
from scim.core.patch_path import Path, parse_path
from scim.core.resources import is_blank, missing, schemas_of
from shared.messages import Message

__all__ = [
    "MAX_OPERATIONS",
    "PATCH_URN",
    "MemberChange",
    "Operation",
    "apply_patch",
    "member_changes",
    "read_patch",
]

# What a reference's parts say of the old value is untrue of a new one.
_DEPENDENT_ON_VALUE = ("$ref", "display", "displayName")


def apply_patch(
    resource: dict[str, Any], operations: Sequence[Operation], resource_type: ResourceType
) -> dict[str, Any]:
    """The resource after all operations: a new one, or `resource` itself where they change nothing.

    `resource` and what it holds are left as they are, also where an operation fails. Attributes that the resource type
    does not have are passed over. ScimError: invalidPath, invalidFilter, invalidValue, noTarget or mutability.
    """
    result = dict(resource)
    for operation in operations:
        if operation.path is None:
            _apply_without_path(result, operation, resource_type)
        else:
            _apply_at(result, operation.op, operation.path, operation.value, resource_type)
    _tidy(result, resource)
    for urn in resource_type.extension_attributes:
        if urn in result and result[urn] is not resource.get(urn):
            result[urn] = extension = dict(result[urn])
            _tidy(extension, resource.get(urn) or {})
            if not extension:
                del result[urn]
    if "schemas" in result:
        result["schemas"] = schemas_of(result, resource_type)
    return resource if result == resource else result


def _tidy(result: dict[str, Any], before: dict[str, Any]) -> None:
    """Leave no element that lost its value and none twice in the attributes that were changed."""
    for name, value in list(result.items()):
        if type(value) is list and value is not before.get(name) and name != "schemas":
            tidied = normalize_multi_valued(value)
            if tidied is None:
                del result[name]
            else:
                result[name] = tidied


def _apply_without_path(
    result: dict[str, Any], operation: Operation, resource_type: ResourceType
) -> None:
    """The value's members are attributes or paths: with its flag Entra sends `name.givenName` and URNs as names."""
    if operation.op == "remove":
        raise no_target("remove_without_path")
    if not isinstance(operation.value, dict):
        raise ScimError(400, Message("neither_path_nor_object", op=operation.op), "invalidValue")
    for name, value in operation.value.items():
        _apply_named(result, operation.op, name, value, resource_type)


def _apply_named(
    result: dict[str, Any], op: str, name: str, value: object, resource_type: ResourceType
) -> None:
    """A member of a path-less value. What is read-only is passed over, as in a POST: Okta sends `id` along."""
    try:
        path = parse_path(name, resource_type)
    except ScimError:
        return
    if not _is_read_only(path):
        _apply(result, op, path, value, resource_type)


def _is_read_only(path: Path) -> bool:
    return any(
        part is not None and part.mutability == "readOnly" for part in (path.attribute, path.sub)
    )


def _apply_at(
    result: dict[str, Any], op: str, text: str, value: object, resource_type: ResourceType
) -> None:
    try:
        path = parse_path(text, resource_type)
    except UnknownAttribute:
        return  # Entra's default mappings send more than a target has, and one refused operation loses the request
    if _is_read_only(path):
        raise mutability(path.text, "read_only")
    _apply(result, op, path, value, resource_type)


def _apply(
    result: dict[str, Any], op: str, path: Path, value: object, resource_type: ResourceType
) -> None:
    attribute = path.attribute
    if attribute is None:
        _apply_schema(result, op, path, value, resource_type)
    elif attribute.name == "schemas" or attribute.mutability == "writeOnly":
        return  # `schemas` follows from the attributes; a password is never kept
    elif path.extension:
        extension = dict(result.get(path.extension) or {})
        _apply_attribute(extension, op, path, attribute, value, resource_type)
        result[path.extension] = extension
    else:
        _apply_attribute(result, op, path, attribute, value, resource_type)


def _apply_schema(
    result: dict[str, Any], op: str, path: Path, value: object, resource_type: ResourceType
) -> None:
    """A path, or a member of a path-less value, that is a schema's URN: its value holds attributes."""
    if op == "remove" or (op == "replace" and interop.is_empty(value)):
        if not path.extension:
            raise mutability(path.text, "schema_not_removed")
        result.pop(path.extension, None)
    elif isinstance(value, dict):
        prefix = path.extension or resource_type.schema.id
        for name, part in value.items():
            _apply_named(result, op, f"{prefix}:{name}", part, resource_type)
    elif not interop.is_empty(value):
        raise bad_value(path.text, "schema_no_object")


def _apply_attribute(
    box: dict[str, Any],
    op: str,
    path: Path,
    attribute: Attribute,
    value: object,
    resource_type: ResourceType,
) -> None:
    """`box` is what holds the attribute: the resource, or an extension's part of it."""
    current = box.get(attribute.name)
    if attribute.multi_valued:
        new: Any = _multi_valued(attribute, current or [], op, path, value)
        if len(new) > len(current or ()):
            check_count(attribute, len(new))
    elif op == "remove":
        new = _removed(attribute, current, path)
    elif attribute.type == "complex":
        new = _complex(attribute, current or {}, path, value)
    else:
        new = read_single(attribute, None if interop.is_empty(value) else value)
    if attribute.mutability == "immutable" and current is not None and new != current:
        raise mutability(attribute.path, "set_once")
    if (new or new is False or new == 0) and not (
        attribute in resource_type.required and is_blank(new)
    ):
        box[attribute.name] = new
    elif attribute in resource_type.required:
        if op == "remove":
            raise mutability(attribute.path, "required")
        raise missing(attribute, resource_type)
    else:
        box.pop(attribute.name, None)


def _multi_valued(
    attribute: Attribute, current: list[Any], op: str, path: Path, value: object
) -> list[Any]:
    if op == "remove":
        return multi_valued.remove(attribute, current, path, value)
    if path.selection is not None or path.sub is not None:
        return multi_valued.assign(attribute, current, path, value, op)
    if op == "replace":
        return multi_valued.replace(attribute, value)
    return current if interop.is_empty(value) else multi_valued.add(attribute, current, value)


def _removed(attribute: Attribute, current: Any, path: Path) -> Any:
    """A singular attribute after `remove`, which may name a sub-attribute or, as Entra does, select its value."""
    if current is None or (path.selection is not None and not path.selection.matches(current)):
        return current
    if path.sub is None:
        return None
    if path.sub.mutability == "immutable":
        raise mutability(path.sub.path, "set_once")
    return _settled(
        attribute, {name: part for name, part in current.items() if name != path.sub.name}
    )


def _complex(attribute: Attribute, current: dict[str, Any], path: Path, value: object) -> Any:
    """A singular complex attribute: the sub-attributes sent are set or cleared, others stay (RFC 7644 3.5.2.3)."""
    if path.sub is not None:
        value = {path.sub.name: value}
    elif interop.is_empty(value):
        return None
    sent = interop.reference_value(value) if "value" in attribute.subs else value
    read = read_single(attribute, sent) or {}
    assert isinstance(sent, dict)
    named = [attribute.subs[name.lower()].name for name in sent if name.lower() in attribute.subs]
    kept = {name: part for name, part in current.items() if name not in named}
    if "value" in read and read["value"] != current.get("value"):
        kept = {name: part for name, part in kept.items() if name not in _DEPENDENT_ON_VALUE}
    if "$ref" in read and "value" not in named:
        return {**kept, **read}  # a reference by its URI alone
    return _settled(attribute, {**kept, **read})


def _settled(attribute: Attribute, value: dict[str, Any]) -> dict[str, Any] | None:
    """None where a reference has lost what it refers to: `manager` with value "" is no manager any more."""
    return None if "value" in attribute.subs and "value" not in value else value or None
