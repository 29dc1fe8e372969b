"""`bulkId:…` references between the operations of a bulk request (RFC 7644 section 3.7.2)."""

from typing import Any

PREFIX = "bulkId:"


def names_in(value: Any) -> set[str]:
    """The bulkIds that `value` refers to, in strings anywhere inside it."""
    found, inside = set[str](), [value]
    while inside:  # not by recursion: JSON may be nested deeper than the interpreter's stack
        match inside.pop():
            case str() as text if PREFIX in text:
                found |= {text.removeprefix(PREFIX)} if text.startswith(PREFIX) else _in_path(text)
            case dict() as members:
                inside += members.values()
            case list() as elements:
                inside += elements
    return found


def _in_path(text: str) -> set[str]:
    """A reference inside a path: `/Groups/bulkId:x`, `members[value eq "bulkId:x"]`."""
    found, rest = set(), text
    while PREFIX in rest:
        rest = rest.partition(PREFIX)[2]
        name = rest[: next((at for at, c in enumerate(rest) if c in '/"]?'), len(rest))]
        found.add(name)
    return found


def resolve(value: Any, ids: dict[str, str]) -> Any:
    """`value` with each known reference replaced by the id that the server has given."""
    match value:
        case str() if PREFIX in value:
            for name in sorted(names_in(value), key=len, reverse=True):
                if name in ids:
                    value = value.replace(PREFIX + name, ids[name])
            return value
        case dict():
            return {key: resolve(part, ids) for key, part in value.items()}
        case list():
            return [resolve(part, ids) for part in value]
        case _:
            return value
