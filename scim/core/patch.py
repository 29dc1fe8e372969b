"""Applies PATCH operations to a resource in order, all of them or none (RFC 7644 section 3.5.2)."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from scim.core import interop, multi_valued
from scim.core.attribute_values import (
    check_count,
    has_only_qualifiers,
    normalize_multi_valued,
    parse_single,
    parse_value,
    single_value,
)
from scim.core.attributes import Attribute, ResourceType
from scim.core.errors import ScimError, UnknownAttribute, bad_value, mutability, no_target
from scim.core.member_patch import MemberChange, member_changes
from scim.core.notes import Notes
from scim.core.patch_body import MAX_OPERATIONS, PATCH_URN, Operation, parse_patch
from scim.core.patch_path import Path, parse_path
from scim.core.resources import (
    is_blank,
    is_spared,
    is_unknown_name,
    missing,
    schemas_of,
)
from scim.core.work_limit import WorkLimit
from shared.messages import Message

__all__ = [
    "MAX_OPERATIONS",
    "PATCH_URN",
    "MemberChange",
    "Operation",
    "apply_patch",
    "check_faults",
    "member_changes",
    "parse_patch",
    "patch_steps",
]

# These parts of a reference describe the old value and are wrong for a new one.
_DEPENDENT_ON_VALUE = ("$ref", "display", "displayName")
_DESCRIBES_URI = ("value", "display", "displayName")


def apply_patch(
    resource: dict[str, Any],
    operations: Sequence[Operation],
    resource_type: ResourceType,
    notes: Notes | None = None,
) -> dict[str, Any]:
    """Return the resource after all operations: a new one, or `resource` itself if nothing changes.

    `resource` and its values are never modified, even if an operation fails. Unknown attributes are ignored. If
    `notes` is given, it receives the unknown attributes, and also each operation with a malformed value, which is left
    out unless the attribute is needed. If the request deactivates a person, every operation that can't be carried out
    is left out, except those on `userName` and `active`.

    Raises:
        ScimError: invalidPath, invalidFilter, invalidValue, noTarget or mutability; invalidSyntax for an
            operation that can't be parsed; tooMany if the operations compare more than MAX_COMPARISONS.
    """
    steps = patch_steps(resource, operations, resource_type, notes)
    while True:
        try:
            next(steps)
        except StopIteration as done:
            patched: dict[str, Any] = done.value
            return patched


def patch_steps(
    resource: dict[str, Any],
    operations: Sequence[Operation],
    resource_type: ResourceType,
    notes: Notes | None = None,
) -> Generator[None, None, dict[str, Any]]:
    """Do the work of `apply_patch` as a generator, so that the caller can serve other requests between its steps."""
    result = dict(resource)
    patch = _Patch(result=result, resource_type=resource_type, notes=notes, operations=operations)
    for operation in operations:
        yield from patch.apply(operation)
    _tidy(result, resource)
    for urn in resource_type.extension_attributes:
        if urn in result and result[urn] is not resource.get(urn):
            result[urn] = extension = dict(result[urn])
            _tidy(extension, resource.get(urn) or {})
            if not extension:
                del result[urn]
            else:
                _check_extension(urn, extension, resource_type)
    if "schemas" in result:
        result["schemas"] = schemas_of(result, resource_type)
    return resource if interop.has_same_values(resource, result) else result


def check_faults(operations: Sequence[Operation], resource_type: ResourceType) -> None:
    """Raise the error of the first operation that can't be parsed, unless the request deactivates a person.

    A request that deactivates a person is carried out without its faulty operations, because agents
    must not see a person who left (RFC 7644 section 3.5.2 requires all operations or none).
    """
    first = next((one.fault for one in operations if one.fault is not None), None)
    if first is not None and not _deactivates(operations, resource_type):
        raise first


def _deactivates(operations: Sequence[Operation], resource_type: ResourceType) -> bool:
    """Return whether the last operation that sets `active` sets it to false."""
    for operation in reversed(operations):
        if operation.op == "remove" or operation.fault is not None:
            continue
        sent = interop.extension_object(operation.value)
        if operation.path:
            sent = {operation.path: operation.value}
        active = interop.active_in(sent, resource_type) if isinstance(sent, dict) else None
        if active is not None:
            return not active
    return False


def _check_extension(urn: str, extension: dict[str, Any], resource_type: ResourceType) -> None:
    """Raise invalidValue if a changed extension lacks an attribute that its schema requires."""
    for owner, attribute in resource_type.required:
        if owner == urn and is_blank(extension.get(attribute.name)):
            raise missing(attribute, resource_type)


def _tidy(result: dict[str, Any], before: dict[str, Any]) -> None:
    """Remove empty and duplicate elements from the attributes that changed."""
    for name, value in list(result.items()):
        if type(value) is list and value is not before.get(name) and name != "schemas":
            tidied = _with_former_primary(normalize_multi_valued(value), value, before.get(name))
            if tidied is None:
                del result[name]
            else:
                result[name] = tidied


def _with_former_primary(
    tidied: list[Any] | None, changed: list[Any], before: list[Any] | None
) -> list[Any] | None:
    """Return the elements; if the new primary element had no value and was removed, the former one is primary again.

    Entra sends a constant `emails[type eq "other"].primary` also for people who have no such address.
    """
    if not any(has_only_qualifiers(element) and element.get("primary") for element in changed):
        return tidied
    former = next((e for e in before or () if isinstance(e, dict) and e.get("primary")), None)
    demoted = {**former, "primary": False} if former else None
    return [former if element == demoted else element for element in tidied or ()] or None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Patch:
    """Applies operations to `result`, a copy of the resource."""

    result: dict[str, Any]
    resource_type: ResourceType
    notes: Notes | None
    operations: Sequence[Operation]
    work: WorkLimit = field(default_factory=WorkLimit)
    deactivating: list[bool] = field(default_factory=list)

    def is_deactivating(self) -> bool:
        """Return whether an operation makes the person inactive. Computed once, and only if an operation fails."""
        if not self.deactivating:
            self.deactivating.append(_deactivates(self.operations, self.resource_type))
        return self.deactivating[0]

    def apply(self, operation: Operation) -> Iterator[None]:
        """Apply one operation; yield after each attribute."""
        if operation.fault is not None:
            if self.notes is None or not self.is_deactivating():
                raise operation.fault
            self.notes.leave_out(operation.path or "Operations", operation.fault.message)
            return
        if operation.path is not None:
            self._apply_at(operation.op, operation.path, operation.value)
            yield
            return
        try:
            value = _pathless_value(operation)
        except ScimError as error:
            if self.notes is None or not self.is_deactivating():
                raise
            self.notes.leave_out(operation.op, error.message)
            return
        for name, part in value.items():
            self._apply_named(operation.op, name, part)
            yield

    def _apply_named(self, op: str, name: str, value: object) -> None:
        """Apply one member of the value of an operation without a path; the member's name may itself be a path.

        Entra with its compliance flag sends `name.givenName`.

        Read-only attributes are ignored, as in a POST, because Okta sends `id` along.
        """
        if self.resource_type.find(name) is None and is_unknown_name(name, self.resource_type):
            if self.notes is not None:
                self.notes.add_unknown(name)
            return
        path = self._path(name)
        if path is not None and not _is_read_only(path):
            self._guarded(op, path, value)

    def _apply_at(self, op: str, text: str, value: object) -> None:
        path = self._path(text)
        if path is None:
            return
        if _is_read_only(path):
            error = mutability(path.text, "read_only")
            self._spare(path, error)
        else:
            self._guarded(op, path, value)

    def _path(self, text: str) -> Path | None:
        """Parse the path; return None if it names no attribute of the resource type, so that the operation is ignored.

        Entra's default mappings send more attributes than a target has, and one refused operation would fail the
        whole request.
        """
        try:
            return parse_path(text, self.resource_type)
        except UnknownAttribute:
            if self.notes is not None:
                self.notes.add_unknown(text.strip())
        except ScimError as error:
            if self.notes is None or not self.is_deactivating():
                raise
            self.notes.leave_out(text, error.message)
        return None

    def _guarded(self, op: str, path: Path, value: object) -> None:
        try:
            self._apply(op, path, value)
        except ScimError as error:
            self._spare(path, error)

    def _spare(self, path: Path, error: ScimError) -> None:
        """Add the error of an operation to the notes if the operation may be left out; otherwise raise it."""
        attribute = path.attribute
        if self.notes is None:
            raise error
        if attribute is None:
            spared = self.is_deactivating()
        elif error.scim_type == "invalidValue":
            spared = is_spared(attribute, self.is_deactivating())
        else:
            spared = self.is_deactivating() and is_spared(attribute, True)
        if not spared:
            raise error
        self.notes.leave_out(attribute.path if attribute else path.text, error.message)

    def _apply(self, op: str, path: Path, value: object) -> None:
        attribute = path.attribute
        if attribute is None:
            self._apply_schema(op, path, value)
        elif attribute.name == "schemas" or attribute.mutability == "writeOnly":
            return  # `schemas` follows from the attributes; a password is never kept
        elif path.extension:
            extension = dict(self.result.get(path.extension) or {})
            self._apply_attribute(extension, op, path, attribute, value)
            self.result[path.extension] = extension
        else:
            self._apply_attribute(self.result, op, path, attribute, value)

    def _apply_schema(self, op: str, path: Path, value: object) -> None:
        """Apply an operation whose path is a schema's URN; its value is an object of attributes."""
        value = interop.extension_object(value)
        if op == "remove" or (op == "replace" and interop.is_empty(value)):
            self._remove_schema(path)
        elif isinstance(value, dict):
            prefix = path.extension or self.resource_type.schema.id
            for name, part in value.items():
                self._apply_named(op, f"{prefix}:{name}", part)
        elif not interop.is_empty(value):
            raise bad_value(path.text, "schema_no_object")

    def _remove_schema(self, path: Path) -> None:
        attributes = self.resource_type.extension_attributes.get(path.extension)
        if attributes is None:
            raise mutability(path.text, "schema_not_removed")
        extension = self.result.pop(path.extension, None) or {}
        for name, value in extension.items():
            attribute = attributes.get(name.lower())
            if attribute is not None and attribute.mutability == "immutable":
                self.result[path.extension] = extension
                raise mutability(attribute.path, "set_once")
            if attribute is not None and attribute.mutability == "readOnly":
                self.result.setdefault(path.extension, {})[name] = value

    def _apply_attribute(
        self, container: dict[str, Any], op: str, path: Path, attribute: Attribute, value: object
    ) -> None:
        """Apply an operation to an attribute of `container`, which is the resource or the object of an extension."""
        current = container.get(attribute.name)
        if attribute.multi_valued:
            comparisons = path.selection.comparisons if path.selection is not None else 1
            self.work.charge(len(current or ()), comparisons)
            new: Any = _multi_valued(attribute, current or [], op, path, value, self.notes)
            if len(new) > len(current or ()):
                check_count(attribute, len(new))
        elif op == "remove":
            new = _removed(attribute, current, path)
        elif attribute.type == "complex":
            new = _complex(attribute, current or {}, path, value, self.notes)
        else:
            new = parse_value(attribute, value)
        if attribute.mutability == "immutable" and current is not None and new != current:
            raise mutability(attribute.path, "set_once")
        is_required = (path.extension, attribute) in self.resource_type.required
        if (new or new is False or new == 0) and not (is_required and is_blank(new)):
            container[attribute.name] = new
        elif is_required:
            if op == "remove":
                raise mutability(attribute.path, "required")
            raise missing(attribute, self.resource_type)
        elif not interop.stays_when_cleared(attribute, current):
            container.pop(attribute.name, None)


