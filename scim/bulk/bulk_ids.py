"""`bulkId:…` references between the operations of a bulk request (RFC 7644 section 3.7.2)."""

import re
from typing import Any

PREFIX = "bulkId:"
# Inside a path that continues after it: `/Groups/bulkId:x`, `members[value eq "bulkId:x"]`.
_IN_PATH = re.compile(f'{PREFIX}([^/"\\]?]*)')


def names_in(value: Any) -> set[str]:
    """Return the bulkIds to which `value` refers in any string, at any depth."""
    found, inside = set[str](), [value]
    while inside:  # not by recursion: JSON may be nested deeper than the interpreter's stack
        match inside.pop():
            case str() as text if PREFIX in text:
                found.update(
                    [text.removeprefix(PREFIX)]
                    if text.startswith(PREFIX)
                    else _IN_PATH.findall(text)
                )
            case dict() as members:
                inside += members.values()
            case list() as elements:
                inside += elements
    return found


def resolve(value: Any, ids: dict[str, str]) -> Any:
    """Return `value` with each known reference replaced by the id of the created resource."""
    match value:
        case str() if value.startswith(PREFIX):
            return ids.get(value.removeprefix(PREFIX), value)
        case str() if PREFIX in value:
            return _IN_PATH.sub(lambda found: ids.get(found[1], found[0]), value)
        case dict():
            return {key: resolve(part, ids) for key, part in value.items()}
        case list():
            return [resolve(part, ids) for part in value]
        case _:
            return value
