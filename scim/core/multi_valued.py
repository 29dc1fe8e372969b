"""PATCH on multi-valued attributes: which elements a path selects, and how they change.

Functions return new elements and never modify their arguments.
"""

from collections.abc import Hashable
from typing import Any

from scim.core import interop
from scim.core.attribute_values import (
    AN_OBJECT,
    check_count,
    parse_single,
    sent_elements,
    wrong_type,
)
from scim.core.attributes import Attribute
from scim.core.errors import bad_value, mutability, no_target
from scim.core.notes import Notes
from scim.core.operators import fold
from scim.core.patch_path import Path, Selection

_FIXED = ("readOnly", "immutable")
_MAX_LISTED = 100

Element = Any
Elements = list[Any]


def add(
    attribute: Attribute, current: Elements, value: object, notes: Notes | None = None
) -> Elements:
    """Append the elements that are missing (RFC 7644 section 3.5.2.1); a single element is read as an array of one.

    No two elements may have the same type and value (RFC 7643 section 2.4), so an existing element is completed with
    the sub-attributes sent.
    """
    result = list(current)
    indexes = _indexes_by_key(attribute, current)
    primary = None
    for element in _read(attribute, value, notes):
        at = indexes.setdefault(_key(attribute, element), [])
        index = next((index for index in at if _same(attribute, result[index], element)), None)
        if index is None:
            index = len(result)
            at.append(index)
            result.append(element)
        elif not _covers(attribute, result[index], element):
            result[index] = {**result[index], **element}
        if primary is None and _is_primary(element):
            primary = index
    return result if primary is None else _one_primary(result, primary)


def replace(attribute: Attribute, value: object, notes: Notes | None = None) -> Elements:
    """Return the new elements, which replace all others (RFC 7644 section 3.5.2.3)."""
    return _one_primary(_read(attribute, value, notes), None)


def _read(attribute: Attribute, value: object, notes: Notes | None = None) -> Elements:
    values = [] if interop.is_empty(value) else sent_elements(attribute, value)
    check_count(attribute, len(values))
    parsed = [parse_single(attribute, element, notes) for element in values]
    return [element for element in parsed if element is not None]


def _indexes_by_key(attribute: Attribute, elements: Elements) -> dict[Hashable, list[int]]:
    """Return the indexes of elements by their key, so that adding many doesn't compare all pairs."""
    indexes: dict[Hashable, list[int]] = {}
    for index, element in enumerate(elements):
        indexes.setdefault(_key(attribute, element), []).append(index)
    return indexes


def _key(attribute: Attribute, element: Element) -> Hashable:
    """Return a key that is equal for elements that may be the same: made of the value, else of all sub-attributes."""
    if not isinstance(element, dict):
        return str(element)
    if "value" in element:
        return _comparable(attribute, "value", element["value"])
    return frozenset([(name, _comparable(attribute, name, part)) for name, part in element.items()])


def _comparable(attribute: Attribute, name: str, value: Any) -> Hashable:
    """Return a sub-attribute's value for comparison: case-folded unless the sub-attribute is caseExact."""
    exact = not isinstance(value, str) or attribute.subs[name.lower()].case_exact
    return str(value) if exact else fold(value)


def _same(attribute: Attribute, known: Element, element: Element) -> bool:
    """Return whether `element` refers to `known`: it has the same value and, if it has a type, the same type."""
    if not isinstance(known, dict) or not isinstance(element, dict):
        return bool(known == element)
    names = (
        [name for name in ("value", "type") if name in element]
        if "value" in element
        else list(element)
    )
    return _covers(attribute, known, {name: element[name] for name in names})


def _covers(attribute: Attribute, known: Element, element: Element) -> bool:
    """Return whether `known` has all sub-attributes of `element` with equal values."""
    if not isinstance(known, dict):
        return True
    return all(
        name in known
        and _comparable(attribute, name, known[name]) == _comparable(attribute, name, part)
        for name, part in element.items()
    )


def _is_primary(element: Element) -> bool:
    return isinstance(element, dict) and element.get("primary") is True


