"""Bodies of POST and PUT as canonical resources (RFC 7644 sections 3.3 and 3.5.1).

A resource in memory is its SCIM JSON as a dict: canonical names, checked values, nothing unassigned, an extension under
its URN, `schemas` first.
"""

from typing import Any

from scim.core import interop
from scim.core.attribute_values import read_value
from scim.core.attributes import Attribute, ResourceType
from scim.core.errors import ScimError, bad_syntax, bad_value, mutability


def read_resource(body: object, resource_type: ResourceType) -> dict[str, Any]:
    """The resource that a POST or PUT body describes.

    Names match in any case; unknown attributes and schemas, read-only attributes and the password are passed over.
    Raises ScimError invalidSyntax where the body is no object, invalidValue for a wrong or missing value.
    """
    if not isinstance(body, dict):
        raise bad_syntax("body_no_object", type=resource_type.name)
    result: dict[str, Any] = {"schemas": []}
    for name, value in body.items():
        attribute = resource_type.attributes.get(name) or resource_type.attributes.get(name.lower())
        if attribute is not None:
            if is_kept(attribute) and (read := read_value(attribute, value)) is not None:
                result[attribute.name] = read
        elif name.lower() == resource_type.schema.id.lower() and isinstance(value, dict):
            result |= _read_attributes(value, resource_type.attributes)
        elif (urn := resource_type.urns.get(name.lower())) and not interop.is_empty(value):
            extension = _read_extension(value, urn, resource_type)
            if extension:
                result[urn] = {**result.get(urn, {}), **extension}
    result["schemas"] = schemas_of(result, resource_type)
    check_required(result, resource_type)
    return result


def is_kept(attribute: Attribute) -> bool:
    """Whether a client's value is taken over: not for read-only attributes, `schemas` and the password."""
    return attribute.mutability not in ("readOnly", "writeOnly") and attribute.name != "schemas"


def _read_extension(value: object, urn: str, resource_type: ResourceType) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise bad_value(urn, "extension_no_object")
    return _read_attributes(value, resource_type.extension_attributes[urn])


def _read_attributes(value: dict[str, Any], attributes: dict[str, Attribute]) -> dict[str, Any]:
    """The attributes that stand under a schema's URN; some clients write those of the core so, too (scim.dev)."""
    result = {}
    for name, part in value.items():
        attribute = attributes.get(name.lower())
        if (
            attribute is not None
            and is_kept(attribute)
            and (read := read_value(attribute, part)) is not None
        ):
            result[attribute.name] = read
    return result


def schemas_of(resource: dict[str, Any], resource_type: ResourceType) -> list[str]:
    """The URNs of the schemas whose attributes the resource has (RFC 7643 section 3)."""
    return [
        resource_type.schema.id,
        *[urn for urn in resource_type.extension_attributes if urn in resource],
    ]


def check_required(resource: dict[str, Any], resource_type: ResourceType) -> None:
    """ScimError invalidValue where a required attribute is missing or blank."""
    for attribute in resource_type.required:
        if is_blank(resource.get(attribute.name)):
            raise missing(attribute, resource_type)


def is_blank(value: object) -> bool:
    """Whether a value can't stand for a required attribute."""
    return value is None or (isinstance(value, str) and not value.strip())


def missing(attribute: Attribute, resource_type: ResourceType) -> ScimError:
    """The error for a required attribute without a value."""
    return bad_value(attribute.path, "missing", type=resource_type.name, name=attribute.name)


def replace_resource(
    stored: dict[str, Any], incoming: dict[str, Any], resource_type: ResourceType
) -> dict[str, Any]:
    """What a PUT of `incoming` (from read_resource) makes of `stored` (RFC 7644 section 3.5.1).

    Read-only attributes stay, others that `incoming` leaves out are cleared. Returns `stored` itself where nothing
    changes. ScimError mutability where an immutable attribute has another value.
    """
    result = dict(incoming)
    for name, value in stored.items():
        attribute = resource_type.attributes.get(name.lower())
        if attribute is None or name == "schemas":
            continue
        if attribute.mutability == "readOnly":
            result[name] = value
        elif attribute.mutability == "immutable" and result.setdefault(name, value) != value:
            raise mutability(name, "immutable")
    return stored if result == stored else result
