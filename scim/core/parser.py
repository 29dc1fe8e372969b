"""A recursive descent parser over the tokens of a filter or path (grammar: filter.abnf)."""

from collections.abc import Callable

from scim.core import interop
from scim.core.attributes import Attribute, ResourceType, Target
from scim.core.errors import ScimError, UnknownAttribute
from scim.core.filter_ast import And, Node, Not, Or, Term, ValuePath
from scim.core.lexer import BRACKET, END, TEXT, WORD, Token, fault, tokens
from scim.core.operators import EXPECTED_OPERATOR, OPERATORS, comparison, is_present, literal_text
from shared.messages import Message, Param

MAX_DEPTH = 40
MAX_TERMS = (
    50  # of a filter: many times the number that any client sends; each is tested on every resource
)
MAX_PATH_TERMS = 20  # of a path: each is tested on every element, and a PATCH has many paths

# The meaning of a name at its position; None if it has none there.
Scope = Callable[[str], Target | None]


def resource_scope(resource_type: ResourceType) -> Scope:
    """Return the scope for names outside a value filter's brackets."""

    def scope(name: str) -> Target | None:
        target = resource_type.find(name)
        if target is None and name.lower() in interop.FILTER_ALIASES:
            target = resource_type.find(interop.FILTER_ALIASES[name.lower()])
        if target is not None and target.is_never_returned:
            return None  # to filter by it would tell its value, a guess at a time
        return target

    return scope


def element_scope(attribute: Attribute) -> Scope:
    """Return the scope for names inside a value filter's brackets, which are sub-attributes."""

    def scope(name: str) -> Target | None:
        sub = attribute.subs.get(name.lower())
        return Target("", sub, None) if sub and sub.returned != "never" else None

    return scope


