"""The JSON of the contacts API with presence, and ETags for responses that a client already has."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, cast
from urllib.parse import urlencode

import orjson

from contacts.details import Person, details
from contacts.index_scan import Found
from contacts.number_lookup import Match
from contacts.response_models import (
    Contact,
    ContactDetails,
    ContactMatch,
    ContactPage,
    FoundContact,
    LookedUpNumber,
    LookupResult,
    PopResult,
)
from contacts.screen_pop import ScreenPop
from directories.models import Directory
from presence.service import Status, statuses
from presence.sync.refresh import OLD_AFTER
from scim.users.contact_cards import Card
from shared.app import App
from shared.concurrency import each
from shared.http import Request, Response, json_response

Statuses = dict[tuple[str, str], Status]
_CACHE = "private, no-cache"  # kept by the browser, asked for again each time


async def presence_of(
    app: App,
    people: Iterable[tuple[Directory, Card]],
    *,
    on_demand: bool = False,
    old_after: int = OLD_AFTER,
) -> Statuses:
    """Return the statuses of people by directory id and external ID.

    At most one round trip per directory. With `on_demand`, Microsoft Graph is first queried for statuses older than
    `old_after` milliseconds, by default ten seconds.
    """
    wanted: dict[str, set[str]] = {}
    for directory, card in people:
        if card.external_id:
            wanted.setdefault(directory.id, set()).add(card.external_id)
    found = await each(
        wanted.items(),
        lambda item: statuses(app, item[0], item[1], on_demand=on_demand, old_after=old_after),
    )
    return {
        (directory_id, external_id): status
        for directory_id, own in zip(wanted, found, strict=True)
        for external_id, status in own.items()
    }


def card_json(directory: Directory, card: Card, known: Statuses) -> Contact:
    """Return the JSON of a person in a list; unknown values are left out."""
    status = known.get((directory.id, card.external_id))
    parts = {
        "title": card.title,
        "department": card.department,
        "email": card.mail,
        "userName": card.user_name,
        "number": card.number,
        "presence": status.as_json() if status else None,
    }
    always: Contact = {
        "id": card.id,
        "directory": {"id": directory.id, "name": directory.name},
        "displayName": card.name,
    }
    return cast(Contact, {**always, **{name: value for name, value in parts.items() if value}})


async def page_json(
    app: App, found: Sequence[Found], cursor: str, *, on_demand: bool = False
) -> ContactPage:
    """Return the JSON of a page of people; the last page has no `nextCursor`."""
    known = await presence_of(
        app, [(one.directory, one.card) for one in found], on_demand=on_demand
    )
    page: ContactPage = {"contacts": [found_json(one, known) for one in found]}
    if cursor:
        page["nextCursor"] = cursor
    return page


def found_json(found: Found, known: Statuses) -> FoundContact:
    """Return the JSON of a person on a page, with the part of the search text that the name only resembles."""
    card = cast(FoundContact, card_json(found.directory, found.card, known))
    if found.similar_to:
        card["similarTo"] = found.similar_to
        card["similarBy"] = found.similar_by
    return card


async def matches_json(
    app: App, texts: Sequence[str], found: Sequence[Sequence[Match]]
) -> LookupResult:
    """Return the JSON of a lookup, in the order of the numbers requested."""
    known = await presence_of(
        app, [(match.directory, match.card) for own in found for match in own]
    )
    numbers: list[LookedUpNumber] = [
        {"number": text, "matches": [_match_json(match, known) for match in own]}
        for text, own in zip(texts, found, strict=True)
    ]
    return {"numbers": numbers}


async def pop_json(
    app: App, pop: ScreenPop, person: Person | None = None, *, on_demand: bool = False
) -> PopResult:
    """Return the JSON of a screen pop; `person` holds the details if exactly one person has the number."""
    people = [(match.directory, match.card) for match in pop.matches]
    known = await presence_of(app, people, on_demand=on_demand)
    found: PopResult = {
        "outcome": pop.outcome,
        "number": pop.number,
        "count": pop.count,
        "contacts": [_match_json(match, known) for match in pop.matches],
        "page": f"/contacts?{urlencode({'number': pop.number, 'pop': 1})}",
    }
    if person:
        card = card_json(person.directory, person.card, known)
        found["person"] = cast(ContactDetails, {**card, **details(person)})
    return found


def _match_json(match: Match, known: Statuses) -> ContactMatch:
    return {**card_json(match.directory, match.card, known), "match": match.kind}


async def person_json(app: App, person: Person, *, on_demand: bool = False) -> ContactDetails:
    """Return the JSON of one contact with all details."""
    known = await presence_of(app, [(person.directory, person.card)], on_demand=on_demand)
    return cast(
        ContactDetails,
        {**card_json(person.directory, person.card, known), **details(person)},
    )


def with_etag(request: Request, value: Any) -> Response:
    """Return a response with `value` as JSON and a weak entity tag of its content.

    The response is 304 if the client already has it (RFC 9110 section 13.1.2).
    """
    tag = f'W/"{hashlib.sha256(orjson.dumps(value)).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": _CACHE}
    known = [
        one.strip().removeprefix("W/")
        for one in request.headers.get("if-none-match", "").split(",")
    ]
    if tag.removeprefix("W/") in known or known == ["*"]:
        return Response(304, headers=headers)
    return json_response(value, headers=headers)
