"""An agent's favourites: the browser keeps their keys, and the people are read each time."""

from collections.abc import Sequence

from contacts.index_scan import Found
from contacts.listing import read_person
from contacts.name_query import NameQuery
from directories.models import Directory
from shared.concurrency import each
from shared.keys import search_key
from shared.numbers.typed import is_number, typed_of
from web.page_request import PageRequest
from web.pages.contact_rows import split_key

MOST = 200


async def read(
    visit: PageRequest,
    ids: str,
    text: str,
    directories: Sequence[Directory],
    only: frozenset[str] | None = None,
) -> list[Found]:
    """Return the favourites that still exist, by name, with one round trip per person.

    `only` are the ids of the members of a group.
    """
    by_id = {one.id: one for one in directories}
    keys = [split_key(key) for key in dict.fromkeys(ids.split(",")) if key][:MOST]

    async def one(key: tuple[str, str]) -> Found | None:
        directory = by_id.get(key[0])
        if directory is None or (only is not None and key[1] not in only):
            return None
        return await read_person(visit.app, directory, key[1])

    found = [one for one in await each(keys, one) if one and _has(one, text)]
    return sorted(found, key=lambda one: (search_key(one.card.name), one.card.id))


def _has(found: Found, text: str) -> bool:
    """Whether the person is found by the text, as in a search: a number by its beginning or its end."""
    if is_number(text) and _has_number(found, text):
        return True
    return NameQuery.of(text).is_meant(found.card)


def _has_number(found: Found, text: str) -> bool:
    typed = typed_of(text, found.directory.region)
    return any(typed.is_in(own) for own in found.numbers)
