"""Lists and searches with filters: free people before those who are free soon, and groups by name.

Several searches follow each other; a cursor holds the number of one and the cursor in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from contacts import listing
from contacts.condition import Condition, conditions_of
from contacts.cursors import bad_cursor
from contacts.index_scan import Found, Page
from contacts.people_query import PeopleQuery
from contacts.search import find_meeting
from directories.models import Directory
from shared.app import App

_IN_GROUPS = "g"  # begins a cursor of a search in the groups with a name
_FIRST = ord("0")
_MAX_GROUPS = 30  # of one name, in as many directories


@dataclass(frozen=True, slots=True)
class _Step:
    """One search of those that make the answer."""

    condition: Condition
    directories: Sequence[Directory]
    query: PeopleQuery


async def find(
    app: App, directories: Sequence[Directory], query: PeopleQuery, limit: int, cursor: str = ""
) -> Page:
    """Return the next people, listed or (with a text) searched, who meet the filters of the query.

    With `query.group`, `directories` is that of the group. If free people are asked for and no one is found by the words,
    these are taken for the name of a group, which is one round trip per directory.

    Raises:
        HttpError: 400 for a cursor of another query, or if too many directories are asked for free people.
    """
    if not query.has_filters:
        return await find_meeting(app, directories, query, limit, cursor, None)
    conditions = await conditions_of(app, directories, query)
    is_named = bool(query.group_name) or cursor.startswith(_IN_GROUPS)
    if not is_named:
        steps = [_Step(one, conditions.directories, query) for one in conditions.in_order]
        page = await _go_through(app, steps, limit, cursor)
        may_be_group = bool(query.free and query.text and not query.group)
        if page.found or page.cursor or cursor or not may_be_group:
            return page
    name = query.group_name or query.text
    if not name:
        raise bad_cursor()
    targets = await listing.groups_by_name(app, conditions.directories, name)
    text = query.text if query.group_name else ""
    steps = [
        _Step(condition, [directory], replace(query, text=text, group=group))
        for condition in conditions.in_order
        for directory, group in targets[:_MAX_GROUPS]
    ]
    if not steps:
        return Page([])
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
    """Return the number of the search that a cursor continues, and the cursor in it."""
    if not cursor:
        return 0, ""
    number = ord(cursor[0]) - _FIRST
    if not 0 <= number < count:
        raise bad_cursor()
    return number, cursor[1:]
