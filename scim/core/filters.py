"""Filters (RFC 7644 section 3.4.2.2; grammar in filter.abnf), parsed and compiled once."""

from dataclasses import dataclass
from functools import lru_cache

from scim.core.attributes import ResourceType
from scim.core.filter_ast import Equality, Match, Node, equalities, is_exact_equality
from scim.core.parser import Parser, resource_scope

# Longer filters and paths are parsed each time: kept ones would fill the memory.
KEPT_CHARACTERS = 256


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Filter:
    """A compiled filter. `matches(resource)` tells whether a resource passes."""

    text: str
    node: Node
    matches: Match
    is_exact_equality: bool
    _equalities: tuple[Equality, ...]

    def equalities(self) -> list[Equality]:
        """Return the equalities that every match fulfils.

        An index may be asked for one of them; its answer is still tested.
        """
        return list(self._equalities)


def parse_filter(text: str, resource_type: ResourceType) -> Filter:
    """Return the parsed filter `text` for a resource type; short filters are cached.

    Raises:
        ScimError: invalidFilter with the position and the expected token; its subclass
            UnknownAttribute if the resource type does not have an attribute.
    """
    return (
        _parse_kept(text, resource_type)
        if len(text) <= KEPT_CHARACTERS
        else _parse(text, resource_type)
    )


@lru_cache(maxsize=1024)
def _parse_kept(text: str, resource_type: ResourceType) -> Filter:
    return _parse(text, resource_type)


def _parse(text: str, resource_type: ResourceType) -> Filter:
    parser = Parser(text, resource_type.name)
    node = parser.expression(resource_scope(resource_type))
    parser.end()
    found = tuple(equalities(node))
    return Filter(
        text=text,
        node=node,
        matches=node.compile(),
        is_exact_equality=is_exact_equality(node),
        _equalities=found,
    )