def _with(elements: Elements, changed: dict[int, Element]) -> Elements:
    """Return the elements with those in `changed` replaced, by index.

    If one becomes primary, the former primary element no longer is (RFC 7644 section 3.5.2).
    """
    result = [changed.get(index, element) for index, element in enumerate(elements)]
    for index, element in changed.items():
        if _is_primary(element):
            return _one_primary(result, index)
    return result


def _one_primary(elements: Elements, winner: int | None) -> Elements:
    """Return the elements with `primary` true only at index `winner`, or at the first element that has it."""
    result = []
    for index, element in enumerate(elements):
        if _is_primary(element):
            winner = index if winner is None else winner
            element = element if index == winner else {**element, "primary": False}
        result.append(element)
    return result


def assign(
    attribute: Attribute,
    current: Elements,
    path: Path,
    value: object,
    op: str,
    notes: Notes | None = None,
) -> Elements:
    """Add to or replace the elements that the path selects, or one sub-attribute of each.

    If the path selects none, create an element that it would select. Raise ScimError noTarget if that is
    impossible.
    """
    if path.sub is not None and path.sub.mutability in _FIXED:
        raise mutability(path.sub.path, "element_immutable", name=attribute.name)
    indexes = selected(current, path.selection)
    if path.sub is None and interop.is_empty(value):
        emptied = set(indexes) if op == "replace" else set()
        return [element for index, element in enumerate(current) if index not in emptied]
    sent = {path.sub.name: value} if path.sub is not None else _object(attribute, value)
    part = parse_single(attribute, sent, notes) or {}
    cleared = {
        attribute.subs[name.lower()].name for name in sent if name.lower() in attribute.subs
    } - part.keys()
    changed = {index: _without(current[index], cleared) | part for index in indexes}
    if not indexes and part:
        changed = {len(current): _created(attribute, path) | part}
        current = [*current, {}]
    return _with(current, {index: new for index, new in changed.items() if new != current[index]})


def _created(attribute: Attribute, path: Path) -> dict[str, Any]:
    """Return a new element that the path selects; without brackets it selects every element."""
    created = {} if path.selection is None else interop.selected_element(path.selection.terms)
    if created is None:
        raise no_target("selects_nothing", path=path.text, name=attribute.name)
    return created


def _object(attribute: Attribute, value: object) -> dict[str, Any]:
    """Return the object sent for one element; unwrap an array of one."""
    if isinstance(value, list):
        if len(value) != 1:
            raise bad_value(attribute.path, "array_for_one")
        value = value[0]
    value = interop.complex_value(attribute, value)
    if not isinstance(value, dict):
        raise wrong_type(attribute, value, AN_OBJECT)
    return value


def _without(element: dict[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in element.items() if name not in names}


def remove(attribute: Attribute, current: Elements, path: Path, value: object) -> Elements:
    """Remove the elements that the path selects or the value lists, or one sub-attribute of the selected elements."""
    if path.sub is not None:
        if path.sub.mutability in _FIXED or path.sub.required:
            raise mutability(path.sub.path, "not_removed_alone", name=attribute.name)
        indexes = set(selected(current, path.selection))
        return [
            _without(e, {path.sub.name}) if index in indexes else e
            for index, e in enumerate(current)
        ]
    if path.selection is not None:
        return [element for element in current if not path.selection.matches(element)]
    listed = interop.listed_values(value)
    return [] if listed is None else _without_listed(attribute, current, listed)


def _without_listed(attribute: Attribute, current: Elements, listed: list[Any]) -> Elements:
    """Return the elements that match none of the listed ones, by value or else by all sub-attributes."""
    by_value: dict[Hashable, list[Element]] = {}
    others: list[Element] = []
    for element in _read(attribute, listed):
        if isinstance(element, dict) and "value" not in element:
            others.append(element)
        else:
            by_value.setdefault(_key(attribute, element), []).append(element)
    if len(others) > _MAX_LISTED:
        raise bad_value(attribute.path, "lists_too_many", most=_MAX_LISTED)
    return [
        element
        for element in current
        if not any(
            _same(attribute, element, name)
            for name in (*by_value.get(_key(attribute, element), ()), *others)
        )
    ]


def selected(current: Elements, selection: Selection | None) -> list[int]:
    """Return the indexes of the elements that a path selects; without brackets it selects all."""
    if selection is None:
        return list(range(len(current)))
    return [index for index, element in enumerate(current) if selection.matches(element)]
