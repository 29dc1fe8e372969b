"""Convert Python types (TypedDicts and pydantic models) to JSON Schemas (OpenAPI 3.1 section 4.8.24)."""

import inspect
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from shared.api_contract import Doc, Parameter

Json = dict[str, Any]
_PRIMITIVES = {str: "string", int: "integer", float: "number", bool: "boolean"}


class Schemas:
    """Collects, in `named`, the schemas that an OpenAPI document refers to by name."""

    def __init__(self) -> None:
        self.named: dict[str, Json] = {}

    def ref(self, model: type) -> Json:
        """Return a reference to a model's schema, after adding the schema under the model's name."""
        name = model.__name__
        if name not in self.named:
            self.named[name] = {}  # so that a type that refers to itself ends the recursion
            self.named[name] = self._object(model)
        return reference(name)

    def union(self, name: str, models: tuple[type, ...]) -> Json:
        """Return a reference to a schema that matches one of the models, after adding that schema as `name`.

        The models' member `action` is the discriminator.
        """
        mapping: dict[str, str] = {}
        for model in models:
            target = self.ref(model)["$ref"]
            for value in get_args(get_type_hints(model)["action"]):
                mapping[value] = target
        self.named[name] = {
            "oneOf": [self.ref(model) for model in models],
            "discriminator": {"propertyName": "action", "mapping": mapping},
        }
        return reference(name)

    def of(self, hint: Any) -> Json:
        """Return the schema of a type hint.

        Raises:
            TypeError: This kind of type hint is not supported.
        """
        origin, arguments = get_origin(hint), get_args(hint)
        if origin is NotRequired:
            return self.of(arguments[0])
        if origin is Annotated:
            return _documented(self.of(arguments[0]), arguments[1:])
        if origin is Literal:
            return {"type": "string", "enum": list(arguments)}
        if origin in (UnionType, Union):
            return self._nullable(arguments)
        if origin is list:
            return {"type": "array", "items": self.of(arguments[0])}
        if origin is dict or hint is dict:
            return {"type": "object", "additionalProperties": True}
        if hint in _PRIMITIVES:
            return {"type": _PRIMITIVES[hint]}
        if inspect.isclass(hint):
            return self.ref(hint)
        raise TypeError(f"no schema for {hint!r}")

    def _nullable(self, arguments: tuple[Any, ...]) -> Json:
        (hint,) = [one for one in arguments if one is not NoneType]
        return nullable(self.of(hint))

    def _object(self, model: type) -> Json:
        if issubclass(model, BaseModel):
            found = model.model_json_schema(ref_template="#/components/schemas/{model}")
            for name, part in found.pop("$defs", {}).items():
                self.named[name] = _tidy(part)
            schema: Json = _tidy(found)
            return schema
        hints = get_type_hints(model, include_extras=True)
        required = [name for name in hints if name in model.__required_keys__]  # type: ignore[attr-defined]
        properties = {name: self.of(hint) for name, hint in hints.items()}
        return {
            "type": "object",
            "description": inspect.getdoc(model) or "",
            "properties": properties,
            **({"required": required} if required else {}),
        }


def reference(name: str) -> Json:
    """Return a reference (`$ref`) to a named schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def parameter(one: Parameter) -> Json:
    """Return the OpenAPI object of an operation's parameter (OpenAPI 3.1 section 4.8.12)."""
    required = {"required": True} if one.location == "path" else {}
    return {
        "name": one.name,
        "in": one.location,
        **required,
        "description": one.text,
        "schema": dict(one.schema),
    }


def nullable(schema: Json) -> Json:
    """Return a schema that matches null, too."""
    if "type" not in schema:
        return {"oneOf": [schema, {"type": "null"}]}
    allowed = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return schema | {"type": [schema["type"], "null"]} | allowed


def _documented(schema: Json, notes: tuple[Any, ...]) -> Json:
    found = dict(schema)
    for note in notes:
        if isinstance(note, Doc):
            found |= note.schema
            found |= {"format": note.format} if note.format else {}
            found |= {"description": note.text} if note.text else {}
    return found


def _tidy(schema: Any) -> Any:
    """Return a pydantic schema without titles, and with null among its types instead of in `anyOf`."""
    if isinstance(schema, list):
        return [_tidy(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    parts = {name: _tidy(part) for name, part in schema.items() if not _is_title(name, part)}
    options = parts.pop("anyOf", None)
    if options is None:
        return parts
    (one,) = [option for option in options if option != {"type": "null"}]
    return nullable(one) | parts


def _is_title(name: str, part: Any) -> bool:
    return name == "title" and isinstance(part, str)