def _pathless_value(operation: Operation) -> dict[str, Any]:
    """Return the attributes in the value of an operation without a path."""
    if operation.op == "remove":
        raise no_target("remove_without_path")
    value = interop.extension_object(operation.value)
    if not isinstance(value, dict):
        raise ScimError(400, Message("neither_path_nor_object", op=operation.op), "invalidValue")
    return value


def _is_read_only(path: Path) -> bool:
    return any(
        part is not None and part.mutability == "readOnly" for part in (path.attribute, path.sub)
    )


def _multi_valued(
    attribute: Attribute,
    current: list[Any],
    op: str,
    path: Path,
    value: object,
    notes: Notes | None,
) -> list[Any]:
    if op == "remove":
        return multi_valued.remove(attribute, current, path, value)
    if path.selection is not None or path.sub is not None:
        return multi_valued.assign(attribute, current, path, value, op, notes)
    if op == "replace":
        return multi_valued.replace(attribute, value, notes)
    if interop.is_empty(value):
        return current
    return multi_valued.add(attribute, current, value, notes)


def _removed(attribute: Attribute, current: Any, path: Path) -> Any:
    """Return the value of a singular attribute after `remove`: `current`, a part of it, or None.

    None if the path names the attribute, a part if it names a sub-attribute. Entra's path may have
    a filter in brackets, as in `manager[value eq "…"]`; if it doesn't match, nothing is removed.
    """
    if current is None or (path.selection is not None and not path.selection.matches(current)):
        return current
    if path.sub is None:
        return None
    if path.sub.mutability == "immutable":
        raise mutability(path.sub.path, "set_once")
    return _drop_empty_reference(
        attribute, {name: part for name, part in current.items() if name != path.sub.name}
    )


