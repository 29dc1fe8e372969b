"""The Organisation page: people of one or all directories of the account, searched while the agent types."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from contacts import account_directories, agent_lists, listing
from contacts.agent_lists import AgentLists
from contacts.availability import among, who_is_free
from contacts.condition import MAX_DIRECTORIES, in_company
from contacts.index_scan import Found
from contacts.index_scan import Page as Contacts
from contacts.note_search import find_noted
from contacts.people_query import FREE, MAX_FACET, Free, PeopleQuery
from contacts.search import find
from contacts.serializers import presence_of
from directories.models import Directory
from shared.concurrency import Superseded, only_while
from shared.http import Response
from shared.words import search_key
from web.newest_search import newest_search
from web.page_request import PageRequest
from web.pages import favourites, person
from web.pages.companies import MAX_SELECT, matching
from web.pages.contact_rows import (
    Counted,
    choices_of,
    count_free,
    key_of,
    mark_of,
    person_view,
    soon_address,
)
from web.pages.favourites import GroupLink, StarView
from web.pages.letters import Letter, letters_of
from web.pages.team import team_of
from web.render import page

_PEOPLE = 40  # per part of the list
_MAX_PEOPLE = 960  # of all parts, which the browser's Back requests at once
_GROUPS = 500
_MAX_SEARCH = 200  # characters of a search
_MAX_START = 20  # characters of a name
_MIN_GROUP = 3  # characters of a search for which groups are offered
_OFFERED_GROUPS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """The filters of the list, from the address.

    `favourites` and `recent` limit the list to the agent's own people. `noted` limits it to people
    with notes, and `q` then searches the notes. `groups_of` is the directory of the groups that the page
    already shows, None if the request doesn't say; `group` belongs to that directory. `people` is
    how many people to show, and `start` the letter with which a list of all people begins.
    """

    q: str = ""
    directory: str = ""
    group: str = ""
    favourites: bool = False
    recent: bool = False
    noted: bool = False
    groups_of: str | None = None
    people: int = _PEOPLE
    company: str = ""
    department: str = ""
    office: str = ""
    free: Free = ""
    start: str = ""

    @property
    def any(self) -> bool:
        """Return whether any filter limits the list."""
        return bool(self.directory or self.start or not self.is_alphabetic)

    @property
    def is_alphabetic(self) -> bool:
        """Return whether the list has all people, or all of a directory, sorted by name."""
        return not (self.q or self.group or self.is_own or self.query.has_filters)

    @property
    def is_own(self) -> bool:
        """Return whether the list is one of the agent's lists: favourites, recent people, people with notes."""
        return self.favourites or self.recent or self.noted

    @property
    def chosen(self) -> PeopleQuery:
        """The filters set in the form, without the search text."""
        return PeopleQuery(
            group=self.group,
            company=self.company,
            department=self.department,
            office=self.office,
            free=self.free,
        )

    @property
    def query(self) -> PeopleQuery:
        """The search text and filters as a query; a filter typed in the text takes precedence over the form."""
        typed = PeopleQuery(text=self.q) if self.noted else PeopleQuery.typed(self.q)
        return typed.over(self.chosen)

    @property
    def narrows_own(self) -> bool:
        """Return whether text or filters leave out some people of the agent's lists."""
        return bool(self.q or self.directory or self.group or self.chosen.has_filters)

    @property
    def address(self) -> dict[str, str]:
        """The query parameters of the list's address."""
        names = ("q", "directory", "group", "company", "department", "office", "free")
        found = {name: value for name in names if (value := getattr(self, name))}
        return found | self.own_list

    @property
    def cleared(self) -> dict[str, str]:
        """The query parameters after the search is cleared: the filters without the text.

        Without a text, the filters are cleared, except the directory and the agent's list.
        """
        if self.q:
            return {name: value for name, value in self.address.items() if name != "q"}
        is_narrowed = bool(self.group) or self.chosen.has_filters
        directory = {"directory": self.directory} if self.directory and is_narrowed else {}
        return directory | self.own_list

    @property
    def own_list(self) -> dict[str, str]:
        """The query parameter that selects one of the agent's lists, as a dict; {} for none."""
        return {name: "1" for name in ("favourites", "recent", "noted") if getattr(self, name)}


