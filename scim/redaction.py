"""Removes the values from a request for the inspector; attribute names, operators, types and sizes stay.

Values that may identify a person are replaced: every text of a body, every literal of a filter, every ID of a path.
Booleans and the texts that SCIM itself defines stay, because they help to explain a fault.
"""

import re
from collections.abc import Sequence
from typing import Any

import orjson

MAX_BODY = 64 * 1024  # bytes of a body that is looked at
_MAX_TEXT = 2000  # characters of a shape
_MAX_NODES = 300
_MAX_ITEMS = 3  # of an array
_MAX_NAME = 120
_COLLECTIONS = {
    name.lower(): name
    for name in (
        "Users",
        "Groups",
        "Bulk",
        "Schemas",
        "ResourceTypes",
        "ServiceProviderConfig",
        "Me",
        ".search",
    )
}
_PLAIN_PARAMETERS = frozenset(
    ("attributes", "excludedAttributes", "startIndex", "count", "sortBy", "sortOrder")
)
# Texts that RFC 7643 and RFC 7644 define: types of values, operations, and URNs of schemas.
_DEFINED = frozenset(
    "work home mobile fax pager other direct indirect true false add replace remove".split()
)
_KEPT_MEMBERS = frozenset(("op", "method"))
_QUOTED = re.compile(r'"([^"]*)"')
_COMPARISONS = frozenset("eq ne co sw ew gt ge lt le".split())
_CONSTANTS = frozenset(("true", "false", "null"))
_END = re.compile(r'(?P<literal>"[^"]*"|[^\s"()\[\]]+)(?P<rest>[)\]]{0,9}(?:\.[A-Za-z]{1,40})?)')
_PLAIN = re.compile(r"[A-Za-z0-9_$:., \-\[\]()\"…]{0,200}")
_HIDDEN = "…"


def path_of(path: str) -> str:
    """Return a path below the base URL with its IDs replaced, such as `/Users/{id}`."""
    parts = [part for part in path.split("/") if part][:4]
    shown = [
        _COLLECTIONS.get(part.lower(), "{id}" if at else _HIDDEN) for at, part in enumerate(parts)
    ]
    return "/" + "/".join(shown)


def query_of(query: dict[str, str]) -> str:
    """Return the query string with the literals of a filter replaced."""
    shown = []
    for name, value in list(query.items())[:12]:
        if name == "filter":
            shown.append(f"filter={expression(value)}")
        elif name in _PLAIN_PARAMETERS:
            shown.append(f"{name}={_name(value)}")
        else:
            shown.append(f"{_name(name)}={_HIDDEN}")
    return " & ".join(shown)[:_MAX_TEXT]


def expression(text: str) -> str:
    """Return a filter or PATCH path with its literals replaced."""
    text = text[:_MAX_TEXT]
    if text.count('"') % 2:  # the last text is not closed
        text = f'{text[: text.rindex(chr(34))]}"{_HIDDEN}"'
    shown = _QUOTED.sub(_shown_or_hidden, text)
    redacted = _redacted(shown.split())
    return redacted if redacted and _PLAIN.fullmatch(redacted) else _HIDDEN


def _shown_or_hidden(found: re.Match[str]) -> str:
    return f'"{found[1] if found[1].lower() in _DEFINED else _HIDDEN}"'


def _redacted(words: Sequence[str]) -> str:
    """Return an expression with its unquoted literals replaced; "" if the words don't form an expression.

    Words must follow the pattern attribute, operator, literal, `and` or `or`: any other word may be part of a value.
    """
    shown, expected = list[str](), "attribute"
    for word in words:
        plain = word.strip("()").lower()
        if expected == "attribute":
            expected = "attribute" if plain == "not" else "operator"
        elif expected == "operator" and plain in _COMPARISONS:
            expected = "literal"
        elif expected == "literal" and (found := _END.fullmatch(word)):
            is_shown = found["literal"].startswith('"') or found["literal"].lower() in _CONSTANTS
            word = word if is_shown else _HIDDEN + found["rest"]
            expected = "connective"
        elif expected == "operator" and plain.rstrip("]") == "pr":
            expected = "connective"
        elif expected == "connective" and plain in ("and", "or"):
            expected = "attribute"
        else:
            return ""
        shown.append(word)
    return " ".join(shown)


def shape_of(body: bytes) -> str:
    """Return the JSON of a body with each value replaced by its type, or the reason if the body isn't JSON."""
    if not body:
        return ""
    if len(body) > MAX_BODY:
        return f"({len(body)} bytes)"
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "(no JSON)"
    text = orjson.dumps(_Shape().of(value, ""), option=orjson.OPT_INDENT_2).decode()
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}{_HIDDEN}"


class _Shape:
    """Replaces values by their types, until `_MAX_NODES` values were replaced."""

    def __init__(self) -> None:
        self._left = _MAX_NODES

    def of(self, value: Any, member: str, depth: int = 0) -> Any:
        """Return the value with every text and number in it replaced by the name of its type; `member` is its JSON name."""
        self._left -= 1
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return _text(value, member)
        if isinstance(value, int | float):
            return "(number)"
        if self._left <= 0 or depth > 8:
            return _HIDDEN
        if isinstance(value, list):
            items = [self.of(one, member, depth + 1) for one in value[:_MAX_ITEMS]]
            rest = len(value) - len(items)
            return [*items, f"({rest} more)"] if rest else items
        shown = {}
        for name, part in value.items():
            if self._left <= 0:
                break
            shown[_name(name)] = self.of(part, name, depth + 1)
        return shown


def _text(value: str, member: str) -> str:
    if value.lower() in _DEFINED and (member in _KEPT_MEMBERS or member == "type"):
        return value
    if member == "schemas" and value.startswith("urn:ietf:params:scim:"):
        return _name(value)
    if member == "path":
        return path_of(value) if value.startswith("/") else expression(value)
    return f"(text, {len(value)})"


def _name(text: str) -> str:
    """Return an attribute's name, with any literals in it replaced."""
    return expression(text)[:_MAX_NAME]