def _complex(
    attribute: Attribute,
    current: dict[str, Any],
    path: Path,
    value: object,
    notes: Notes | None,
) -> Any:
    """Return the new value of a singular complex attribute (RFC 7644 section 3.5.2.3).

    The sub-attributes in `value` are set, or cleared if they are empty; the others stay.
    """
    if path.sub is not None:
        value = {path.sub.name: value}
    elif interop.is_empty(value):
        return None
    sent = interop.complex_value(attribute, single_value(attribute, value))
    parsed = parse_single(attribute, sent, notes) or {}
    if not isinstance(sent, dict):
        return current or None
    if not sent and "value" in attribute.subs:
        return None  # an empty reference refers to nothing
    named = [attribute.subs[name.lower()].name for name in sent if name.lower() in attribute.subs]
    unchanged = {name: part for name, part in current.items() if name not in named}
    if "value" in parsed and parsed["value"] != current.get("value"):
        unchanged = {
            name: part for name, part in unchanged.items() if name not in _DEPENDENT_ON_VALUE
        }
    if "$ref" in parsed and "value" not in named:  # a reference by its URI alone
        if parsed["$ref"] != current.get("$ref"):
            unchanged = {
                name: part for name, part in unchanged.items() if name not in _DESCRIBES_URI
            }
        return {**unchanged, **parsed}
    return _drop_empty_reference(attribute, {**unchanged, **parsed})


def _drop_empty_reference(attribute: Attribute, value: dict[str, Any]) -> dict[str, Any] | None:
    """Return None for an empty reference: a `manager` with the value "" refers to no manager."""
    return None if "value" in attribute.subs and "value" not in value else value or None