@dataclass(frozen=True, slots=True)
class Group:
    """A choice of the group filter."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Groups:
    """The choices of the group filter for the directory `of`; `more` if the directory has further groups."""

    of: str = ""
    choices: Sequence[Group] = ()
    more: bool = False


@dataclass(frozen=True, slots=True)
class Shortcuts:
    """The part above the list of people: links to groups, and recent searches.

    `clearable` shows a button that removes recent people and searches. `free` is the search's filter
    for free people ("now", "soon", or "" for none). Each link to a group contains the same filter.
    """

    groups: Sequence[GroupLink] = ()
    searches: Sequence[str] = ()
    clearable: bool = False
    free: Free = ""


async def show(visit: PageRequest) -> Response:
    """Show `/contacts`; the query parameter `person` opens that person's card."""
    filters = filters_of(visit.query)
    directories = await account_directories.all_directories(visit.app, visit.reader)
    card = await person.opened(visit) if visit.query.get("person") else None
    no_card = person.GONE if "person" in visit.query else person.NO_CARD
    cursor = visit.query.get("cursor", "")[:2048]
    values = await list_values(visit, filters, directories, cursor, partial=False)
    if card and visit.query.get("team") == "1":
        values["team"] = await team_of(visit, card.card.key)
    return page(
        visit,
        "organisation.html",
        directories=directories,
        **(card.values if card else no_card),
        **values,
    )


async def people(visit: PageRequest) -> Response:
    """Show the list for htmx, or its next part if the query has a `cursor`; without htmx, show the whole page."""
    if not visit.is_partial:
        return await show(visit)
    filters = filters_of(visit.query | visit.form)
    directories = await account_directories.all_directories(visit.app, visit.reader)
    cursor = visit.query.get("cursor", "")[:2048]
    try:
        with only_while(newest_search(visit)):
            values = await list_values(visit, filters, directories, cursor, partial=True)
    except Superseded:
        return Response(204)  # the browser has dropped this request
    template = "people.html" if values["first"] else "people_rows.html"
    return page(visit, template, directories=directories, **values)


async def to_list(visit: PageRequest) -> Response:
    """Redirect a GET of a form's address to the Organisation page."""
    return visit.go("/contacts")


def filters_of(query: dict[str, str]) -> Filters:
    """Parse the filters from the query parameters; unknown values are ignored."""
    return Filters(
        q=query.get("q", "").strip()[:_MAX_SEARCH],
        directory=query.get("directory", "")[:64],
        group=query.get("group", "")[:200],
        favourites=query.get("favourites") == "1",
        recent=query.get("recent") == "1",
        noted=query.get("noted") == "1",
        groups_of=query.get("groups_of"),
        people=_people(query.get("people", "")),
        company=query.get("company", "").strip()[:MAX_FACET],
        department=query.get("department", "").strip()[:MAX_FACET],
        office=query.get("office", "").strip()[:MAX_FACET],
        free=free if (free := query.get("free", "")) in FREE else "",
        start=search_key(query.get("from", "").strip()[:_MAX_START]),
    )


def _people(text: str) -> int:
    wanted = int(text) if text.isascii() and text.isdecimal() and len(text) < 5 else _PEOPLE
    return min(max(wanted, _PEOPLE), _MAX_PEOPLE)


async def list_mark(visit: PageRequest, directories: Sequence[Directory]) -> str:
    """Return a hash that changes when people or directories are added, removed or changed."""
    found = await account_directories.totals_of(visit.app, directories)
    return mark_of(
        (one.id, one.name, total.users, total.active, total.hours)
        for one, total in zip(directories, found, strict=True)
    )


