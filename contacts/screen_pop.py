"""Screen pop: the people to show for the number of an incoming call.

The result is one person, several people to choose from, or none. It takes the round trips of one lookup
(`contacts.number_lookup`): one per directory, and a second one if there is no exact match and the number may be a
direct-dial number.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from contacts import number_lookup
from contacts.number_lookup import Match, TooManyLookups, lookup_numbers
from directories.models import Directory
from shared.app import App
from shared.concurrency import each
from shared.numbers.number import derive

Outcome = Literal["person", "choice", "none"]
MAX_CHOICES = 100
# A `+` that was not percent-encoded in a query arrives as a space (URL Standard, "urlencoded parsing").
# No country code begins with 0.
_LOST_PLUS = re.compile(r"((?:tel|sips?|callto):)? {1,3}(?=[1-9])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ScreenPop:
    """The people who may have a number.

    `person`: exactly one person has it. `choice`: several people have it, or the numbers of those in `matches` only
    resemble it; `matches` holds the first `MAX_CHOICES` of `count`. `none`: `matches` is empty.
    """

    number: str
    outcome: Outcome
    matches: Sequence[Match]
    count: int


def as_dialled(text: str, region: str) -> str:
    """Return the phone number in a URL's query with its `+` restored.

    A `+` that isn't percent-encoded arrives as a space. A leading space is read as a plus only if the digits after it
    are a number with a country code.
    """
    with_plus = _LOST_PLUS.sub(lambda found: f"{found[1] or ''}+", text, count=1)
    if _LOST_PLUS.match(text) and derive(with_plus, region).is_international:
        return with_plus.strip()
    return text.strip()


async def find_caller(app: App, directories: Sequence[Directory], text: str) -> ScreenPop:
    """Return the people to show for the number `text`.

    People with a similar number are offered only as a choice, because a choice is better than a wrong person.
    """
    region = directories[0].region if directories else app.settings.default_region
    number = as_dialled(text, region)
    found = await _matches(app, directories, number)
    exact = [match for match in found if match.kind == "exact"]
    chosen = exact or found
    if not chosen:
        return ScreenPop(number, "none", (), 0)
    outcome: Outcome = "person" if len(exact) == 1 else "choice"
    return ScreenPop(number, outcome, chosen[:MAX_CHOICES], len(chosen))


async def _matches(app: App, directories: Sequence[Directory], number: str) -> list[Match]:
    """Return the matches of all directories, with no limit on the round trips, because a caller is waiting."""
    try:
        (found,) = await lookup_numbers(app, directories, [number])
    except TooManyLookups:
        by_directory = await each(
            directories, lambda directory: number_lookup.in_directory(app, directory, number)
        )
        found = [match for own in by_directory for match in own]
        found.sort(key=lambda match: match.rank)
    return found
