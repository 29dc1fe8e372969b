"""The nodes of a parsed filter; each is compiled to one closure that tests a resource or an element."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from scim.core.attributes import Attribute, Target
from scim.core.operators import Test, fold

Match = Callable[[dict[str, Any]], bool]
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Equality:
    """The comparison `path eq value`, with the path in canonical spelling and the value as written, for an index lookup."""

    path: str
    value: str


@dataclass(frozen=True, slots=True)
class Term:
    """One comparison. `literal` is the text on its right side, or None for null and for the operator `pr`."""

    target: Target
    op: str
    literal: str | None
    test: Test

    def compile(self) -> Match:
        """Return a test for a resource or, inside a value path, for an element."""
        match = _reached(self.target, self.test, self.op == "pr")
        return _opposite(match) if self.op == "ne" else match


@dataclass(frozen=True, slots=True)
class ValuePath:
    """`emails[type eq "work"]`; with `rest` it is Entra's form `emails[type eq "work"].value eq "…"`."""

    target: Target
    inner: "Node"
    rest: Term | None

    def compile(self) -> Match:
        """Return a predicate: whether an element matches the inner filter and the comparison after the brackets."""
        matches = self.inner.compile()
        if self.rest is not None:
            selects, holds = matches, self.rest.compile()

            def matches(element: dict[str, Any]) -> bool:
                return selects(element) and holds(element)

        name, extension = _name(self.target), self.target.extension
        multi_valued = self.target.attribute is not None and self.target.attribute.multi_valued

        def match(resource: dict[str, Any]) -> bool:
            value = (resource.get(extension, _NOTHING) if extension else resource).get(name)
            if not value:
                return False
            if not multi_valued:
                return matches(value)
            for element in value:  # noqa: SIM110 - a generator costs more than all the rest
                if matches(element):
                    return True
            return False

        return match


@dataclass(frozen=True, slots=True)
class And:
    """A conjunction: all parts hold."""

    nodes: tuple["Node", ...]

    def compile(self) -> Match:
        """Return a test that evaluates the parts from left to right until one is false."""
        matches = [node.compile() for node in self.nodes]
        return lambda resource: all(match(resource) for match in matches)


@dataclass(frozen=True, slots=True)
class Or:
    """A disjunction: at least one part holds."""

    nodes: tuple["Node", ...]

    def compile(self) -> Match:
        """Return a test that evaluates the parts from left to right until one is true."""
        matches = [node.compile() for node in self.nodes]
        return lambda resource: any(match(resource) for match in matches)


@dataclass(frozen=True, slots=True)
class Not:
    """A negation: the part does not hold."""

    node: "Node"

    def compile(self) -> Match:
        """Return a test with the opposite result."""
        return _opposite(self.node.compile())


Node = Term | ValuePath | And | Or | Not


def _opposite(match: Match) -> Match:
    return lambda resource: not match(resource)


def _name(target: Target) -> str:
    return target.attribute.name if target.attribute else target.extension


def _reached(target: Target, test: Test, whole: bool) -> Match:
    """Return a test that applies `test` to the values at `target`.

    For a multi-valued attribute, one value that passes is enough.
    """
    at = _values(target, test, whole)
    extension = target.extension
    if not extension or target.attribute is None:
        return at
    return lambda resource: at(resource.get(extension) or {})


def _values(target: Target, test: Test, whole: bool) -> Match:
    name, sub = _name(target), target.sub.name if target.sub else ""
    multi_valued = target.attribute is not None and target.attribute.multi_valued
    if sub and multi_valued:

        def of_elements(resource: dict[str, Any]) -> bool:
            for element in resource.get(name) or (_NOTHING,):  # noqa: SIM110 - as above
                if test(element.get(sub)):
                    return True
            return False

        return of_elements
    if sub:
        return lambda resource: test((resource.get(name) or _NOTHING).get(sub))
    if multi_valued and not whole:
        return lambda resource: any(test(value) for value in resource.get(name) or (None,))
    return lambda resource: test(resource.get(name))


def conjuncts(node: Node) -> Iterator[Node]:
    """Yield the parts that must all be true for `node` to be true."""
    if isinstance(node, And):
        for part in node.nodes:
            yield from conjuncts(part)
    else:
        yield node


def equalities(node: Node) -> Iterator[Equality]:
    """Yield the equalities with text values that must be true for `node` to be true."""
    for part in conjuncts(node):
        if isinstance(part, Term) and _is_equality(part):
            yield Equality(part.target.text, part.literal or "")
        elif isinstance(part, ValuePath):
            yield from _element_equalities(part)


def _is_equality(term: Term) -> bool:
    attribute = term.target.sub or term.target.attribute
    return (
        term.op == "eq"
        and bool(term.literal)
        and attribute is not None
        and attribute.type in ("string", "reference")
    )


def _element_equalities(path: ValuePath) -> Iterator[Equality]:
    attribute = path.target.attribute
    terms = [
        part for part in conjuncts(path.inner) if isinstance(part, Term) and _is_equality(part)
    ]
    kinds = [term for term in terms if _name(term.target) == "type"]
    others = [term for term in terms if _name(term.target) != "type"]
    if path.rest is not None and _is_equality(path.rest):
        others.append(path.rest)
    for term in others:
        selected = f'[type eq "{_kind(kinds[0])}"]' if len(kinds) == 1 else ""
        yield Equality(
            f"{attribute.path}{selected}.{_name(term.target)}" if attribute else "",
            term.literal or "",
        )


def _kind(term: Term) -> str:
    """Return the value of a comparison: a `type` in its canonical spelling, any other text unchanged."""
    text = term.literal or ""
    attribute = term.target.attribute
    known: dict[str, str] = (
        {fold(value): value for value in attribute.canonical_values} if attribute else {}
    )
    return known.get(fold(text), text)


def is_exact_equality(node: Node) -> bool:
    """Return whether `node` is a single equality; brackets that select elements by `type` may precede it."""
    if isinstance(node, Term):
        return _is_equality(node)
    if not isinstance(node, ValuePath):
        return False
    parts = list(conjuncts(node.inner))
    if node.rest is not None:
        parts.append(node.rest)
    if not all(isinstance(part, Term) and _is_equality(part) for part in parts):
        return False
    kinds = sum(1 for part in parts if isinstance(part, Term) and _name(part.target) == "type")
    return kinds <= 1 and len(parts) - kinds == 1


def element_terms(node: Node) -> tuple[tuple[str, Any], ...] | None:
    """Return (sub-attribute, value) pairs that an element must have to be selected by `node`.

    Return None if `node` has anything but equalities joined by `and`.
    """
    terms: list[tuple[str, Any]] = []
    for part in conjuncts(node):
        if not isinstance(part, Term) or part.op != "eq" or part.literal is None:
            return None
        terms.append((_name(part.target), _element_value(part)))
    return tuple(terms)


def _element_value(term: Term) -> Any:
    attribute: Attribute | None = term.target.attribute
    if attribute is not None and attribute.type == "boolean":
        return term.test(True)
    return _kind(term) if _name(term.target) == "type" else term.literal
