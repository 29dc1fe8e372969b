"""Search while an agent types: a name in any spelling, words of title and company, an address, a number in any format."""

import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from contacts import company_search, filtered_listing, listing, name_search
from contacts.condition import Condition
from contacts.index_scan import Found, Page
from contacts.name_query import NameQuery
from contacts.number_search import find_by_number
from contacts.people_query import PeopleQuery
from directories.models import Directory
from shared.app import App
from shared.keys import search_key
from shared.numbers.typed import is_number

_MAX_PAGES = (
    4  # of a search that are looked through for members of a large group, or for free people
)


async def find_meeting(
    app: App,
    directories: Sequence[Directory],
    query: PeopleQuery,
    limit: int,
    cursor: str,
    condition: Condition | None,
) -> Page:
    """Return the next people, listed or (with a text) searched, who meet a condition.

    With `query.group`, `directories` is that of the group.
    """
    words = [query.text, *(condition.words() if condition else ())]
    text = " ".join(word for word in words if word)
    if not query.group:
        if text:
            return await search(app, directories, text, limit, cursor, condition)
        return await filtered_listing.list_meeting(app, directories, limit, cursor, condition)
    (directory,) = directories
    if not text:
        return await _members(app, directory, query.group, limit, cursor, condition)
    members = await listing.member_ids(app, directory, query.group)
    if members is not None:
        condition = replace(condition or Condition(), members=members)
        return await search(app, directories, text, limit, cursor, condition)
    return await _search_large_group(
        app, directory, replace(query, text=text), limit, cursor, condition
    )


async def _members(
    app: App,
    directory: Directory,
    group: str,
    limit: int,
    cursor: str,
    condition: Condition | None,
) -> Page:
    """Return the next members of a group who meet the condition; a page may be short or empty."""
    page = Page([], cursor)
    found = list[Found]()
    for _ in range(_MAX_PAGES):
        page = await listing.list_members(app, directory, group, limit, page.cursor)
        if condition is None:
            return page
        found += [one for one in page.found if condition.meets(directory, one.card)]
        if len(found) >= limit or not page.cursor:
            break
    found.sort(key=lambda one: (search_key(one.card.name), one.card.id))
    return Page(found, page.cursor)


async def _search_large_group(
    app: App,
    directory: Directory,
    query: PeopleQuery,
    limit: int,
    cursor: str,
    condition: Condition | None,
) -> Page:
    """Search the whole directory and return matches that are members; a page may be short or empty.

    The members of a group of 50,000 would be megabytes for each letter that an agent types.
    """
    page = Page([], cursor)
    for _ in range(_MAX_PAGES):
        page = await search(app, [directory], query.text, limit, page.cursor, condition)
        ids = [one.card.id for one in page.found]
        members = await listing.members_among(app, directory, query.group, ids)
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
    condition: Condition | None = None,
) -> Page:
    """Return the people whom `text` finds.

    A number is looked up as a whole, by its beginning and by its end.

    With a `condition`, those who meet it.
    """
    text = unicodedata.normalize("NFKC", text).strip()
    if is_number(text):
        return await find_by_number(app, directories, text, limit, cursor, condition)
    query = NameQuery.of(text)
    if not query:
        return Page([])
    if page := await company_search.search(app, directories, text, limit, cursor, condition):
        return page
    return await name_search.search(app, directories, query, limit, cursor, condition)
