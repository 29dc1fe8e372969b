"""Parses bodies of POST and PUT into canonical resources (RFC 7644 sections 3.3 and 3.5.1).

A resource in memory is its SCIM JSON as a dict: canonical names, checked values, no unassigned attributes, an extension
under its URN, `schemas` first.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scim.core import interop
from scim.core.attribute_values import parse_value
from scim.core.attributes import Attribute, ResourceType
from scim.core.errors import ScimError, bad_syntax, bad_value, mutability
from scim.core.notes import Notes

_PLAIN_NAME = re.compile(r"[\w$.-]+")
_AFTER_ROOT = re.compile(r"[.\[\s]")
_URN = re.compile(r"urn:[^\s\[\]()\"']+", re.IGNORECASE)


def parse_resource(
    body: object, resource_type: ResourceType, notes: Notes | None = None
) -> dict[str, Any]:
    """Parse the body of a POST or PUT into a resource.

    Names are case-insensitive; read-only attributes and the password are ignored. If `notes` is
    given, unknown attributes, and malformed values of attributes that aren't needed, are left out
    and added to it.

    Raises:
        ScimError: invalidSyntax if the body isn't an object or a name is a path, invalidValue for a
            wrong or missing value.
    """
    if not isinstance(body, dict):
        raise bad_syntax("body_no_object", type=resource_type.name)
    reader = _Reader(resource_type, notes, body)
    result: dict[str, Any] = {"schemas": []}
    for name, value in body.items():
        folded = name.lower()
        attribute = resource_type.attributes.get(folded)
        if attribute is not None:
            reader.parse_attribute(attribute, value, result)
        elif folded == resource_type.schema.id.lower() and isinstance(value, dict):
            reader.parse_attributes(value, resource_type.attributes, result)
        elif urn := resource_type.urns.get(folded):
            reader.parse_extension(value, urn, result)
        elif urn := interop.extension_of(folded, resource_type):
            reader.parse_extension({name: value}, urn, result)
        else:
            reader.note_name(name)
    result["schemas"] = schemas_of(result, resource_type)
    check_required(result, resource_type)
    return result


@dataclass(frozen=True, slots=True)
class _Reader:
    """Validates the attributes of a body, and copies them into a resource."""

    resource_type: ResourceType
    notes: Notes | None
    body: Mapping[str, Any]

    def is_deactivating(self) -> bool:
        """Return whether the body makes the person inactive. Called only if another value is wrong."""
        return interop.deactivates(self.body, self.resource_type)

    def parse_attribute(self, attribute: Attribute, value: object, result: dict[str, Any]) -> None:
        if not attribute.is_stored:
            return
        if type(value) is str and attribute.is_plain_text and value and value.isascii():
            result[attribute.name] = value  # as nearly all are
            return
        try:
            parsed = parse_value(attribute, value, self.notes)
        except ScimError as error:
            if self.notes is None or not is_spared(attribute, self.is_deactivating()):
                raise
            self.notes.leave_out(attribute.path, error.message)
            return
        if parsed is not None:
            result[attribute.name] = parsed

    def parse_attributes(
        self, value: dict[str, Any], attributes: Mapping[str, Attribute], result: dict[str, Any]
    ) -> None:
        """Read the attributes under a schema's URN; some clients send core attributes there."""
        for name, part in value.items():
            attribute = attributes.get(name.lower())
            if attribute is not None:
                self.parse_attribute(attribute, part, result)
            else:
                self.note_name(name)

    def note_name(self, name: str) -> None:
        """Add a name to the notes that isn't the name of an attribute.

        Raise invalidSyntax if it is a path or malformed, unless the body deactivates a person: then the name is
        noted as left out, and a PUT keeps the value of the attribute for which it was sent.
        """
        try:
            _check_name(name, self.resource_type)
        except ScimError as error:
            attribute = _attribute_meant(name, self.resource_type)
            is_needed = attribute is not None and not is_spared(attribute, True)
            if self.notes is None or is_needed or not self.is_deactivating():
                raise
            self.notes.leave_out(attribute.path if attribute else name, error.message)
        else:
            if self.notes is not None:
                self.notes.add_unknown(name)

    def parse_extension(self, value: object, urn: str, result: dict[str, Any]) -> None:
        value = interop.extension_object(value)
        if interop.is_empty(value):
            return
        if not isinstance(value, dict):
            error = bad_value(urn, "extension_no_object")
            if self.notes is None or not self.is_deactivating():
                raise error
            self.notes.leave_out(urn, error.message)
            return
        extension: dict[str, Any] = dict(result.get(urn, {}))
        self.parse_attributes(value, self.resource_type.extension_attributes[urn], extension)
        if extension:
            result[urn] = extension


