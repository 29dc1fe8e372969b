"""Companies to which an unknown number may belong, because they have the same main line or the same area code."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from directories.models import Directory
from shared.app import App
from shared.concurrency import each
from shared.numbers.plan import country_code
from shared.tables.schema.base import CONTACTS
from shared.tables.schema.contacts import FIND

MAX_READS = 400  # round trips for one log
MAX_COMPANIES = 3  # named for a number
_LINE_DIGITS = 4  # of an extension: numbers that differ in no other digits share a main line
_MIN_NATIONAL = 3  # digits after the country code that a main line has at least


@dataclass(frozen=True, slots=True)
class NearCompany:
    """A directory with phone numbers that start with the digits `beginning`: a main line or an area code, as `kind` says."""

    directory: Directory
    kind: Literal["line", "area"]
    beginning: str


async def companies_near(
    app: App, directories: Sequence[Directory], numbers: Sequence[str]
) -> dict[str, list[NearCompany]]:
    """Return, for each E.164 number, the companies with the same main line or, if there are none, with the same area code.

    One round trip per directory and prefix, at most `MAX_READS` in all: numbers beyond that have no entry in the
    result.
    """
    lines = {number: line for number in numbers if (line := _line(number))}
    found = await _with(app, directories, lines, "line", MAX_READS)
    asked = len(set(lines.values())) * len(directories)
    left = {number: area for number in numbers if not found.get(number) and (area := _area(number))}
    areas = await _with(app, directories, left, "area", MAX_READS - min(asked, MAX_READS))
    return {number: (found.get(number) or areas.get(number) or []) for number in numbers}


async def _with(
    app: App,
    directories: Sequence[Directory],
    beginnings: dict[str, str],
    kind: Literal["line", "area"],
    most: int,
) -> dict[str, list[NearCompany]]:
    """Return, for each number, the directories that have a phone number with the same prefix.

    `beginnings` has the prefix of each number. A number is left out if reading its prefix would
    exceed `most` round trips.
    """
    wanted = list(dict.fromkeys(beginnings.values()))[: most // max(1, len(directories))]
    pairs = [(one, directory) for one in wanted for directory in directories]

    async def has(pair: tuple[str, Directory]) -> bool:
        start, stop = FIND.beginning(pair[0])
        rows = await app.tables.query(CONTACTS, pair[1].id, start, stop, limit=1, keys_only=True)
        return bool(rows)

    are_near = await each(pairs, has)
    near: dict[str, list[NearCompany]] = {one: [] for one in wanted}
    for (one, directory), is_near in zip(pairs, are_near, strict=True):
        if is_near and len(near[one]) < MAX_COMPANIES:
            near[one].append(NearCompany(directory, kind, one))
    return {number: near[one] for number, one in beginnings.items() if one in near}


def _line(number: str) -> str:
    """Return the digits of the main line of which the number may be an extension; "" for a short number."""
    digits = number.lstrip("+")
    code = country_code(digits)
    line = digits[:-_LINE_DIGITS]
    return line if code and len(line) >= len(code) + _MIN_NATIONAL else ""


def _area(number: str) -> str:
    """Return the digits of the country and area code; "" for a number without an area code."""
    import phonenumbers  # 0.1 s, needed here only

    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return ""
    length = phonenumbers.length_of_geographical_area_code(parsed)
    national = phonenumbers.national_significant_number(parsed)
    return f"{parsed.country_code}{national[:length]}" if length else ""
