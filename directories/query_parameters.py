"""Validate query parameters of the administrators' API; an error names the parameter and the remedy."""

from collections.abc import Mapping
from typing import Literal, TypeVar

from directories.errors import InvalidField
from shared.messages import Message

Choice = TypeVar("Choice", bound=str)
_MAX_WORDS = 250


def parse_words(query: Mapping[str, str], name: str) -> str:
    """Return a search text without space around it, or "" if it is missing.

    It has at most 250 characters, because it is compared with thousands of events.

    Raises:
        InvalidField: It is too long.
    """
    text = query.get(name, "").strip()
    if len(text) > _MAX_WORDS:
        message = Message("search_text_too_long", name=name, count=len(text), most=_MAX_WORDS)
        raise InvalidField(name, message)
    return text


def parse_choice(
    query: Mapping[str, str], name: str, known: tuple[Choice, ...]
) -> Choice | Literal[""]:
    """Return a parameter that is one of `known`, or "" if it is missing; raise InvalidField for another value."""
    value = query.get(name, "")
    found = next((one for one in known if one == value), None)
    if value and found is None:
        message = Message("not_one_of", name=name, value=value[:20], known=", ".join(known))
        raise InvalidField(name, message)
    return found or ""


def parse_limit(query: Mapping[str, str], default: int, most: int) -> int:
    """Return the parameter `limit`, or `default` if it is missing; raise InvalidField unless it is 1 to `most`."""
    text = query.get("limit", str(default))
    if not (text.isascii() and text.isdecimal() and len(text) < 8 and 1 <= int(text) <= most):
        raise InvalidField("limit", Message("limit_out_of_range", most=most))
    return int(text)
