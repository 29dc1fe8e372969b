"""Finds the text that has half of a surrogate pair, after a body was refused because of it.

RFC 8259 section 8.2 allows such a text in JSON, but it isn't valid Unicode and can't be stored.
Programs that cut a text after a fixed number of UTF-16 units may leave half of an emoji.
"""

import json
from typing import Any

from scim.core.attribute_values import is_encodable


def half_pair_in(body: bytes) -> str:
    """Return the name of the attribute, or the path of the operation, that has a cut text; "" if none has."""
    if b"\\ud" not in body.lower():
        return ""
    try:
        name = _name_of(json.loads(body))
        return name.encode("utf-8", "replace").decode()
    except (ValueError, RecursionError):
        return ""


def _name_of(parsed: Any) -> str:
    waiting = [("", parsed)]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, str) and not is_encodable(value):
            return name
        if isinstance(value, list):
            waiting += [(name, element) for element in reversed(value)]
        elif isinstance(value, dict):
            waiting += [(_below(name, value, key), part) for key, part in reversed(value.items())]
            waiting += [(key, key) for key in value if not is_encodable(key)]
    return ""


def _below(name: str, holder: dict[str, Any], key: str) -> str:
    """Return the path of `holder[key]` for an error message, such as `name.givenName`; `name` is the path of `holder`.

    If `holder` is a PATCH operation and `key` is "value", return the operation's own path.
    """
    path = holder.get("path")
    if key == "value" and isinstance(path, str) and path:
        return path
    return key if not name or name in ("Operations", "data") else f"{name}.{key}"