class Parser:
    """Recursive descent over the tokens of one filter or path."""

    __slots__ = ("_depth", "_index", "_owner", "_tokens", "max_terms", "terms")

    def __init__(self, text: str, owner: str) -> None:
        self._tokens = tokens(text)
        self._index = 0
        self._depth = 0
        self.max_terms = MAX_TERMS
        self.terms = 0
        self._owner = owner

    def expression(self, scope: Scope) -> Node:
        """Parse an expression; `or` binds weaker than `and`, and `and` weaker than `not`."""
        nodes = [self._conjunction(scope)]
        while self._accept_word("or"):
            nodes.append(self._conjunction(scope))
        return nodes[0] if len(nodes) == 1 else Or(tuple(nodes))

    def _conjunction(self, scope: Scope) -> Node:
        nodes = [self._factor(scope)]
        while self._accept_word("and"):
            nodes.append(self._factor(scope))
        return nodes[0] if len(nodes) == 1 else And(tuple(nodes))

    def _factor(self, scope: Scope) -> Node:
        token = self._tokens[self._index]
        if token.kind == WORD and token.text.lower() == "not":
            self._index += 1
            if self._tokens[self._index].text != "(":
                raise self._unexpected(Message("bracket_after_not"))
            return Not(self._group(scope))
        if token.kind == BRACKET and token.text == "(":
            return self._group(scope)
        return self._term(scope)

    def _group(self, scope: Scope) -> Node:
        self._enter()
        node = self.expression(scope)
        self._leave(")")
        return node

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise fault(
                self._tokens[self._index].position,
                Message("too_deep_brackets"),
                Message("at_most", most=MAX_DEPTH),
            )
        self._index += 1

    def _leave(self, bracket: str) -> None:
        token = self._tokens[self._index]
        if token.kind != BRACKET or token.text != bracket:
            raise self._unexpected(Message("and_or_bracket", bracket=bracket))
        self._depth -= 1
        self._index += 1

    def _term(self, scope: Scope) -> Node:
        token = self._tokens[self._index]
        if token.kind != WORD:
            raise self._unexpected(Message("an_attribute"))
        self.terms += 1
        if self.terms > self.max_terms:
            raise fault(
                token.position,
                Message("too_many_comparisons"),
                Message("at_most", most=self.max_terms),
            )
        self._index += 1
        target = self._resolve(token, scope)
        if self._opens():
            return self._value_path(token, target)
        return self._comparison(target, token)

    def _opens(self) -> bool:
        token = self._tokens[self._index]
        return token.kind == BRACKET and token.text == "["

    def _resolve(self, token: Token, scope: Scope) -> Target:
        target = scope(token.text)
        if target is None:
            unknown = Message(
                "filter_attribute", position=token.position, path=token.text, type=self._owner
            )
            raise UnknownAttribute(400, unknown, "invalidFilter")
        return target

    def selection(self, target: Target) -> Node:
        """Parse the filter in the brackets of a value path; the next token is the opening bracket."""
        attribute = target.attribute
        if attribute is None or target.sub is not None or attribute.type != "complex":
            raise self._unexpected(Message("brackets_behind"))
        self._enter()
        owner, self._owner = self._owner, attribute.path
        inner = self.expression(element_scope(attribute))
        self._owner = owner
        self._leave("]")
        return inner

    def _value_path(self, start: Token, target: Target) -> ValuePath:
        inner = self.selection(target)
        sub = self.sub_attribute(target)
        if sub is None:
            return ValuePath(target, inner, None)
        return ValuePath(target, inner, self._comparison(Target("", sub, None), start))

    def sub_attribute(self, target: Target) -> Attribute | None:
        """Parse `.value` after the closing bracket, which Entra sends (Learn) and RFC 7644's grammar lacks."""
        token = self._tokens[self._index]
        before = self._tokens[self._index - 1]
        if (
            token.kind != WORD
            or not token.text.startswith(".")
            or token.position != before.position + 1
        ):
            return None
        self._index += 1
        assert target.attribute is not None
        moved = Token(WORD, token.text[1:], token.position + 1)
        return self._resolve(moved, element_scope(target.attribute)).attribute

    def _comparison(self, target: Target, start: Token) -> Term:
        token = self._tokens[self._index]
        op = token.text.lower()
        if token.kind != WORD or op not in OPERATORS:
            raise self._unexpected(EXPECTED_OPERATOR)
        self._index += 1
        if op == "pr":
            return Term(target, op, None, is_present)
        literal = self._tokens[self._index]
        if literal.kind not in (WORD, TEXT):
            raise self._unexpected(Message("a_value"))
        self._index += 1
        text = literal_text(literal)
        if text is not None or target.attribute is None:
            target = _comparable(target, start)
        attribute = target.sub or target.attribute
        assert attribute is not None
        return Term(target, op, text, comparison(attribute, op, literal))

    def _accept_word(self, word: str) -> bool:
        token = self._tokens[self._index]
        if token.kind != WORD or token.text.lower() != word:
            return False
        self._index += 1
        return True

    def name(self) -> Token:
        """Parse the name at the start of a path."""
        token = self._tokens[self._index]
        if token.kind != WORD:
            raise self._unexpected(Message("an_attribute"))
        self._index += 1
        return token

    def end(self) -> None:
        """Raise invalidFilter if a token follows."""
        if self._tokens[self._index].kind != END:
            raise self._unexpected(Message("and_or_end"))

    def _unexpected(self, expected: Param) -> ScimError:
        token = self._tokens[self._index]
        what = (
            Message("ends_early")
            if token.kind == END
            else Message("unexpected", text=token.text[:60])
        )
        return fault(token.position, what, expected)


def _comparable(target: Target, start: Token) -> Target:
    """Return the target to compare: for a complex attribute its `value`, as in `emails co "example.com"` (RFC 7644 3.4.2.2)."""
    attribute = target.sub or target.attribute
    if attribute is not None and attribute.type != "complex":
        return target
    value = attribute.subs.get("value") if attribute else None
    if attribute is None or value is None or target.sub is not None:
        parts = (
            Message(
                "a_sub_attribute",
                path=next(iter(attribute.subs.values())).path,
            )
            if attribute
            else Message("attribute_of_it")
        )
        what = Message("no_own_value", path=target.text or start.text)
        raise fault(start.position, what, parts)
    return Target(target.extension, attribute, value)
