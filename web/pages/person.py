"""A person's card."""

import asyncio
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode

from contacts import account_directories, agent_lists
from contacts.details import DETAIL, Person, labelled, read_contact, time_zone
from contacts.serializers import presence_of
from directories.models import Directory
from shared.http import HttpError, Response
from shared.numbers.number import Number
from web.filters import readable_number
from web.page_request import PageRequest
from web.pages import favourites, notes
from web.pages.contact_rows import (
    PresenceView,
    Reach,
    is_object_id,
    mark_of,
    presence_view,
    split_key,
    teams_links,
)
from web.pages.favourites import StarView, star_of
from web.pages.notes import NotesView
from web.render import page
from web.text_families import NUMBER, NUMBER_TYPES


@dataclass(frozen=True, slots=True)
class NumberView:
    """A number in three forms: as people read it, as a telephone dials it, and as it is copied."""

    label: str
    shown: str
    dial: str
    copy: str


@dataclass(frozen=True, slots=True)
class Facet:
    """A company, department or office, with the address of the list of its people."""

    shown: str
    address: str


@dataclass(frozen=True, slots=True)
class LocalTime:
    """The person's local time when the card was rendered, and the name of the time zone."""

    zone: str
    shown: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardView:
    """All that an agent sees about a person.

    `object_id` is "" if the person can't have presence.
    """

    key: str
    id: str
    name: str
    title: str
    facets: list[Facet]
    mail: str
    numbers: list[NumberView]
    more: list[tuple[str, str]]
    teams: Reach
    presence: PresenceView | None
    object_id: str
    local_time: LocalTime | None
    notes: NotesView | None = None

    @property
    def mark(self) -> str:
        """A hash of everything except the presence, by which a change is detected."""
        noted = [one.note.version for one in self.notes.notes] if self.notes else []
        numbers = [(one.label, one.shown) for one in self.numbers]
        return mark_of((self.name, self.title, self.mail, numbers, self.more, noted))

    @property
    def next_number(self) -> NumberView | None:
        """The number to try after the first one; None if there is no other."""
        others = (one for one in self.numbers if one.dial != self.numbers[0].dial)
        return next(others, None)


async def show(visit: PageRequest) -> Response:
    """Show the card in the panel next to the list, for htmx; otherwise redirect to the page with the card open."""
    if not visit.is_partial:
        return visit.go(f"/contacts?{urlencode({'person': visit.query.get('id', '')})}")
    card = await open_card(visit, visit.query.get("id", ""))
    return page(visit, "card.html", **card.values)


@dataclass(frozen=True, slots=True)
class Opened:
    """An open card, and the star that makes its person a favourite."""

    card: CardView
    star: StarView

    @property
    def values(self) -> dict[str, Any]:
        """The values for the card's template."""
        return {"card": self.card, "star": self.star, "gone": False}


NO_CARD: dict[str, Any] = {"card": None, "star": None, "gone": False}
GONE = NO_CARD | {"gone": True}  # the requested person doesn't exist


async def opened(visit: PageRequest) -> Opened | None:
    """Return the card of the query parameter `person`; None if the person doesn't exist."""
    try:
        return await open_card(visit, visit.query["person"])
    except HttpError:
        return None


async def open_card(visit: PageRequest, key: str) -> Opened:
    """Return the card of a person and add the person to the agent's recent people.

    Raise HttpError 404 if the account has no such person.
    """
    card, lists = await asyncio.gather(
        card_of(visit, key), agent_lists.read(visit.app, visit.reader)
    )
    favourites.note_recent(visit, lists, key, visit.query.get("q", ""))
    return Opened(card, star_of(lists, key))


async def card_of(visit: PageRequest, key: str) -> CardView:
    """Return the card of a person of this account.

    Raises:
        HttpError: 404 if the account has no such person.
    """
    directory_id, person_id = split_key(key)
    directory = await account_directories.one_directory(visit.app, visit.reader, directory_id)
    person = await read_contact(visit.app, directory, person_id)
    known = await presence_of(visit.app, [(directory, person.card)])
    status = known.get((directory.id, person.card.external_id))
    asked = directory.kind == "entra" and is_object_id(person.card.external_id)
    presence = card_presence(visit, presence_view(visit, key, status)) if asked or status else None
    view = _view(visit, key, directory, person, presence)
    return replace(view, notes=notes.view_of(visit, key, person.notes))


def card_presence(visit: PageRequest, presence: PresenceView) -> PresenceView:
    """Return the presence with a mark that changes with every confirmation by Microsoft.

    The card needs that, because it shows the time of the last confirmation.
    """
    return replace(presence, mark=mark_of((presence.mark, presence.as_of)))


def _view(
    visit: PageRequest,
    key: str,
    directory: Directory,
    person: Person,
    presence: PresenceView | None,
) -> CardView:
    card = person.card
    groups = ", ".join(name for _, name in person.groups)
    user_name = card.user_name if card.user_name != card.mail else ""
    more = [
        (visit.t("directory"), directory.name),
        *((visit.t(DETAIL.code(name)), text) for name, text in labelled(person)),
        (visit.t("groups"), groups),
        (visit.t("user_name"), user_name),
    ]
    facets = {"department": card.department, "company": card.organization, "office": card.place}
    return CardView(
        key=key,
        id=card.id,
        name=card.name,
        title=card.title,
        facets=[
            Facet(text, f"/contacts?{urlencode({'directory': directory.id, name: text})}")
            for name, text in facets.items()
            if text
        ],
        mail=card.mail,
        numbers=[_number(visit, kind, number) for kind, number in person.numbers],
        more=more,
        teams=teams_links(directory, card),
        presence=presence,
        object_id=card.external_id if is_object_id(card.external_id) else "",
        local_time=_local_time(visit, person),
    )


def _local_time(visit: PageRequest, person: Person) -> LocalTime | None:
    """Return the person's local time, None if the time zone is unknown."""
    zone = time_zone(person.user.resource)
    if not zone:
        return None
    from zoneinfo import ZoneInfo

    return LocalTime(zone, visit.app.clock.now().astimezone(ZoneInfo(zone)).strftime("%H:%M"))


def _number(visit: PageRequest, kind: str, number: Number) -> NumberView:
    known_type = kind.lower() if kind.lower() in NUMBER_TYPES else "other"
    label = visit.t(NUMBER.code(known_type))
    if not number.e164:
        return NumberView(label, number.raw, quote(number.raw, safe="+"), number.raw)
    shown = readable_number(number.e164)
    if number.extension:
        shown = f"{shown} {visit.t('number_extension', extension=number.extension)}"
    dial = f"{number.e164};ext={number.extension}" if number.extension else number.e164
    return NumberView(label, shown, dial, number.e164)
