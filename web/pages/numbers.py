"""Numbers needing attention, with the remedy."""

from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import quote

from contacts import unparsed_numbers
from contacts.region_suggestion import suggest_region
from contacts.unparsed_numbers import Unparsed
from directories import service
from directories.errors import InvalidField
from shared.http import Response
from shared.numbers.number import derive
from web.page_request import PageRequest
from web.pages.directory import framed
from web.render import page

_PEOPLE = 100


@dataclass(frozen=True, slots=True)
class NumberFault:
    """A number as it was sent, its type, and its fault with the remedy."""

    value: str
    type: str
    fault: str


@dataclass(frozen=True, slots=True)
class PersonNumbers:
    """A person with the numbers that can't be read."""

    name: str
    numbers: list[NumberFault]


async def show(visit: PageRequest) -> Response:
    """Show `/directories/{directoryId}/numbers`."""
    directory = await service.read(visit.app, visit.account, visit.directory_id)
    after = visit.query.get("after", "")[:100]
    found, more = await unparsed_numbers.list_unparsed(visit.app, directory, _PEOPLE, after)
    following = f"/directories/{directory.id}/numbers?after={quote(more, safe='')}" if more else ""
    people = [_view(visit, one, directory.region) for one in found]
    suggestion = None if after else await suggest_region(visit.app, directory)
    return page(
        visit,
        "numbers.html",
        people=people,
        suggestion=suggestion,
        next=following,
        **await framed(visit, directory, "numbers"),
    )


async def set_region(visit: PageRequest) -> Response:
    """Take another default region; the numbers are then parsed again in the background."""
    region = visit.form.get("region", "")
    with suppress(InvalidField):  # no form of this page sends an unknown region
        await service.set_up(visit.app, visit.actor, visit.directory_id, region=region)
    return visit.go(f"/directories/{visit.directory_id}/numbers")


def _view(visit: PageRequest, person: Unparsed, region: str) -> PersonNumbers:
    numbers = [
        NumberFault(one["value"], one["type"], _fault(visit, one["value"], region, one["fault"]))
        for one in person.numbers
    ]
    return PersonNumbers(person.name, numbers)


def _fault(visit: PageRequest, value: str, region: str, stored: str) -> str:
    """Return why the number can't be parsed, in the reader's language; the stored text if it parses now."""
    fault = derive(value, region).fault
    return visit.text(fault) if fault else stored