async def list_values(
    visit: PageRequest,
    filters: Filters,
    directories: Sequence[Directory],
    cursor: str = "",
    found: Contacts | None = None,
    *,
    partial: bool,
) -> dict[str, Any]:
    """Return the values for the templates of the list.

    `found` are the people to show, or None to look up those who match the filters. `cursor` is the
    position of a further part. `partial` is True if htmx requested the list alone.
    """
    chosen = (
        [one for one in directories if one.id == filters.directory]
        if filters.directory
        else directories
    )
    alone = len(chosen) == 1
    of = chosen[0].id if alone else ""
    if not alone or filters.groups_of not in (None, of):
        filters = replace(filters, group="")
    lists = await _lists(visit, filters, cursor)
    if found is None:
        after = cursor or (listing.before(filters.start) if filters.is_alphabetic else "")
        found = await _found(visit, filters, chosen, after, lists)
    counted = Counted.before(visit.query).and_of(found)
    known = await presence_of(visit.app, [(one.directory, one.card) for one in found.found])
    left_out = await account_directories.undecided(visit.app, visit.reader)
    keeps_groups = partial and (bool(cursor) or filters.groups_of == of)
    return {
        "partial": partial,
        "filters": filters,
        "people": [person_view(visit, one, known, alone=alone) for one in found.found],
        "first": not cursor,
        "next": _next(filters, found.cursor, counted),
        "groups": None if keeps_groups else await _groups(visit, of, chosen),
        "count": await _count(visit, filters, chosen, found, counted),
        "is_end": not found.cursor and not counted.shown,
        "mark": await list_mark(visit, directories) if not cursor else "",
        "letters": _letters(visit, filters, found),
        "shortcuts": None
        if cursor
        else await _shortcuts(visit, filters, directories, chosen, lists),
        "group_star": _group_star(filters, of, lists),
        "notice": visit.counted("groups_unknown_some", left_out) if left_out else "",
        "companies": matching(directories, "") if len(directories) > MAX_SELECT else None,
        "empty_name": _empty_name(filters, chosen),
        "choices": choices_of(found.found),
        "soon_address": soon_address(
            filters.query, {"directory": filters.directory, **filters.own_list}
        ),
        "too_many": 0
        if filters.is_own or not _is_too_wide(filters.query, chosen)
        else MAX_DIRECTORIES,
    }


def _is_too_wide(query: PeopleQuery, directories: Sequence[Directory]) -> bool:
    """Return whether the query asks for free people in more directories than are searched at once."""
    return bool(query.free) and len(in_company(directories, query.company)) > MAX_DIRECTORIES


def _empty_name(filters: Filters, chosen: Sequence[Directory]) -> str:
    """Return the directory's name if the list has all people of one directory, else "".

    The page shows it if that list is empty, because then the directory itself is empty.
    """
    is_all = not (filters.q or filters.group or filters.is_own or filters.query.has_filters)
    return chosen[0].name if is_all and filters.directory and len(chosen) == 1 else ""


async def _lists(visit: PageRequest, filters: Filters, cursor: str) -> AgentLists:
    """Return the agent's lists, or empty ones if the request doesn't need them."""
    if cursor or not (filters.favourites or filters.recent or filters.group):
        return AgentLists()
    return await agent_lists.read(visit.app, visit.reader)


async def _found(
    visit: PageRequest,
    filters: Filters,
    directories: Sequence[Directory],
    cursor: str,
    lists: AgentLists,
) -> Contacts:
    if filters.noted:
        page = await find_noted(visit.app, directories, filters.q, filters.people, cursor)
        noted = await _members(visit, filters.group, directories, page.found)
        meeting = await among(visit.app, directories, filters.chosen, noted)
        return replace(meeting, cursor=page.cursor)
    if not (filters.favourites or filters.recent):
        return await _asked(visit, filters, directories, cursor)
    keys = lists.favourites if filters.favourites else tuple(one.what for one in lists.people)
    people = await favourites.read(visit, keys, directories)
    if not (filters.directory or filters.query.text) and len(people) < len(keys):
        await favourites.forget_gone(visit, keys, people, directories)
    people = await _members(visit, filters.group, directories, people)
    people = await favourites.matching(visit, filters.query, people)
    people = favourites.by_name(people) if filters.favourites else people
    return await among(visit.app, directories, filters.query, people)


async def _members(
    visit: PageRequest, group: str, directories: Sequence[Directory], found: list[Found]
) -> list[Found]:
    """Return the people of `found` who are members of the group with the ID `group`; all if it is "".

    If a group is given, `directories` has only the directory to which the group belongs.
    """
    if not group:
        return found
    ids = [one.card.id for one in found if one.directory.id == directories[0].id]
    members = await listing.members_among(visit.app, directories[0], group, ids)
    return [one for one in found if one.card.id in members]


