"""`attributes` and `excludedAttributes` (RFC 7644 sections 3.4.2.5 and 3.9; RFC 7643 section 2.2 on `returned`)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from scim.core import interop
from scim.core.attributes import ResourceType, Target
from scim.core.errors import ScimError, bad_value
from scim.core.patch_path import parse_path

MAX_CHARACTERS = 8192

# Attribute name (or extension URN) -> None for all of it, else the names of its parts.
Names = dict[str, "Names | None"]


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """Which attributes a response contains.

    If `is_usual`, it contains every stored attribute, so the stored JSON can be sent unchanged.
    """

    wanted: Names | None
    unwanted: Names = field(default_factory=dict)
    is_usual: bool = False

    @property
    def is_whole(self) -> bool:
        """Return whether resources are returned unchanged."""
        return self.wanted is None and not self.unwanted

    def apply(self, resource: dict[str, Any]) -> dict[str, Any]:
        """Return the resource with only the projection's attributes; the same object if none is left out."""
        result = resource if self.wanted is None else _only(resource, self.wanted)
        return _except(result, self.unwanted) if self.unwanted else result

    def has(self, name: str) -> bool:
        """Return whether the response has any part of the top-level attribute `name`."""
        if self.wanted is not None:
            return name in self.wanted
        return name not in self.unwanted or self.unwanted[name] is not None


@lru_cache(maxsize=256)
def parse_attributes(
    attributes: str | None, excluded: str | None, resource_type: ResourceType
) -> Projection:
    """Parse the two comma-separated parameters; unknown names are ignored.

    Raise ScimError invalidValue if both are given (RFC 7644 section 3.9 allows only one), or if one is longer than
    any real client's.
    """
    if attributes and attributes.strip() and excluded and excluded.strip():
        raise bad_value("attributes", "both_projections")
    if len(attributes or excluded or "") > MAX_CHARACTERS:
        raise bad_value("attributes", "too_long", most=MAX_CHARACTERS)
    unwanted: Names = {}
    _name(unwanted, _returned(resource_type, "never"))
    if attributes and attributes.strip():
        wanted: Names = {}
        named = list(_targets(attributes, resource_type))
        _name(wanted, [*_returned(resource_type, "always"), *named])
        _name(unwanted, _not_named(named, resource_type))
        return Projection(wanted, unwanted)
    # Leaving out all e-mail addresses if some were selected would leave out more than requested.
    excluding = _targets(excluded or "", resource_type, selections=False)
    _name(unwanted, (part for one in excluding for part in _excludable(one, resource_type)))
    _name(unwanted, _returned(resource_type, "request"))
    is_usual = not (excluded and excluded.strip()) and not _has_hidden(resource_type)
    return Projection(None, unwanted, is_usual=is_usual)


def _has_hidden(resource_type: ResourceType) -> bool:
    """Return whether a stored resource can have a value that a response leaves out unless it is requested."""
    hidden = _returned(resource_type, "never", "request")
    return any(part.is_stored for target in hidden if (part := target.sub or target.attribute))


def _not_named(named: Sequence[Target], resource_type: ResourceType) -> Iterator[Target]:
    """Yield the attributes with `returned` "request" that the client didn't request by name."""
    for target in _returned(resource_type, "request"):
        if not any(_asks_for(one, target) for one in named):
            yield target


def _asks_for(named: Target, target: Target) -> bool:
    if named.extension != target.extension or named.attribute is not target.attribute:
        return False
    return target.sub is None or named.sub is target.sub


def _excludable(target: Target, resource_type: ResourceType) -> Iterator[Target]:
    """Yield the parts of `target` that may be excluded: `target` itself, or its parts that aren't always returned."""
    if _is_always(target):
        return
    always = [
        one
        for one in _returned(resource_type, "always")
        if one.extension == target.extension
        and (target.attribute is None or one.attribute is target.attribute)
        and (target.sub is None or one.sub is target.sub)
    ]
    if not always or target.sub is not None:
        yield target
    elif target.attribute is not None:
        for sub in target.attribute.sub_attributes:
            yield from _excludable(target._replace(sub=sub), resource_type)
    else:
        for attribute in resource_type.extension_attributes.get(target.extension, {}).values():
            yield from _excludable(target._replace(attribute=attribute), resource_type)


def _targets(
    text: str, resource_type: ResourceType, *, selections: bool = True
) -> Iterator[Target]:
    """Yield the targets of the names in a list, without unknown names.

    A name with brackets, such as `emails[type eq "work"]`, is skipped unless `selections`.
    """
    for name in interop.listed_names(text):
        if "[" not in name:
            target = resource_type.find(name)
            if target is not None:
                yield target
        elif selections:
            try:
                path = parse_path(name, resource_type)
            except ScimError:
                continue
            yield Target(path.extension, path.attribute, path.sub)


def _is_always(target: Target) -> bool:
    return any(
        part is not None and part.returned == "always" for part in (target.attribute, target.sub)
    )


def _returned(resource_type: ResourceType, *returned: str) -> Iterator[Target]:
    """Yield the attributes and sub-attributes of all schemas with this characteristic `returned` (RFC 7643 section 2.2)."""
    for urn, attribute in resource_type.placed_attributes():
        if attribute.returned in returned:
            yield Target(urn, attribute, None)
            continue
        for sub in attribute.sub_attributes:
            if sub.returned in returned:
                yield Target(urn, attribute, sub)


def _name(names: Names, targets: Iterable[Target]) -> None:
    for target in targets:
        parts = [
            target.extension,
            target.attribute and target.attribute.name,
            target.sub and target.sub.name,
        ]
        if any(parts):
            _enter(names, [part for part in parts if part])


def _enter(names: Names, parts: list[str]) -> None:
    """Add a path to the tree of names; a whole attribute replaces its parts."""
    *above, last = parts
    for part in above:
        below = names.setdefault(part, {})
        if below is None:
            return
        names = below
    names[last] = None


def _only(value: dict[str, Any], names: Names) -> dict[str, Any]:
    result = {}
    for name, part in value.items():
        if name in names:
            below = names[name]
            projected = part if below is None else _each(part, below, _only)
            if projected or below is None:
                result[name] = projected
    return result


def _except(value: dict[str, Any], names: Names) -> dict[str, Any]:
    result = {}
    for name, part in value.items():
        if name not in names:
            result[name] = part
        elif (below := names[name]) is not None and (projected := _each(part, below, _except)):
            result[name] = projected
    return result


def _each(value: Any, names: Names, apply: Any) -> Any:
    """Remove paths from a complex value, or from each element of a list; drop elements that become empty."""
    if isinstance(value, list):
        projected = [apply(element, names) for element in value if isinstance(element, dict)]
        return [element for element in projected if element]
    return apply(value, names) if isinstance(value, dict) else value
