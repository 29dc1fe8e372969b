"""The JSON of this API, with presence joined in, and answers that need not be sent twice."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from contacts.details import Person, details
from contacts.index_scan import Found
from contacts.number_lookup import Match
from directories.models import Directory
from presence.service import Status, statuses
from scim.users.contact_cards import Card
from shared.app import App
from shared.concurrency import each
from shared.http import Request, Response, json_response

Statuses = dict[tuple[str, str], Status]
_CACHE = "private, no-cache"  # kept by the browser, asked for again each time


async def presence_of(
    app: App, people: Iterable[tuple[Directory, Card]], *, on_demand: bool = False
) -> Statuses:
    """The statuses of people by directory id and external id; a round trip a directory at the most.

    `on_demand`: Microsoft is asked first for those whose status is older than ten seconds.
    """
    wanted: dict[str, set[str]] = {}
    for directory, card in people:
        if card.external_id:
            wanted.setdefault(directory.id, set()).add(card.external_id)
    found = await each(
        wanted.items(), lambda item: statuses(app, item[0], item[1], on_demand=on_demand)
    )
    return {
        (directory_id, external_id): status
        for directory_id, own in zip(wanted, found, strict=True)
        for external_id, status in own.items()
    }


def card_json(directory: Directory, card: Card, known: Statuses) -> dict[str, Any]:
    """A person of a list; what is not known is left out."""
    status = known.get((directory.id, card.external_id))
    parts = {
        "title": card.title,
        "department": card.department,
        "email": card.mail,
        "userName": card.user_name,
        "number": card.number,
        "presence": status.as_json() if status else None,
    }
    return {
        "id": card.id,
        "directory": {"id": directory.id, "name": directory.name},
        "displayName": card.name,
        **{name: value for name, value in parts.items() if value},
    }


async def page_json(
    app: App, found: Sequence[Found], cursor: str, *, on_demand: bool = False
) -> dict[str, Any]:
    """A page of people; without `nextCursor` it is the last one."""
    known = await presence_of(
        app, [(one.directory, one.card) for one in found], on_demand=on_demand
    )
    page: dict[str, Any] = {"contacts": [_found_json(one, known) for one in found]}
    return page | ({"nextCursor": cursor} if cursor else {})


def _found_json(found: Found, known: Statuses) -> dict[str, Any]:
    """A person of a page; with `similarTo` and `similarBy` if the name only resembles words of the query."""
    card = card_json(found.directory, found.card, known)
    if not found.similar_to:
        return card
    return card | {"similarTo": found.similar_to, "similarBy": found.similar_by}


async def matches_json(
    app: App, texts: Sequence[str], found: Sequence[Sequence[Match]]
) -> dict[str, Any]:
    """The answer to a lookup, in the order of the numbers asked for."""
    known = await presence_of(
        app, [(match.directory, match.card) for own in found for match in own]
    )
    numbers = [
        {
            "number": text,
            "matches": [card_json(m.directory, m.card, known) | {"match": m.kind} for m in own],
        }
        for text, own in zip(texts, found, strict=True)
    ]
    return {"numbers": numbers}


async def person_json(app: App, person: Person, *, on_demand: bool = False) -> dict[str, Any]:
    """One contact with all details."""
    known = await presence_of(app, [(person.directory, person.card)], on_demand=on_demand)
    return card_json(person.directory, person.card, known) | details(person)


def with_etag(request: Request, value: Any) -> Response:
    """`value` with a weak tag of its content; 304 where the client has it already (RFC 9110 section 13.1.2)."""
    tag = f'W/"{hashlib.sha256(orjson.dumps(value)).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": _CACHE}
    known = [
        one.strip().removeprefix("W/")
        for one in request.headers.get("if-none-match", "").split(",")
    ]
    if tag.removeprefix("W/") in known or known == ["*"]:
        return Response(304, headers=headers)
    return json_response(value, headers=headers)
