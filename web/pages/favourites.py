"""An agent's favourites: the browser keeps their keys, the people are read anew each time."""

from collections.abc import Sequence

from contacts.listing import read_person
from contacts.search import query_words
from contacts.walk import Found
from directories.directory import Directory
from shared.each import each
from shared.keys import fold
from web.pages.people_view import split_key
from web.visit import Visit

_MOST = 200


async def read(visit: Visit, ids: str, text: str, directories: Sequence[Directory]) -> list[Found]:
    """The favourites that are still there, by name; one round trip a person."""
    by_id = {one.id: one for one in directories}
    keys = [split_key(key) for key in dict.fromkeys(ids.split(",")) if key][:_MOST]

    async def one(key: tuple[str, str]) -> Found | None:
        directory = by_id.get(key[0])
        return await read_person(visit.services, directory, key[1]) if directory else None

    words = query_words(text)
    found = [one for one in await each(keys, one) if one and _has(one, words)]
    return sorted(found, key=lambda one: (fold(one.card.name), one.card.id))


def _has(found: Found, words: list[str]) -> bool:
    own = found.card.words()
    return all(any(mine.startswith(word) for mine in own) for word in words)