async def _asked(
    visit: PageRequest, filters: Filters, directories: Sequence[Directory], cursor: str
) -> Contacts:
    """Return the people who match text and filters; people listed as free are first confirmed with Microsoft."""
    query = filters.query
    if not query.free:
        return await find(visit.app, directories, query, filters.people, cursor)
    if _is_too_wide(query, directories):
        return Contacts([])  # the page then asks the agent to choose a directory
    page = await who_is_free(visit.app, directories, query, filters.people, cursor)
    found = [one.found for one in page.people]
    return Contacts(found, page.cursor, unconfirmed=page.unconfirmed)


def _letters(visit: PageRequest, filters: Filters, found: Contacts) -> Sequence[Letter]:
    """Return the letters above a list of all people that doesn't fit into one part; () for any other list."""
    is_long = bool(found.cursor or filters.start)
    if not (is_long and filters.is_alphabetic):
        return ()
    return letters_of(visit, filters.directory)


async def _shortcuts(
    visit: PageRequest,
    filters: Filters,
    directories: Sequence[Directory],
    chosen: Sequence[Directory],
    lists: AgentLists,
) -> Shortcuts | None:
    """Return the part above the people, None if it is empty.

    A search offers the groups with names that begin with its words, the favourites their groups, and
    the recents their searches.
    """
    if not filters.is_own and filters.q:
        return await _offered_groups(visit, filters, chosen)
    if filters.favourites and lists.groups:
        return Shortcuts(groups=await favourites.groups(visit, lists.groups, directories))
    if filters.recent and (lists.people or lists.searches):
        return Shortcuts(searches=[one.what for one in lists.searches], clearable=True)
    return None


async def _offered_groups(
    visit: PageRequest, filters: Filters, chosen: Sequence[Directory]
) -> Shortcuts | None:
    """Return the groups with names that begin with the words of a search, None if there are none.

    It needs at most one round trip per directory, and none if a search for a beginning of this text
    already found no group.
    """
    query = filters.query
    if not query.may_name_group or len(query.text) < _MIN_GROUP or len(chosen) > MAX_DIRECTORIES:
        return None
    found = await listing.groups_beginning(visit.app, chosen, query.text, _OFFERED_GROUPS)
    groups = await favourites.named(visit, found)
    return Shortcuts(groups=groups, free=query.free) if groups else None


def _group_star(filters: Filters, of: str, lists: AgentLists) -> StarView | None:
    if not filters.group:
        return None
    return favourites.star_of(lists, key_of(of, filters.group), is_group=True)


async def _groups(visit: PageRequest, of: str, directories: Sequence[Directory]) -> Groups:
    """Return the choices of the group filter for directory `of`; none for "" (several directories)."""
    if not of:
        return Groups()
    found, more = await listing.list_groups(visit.app, directories[0], _GROUPS)
    return Groups(of, [Group(*group) for group in found], bool(more))


async def _count(
    visit: PageRequest,
    filters: Filters,
    directories: Sequence[Directory],
    found: Contacts,
    counted: Counted,
) -> str:
    """Return the text above the list with the count of people.

    The count is exact if all people found are shown or if nothing is filtered. It is "" for a
    further part of a list of all people.
    """
    if filters.query.free:
        return count_free(visit, filters.query, found, counted.shown)
    if filters.query.has_filters or filters.q or filters.group or filters.is_own:
        return counted.text(visit, is_more=bool(found.cursor))
    if counted.shown > len(found.found):
        return ""  # a further part: the page already shows the count
    count = sum(one.active for one in await account_directories.totals_of(visit.app, directories))
    return visit.counted("people_count", count)


def _next(filters: Filters, cursor: str, counted: Counted) -> str:
    if not cursor:
        return ""
    fields = {
        **filters.address,
        "meant": str(counted.matching or ""),
        "similar": str(counted.similar or ""),
        "cursor": cursor,
    }
    return f"/contacts/list?{urlencode({name: value for name, value in fields.items() if value})}"
