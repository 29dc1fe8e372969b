"""Whether a value is what a schema of the description says (the part of JSON Schema 2020-12 that it uses)."""

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
    """The schema that a `$ref` names."""
    while "$ref" in schema:
        schema = description["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def faults(
    value: Any, schema: dict[str, Any], description: dict[str, Any], where: str = "$"
) -> Iterator[str]:
    """Every place at which the value is not as described; properties that nobody described count too."""
    schema = resolved(schema, description)
    if "anyOf" in schema:
        tried = [list(faults(value, one, description, where)) for one in schema["anyOf"]]
        if all(tried):
            yield f"{where}: none of anyOf ({tried[0][0]})"
        return
    if "allOf" in schema:
        parts = [resolved(one, description) for one in schema["allOf"]]
        flat = [part for one in parts for part in _flattened(one, description)]
        merged = {
            "type": "object",
            "properties": {name: sub for part in flat for name, sub in part["properties"].items()},
            "required": [name for part in flat for name in part.get("required", [])],
        }
        yield from faults(value, merged, description, where)
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is none of {schema['enum']}"
    if "const" in schema and value != schema["const"]:
        yield f"{where}: {value!r} is not {schema['const']!r}"
    kind = schema.get("type")
    if kind is not None and (
        not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean")
    ):
        yield f"{where}: {type(value).__name__} instead of {kind}"
    elif kind == "array":
        for number, item in enumerate(value):
            yield from faults(item, schema.get("items", {}), description, f"{where}[{number}]")
    elif kind == "object" and "properties" in schema:
        yield from (
            f"{where}: {name} is missing"
            for name in schema.get("required", [])
            if name not in value
        )
        for name, item in value.items():
            if name in schema["properties"]:
                yield from faults(item, schema["properties"][name], description, f"{where}.{name}")
            else:
                yield f"{where}: {name} is not described"


def _flattened(schema: dict[str, Any], description: dict[str, Any]) -> list[dict[str, Any]]:
    schema = resolved(schema, description)
    return (
        [part for one in schema["allOf"] for part in _flattened(one, description)]
        if "allOf" in schema
        else [schema]
    )
