"""The position in a JSON value that a constraint reads: `name.givenName`, `emails[type eq
"work"].value`, `Resources[0].id`.

A schema URN is one key, followed by a colon: `urn:…:enterprise:2.0:User:department`.
"""

import re
from typing import Any

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

ABSENT: Any = type("Absent", (), {"__repr__": lambda _: "absent"})()
"""What a path finds where there is nothing."""

_PART = re.compile(
    r'^(?:(?P<key>[$\w-]+)|\[(?P<number>\d+)\]|\[(?P<name>\w+) eq "(?P<value>[^"]*)"\]|(?P<dot>\.))'
)


class Ambiguous(Exception):
    """A selection found several elements instead of one."""


def find(value: Any, path: str) -> Any:
    """The value at the path, or ABSENT; an empty path is the value itself. Raises Ambiguous."""
    if path == ENTERPRISE or path.startswith(f"{ENTERPRISE}:"):
        value = _key(value, ENTERPRISE)
        path = path.removeprefix(ENTERPRISE).removeprefix(":")
    elif path.startswith("urn:"):
        return _key(value, path)
    while path:
        part = _PART.match(path)
        if part is None:
            raise ValueError(f"not a path: {path!r}")
        path = path[part.end() :]
        if part["key"]:
            value = _key(value, part["key"])
        elif part["number"]:
            number = int(part["number"])
            value = value[number] if isinstance(value, list) and number < len(value) else ABSENT
        elif part["name"]:
            value = _selected(value, part["name"], part["value"])
    return value


def _key(value: Any, name: str) -> Any:
    return value.get(name, ABSENT) if isinstance(value, dict) else ABSENT


def _selected(value: Any, name: str, wanted: str) -> Any:
    elements = value if isinstance(value, list) else []
    found = [each for each in elements if isinstance(each, dict) and each.get(name) == wanted]
    if len(found) > 1:
        raise Ambiguous(f'{len(found)} elements with {name} "{wanted}" where one was meant')
    return found[0] if found else ABSENT
