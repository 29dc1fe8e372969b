"""Search as agents type: a name in any spelling, words of title and company, an address, a number in any format."""

import unicodedata
from collections.abc import Sequence

from contacts import listing, name_search
from contacts.index_scan import Found, Page
from contacts.name_query import NameQuery
from contacts.number_search import find_by_number
from directories.models import Directory
from shared.app import App
from shared.numbers.typed import is_number


async def find(
    app: App,
    directories: Sequence[Directory],
    text: str,
    group: str,
    limit: int,
    cursor: str = "",
) -> Page:
    """Return the next people, listed or (with a `text`) searched.

    `group` limits them to that group of the only directory.
    """
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
        return Page(_chosen(await find_by_number(app, directories, text, limit), only, limit))
    query = NameQuery.of(text)
    if not query:
        return Page([])
    return await name_search.search(app, directories, query, limit, cursor, only)


def _chosen(found: list[Found], only: frozenset[str] | None, limit: int) -> list[Found]:
    """Each person once, in the order found."""
    once = {
        (one.directory.id, one.card.id): one
        for one in reversed(found)
        if only is None or one.card.id in only
    }
    return list(reversed(once.values()))[:limit]
