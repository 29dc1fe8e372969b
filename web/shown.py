"""How values are shown: initials, colours of avatars, times, numbers. Pure functions, used as template filters."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

from shared.clock import parse_timestamp

AVATAR_COLOURS = 8


def initials(name: str) -> str:
    """One or two letters that stand for a person: of the first and the last word, else of the only one."""
    words = [word for word in name.replace("-", " ").split() if word[:1].isalnum()]
    letters = [words[0][0], words[-1][0]] if len(words) > 1 else [word[0] for word in words]
    return "".join(letters).upper() or "?"


def colour(identifier: str) -> int:
    """The number (from 0) of a person's avatar colour, the same on every page and every day."""
    return hashlib.blake2s(identifier.encode(), digest_size=2).digest()[0] % AVATAR_COLOURS


def clock_time(moment: str | datetime | None) -> str:
    """Machine-readable time for a `<time>` element; the page shows it in the reader's own zone."""
    if not moment:
        return ""
    return moment if isinstance(moment, str) else moment.isoformat()


def readable_number(number: str, region: str = "") -> str:
    """An E.164 number as people write it, grouped; any other as it is."""
    if not number.startswith("+"):
        return number
    from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, parse

    try:
        return format_number(parse(number, region or None), PhoneNumberFormat.INTERNATIONAL)
    except NumberParseException:
        return number


def since(moment: str, now: datetime) -> float:
    """Seconds from `moment` until `now`."""
    return (now - parse_timestamp(moment)).total_seconds()


FILTERS: dict[str, Callable[..., Any]] = {
    "initials": initials,
    "colour": colour,
    "clock_time": clock_time,
    "readable_number": readable_number,
}
