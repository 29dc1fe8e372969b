"""The Organisation page: people of all the account's directories or one, searched as the agent types."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from contacts import account_directories, listing
from contacts.index_scan import Page as Contacts
from contacts.people_query import PeopleQuery
from contacts.search import find
from contacts.serializers import presence_of
from directories.models import Directory
from shared.http import HttpError, Response
from web.page_request import PageRequest
from web.pages import favourites
from web.pages.companies import MAX_SELECT, matching
from web.pages.contact_rows import mark_of, person_view, split_key
from web.pages.person import card_of
from web.render import page

_PEOPLE = 60
_GROUPS = 500
_LONGEST = 200  # characters of a search


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of the list.

    `ids` are the agent's favourites, if only those are wanted. `groups_of` is the directory whose
    groups the page offers and to which `group` belongs, None if the request does not name one.
    """

    q: str = ""
    directory: str = ""
    group: str = ""
    favourites: bool = False
    ids: str = ""
    groups_of: str | None = None

    @property
    def any(self) -> bool:
        """Return whether anybody is left out."""
        return bool(self.q or self.directory or self.group or self.favourites)


@dataclass(frozen=True, slots=True)
class Group:
    """A choice of the group filter."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Groups:
    """The choices for a directory; `more`: it has more groups than are offered."""

    of: str = ""
    choices: Sequence[Group] = ()
    more: bool = False


async def show(visit: PageRequest) -> Response:
    """Show `/contacts`, with a person's card open if `person` names one."""
    filters = filters_of(visit.query)
    directories = await account_directories.all_directories(visit.app, visit.reader)
    card = None
    if visit.query.get("person"):
        try:
            card = await card_of(visit, visit.query["person"])
        except HttpError:
            card = None  # gone in the meantime: the list is still of use
    cursor = visit.query.get("cursor", "")[:2048]
    values = await list_values(visit, filters, directories, cursor, partial=False)
    return page(visit, "organisation.html", directories=directories, card=card, **values)


async def people(visit: PageRequest) -> Response:
    """Show the list, or with `cursor` its next part; redirect to the page if no script asks for it.

    Favourites are sent as a form, because an address can't hold so many keys.
    """
    if not visit.is_partial:
        return await show(visit)
    filters = filters_of(visit.query | visit.form)
    directories = await account_directories.all_directories(visit.app, visit.reader)
    cursor = visit.query.get("cursor", "")[:2048]
    values = await list_values(visit, filters, directories, cursor, partial=True)
    template = "people.html" if values["first"] else "people_rows.html"
    return page(visit, template, directories=directories, **values)


async def to_list(visit: PageRequest) -> Response:
    """To the page that a part of it belongs to."""
    return visit.go("/contacts")


def filters_of(query: dict[str, str]) -> Filters:
    """Return the filters of an address."""
    wanted = query.get("favourites") == "1"
    return Filters(
        query.get("q", "").strip()[:_LONGEST],
        query.get("directory", "")[:64],
        query.get("group", "")[:200],
        wanted,
        query.get("ids", "")[:20_000] if wanted else "",
        query.get("groups_of"),
    )


async def list_mark(visit: PageRequest, directories: Sequence[Directory]) -> str:
    """Return a mark that changes when people or directories are added, removed or changed."""
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
    """Return the values of the list's templates: of `found`, or of the people whom the filters let in."""
    chosen = (
        [one for one in directories if one.id == filters.directory]
        if filters.directory
        else directories
    )
    alone = len(chosen) == 1
    of = chosen[0].id if alone else ""
    if not alone or filters.groups_of not in (None, of):
        filters = replace(filters, group="")
    if found is None:
        found = await _found(visit, filters, chosen, cursor)
    known = await presence_of(visit.app, [(one.directory, one.card) for one in found.found])
    left_out = await account_directories.undecided(visit.app, visit.reader)
    is_kept = partial and (bool(cursor) or filters.groups_of == of)
    return {
        "partial": partial,
        "filters": filters,
        "people": [person_view(visit, one, known, alone=alone) for one in found.found],
        "first": not cursor,
        "next": _next(filters, found.cursor),
        "groups": None if is_kept else await _groups(visit, of, chosen),
        "count": await _count(visit, filters, chosen, found) if not cursor else "",
        "mark": await list_mark(visit, directories) if not cursor else "",
        "most_favourites": favourites.MOST,
        "notice": visit.counted("groups_unknown_some", left_out) if left_out else "",
        "companies": matching(directories, "") if len(directories) > MAX_SELECT else None,
        "empty_name": _empty_name(filters, chosen),
    }


def _empty_name(filters: Filters, chosen: Sequence[Directory]) -> str:
    """Return the name of the directory in view if nothing else is filtered, "" otherwise.

    If the list is then empty, the directory is.
    """
    is_all = not (filters.q or filters.group or filters.favourites)
    return chosen[0].name if is_all and filters.directory and len(chosen) == 1 else ""


async def _found(
    visit: PageRequest, filters: Filters, directories: Sequence[Directory], cursor: str
) -> Contacts:
    group = filters.group
    if filters.favourites:
        only = None
        if group:
            named = [split_key(one)[1] for one in filters.ids.split(",") if one]
            ids = list(dict.fromkeys(named))[: favourites.MOST]
            only = await listing.members_among(visit.app, directories[0], group, ids)
        return Contacts(await favourites.read(visit, filters.ids, filters.q, directories, only))
    query = PeopleQuery(text=filters.q, group=group)
    return await find(visit.app, directories, query, _PEOPLE, cursor)


async def _groups(visit: PageRequest, of: str, directories: Sequence[Directory]) -> Groups:
    """Return the groups of the one directory in view, `of`."""
    if not of:
        return Groups()
    found, more = await listing.list_groups(visit.app, directories[0], _GROUPS)
    return Groups(of, [Group(*group) for group in found], bool(more))


async def _count(
    visit: PageRequest, filters: Filters, directories: Sequence[Directory], found: Contacts
) -> str:
    similar = sum(bool(one.similar_to) for one in found.found)
    if similar:
        meant = len(found.found) - similar
        if found.cursor:
            return visit.t("people_and_similar_more", count=meant, similar=similar)
        return visit.t("people_and_similar", count=meant, similar=similar)
    if filters.q or filters.group or filters.favourites:
        shown = len(found.found)
        return visit.counted("people_found_more" if found.cursor else "people_found", shown)
    count = sum(one.active for one in await account_directories.totals_of(visit.app, directories))
    return visit.counted("people_count", count)


def _next(filters: Filters, cursor: str) -> str:
    if not cursor:
        return ""
    fields = {
        "q": filters.q,
        "directory": filters.directory,
        "group": filters.group,
        "cursor": cursor,
    }
    return f"/contacts/list?{urlencode({name: value for name, value in fields.items() if value})}"
