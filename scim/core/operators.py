"""Tests of single values: what each operator means for each type (RFC 7644 section 3.4.2.2, table 3)."""

import operator
from collections.abc import Callable
from typing import Any

from scim.core import interop
from scim.core.attribute_values import parse_date_time
from scim.core.attributes import Attribute
from scim.core.lexer import WORD, Token, fault
from shared.keys import fold_case
from shared.messages import Sentence

Test = Callable[[Any], bool]

OPERATORS = ("eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr")
EXPECTED_OPERATOR = Sentence("an_operator", "an operator ({known})", known=", ".join(OPERATORS))

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt, "ge": operator.ge, "lt": operator.lt, "le": operator.le,
}  # fmt: skip
_TEXT: dict[str, Callable[[str, str], bool]] = {
    **_ORDER, "co": operator.contains, "sw": str.startswith, "ew": str.endswith,
}  # fmt: skip


def fold(text: str) -> str:
    """`text` as it is compared where case does not matter; the same as the keys of the index rows."""
    return text.lower() if text.isascii() else fold_case(text)


def is_present(value: Any) -> bool:
    """The operator `pr`: the attribute has a non-empty value."""
    return value is not None and value != "" and value != [] and value != {}


def literal_text(token: Token) -> str | None:
    """The text that a value of a text attribute is compared with; None for null."""
    return interop.unquoted_text(token.text) if token.kind == WORD else token.text


def comparison(attribute: Attribute, op: str, token: Token) -> Test:
    """The test whether a value of `attribute`, None where it is missing, compares so with the literal `token`.

    `ne` is the opposite of `eq` over all values of an attribute, so its test is that of `eq`. ScimError invalidFilter
    where the operator or the literal does not suit the attribute's type.
    """
    op = "eq" if op == "ne" else op
    if literal_text(token) is None:
        return _null(attribute, op, token)
    return _BY_TYPE.get(attribute.type, _text)(attribute, op, token)


def _null(attribute: Attribute, op: str, token: Token) -> Test:
    """Null means unassigned (RFC 7643 section 2.5)."""
    if op != "eq":
        raise fault(
            token.position,
            Sentence("no_null", "{op} can't compare {path} with null", op=op, path=attribute.path),
            Sentence("before_null", "eq or ne before null, or a value"),
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
            Sentence(
                "not_boolean_op",
                "{op} can't compare {path}, which is true or false",
                op=op,
                path=attribute.path,
            ),
            Sentence("eq_or_ne", "eq or ne"),
        )
    literal = interop.boolean_value(token.text)
    if literal is None:
        raise fault(
            token.position,
            Sentence("is_boolean", "{path} is true or false", path=attribute.path),
            Sentence("true_or_false", "true or false"),
        )
    return lambda value: value is literal


def _number(attribute: Attribute, op: str, token: Token) -> Test:
    try:
        literal = float(token.text)
    except ValueError:
        raise fault(
            token.position,
            Sentence("is_number", "{path} is a number", path=attribute.path),
            Sentence("a_number", "a number"),
        ) from None
    if op == "eq":
        return lambda value: bool(value == literal)
    if op not in _ORDER:
        raise fault(
            token.position,
            Sentence(
                "not_number_op",
                "{op} can't compare {path}, which is a number",
                op=op,
                path=attribute.path,
            ),
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
            Sentence("is_date_time", "{path} is a date and time", path=attribute.path),
            Sentence("like_date_time", "one like 2026-01-31T08:30:00Z"),
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
            Sentence(
                "not_binary_op",
                "{op} can't compare {path}, which is binary",
                op=op,
                path=attribute.path,
            ),
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
