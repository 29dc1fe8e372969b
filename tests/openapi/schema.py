"""Validates a value by a schema of the description, for the part of JSON Schema 2020-12 that it
uses.
"""

from collections.abc import Iterator
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def resolved(schema: dict[str, Any], description: dict[str, Any]) -> dict[str, Any]:
    """Return the schema to which `$ref` refers."""
    while "$ref" in schema:
        schema = description["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def faults(
    value: Any, schema: dict[str, Any], description: dict[str, Any], where: str = "$"
) -> Iterator[str]:
    """Yield every place that is not as described; a member that is not described counts, too."""
    schema = resolved(schema, description)
    if "oneOf" in schema:
        tried = [list(faults(value, one, description, where)) for one in schema["oneOf"]]
        if all(tried):
            yield f"{where}: none of oneOf ({tried[0][0]})"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is none of {schema['enum']}"
    if "const" in schema and value != schema["const"]:
        yield f"{where}: {value!r} is not {schema['const']!r}"
    kind = schema.get("type")
    if isinstance(kind, list):
        if value is None and "null" in kind:
            return
        (kind,) = [one for one in kind if one != "null"]
    if kind is not None and (
        not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean")
    ):
        yield f"{where}: {type(value).__name__} instead of {kind}"
    elif kind == "array":
        for number, item in enumerate(value):
            yield from faults(item, schema.get("items", {}), description, f"{where}[{number}]")
    elif kind == "object" and "properties" in schema:
        yield from _faults_of_object(value, schema, description, where)


def _faults_of_object(
    value: dict[str, Any], schema: dict[str, Any], description: dict[str, Any], where: str
) -> Iterator[str]:
    for name in schema.get("required", []):
        if name not in value:
            yield f"{where}: {name} is missing"
    for name, item in value.items():
        if name in schema["properties"]:
            yield from faults(item, schema["properties"][name], description, f"{where}.{name}")
        else:
            yield f"{where}: {name} is not described"
