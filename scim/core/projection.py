"""`attributes` and `excludedAttributes` (RFC 7644 sections 3.4.2.5 and 3.9; RFC 7643 section 2.2 on `returned`)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from scim.core.attributes import Attribute, ResourceType, Target
from scim.core.errors import bad_value

MAX_CHARACTERS = 8192

# What is named: attribute name (or extension URN) -> None for all of it, else what is named below it.
Names = dict[str, "Names | None"]


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """Which attributes an answer has."""

    wanted: Names | None
    unwanted: Names = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether a resource is returned as it is."""
        return self.wanted is None and not self.unwanted

    def apply(self, resource: dict[str, Any]) -> dict[str, Any]:
        """The resource as it is returned; the same object where nothing is left out."""
        result = resource if self.wanted is None else _only(resource, self.wanted)
        return _except(result, self.unwanted) if self.unwanted else result

    def has(self, name: str) -> bool:
        """Whether the top-level attribute `name` is in the answer at all, so that it need not be read otherwise."""
        if self.wanted is not None:
            return name in self.wanted
        return name not in self.unwanted or self.unwanted[name] is not None


@lru_cache(maxsize=256)
def read_attributes(
    attributes: str | None, excluded: str | None, resource_type: ResourceType
) -> Projection:
    """The projection that the two comma-separated parameters ask for; names that are unknown change nothing.

    ScimError invalidValue where both are given (RFC 7644 section 3.9 allows one) or one is longer than any client's.
    """
    if attributes and attributes.strip() and excluded and excluded.strip():
        raise bad_value("attributes", "both_projections")
    if len(attributes or excluded or "") > MAX_CHARACTERS:
        raise bad_value("attributes", "too_long", most=MAX_CHARACTERS)
    unwanted = _never(resource_type)
    if attributes and attributes.strip():
        wanted = _always(resource_type)
        _name(wanted, _targets(attributes, resource_type))
        return Projection(wanted, unwanted)
    named = [target for target in _targets(excluded or "", resource_type) if not _is_always(target)]
    _name(unwanted, [*named, *_on_request(resource_type)])
    return Projection(None, unwanted)


def _targets(text: str, resource_type: ResourceType) -> Iterator[Target]:
    for name in text.split(","):
        target = resource_type.find(name.strip())
        if target is not None:
            yield target


def _is_always(target: Target) -> bool:
    return any(
        part is not None and part.returned == "always" for part in (target.attribute, target.sub)
    )


def _of_core(resource_type: ResourceType, returned: str) -> Iterator[Attribute]:
    return (a for a in resource_type.attributes.values() if a.returned == returned)


def _always(resource_type: ResourceType) -> Names:
    return {attribute.name: None for attribute in _of_core(resource_type, "always")}


def _never(resource_type: ResourceType) -> Names:
    return {attribute.name: None for attribute in _of_core(resource_type, "never")}


def _on_request(resource_type: ResourceType) -> Iterator[Target]:
    return (Target("", attribute, None) for attribute in _of_core(resource_type, "request"))


def _name(names: Names, targets: Iterator[Target] | list[Target]) -> None:
    for target in targets:
        parts = [
            target.extension,
            target.attribute and target.attribute.name,
            target.sub and target.sub.name,
        ]
        if any(parts):
            _enter(names, [part for part in parts if part])


def _enter(names: Names, parts: list[str]) -> None:
    """Enter a path; a whole that is named covers its parts."""
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
            kept = part if below is None else _each(part, below, _only)
            if kept or below is None:
                result[name] = kept
    return result


def _except(value: dict[str, Any], names: Names) -> dict[str, Any]:
    result = {}
    for name, part in value.items():
        if name not in names:
            result[name] = part
        elif (below := names[name]) is not None and (kept := _each(part, below, _except)):
            result[name] = kept
    return result


def _each(value: Any, names: Names, apply: Any) -> Any:
    """Below a complex attribute, or below each element of a multi-valued one; elements with nothing left go."""
    if isinstance(value, list):
        kept = [apply(element, names) for element in value if isinstance(element, dict)]
        return [element for element in kept if element]
    return apply(value, names) if isinstance(value, dict) else value