def is_spared(attribute: Attribute, deactivating: bool) -> bool:
    """Return whether a malformed value of the attribute is left out instead of refused.

    A request that deactivates a person is carried out whatever else is wrong with it: a fault in another attribute
    must not keep a person visible who has left.
    """
    is_required = attribute.required and not interop.may_be_missing(attribute.path)
    if attribute.name in ("userName", "active") or is_required:
        return False
    return deactivating or not attribute.needed


def _check_name(name: str, resource_type: ResourceType) -> None:
    """Raise invalidSyntax for a name that no attribute can have: a PATCH path, or a malformed name.

    Ignoring the name would clear the attribute that it was meant to set (grokability/snipe-it, pull request 19353).
    """
    if resource_type.find(name.strip()) is not None or not is_unknown_name(name, resource_type):
        raise bad_syntax("name_is_path", name=name[:200])


def _attribute_meant(name: str, resource_type: ResourceType) -> Attribute | None:
    """Return the attribute that a path or misspelt name begins with, or None."""
    urn = resource_type.schema_in(name)
    rest = name[len(urn) :].lstrip(":./#") if urn else name.strip().removeprefix("$.")
    root = _AFTER_ROOT.split(rest, maxsplit=1)[0]
    target = resource_type.find(f"{urn}:{root}" if urn else root)
    return target.attribute if target else None


def is_unknown_name(name: str, resource_type: ResourceType) -> bool:
    """Return whether a name is neither an attribute of the resource type nor a misspelt path to one."""
    if _URN.fullmatch(name):
        return not resource_type.schema_in(name)
    root = name.removeprefix("$.").partition(".")[0]
    return _PLAIN_NAME.fullmatch(name) is not None and resource_type.find(root) is None


def schemas_of(resource: dict[str, Any], resource_type: ResourceType) -> list[str]:
    """Return the URNs of the schemas of which the resource has attributes (RFC 7643 section 3)."""
    return [
        resource_type.schema.id,
        *[urn for urn in resource_type.extension_attributes if urn in resource],
    ]


def check_required(resource: dict[str, Any], resource_type: ResourceType) -> None:
    """Raise ScimError invalidValue if a required attribute is missing or blank.

    A required attribute of an extension must be present if the resource has the extension (RFC 7643 section 2.2).
    """
    for urn, attribute in resource_type.required:
        holder = resource.get(urn) if urn else resource
        if holder is not None and is_blank(holder.get(attribute.name)):
            raise missing(attribute, resource_type)


def is_blank(value: object) -> bool:
    """Return whether a value is too empty to satisfy a required attribute."""
    return value is None or (isinstance(value, str) and not value.strip())


def missing(attribute: Attribute, resource_type: ResourceType) -> ScimError:
    """Return the error for a required attribute without a value."""
    return bad_value(attribute.path, "missing", type=resource_type.name, name=attribute.name)


def replace_resource(
    stored: dict[str, Any],
    incoming: dict[str, Any],
    resource_type: ResourceType,
    notes: Notes | None = None,
) -> dict[str, Any]:
    """Return the result of a PUT of `incoming` on `stored` (RFC 7644 section 3.5.1); `stored` itself if nothing changes.

    Attributes that `incoming` lacks are cleared, except read-only ones, those whose malformed values are in `notes`,
    and `active` if it is false. Raise ScimError mutability if an immutable attribute has another value.
    """
    result = dict(incoming)
    _keep(stored, result, resource_type.attributes, notes)
    if stored.get("active") is False:
        # RFC 7644 section 3.5.1 does not define a PUT without `active`; agents must not see people
        # who left.
        result.setdefault("active", False)
    for urn, attributes in resource_type.extension_attributes.items():
        if urn in stored and notes is not None and urn in notes.left_out:
            result[urn] = stored[urn]
        elif urn in stored:
            extension = dict(result.get(urn, {}))
            _keep(stored[urn], extension, attributes, notes)
            if extension:
                result[urn] = extension
    result["schemas"] = schemas_of(result, resource_type)
    return stored if interop.has_same_values(stored, result) else result


def _keep(
    stored: dict[str, Any],
    result: dict[str, Any],
    attributes: Mapping[str, Attribute],
    notes: Notes | None,
) -> None:
    """Copy the attributes that a PUT keeps; raise mutability if an immutable attribute changes."""
    for name, value in stored.items():
        attribute = attributes.get(name.lower())
        if attribute is None or name == "schemas":
            continue
        if attribute.mutability == "readOnly":
            result[name] = value
        elif notes is not None and attribute.path in notes.left_out:
            result.setdefault(name, value)
        elif attribute.mutability == "immutable" and result.setdefault(name, value) != value:
            raise mutability(attribute.path, "immutable")
