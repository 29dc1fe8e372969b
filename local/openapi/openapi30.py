"""Convert OpenAPI 3.1 to OpenAPI 3.0.3, for generators and gateways that support only 3.0.

OpenAPI 3.0 has no type "null": a schema has `nullable: true`, and a reference with other members is
written as `allOf: [reference]` (OpenAPI 3.0.3 sections 4.7.24 and 4.7.23).
"""

from typing import Any

from web.openapi.schemas import Json

_NULL = {"type": "null"}


def downgrade(document: Json) -> Json:
    """Return an OpenAPI 3.1 document converted to OpenAPI 3.0.3."""
    found: Json = _downgraded(document)
    found["openapi"] = "3.0.3"
    return found


def _downgraded(part: Any) -> Any:
    if isinstance(part, list):
        return [_downgraded(one) for one in part]
    if not isinstance(part, dict):
        return part
    found = {name: _member(name, value) for name, value in part.items()}
    if "const" in found:
        found["enum"] = [found.pop("const")]
    if "contentEncoding" in found:
        found.pop("contentEncoding")
        found["format"] = "byte"
    _without_null(found)
    if "$ref" in found and len(found) > 1:
        found = {"allOf": [{"$ref": found.pop("$ref")}], **found}
    return found


def _member(name: str, value: Any) -> Any:
    if name == "example":
        return value  # a value, not a schema
    if name == "properties":  # keys are members, not keywords: SCIM has a member $ref
        return {member: _downgraded(schema) for member, schema in value.items()}
    return _downgraded(value)


def _without_null(found: Json) -> None:
    """Replace the type null in a schema by `nullable`."""
    if isinstance(found.get("type"), list) and "null" in found["type"]:
        (found["type"],) = [kind for kind in found["type"] if kind != "null"]
        found["nullable"] = True
    options = found.get("oneOf")
    if isinstance(options, list) and _NULL in options:
        (one,) = [option for option in options if option != _NULL]
        found.pop("oneOf")
        found["allOf"] = [one]
        found["nullable"] = True
