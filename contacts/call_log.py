"""Parses a pasted call log: the numbers and, if present, the time, direction and duration of each call.

Each line is one phone call. Its cells are separated by tabs, commas, semicolons or bars. Times and durations are
removed from a cell first, so that their digits aren't read as phone numbers. If the first line has column headings,
the columns of durations, costs and IDs are skipped.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from shared.numbers.number import MIN_DIGITS
from shared.numbers.text import digits_of, fold_word

Direction = Literal["", "in", "out", "missed"]
MAX_LINES = 2000
MAX_NUMBER = 250  # characters
_DIVIDERS = re.compile(r"[,;\t|]+(?!ext=)")
_LINES = re.compile(r"[\r\n]+")
_WORD = re.compile(r"[^\W\d_]+")
# Not a part of longer digits, as in 01.42.68.53.00 or an address.
_BEFORE, _AFTER = r"(?<![\d.:/@+\-])", r"(?![\d:/@]|[.\-]\d)"
_MONTHS = (
    "january february march april may june july august september october november december "
    "januar februar märz maerz april mai juni juli august september oktober november dezember "
    "jan feb mar mrz mär apr jun jul aug sep sept oct okt nov dec dez"
)
_MONTH = rf"(?:{'|'.join(dict.fromkeys(_MONTHS.split()))})\b\.?"
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_YEAR = r"(?:19|20)\d\d"
_DATES = (
    rf"{_BEFORE}{_YEAR}-(?:0?[1-9]|1[0-2])-{_DAY}(?![\d\-])",
    rf"{_BEFORE}{_DAY}(?P<divider>[./]){_DAY}(?P=divider)(?:19|20)?\d\d{_AFTER}",
    rf"\b{_DAY}\.? ?{_MONTH}(?:,? {_YEAR}\b)?",
    rf"\b{_MONTH} {_DAY}\b(?:,? {_YEAR}\b)?",
)
_CLOCK = (
    r"(?:(?<=\dT)|(?<![\d.:@+\-\w]))(?:[01]?\d|2[0-4]):[0-5]\d(?::[0-5]\d(?:[.,]\d{1,7})?)?"
    r"(?: ?[ap]\.?m\.?|Z|[+\-]\d\d:\d\d| Uhr)?(?![\d:])"
)
_UNIT = r"(?:h|hrs?|hours?|std\.?|stunden?|m|mins?\.?|minutes?|minuten?|s|secs?\.?|seconds?|sek\.?|sekunden?)"
_DURATION = rf"(?<![\d.:@+\-\w])\d{{1,4}} ?{_UNIT}\b\.?(?: {{0,2}}\d{{1,2}} ?{_UNIT}\b\.?){{0,2}}"
_TIMES = re.compile(
    f"(?P<date>{'|'.join(_DATES)})|(?P<clock>{_CLOCK})|(?P<duration>{_DURATION})", re.IGNORECASE
)
_DIRECTIONS: dict[str, Direction] = {
    **dict.fromkeys(
        "in incoming inbound received answered eingehend eingehender eingang".split(), "in"
    ),
    **dict.fromkeys("ankommend angenommen angenommener".split(), "in"),
    **dict.fromkeys("out outgoing outbound dialled dialed placed ausgehend ausgang".split(), "out"),
    **dict.fromkeys("abgehend ausgehender gewahlt".split(), "out"),
    **dict.fromkeys("missed unanswered abandoned verpasst verpasster entgangen".split(), "missed"),
    **dict.fromkeys("entgangener unbeantwortet".split(), "missed"),
}
_ARROWS: dict[str, Direction] = {"←": "in", "↙": "in", "→": "out", "↗": "out"}
_EDGES = " ←→↙↗–—"
_SKIPPED = frozenset(
    "duration dauer lange length talk talktime ring ringtime sekunden seconds cost costs kosten id no nr".split()
)


@dataclass(frozen=True, slots=True)
class Call:
    """One phone call: its number, time and duration as pasted; "" for a missing time or duration."""

    number: str
    at: str = ""
    direction: Direction = ""
    duration: str = ""


@dataclass(frozen=True, slots=True)
class CallLog:
    """The phone calls in the order of the log, and the count of lines without a number."""

    calls: Sequence[Call]
    unread: int = 0

    @property
    def numbers(self) -> list[str]:
        """Return each number once, in the order of the log."""
        return list(dict.fromkeys(call.number for call in self.calls))


def parse_log(text: str) -> CallLog:
    """Parse a pasted log of at most `MAX_LINES` lines."""
    lines = [line for line in _LINES.split(text) if line.strip()][:MAX_LINES]
    skipped = _skipped_columns(lines[0]) if lines else frozenset()
    calls, unread = list[Call](), 0
    for index, line in enumerate(lines):
        own = list(_calls(line, skipped))
        calls += own
        unread += not own and not (index == 0 and skipped)
    return CallLog(calls, unread)


def _skipped_columns(line: str) -> frozenset[int]:
    """Return the indexes of columns with other numbers than phone numbers, if `line` has headings; else an empty set."""
    cells = _DIVIDERS.split(line)
    if len(cells) < 2 or digits_of(line):
        return frozenset()
    return frozenset(
        number
        for number, cell in enumerate(cells)
        if not _SKIPPED.isdisjoint(map(fold_word, _WORD.findall(cell)))
    ) or frozenset({len(cells)})


def _calls(line: str, skipped: frozenset[int]) -> Iterator[Call]:
    """Yield one call per number of a line, each with the line's time."""
    dates, clocks, durations = list[str](), list[str](), list[str]()

    def collect(match: re.Match[str]) -> str:
        kinds = {"date": dates, "clock": clocks, "duration": durations}
        name = next(name for name in kinds if match[name] is not None)
        kinds[name].append(match[0].strip())
        return ", "

    cells = _DIVIDERS.split(line)
    remaining = ",".join(cell for number, cell in enumerate(cells) if number not in skipped)
    rest = _TIMES.sub(collect, remaining)
    direction = _direction(rest)
    at = " ".join([*dates[:1], *clocks[:1]])
    # A second time of day in a line is how long the call took.
    duration = (durations or clocks[1:] or [""])[0]
    for cell in _DIVIDERS.split(rest):
        number = _without_direction(cell)[:MAX_NUMBER]
        if len(digits_of(number)) >= MIN_DIGITS:
            yield Call(number, at, direction, duration)


def _without_direction(cell: str) -> str:
    """Return a cell without the arrows, and words for a call's direction, at its start and end."""
    words = cell.strip(_EDGES).split(" ")
    while words and fold_word(words[0].strip(_EDGES)) in _DIRECTIONS:
        words.pop(0)
    while words and fold_word(words[-1].strip(_EDGES)) in _DIRECTIONS:
        words.pop()
    return " ".join(words).strip(_EDGES)


def _direction(text: str) -> Direction:
    for arrow, direction in _ARROWS.items():
        if arrow in text:
            return direction
    for word in _WORD.findall(text):
        if found := _DIRECTIONS.get(fold_word(word)):
            return found
    return ""
