"""An agent's favourites: the browser keeps their keys, the people are read anew each time."""

from collections.abc import Sequence

from contacts.details import read_contact
from contacts.search import query_words
from contacts.walk import Found
from directories.directory import Directory
from shared.each import each
from shared.http import HttpError
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
        if directory is None:
            return None
        try:
            person = await read_contact(visit.services, directory, key[1])
        except HttpError:
            return None
        return Found(directory, person.card)

    words = query_words(text)
    found = [one for one in await each(keys, one) if one and _has(one, words)]
    return sorted(found, key=lambda one: (fold(one.card.name), one.card.id))


def _has(found: Found, words: list[str]) -> bool:
    own = found.card.words()
    return all(any(mine.startswith(word) for mine in own) for word in words)
