"""Tests of single values by operator and type (RFC 7644 section 3.4.2.2, table 3)."""

import operator
from collections.abc import Callable
from typing import Any

from scim.core import interop
from scim.core.attribute_values import parse_date_time
from scim.core.attributes import Attribute
from scim.core.lexer import WORD, Token, fault
from shared.messages import Message
from shared.words import fold_case

Test = Callable[[Any], bool]

OPERATORS = ("eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr")
EXPECTED_OPERATOR = Message("an_operator", known=", ".join(OPERATORS))

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt, "ge": operator.ge, "lt": operator.lt, "le": operator.le,
}  # fmt: skip
_TEXT: dict[str, Callable[[str, str], bool]] = {
    **_ORDER, "co": operator.contains, "sw": str.startswith, "ew": str.endswith,
}  # fmt: skip


def fold(text: str) -> str:
    """Return `text` folded for comparisons that ignore case; keys of index rows use the same form."""
    return text.lower() if text.isascii() else fold_case(text)


def is_present(value: Any) -> bool:
    """Return whether the attribute has a value that isn't empty (the operator `pr`)."""
    return value is not None and value != "" and value != [] and value != {}


def literal_text(token: Token) -> str | None:
    """Return the text with which a text attribute is compared; None for null."""
    return interop.unquoted_text(token.text) if token.kind == WORD else token.text


def comparison(attribute: Attribute, op: str, token: Token) -> Test:
    """Return a test that compares a value of `attribute` with the literal `token`.

    The test's argument is None for a missing value. For `ne` it is the test of `eq`, because `ne` is the opposite of
    `eq` over all values of an attribute together. Raise ScimError invalidFilter if the operator or the literal
    doesn't suit the attribute's type.
    """
    op = "eq" if op == "ne" else op
    if literal_text(token) is None:
        return _null(attribute, op, token)
    return _BY_TYPE.get(attribute.type, _text)(attribute, op, token)


def _null(attribute: Attribute, op: str, token: Token) -> Test:
    """Return a test for a comparison with null, which means unassigned (RFC 7643 section 2.5)."""
    if op != "eq":
        raise fault(
            token.position,
            Message("no_null", op=op, path=attribute.path),
            Message("before_null"),
        )
    return lambda value: not is_present(value)


def _text(attribute: Attribute, op: str, token: Token) -> Test:
    exact = attribute.case_exact
    literal = token.text if exact else fold(token.text)
    if op == "eq":
        if exact:
            return lambda value: value == literal
        return lambda value: isinstance(value, str) and fold(value) == literal
    compare = _TEXT[op]
    if exact:
        return lambda value: isinstance(value, str) and compare(value, literal)
    return lambda value: isinstance(value, str) and compare(fold(value), literal)


def _boolean(attribute: Attribute, op: str, token: Token) -> Test:
    if op != "eq":
        raise fault(
            token.position,
            Message("not_boolean_op", op=op, path=attribute.path),
            Message("eq_or_ne"),
        )
    literal = interop.boolean_value(token.text)
    if literal is None:
        raise fault(
            token.position,
            Message("is_boolean", path=attribute.path),
            Message("true_or_false"),
        )
    return lambda value: value is literal


def _number(attribute: Attribute, op: str, token: Token) -> Test:
    try:
        literal = float(token.text)
    except ValueError:
        raise fault(
            token.position,
            Message("is_number", path=attribute.path),
            Message("a_number"),
        ) from None
    if op == "eq":
        return lambda value: bool(value == literal)
    if op not in _ORDER:
        raise fault(
            token.position,
            Message("not_number_op", op=op, path=attribute.path),
            "eq, ne, gt, ge, lt, le",
        )
    compare = _ORDER[op]
    return lambda value: value is not None and compare(value, literal)


def _date_time(attribute: Attribute, op: str, token: Token) -> Test:
    if op in ("co", "sw", "ew"):
        return _text(attribute, op, token)
    literal = parse_date_time(token.text)
    if literal is None:
        raise fault(
            token.position,
            Message("is_date_time", path=attribute.path),
            Message("like_date_time"),
        )
    if op == "eq":
        return lambda value: parse_date_time(value) == literal
    compare = _ORDER[op]

    def test(value: Any) -> bool:
        parsed = parse_date_time(value)
        return parsed is not None and compare(parsed, literal)

    return test


def _binary(attribute: Attribute, op: str, token: Token) -> Test:
    if op in _ORDER:
        raise fault(
            token.position,
            Message("not_binary_op", op=op, path=attribute.path),
            "eq, ne, co, sw, ew",
        )
    return _text(attribute, op, token)


_BY_TYPE: dict[str, Callable[[Attribute, str, Token], Test]] = {
    "boolean": _boolean,
    "integer": _number,
    "decimal": _number,
    "dateTime": _date_time,
    "binary": _binary,
}
