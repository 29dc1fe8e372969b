"""Splits the text of a filter or path into tokens."""

import json
import re
from typing import NamedTuple

from scim.core import interop
from scim.core.attribute_values import is_encodable
from scim.core.errors import ScimError
from shared.messages import Message, Param

# Longer than any filter that a client writes; a longer one is an attack or a mistake.
MAX_CHARACTERS = 8192
_UNICODE = Message("unicode")

_DOUBLE, _SINGLE = interop.DOUBLE_QUOTES, interop.SINGLE_QUOTES
_QUOTES = frozenset(f"{_DOUBLE}{_SINGLE}'")
# A quotation mark that was encoded once too often, for a URL or for HTML.
_ENCODED_QUOTE = re.compile("%2[27]|&(?:quot|apos|#34|#39|#x22|#x27);", re.IGNORECASE)
_TOKEN = re.compile(
    r'\s*(?:("(?:[^"\\]|\\.)*")'
    r"|('(?:[^'\\]|\\.)*')"
    rf'|([{_DOUBLE}][^"{_DOUBLE}]*["{_DOUBLE}]|[{_SINGLE}][^\'{_SINGLE}]*[\'{_SINGLE}])'
    r'|([^\s()\[\]"]+)'
    r"|([()\[\]]))",
    re.DOTALL,
)

WORD, TEXT, BRACKET, END = "word", "text", "bracket", "end"
_JSON_TEXT, _SINGLE_QUOTED, _TYPOGRAPHIC, _WORD = range(1, 5)


class Token(NamedTuple):
    """A token of a filter; `position` counts characters from 1. The text of a quoted string is without its quotes."""

    kind: str
    text: str
    position: int


def tokens(text: str) -> list[Token]:
    """Return the tokens of `text`, followed by END. Raise invalidFilter for an unexpected character."""
    if len(text) > MAX_CHARACTERS:
        raise ScimError(
            400,
            Message("filter_too_long", count=len(text), most=MAX_CHARACTERS),
            "invalidFilter",
        )
    if not text.isascii() and not is_encodable(text):
        raise fault(1, Message("filter_surrogate"), _UNICODE)
    found = []
    position = 0
    match = _TOKEN.match(text)
    while match:
        index = match.lastindex or 1
        start = match.start(index) + 1
        value = match[index]
        found.append(_token(index, value, start))
        position = match.end()
        match = _TOKEN.match(text, position)
    rest = text[position:]
    if rest.strip():
        start = len(text) - len(rest.lstrip()) + 1
        raise fault(
            start,
            Message("quote_open"),
            Message("second_quote"),
        )
    found.append(Token(END, "", len(text) + 1))
    return found


def _token(group: int, value: str, position: int) -> Token:
    """Return the token for a match of `_TOKEN`; a string loses its double or single quotes."""
    if group == _JSON_TEXT:
        return Token(TEXT, _unquote(value, position), position)
    if group == _SINGLE_QUOTED:
        return Token(TEXT, _unquote(interop.double_quoted(value), position), position)
    if group == _TYPOGRAPHIC:
        return Token(TEXT, value[1:-1], position)
    if group == _WORD:
        if value[0] in _QUOTES or value[-1] in _QUOTES or _ENCODED_QUOTE.search(value):
            raise fault(
                position,
                Message("quote_alone", text=value[:60]),
                Message("text_in_quotes"),
            )
        return Token(WORD, value, position)
    return Token(BRACKET, value, position)


def _unquote(quoted: str, position: int) -> str:
    """Return the text of a JSON string (RFC 7644 section 3.4.2.2: compValue is JSON)."""
    text = quoted[1:-1]
    if "\\" in text:
        try:
            text = str(json.loads(quoted, strict=False))
        except ValueError:
            raise fault(
                position,
                Message("wrong_escape"),
                Message("json_escapes"),
            ) from None
    if not text.isascii() and not is_encodable(text):
        raise fault(
            position,
            Message("text_surrogate"),
            _UNICODE,
        )
    return text


def fault(position: int, what: Message, expected: Param) -> ScimError:
    """Return the error at a position; `expected` is a message, or text that isn't translated."""
    return ScimError(
        400,
        Message("filter_at", position=position, what=what, expected=expected),
        "invalidFilter",
    )
