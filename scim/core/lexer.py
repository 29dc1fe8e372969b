"""Splits the text of a filter or path into tokens."""

import json
import re
from typing import NamedTuple

from scim.core import interop
from scim.core.attribute_values import is_encodable
from scim.core.errors import ScimError
from shared.messages import Sentence

# A longer filter than any client writes; what is longer is an attack or a mistake.
MAX_CHARACTERS = 8192
_UNICODE = Sentence("unicode", "well-formed Unicode")

_DOUBLE, _SINGLE = interop.DOUBLE_QUOTES, interop.SINGLE_QUOTES
_QUOTES = frozenset(f"{_DOUBLE}{_SINGLE}'")
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
    """A piece of a filter; `position` counts characters from 1. The text of quoted text is without its quotes."""

    kind: str
    text: str
    position: int


def tokens(text: str) -> list[Token]:
    """The tokens of `text` with an END behind them. ScimError invalidFilter where it is no token."""
    if len(text) > MAX_CHARACTERS:
        said = "The filter has {count} characters; {most} are the most. Send a shorter one."
        raise ScimError(
            400,
            Sentence("filter_too_long", said, count=len(text), most=MAX_CHARACTERS),
            "invalidFilter",
        )
    if not text.isascii() and not is_encodable(text):
        raise fault(
            1, Sentence("filter_surrogate", "the filter holds half of a surrogate pair"), _UNICODE
        )
    found = []
    place = 0
    match = _TOKEN.match(text)
    while match:
        index = match.lastindex or 1
        start = match.start(index) + 1
        value = match[index]
        found.append(_token(index, value, start))
        place = match.end()
        match = _TOKEN.match(text, place)
    rest = text[place:]
    if rest.strip():
        start = len(text) - len(rest.lstrip()) + 1
        raise fault(
            start,
            Sentence("quote_open", "this quotation mark is never closed"),
            Sentence("second_quote", 'a second " at the end of the value'),
        )
    found.append(Token(END, "", len(text) + 1))
    return found


def _token(group: int, value: str, position: int) -> Token:
    """Return the token that a group of `_TOKEN` matched; text without its quotes, of whichever kind they are."""
    if group == _JSON_TEXT:
        return Token(TEXT, _unquote(value, position), position)
    if group == _SINGLE_QUOTED:
        return Token(TEXT, _unquote(interop.double_quoted(value), position), position)
    if group == _TYPOGRAPHIC:
        return Token(TEXT, value[1:-1], position)
    if group == _WORD:
        if value[0] in _QUOTES or value[-1] in _QUOTES:
            raise fault(
                position,
                Sentence(
                    "quote_alone", "{text} has a quotation mark without its pair", text=value[:60]
                ),
                Sentence("text_in_quotes", 'text in quotes, such as "work"'),
            )
        return Token(WORD, value, position)
    return Token(BRACKET, value, position)


def _unquote(quoted: str, position: int) -> str:
    """The text of a JSON string (RFC 7644 section 3.4.2.2: compValue is JSON)."""
    text = quoted[1:-1]
    if "\\" in text:
        try:
            text = str(json.loads(quoted, strict=False))
        except ValueError:
            raise fault(
                position,
                Sentence("wrong_escape", "this text has a wrong escape"),
                Sentence("json_escapes", 'JSON escapes, such as \\" and \\\\'),
            ) from None
    if not text.isascii() and not is_encodable(text):
        raise fault(
            position,
            Sentence("text_surrogate", "this text holds half of a surrogate pair"),
            _UNICODE,
        )
    return text


def fault(position: int, what: Sentence, expected: str) -> ScimError:
    """The error at a place of the filter; `expected` may be a sentence or what stands in every language."""
    said = "Filter, character {position}: {what}. Expected: {expected}."
    return ScimError(
        400,
        Sentence("filter_at", said, position=position, what=what, expected=expected),
        "invalidFilter",
    )
