"""How values are shown: initials, colours of avatars, times, numbers. Pure functions, used as template filters."""

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
    """Return the initials of a person: of the first and last word, or of the only one."""
    words = [word for word in name.replace("-", " ").split() if word[:1].isalnum()]
    letters = [words[0][0], words[-1][0]] if len(words) > 1 else [word[0] for word in words]
    return "".join(letters).upper() or "?"


def colour(identifier: str) -> int:
    """Return the number (from 0) of a person's avatar colour, the same on every page."""
    return hashlib.blake2s(identifier.encode(), digest_size=2).digest()[0] % AVATAR_COLOURS


def clock_time(moment: str | datetime | None) -> str:
    """Return a time in machine-readable form for a `<time>` element.

    The page shows it in the reader's zone.
    """
    if not moment:
        return ""
    return moment if isinstance(moment, str) else moment.isoformat()


def plain_time(moment: str | datetime | None) -> str:
    """Return the time to the minute, as shown before or without the page's script."""
    return readable(clock_time(moment)) if moment else ""


@lru_cache(
    maxsize=8192
)  # phonenumbers takes a tenth of a millisecond, and a list shows the same people again
def readable_number(number: str, region: str = "") -> str:
    """Return an E.164 number grouped as people write it, and any other number unchanged."""
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
    """Return a text of a catalogue with its emphasis.

    `*word*` marks names of screens and buttons, backquotes mark code. The values are filled in
    after that, so an asterisk in a person's name remains one.
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
