"""The constraints of a shape file on a value: a literal, or an object of operators.

| operator | holds when the value |
|---|---|
| `$present` | is there and not null (true), or isn't (false) |
| `$empty` | is absent, null, "" or [] (RFC 7643 section 2.5) |
| `$type` | is a `string`, `integer`, `boolean`, `array` or `object` |
| `$matches` | is a text in which the regular expression is found |
| `$length`, `$at_least` | is an array of this length, or is an array or integer of at least this size |
| `$contains`, `$lacks` | is an array with (without) an element that holds these values, or a text with this part |
| `$in`, `$not` | is one of these, or isn't this |
| `$nocase` | is this text, whatever the case |
"""

import re
from collections.abc import Callable
from typing import Any

from tests.shapes.paths import ABSENT

_TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


def _size(value: Any) -> int:
    return value if isinstance(value, int) else len(value) if isinstance(value, list) else -1


def _contains(value: Any, part: Any) -> bool:
    if isinstance(value, str) and isinstance(part, str):
        return part in value
    return isinstance(value, list) and any(_holds(each, part) for each in value)


def _holds(element: Any, part: Any) -> bool:
    if isinstance(element, dict) and isinstance(part, dict):
        return all(name in element and same(element[name], wanted) for name, wanted in part.items())
    return same(element, part)


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "$present": lambda value, wanted: (value is not ABSENT and value is not None) is wanted,
    "$empty": lambda value, wanted: (value is ABSENT or value in (None, "", [])) is wanted,
    "$type": lambda value, wanted: _TYPES[wanted](value),
    "$matches": lambda value, wanted: (
        isinstance(value, str) and re.search(wanted, value) is not None
    ),
    "$length": lambda value, wanted: isinstance(value, list) and len(value) == wanted,
    "$at_least": lambda value, wanted: _size(value) >= wanted,
    "$contains": _contains,
    "$lacks": lambda value, wanted: not _contains(value, wanted),
    "$in": lambda value, wanted: any(same(value, each) for each in wanted),
    "$not": lambda value, wanted: not same(value, wanted),
    "$nocase": lambda value, wanted: (
        isinstance(value, str) and value.casefold() == wanted.casefold()
    ),
}


def is_operators(constraint: Any) -> bool:
    """Return whether a constraint is an object of operators instead of a literal."""
    return (
        isinstance(constraint, dict)
        and bool(constraint)
        and all(name in OPERATORS for name in constraint)
    )


def same(value: Any, wanted: Any) -> bool:
    """Return whether two JSON values are equal; true differs from 1 and from "True"."""
    if isinstance(value, bool) or isinstance(wanted, bool):
        return value is wanted
    if isinstance(value, list) and isinstance(wanted, list):
        return len(value) == len(wanted) and all(
            same(one, other) for one, other in zip(value, wanted, strict=True)
        )
    if isinstance(value, dict) and isinstance(wanted, dict):
        return value.keys() == wanted.keys() and all(
            same(value[name], wanted[name]) for name in value
        )
    return bool(value == wanted)


def violation(value: Any, constraint: Any) -> str | None:
    """Return the fault of the value, None if there is none."""
    if not is_operators(constraint):
        return None if same(value, constraint) else f"is {value!r} instead of {constraint!r}"
    for name, wanted in constraint.items():
        if not OPERATORS[name](value, wanted):
            return f"is {value!r}, against {name} {wanted!r}"
    return None
