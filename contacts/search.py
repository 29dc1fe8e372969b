"""Search while an agent types (a name in any spelling, words, an address, a number in any format), with filters.

If the query is for free people, those free now come before those free soon, and people who match by their own words come
before the members of a group with that name. So a query may run several searches one after the other; a cursor
consists of the index of the search and the cursor within it.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

from contacts import company_search, filtered_listing, listing, name_search
from contacts.condition import Condition, Conditions, conditions_of
from contacts.cursors import bad_cursor
from contacts.index_scan import Found, Page
from contacts.name_query import NameQuery
from contacts.number_search import find_by_number
from contacts.people_query import PeopleQuery
from directories.models import Directory
from shared.app import App
from shared.numbers.typed import is_number
from shared.words import search_key

_MAX_PAGES = (
    4  # of a search that are looked through for members of a large group, or for free people
)
_IN_GROUPS = "g"  # begins a cursor of a search in the groups with a name
_FIRST = ord("0")
_MAX_GROUPS = 30  # of one name, in as many directories
_Group = tuple[Directory, str]  # with its id


async def find_meeting(
    app: App,
    directories: Sequence[Directory],
    query: PeopleQuery,
    limit: int,
    cursor: str,
    condition: Condition | None,
) -> Page:
    """Return the next people who meet the condition; if the query has a text, only those who also match it.

    With `query.group`, `directories` holds only the directory of that group.
    """
    words = [query.text, *(condition.words() if condition else ())]
    text = " ".join(word for word in words if word)
    if not query.group:
        if text:
            return await search(app, directories, text, limit, cursor, condition)
        if condition is None:
            return await listing.list_contacts(app, directories, limit, cursor)
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
    """Return the next members of a group who meet the condition. A page may be short or empty."""
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
    """Search the whole directory, and return the matches that are members of the group. A page may be short or empty.

    Reading the members of a group of 50,000 instead would take megabytes for each letter that an agent types.
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
    """Return the people whom `text` finds; with a `condition`, only those who meet it.

    A number is looked up as a whole, by its beginning and by its end.
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


@dataclass(frozen=True, slots=True)
class _Step:
    """One of the searches that a query runs one after the other."""

    condition: Condition | None
    directories: Sequence[Directory]
    query: PeopleQuery


async def find(
    app: App, directories: Sequence[Directory], query: PeopleQuery, limit: int, cursor: str = ""
) -> Page:
    """Return the next people who meet the filters of the query, listed or (if it has a text) searched.

    With `query.group`, `directories` holds only the directory of that group. If the query is for free people and its
    text can be the name of a group, the members of groups with this name follow the people who match by their own words.
    That takes one more round trip per directory.

    Raises:
        HttpError: 400 for a cursor of another query, or if free people of too many directories are requested.
    """
    conditions = Conditions(directories, [None])
    if query.has_filters:
        conditions = await conditions_of(app, directories, query)
    if query.group_name:
        groups = await _groups_named(app, conditions, query.group_name)
        return await _in_groups(app, conditions, query, groups, limit, cursor)
    if cursor.startswith(_IN_GROUPS):
        if not (query.free and query.may_name_group):
            raise bad_cursor()
        groups = await _groups_named(app, conditions, query.text)
        return await _of_group_in_words(app, conditions, query, groups, limit, cursor)
    page = await _by_words(app, conditions, query, limit, cursor)
    if page.cursor or not (query.free and query.may_name_group):
        return page
    groups = await _groups_named(app, conditions, query.text)
    left = limit - len(page.found)
    if not (groups and left):
        return Page(page.found, _IN_GROUPS if groups else "")
    more = await _of_group_in_words(app, conditions, query, groups, left, "")
    return Page([*page.found, *more.found], more.cursor)


async def _groups_named(app: App, conditions: Conditions, name: str) -> Sequence[_Group]:
    groups = await listing.groups_by_name(app, conditions.directories, name)
    return groups[:_MAX_GROUPS]


async def _by_words(
    app: App, conditions: Conditions, query: PeopleQuery, limit: int, cursor: str
) -> Page:
    if not query.has_filters:
        return await find_meeting(app, conditions.directories, query, limit, cursor, None)
    steps = [_Step(one, conditions.directories, query) for one in conditions.in_order]
    return await _go_through(app, steps, limit, cursor)


async def _of_group_in_words(
    app: App,
    conditions: Conditions,
    query: PeopleQuery,
    groups: Sequence[_Group],
    limit: int,
    cursor: str,
) -> Page:
    """Return the next members of the groups that the text names, without people whom the text finds by their own words."""
    text = query.text
    named = replace(query, text="", group_name=text)
    page = await _in_groups(app, conditions, named, groups, limit, cursor)
    words = NameQuery.of(text)
    company = company_search.company_of(conditions.directories, text)
    found = [
        one for one in page.found if not (words.matches(one.card) or (company and company.has(one)))
    ]
    return replace(page, found=found)


async def _in_groups(
    app: App,
    conditions: Conditions,
    query: PeopleQuery,
    groups: Sequence[_Group],
    limit: int,
    cursor: str,
) -> Page:
    """Return the next members of the groups who meet the rest of the query."""
    steps = [
        _Step(condition, [directory], replace(query, group=group))
        for condition in conditions.in_order
        for directory, group in groups
    ]
    page = await _go_through(app, steps, limit, cursor.removeprefix(_IN_GROUPS))
    return Page(page.found, _IN_GROUPS + page.cursor if page.cursor else "")


async def _go_through(app: App, steps: Sequence[_Step], limit: int, cursor: str) -> Page:
    """Return the next people of the searches, one search after the other."""
    number, inner = _split(cursor, len(steps))
    found = list[Found]()
    for at in range(number, len(steps)):
        step, left = steps[at], limit - len(found)
        if not left:
            return Page(found, chr(_FIRST + at))
        page = await find_meeting(app, step.directories, step.query, left, inner, step.condition)
        found += page.found
        if page.cursor:
            return Page(found, f"{chr(_FIRST + at)}{page.cursor}")
        inner = ""
    return Page(found)


def _split(cursor: str, count: int) -> tuple[int, str]:
    """Return the index of the search that a cursor continues, and the cursor within it."""
    if not cursor:
        return 0, ""
    number = ord(cursor[0]) - _FIRST
    if not 0 <= number < count:
        raise bad_cursor()
    return number, cursor[1:]
