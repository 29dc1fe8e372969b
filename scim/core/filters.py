"""Filters (RFC 7644 section 3.4.2.2; grammar in filter.abnf), parsed and compiled once."""

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

from scim.core.attributes import ResourceType
from scim.core.errors import ScimError
from scim.core.filter_ast import Equality, Match, Node, Term, equalities, is_exact_equality
from scim.core.lexer import TEXT, Token
from scim.core.operators import comparison
from scim.core.parser import Parser, resource_scope

# Longer filters and paths are parsed each time: kept ones would fill the memory.
KEPT_CHARACTERS = 256
# What provisioning clients ask before each create; only the text in quotes differs.
_ONE_EQUALITY = re.compile(r'([A-Za-z.]+) eq "([^"\\]+)"')


@dataclass(frozen=True, eq=False, kw_only=True)
class Filter:
    """A compiled filter. `matches(resource)` returns whether a resource passes."""

    text: str
    node: Node
    is_exact_equality: bool
    _equalities: tuple[Equality, ...]

    @cached_property
    def matches(self) -> Match:
        """Return the function that tests a resource."""
        return self.node.compile()

    def equalities(self) -> list[Equality]:
        """Return the equalities that every match fulfils.

        One of them may be looked up in an index; the resources found there must still be tested.
        """
        return list(self._equalities)


def parse_filter(text: str, resource_type: ResourceType) -> Filter:
    """Parse and compile the filter `text` for a resource type; short filters are cached.

    Raises:
        ScimError: invalidFilter with the position and the expected token; its subclass UnknownAttribute if the resource
            type lacks an attribute.
    """
    return (
        _parse_cached(text, resource_type)
        if len(text) <= KEPT_CHARACTERS
        else _parse(text, resource_type)
    )


@lru_cache(maxsize=1024)
def _parse_cached(text: str, resource_type: ResourceType) -> Filter:
    found = _ONE_EQUALITY.fullmatch(text)
    if found is not None and text.isascii() and text.isprintable():
        term = _sample_equality(found[1], resource_type)
        if term is not None:
            return _of_equality(text, term, found[2])
    return _parse(text, resource_type)


@lru_cache(maxsize=256)
def _sample_equality(name: str, resource_type: ResourceType) -> Term | None:
    """Return the parsed filter `name eq "x"`, or None if `name` is unknown or isn't the name of a text attribute."""
    try:
        sample = _parse(f'{name} eq "x"', resource_type)
    except ScimError:
        return None
    return sample.node if isinstance(sample.node, Term) and sample.is_exact_equality else None


def _of_equality(text: str, sample: Term, literal: str) -> Filter:
    """Return the Filter for `text`, which is the equality `sample` with the value `literal`, without parsing it."""
    target = sample.target
    attribute = target.sub or target.attribute
    assert attribute is not None
    test = comparison(attribute, "eq", Token(TEXT, literal, 1))
    node = Term(target, "eq", literal, test)
    found = (Equality(target.text, literal),)
    return Filter(text=text, node=node, is_exact_equality=True, _equalities=found)


def _parse(text: str, resource_type: ResourceType) -> Filter:
    parser = Parser(text, resource_type.name)
    node = parser.expression(resource_scope(resource_type))
    parser.end()
    found = tuple(equalities(node))
    return Filter(
        text=text, node=node, is_exact_equality=is_exact_equality(node), _equalities=found
    )
