"""Search as agents type: a name in any spelling, words of title and company, an address, a number in any format."""

import asyncio
import re
import unicodedata
from collections.abc import Sequence

from contacts import listing, name_search, number_lookup
from contacts.cursors import Range
from contacts.index_scan import Found, Page, walk
from contacts.name_query import NameQuery
from directories.models import Directory
from shared.app import App
from shared.concurrency import each
from shared.numbers import MIN_DIGITS, digits_of, query_forms

_NUMBER = re.compile(r"(?:(?:tel|sips?):.*|(?:\W|_|\d|\b(?:ext|x)(?=[\W\d]))+)", re.IGNORECASE)


async def find(
    app: App,
    directories: Sequence[Directory],
    text: str,
    group: str,
    limit: int,
    cursor: str = "",
) -> Page:
    """The next people, listed or (with a `text`) searched; `group`: of that group of the only directory."""
    if not group:
        if not text:
            return await listing.list_contacts(app, directories, limit, cursor)
        return await search(app, directories, text, limit, cursor)
    (directory,) = directories
    if not text:
        return await listing.list_members(app, directory, group, limit, cursor)
    only = await listing.member_ids(app, directory, group)
    return await search(app, directories, text, limit, cursor, only)


async def search(
    app: App,
    directories: Sequence[Directory],
    text: str,
    limit: int,
    cursor: str = "",
    only: frozenset[str] | None = None,
) -> Page:
    """Return the people of the directories whom `text` means; a number is looked up as a whole, by its beginning and its end.

    `only`: ids of the members of a group. The answer to a number is one page.
    """
    text = unicodedata.normalize("NFKC", text).strip()
    if is_number(text):
        return Page(_chosen(await _by_number(app, directories, text, limit), only, limit))
    query = NameQuery.of(text)
    if not query:
        return Page([])
    return await name_search.search(app, directories, query, limit, cursor, only)


def is_number(text: str) -> bool:
    """Whether the text is typed as a phone number: at least three digits and no letters."""
    return len(digits_of(text)) >= MIN_DIGITS and _NUMBER.fullmatch(text) is not None


async def _by_number(
    app: App, directories: Sequence[Directory], text: str, limit: int
) -> list[Found]:
    async def one(directory: Directory) -> list[Found]:
        query = query_forms(text, directory.region)
        # What reads as a whole number may be one that is still being typed: +44 20 7946 010 is possible, too.
        if query.number.e164 and (
            matches := await number_lookup.in_directory(app, directory, text)
        ):
            return [Found(match.directory, match.card) for match in matches]
        typed, ranges = digits_of(text), {Range("find", query.beginning): None}
        if not query.is_beginning:
            ranges[Range("num", typed[::-1])] = None
            if not typed.startswith("0"):
                ranges[Range("find", typed)] = None
        pages = await asyncio.gather(*(walk(app, [directory], where, limit) for where in ranges))
        return [found for page in pages for found in page.found]

    return [found for own in await each(directories, one) for found in own]


def _chosen(found: list[Found], only: frozenset[str] | None, limit: int) -> list[Found]:
    """Each person once, in the order found."""
    once = {
        (one.directory.id, one.card.id): one
        for one in reversed(found)
        if only is None or one.card.id in only
    }
    return list(reversed(once.values()))[:limit]
