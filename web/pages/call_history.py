"""Call history: numbers of a list of calls, each with the people it may belong to."""

import re
from dataclasses import dataclass

from contacts import account_directories
from contacts.number_lookup import MAX_NUMBERS, Match, TooManyLookups, lookup_numbers
from contacts.serializers import presence_of
from shared.http import Response
from shared.numbers.number import derive
from web.filters import readable_number
from web.page_request import PageRequest
from web.pages.contact_rows import PresenceView, key_of, presence_view
from web.render import page

_DIVIDERS = re.compile(r"[\n\r,;\t|]+(?!ext=)")
_LONGEST = 250


@dataclass(frozen=True, slots=True)
class MatchView:
    """A person who has the number, surely or possibly."""

    key: str
    id: str
    name: str
    subtitle: str
    directory: str
    exact: bool
    presence: PresenceView | None


@dataclass(frozen=True, slots=True)
class Resolved:
    """A number as it was pasted and as it was read, with its people."""

    asked: str
    shown: str
    matches: list[MatchView]


async def show(visit: PageRequest) -> Response:
    """Show `/contacts/history`."""
    return page(visit, "history.html", numbers="", results=[], found=0, fault="")


async def resolve(visit: PageRequest) -> Response:
    """Show the people who have the numbers of the form."""
    text = visit.form.get("numbers", "")
    numbers = list(
        dict.fromkeys(part.strip()[:_LONGEST] for part in _DIVIDERS.split(text) if part.strip())
    )
    if len(numbers) > MAX_NUMBERS:
        fault = visit.t("numbers_too_many", count=len(numbers), most=MAX_NUMBERS)
        return page(visit, "history.html", numbers=text, results=[], found=0, fault=fault)
    try:
        results = await _resolved(visit, numbers)
    except TooManyLookups as error:
        fault = visit.t("lookup_too_many", count=len(numbers), most=error.most)
        return page(visit, "history.html", numbers=text, results=[], found=0, fault=fault)
    found = sum(1 for one in results if one.matches)
    return page(visit, "history.html", numbers=text, results=results, found=found, fault="")


async def _resolved(visit: PageRequest, numbers: list[str]) -> list[Resolved]:
    directories = await account_directories.all_directories(visit.app, visit.reader)
    matches = await lookup_numbers(visit.app, directories, numbers)
    known = await presence_of(
        visit.app, [(one.directory, one.card) for own in matches for one in own]
    )
    alone = len(directories) == 1
    region = directories[0].region if directories else visit.settings.default_region

    def view(match: Match) -> MatchView:
        card, directory = match.card, match.directory
        key = key_of(directory.id, card.id)
        status = known.get((directory.id, card.external_id))
        presence = presence_view(visit, key, status) if status else None
        subtitle = card.title or card.department
        name = "" if alone else directory.name
        return MatchView(key, card.id, card.name, subtitle, name, match.kind == "exact", presence)

    return [
        Resolved(asked, _shown(asked, region), [view(match) for match in own])
        for asked, own in zip(numbers, matches, strict=True)
    ]


def _shown(asked: str, region: str) -> str:
    number = derive(asked, region)
    return readable_number(number.e164) if number.e164 else asked
