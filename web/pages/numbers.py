"""The page of numbers that can't be parsed, with the remedy for each cause."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote

from contacts import unparsed_numbers
from contacts.api import MAX_EXPORTED
from contacts.region_suggestion import suggest_region
from contacts.unparsed_numbers import Unparsed
from directories import service
from directories.errors import InvalidField
from directories.models import Directory
from shared.concurrency import TimeSlice
from shared.http import Response
from shared.messages import Message
from shared.numbers.number import derive
from web.page_request import PageRequest
from web.pages.contact_rows import key_of
from web.pages.directory import framed
from web.render import page
from web.text_families import NUMBER, NUMBER_TYPES

_PEOPLE = 200
_MAX_COUNTED = 999


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonNumber:
    """A number as sent, its person, and why it can't be parsed; `key` is the key of the person's card."""

    key: str
    id: str
    name: str
    value: str
    type: str
    why: str


class Described(NamedTuple):
    """Why a number can't be parsed: the code of the cause, and the texts of reason and remedy."""

    cause: str
    why: str
    remedy: str


@dataclass(slots=True)
class Cause:
    """The numbers with the same cause; `code` is the cause's member of the message codes `NUMBER_CAUSE`."""

    code: str
    remedy: str
    numbers: list[PersonNumber]


async def show(visit: PageRequest) -> Response:
    """Show `/directories/{directoryId}/numbers`: the numbers of people in order of creation, grouped by cause."""
    directory = await service.read(visit.app, visit.account, visit.directory_id)
    after = visit.query.get("after", "")[:100]
    found, more = await unparsed_numbers.list_unparsed(visit.app, directory, _PEOPLE, after)
    following = f"/directories/{directory.id}/numbers?after={quote(more, safe='')}" if more else ""
    count = await unparsed_numbers.count_unparsed(visit.app, directory, _MAX_COUNTED)
    return page(
        visit,
        "numbers.html",
        causes=await _by_cause(visit, directory, found),
        shown=len(found),
        count=min(count, _MAX_COUNTED),
        counted_all=count <= _MAX_COUNTED,
        suggestion=None if after else await suggest_region(visit.app, directory),
        export=f"/api/directories/{directory.id}/numbers?format=csv&limit={MAX_EXPORTED}",
        next=following,
        **await framed(visit, directory, "numbers"),
    )


async def _by_cause(
    visit: PageRequest, directory: Directory, people: Sequence[Unparsed]
) -> list[Cause]:
    """Return the people's numbers grouped by cause, the most frequent cause first."""
    causes, time_slice = dict[str, Cause](), TimeSlice(visit.app)
    for person in people:
        key = key_of(directory.id, person.id)
        for number in person.numbers:
            fault = derive(number["value"], directory.region).fault
            code, why, remedy = _described(visit, fault, number["fault"])
            cause = causes.setdefault(code, Cause(code, remedy, []))
            cause.numbers.append(
                PersonNumber(
                    key=key,
                    id=person.id,
                    name=person.name,
                    value=number["value"],
                    type=_type(visit, number["type"]),
                    why=why,
                )
            )
        await time_slice.yield_when_over()
    return sorted(causes.values(), key=lambda one: -len(one.numbers))


def _type(visit: PageRequest, kind: str) -> str:
    """Return the type of a number in the user's language, or as sent if it isn't a usual one."""
    return visit.t(NUMBER.code(kind.lower())) if kind.lower() in NUMBER_TYPES else kind


def _described(visit: PageRequest, fault: Message | None, stored: str) -> Described:
    """Return cause, reason and remedy in the user's language.

    A number that can be parsed by the present rules gets the cause "again", because a background
    run will parse it again; until then its stored reason is shown.
    """
    why = fault.params.get("why") if fault else None
    remedy = fault.params.get("remedy") if fault else None
    if isinstance(why, Message) and isinstance(remedy, Message):
        return Described(why.code.removeprefix("number_"), visit.text(why), visit.text(remedy))
    return Described("again", stored, "")


async def set_region(visit: PageRequest) -> Response:
    """Store another default region; a background run then parses the numbers again."""
    region = visit.form.get("region", "")
    with suppress(InvalidField):  # no form of this page sends an unknown region
        await service.set_up(visit.app, visit.actor, visit.directory_id, region=region)
    return visit.go(f"/directories/{visit.directory_id}/numbers")
