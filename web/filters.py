"""Template filters that format values: initials, avatar colours, times, numbers. All are pure functions."""

import hashlib
import re
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from shared.clock import parse_timestamp, readable
from shared.messages import group_thousands

if TYPE_CHECKING:
    from markupsafe import Markup

AVATAR_COLOURS = 8
_CODE = re.compile(r"`([^`]+)`")
_EMPHASIS = re.compile(r"\*([^*]+)\*")


def initials(name: str) -> str:
    """Return the capital initials of the name's first and last word, or of its only word; "?" without a word."""
    words = [word for word in name.replace("-", " ").split() if word[:1].isalnum()]
    letters = [words[0][0], words[-1][0]] if len(words) > 1 else [word[0] for word in words]
    return "".join(letters).upper() or "?"


def colour(identifier: str) -> int:
    """Return the index of a person's avatar colour, from 0 to `AVATAR_COLOURS` - 1.

    It is derived from the identifier, so it is the same on every page.
    """
    return hashlib.blake2s(identifier.encode(), digest_size=2).digest()[0] % AVATAR_COLOURS


def clock_time(moment: str | datetime | None) -> str:
    """Return an ISO 8601 time for the `datetime` attribute of `<time>`, or "" for None.

    A script shows it in the browser's time zone.
    """
    if not moment:
        return ""
    return moment if isinstance(moment, str) else moment.isoformat()


def plain_time(moment: str | datetime | None) -> str:
    """Return a readable time to the minute, or "" for None.

    Browsers show it until the page's script formats the time, or if scripts are off.
    """
    return readable(clock_time(moment)) if moment else ""


@lru_cache(
    maxsize=8192
)  # phonenumbers takes 0.1 ms per number, and lists show the same people repeatedly
def readable_number(number: str, region: str = "") -> str:
    """Return an E.164 number with the spaces of its international format, or any other text unchanged."""
    if not number.startswith("+"):
        return number
    from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, parse

    try:
        return format_number(parse(number, region or None), PhoneNumberFormat.INTERNATIONAL)
    except NumberParseException:
        return number


def since(moment: str, now: datetime) -> float:
    """Return the seconds from `moment` until `now`."""
    return (now - parse_timestamp(moment)).total_seconds()


def rich(text: str, **values: object) -> "Markup":
    """Return a text of a catalogue as HTML, with its emphasis and its values.

    `*word*` becomes bold (names of screens and buttons), and text in backquotes becomes code. The
    placeholders are filled in after that, so that an asterisk in a person's name stays an asterisk.
    """
    from markupsafe import Markup, escape

    escaped = str(escape(text))
    escaped = _CODE.sub(r"<code>\1</code>", escaped)
    marked = Markup(_EMPHASIS.sub(r"<b>\1</b>", escaped))  # noqa: S704 - escaped above
    return marked.format(**values) if values else marked


FILTERS: dict[str, Callable[..., Any]] = {
    "initials": initials,
    "colour": colour,
    "clock_time": clock_time,
    "plain_time": plain_time,
    "readable_number": readable_number,
    "rich": rich,
    "thousands": group_thousands,
}
