"""Search as agents type: a name in any spelling, words of title and company, an address, a number in any format."""

import unicodedata
from collections.abc import Sequence

from contacts import listing, name_search
from contacts.index_scan import Page
from contacts.name_query import NameQuery
from contacts.number_search import find_by_number
from directories.models import Directory
from shared.app import App
from shared.numbers.typed import is_number

_MAX_PAGES = 4  # of a search that are looked through for members of a large group


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
    if only is not None:
        return await search(app, directories, text, limit, cursor, only)
    return await _search_large_group(app, directory, text, group, limit, cursor)


async def _search_large_group(
    app: App, directory: Directory, text: str, group: str, limit: int, cursor: str
) -> Page:
    """Search the whole directory and return those found who are members; a page may be short or empty.

    The members of a group of 50,000 would be megabytes for each letter that an agent types.
    """
    page = Page([], cursor)
    for _ in range(_MAX_PAGES):
        page = await search(app, [directory], text, limit, page.cursor)
        ids = [one.card.id for one in page.found]
        members = await listing.members_among(app, directory, group, ids)
        found = [one for one in page.found if one.card.id in members]
        if found or not page.cursor:
            break
    return Page(found, page.cursor)


async def search(
    app: App,
    directories: Sequence[Directory],
    text: str,
    limit: int,
    cursor: str = "",
    only: frozenset[str] | None = None,
) -> Page:
    """Return the people of the directories whom `text` means; a number is looked up as a whole, by its beginning and its end.

    `only`: ids of the members of a group.
    """
    text = unicodedata.normalize("NFKC", text).strip()
    if is_number(text):
        return await find_by_number(app, directories, text, limit, cursor, only)
    query = NameQuery.of(text)
    if not query:
        return Page([])
    return await name_search.search(app, directories, query, limit, cursor, only)
