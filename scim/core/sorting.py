"""Sorts resources by `sortBy` (RFC 7644 section 3.4.2.3)."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from scim.core.attribute_values import parse_date_time
from scim.core.attributes import Attribute, ResourceType, Target
from scim.core.errors import bad_path
from scim.core.operators import fold
from scim.core.patch_path import Path, parse_path

# A missing value sorts first if the order is reversed, else last.
SortKey = tuple[bool, Any]
_MISSING: SortKey = (True, "")


def sort_key(resource: dict[str, Any], path: str, resource_type: ResourceType) -> SortKey:
    """Return the sort key of `resource`.

    In ascending order a missing value comes last; reverse the whole order for descending.
    Raise ScimError invalidPath if the attribute at `path` has no order.
    """
    return sorter(path, resource_type)(resource)


@lru_cache(maxsize=256)
def sorter(path: str, resource_type: ResourceType) -> Callable[[dict[str, Any]], SortKey]:
    """Return a function that returns the `sort_key` of a resource; it parses `path` only once."""
    parsed = parse_path(path, resource_type)
    leaf = _leaf(parsed, path)
    convert = _converter(leaf)

    def key(resource: dict[str, Any]) -> SortKey:
        value = _value(resource, parsed, leaf)
        if value is None:
            return _MISSING
        converted = convert(value)
        return _MISSING if converted is None else (False, converted)

    return key


def root(path: str, resource_type: ResourceType) -> str:
    """Return the top-level attribute or extension that contains the values to sort by."""
    parsed = parse_path(path, resource_type)
    _leaf(parsed, path)
    return parsed.extension or (parsed.attribute.name if parsed.attribute else "")


def _leaf(path: Path, text: str) -> Attribute:
    """Return the attribute to compare; for a complex attribute its `value`."""
    leaf = path.sub or path.attribute
    if leaf is not None and leaf.type == "complex":
        leaf = leaf.subs.get("value")
    is_hidden = Target(path.extension, path.attribute, path.sub or leaf).is_never_returned
    if leaf is None or path.selection is not None or is_hidden:
        raise bad_path("no_order", path=text)
    return leaf


def _converter(leaf: Attribute) -> Callable[[Any], Any]:
    if leaf.type == "dateTime":
        return parse_date_time
    if leaf.type in ("boolean", "integer", "decimal") or leaf.case_exact:
        return lambda value: value
    return fold


def _value(resource: dict[str, Any], path: Path, leaf: Attribute) -> Any:
    attribute = path.attribute
    assert attribute is not None
    box = resource.get(path.extension) or {} if path.extension else resource
    value = box.get(attribute.name)
    if attribute.multi_valued and value:
        value = _preferred(value)
    return value.get(leaf.name) if isinstance(value, dict) else value


def _preferred(elements: list[Any]) -> Any:
    """Return the primary element, or the first if none is primary."""
    return next(
        (e for e in elements if isinstance(e, dict) and e.get("primary") is True), elements[0]
    )
