"""An agent's favourite people and groups, and the people whom the agent opened last."""

from collections.abc import Sequence
from dataclasses import dataclass

from contacts import account_directories, agent_lists, listing
from contacts.agent_lists import AgentLists
from contacts.index_scan import Found
from contacts.listing import members_of_named, read_person
from contacts.name_query import NameQuery
from contacts.people_query import PeopleQuery
from directories.models import Directory
from shared.concurrency import each
from shared.http import Response
from shared.numbers.typed import is_number, typed_of
from shared.words import search_key
from web.page_request import PageRequest, trigger
from web.pages.contact_rows import key_of, split_key
from web.render import page

_MAX_FIELD = 20_000  # characters of the keys that a browser stored


@dataclass(frozen=True, slots=True)
class StarView:
    """The star button of a person or, if `is_group`, of a group: it adds them to the favourites or removes them."""

    key: str
    is_on: bool
    is_group: bool = False


@dataclass(frozen=True, slots=True)
class GroupLink:
    """A favourite group: the directory's ID, the group's ID, and its name."""

    directory: str
    group: str
    name: str


async def set_star(visit: PageRequest) -> Response:
    """Add a person or a group to the favourites (form field `on` is 1), or remove it (`on` is 0)."""
    key, is_group = visit.form.get("key", "")[:100], visit.form.get("kind") == "group"
    is_on = visit.form.get("on") == "1"
    # The directory must exist in the account. A person who doesn't is left out by later reads.
    await account_directories.one_directory(visit.app, visit.reader, split_key(key)[0])

    def alter(lists: AgentLists) -> AgentLists:
        if not is_on:
            return lists.without_favourite(key)
        return lists.with_group(key) if is_group else lists.with_favourite(key)

    notice = ""
    try:
        lists = await agent_lists.change(visit.app, visit.reader, alter)
    except agent_lists.ListFull as full:
        lists = await agent_lists.read(visit.app, visit.reader)
        notice = visit.t("favourites_full", count=full.most)
    if not visit.is_partial:
        directory_id, own = split_key(key)
        if is_group:
            return visit.go(f"/contacts?directory={directory_id}&group={own}")
        return visit.go(f"/contacts?person={key}")
    star = star_of(lists, key, is_group=is_group)
    return page(visit, "star.html", headers=trigger("favourites-changed", notice), star=star)


def star_of(lists: AgentLists, key: str, *, is_group: bool = False) -> StarView:
    """Return the star button of a person or a group, with its current state."""
    return StarView(key, key in (lists.groups if is_group else lists.favourites), is_group)


async def import_stored(visit: PageRequest) -> Response:
    """Add the favourites that earlier releases stored in the browser."""
    keys = visit.form.get("ids", "")[:_MAX_FIELD].split(",")
    await agent_lists.change(
        visit.app, visit.reader, lambda lists: lists.with_imported(map(str.strip, keys))
    )
    return Response(204, headers=trigger("favourites-changed"))


async def read(
    visit: PageRequest, keys: Sequence[str], directories: Sequence[Directory]
) -> list[Found]:
    """Look up the people with these keys, with one round trip per person; leave out those who don't exist."""
    by_id = {one.id: one for one in directories}

    async def one(key: tuple[str, str]) -> Found | None:
        directory = by_id.get(key[0])
        return await read_person(visit.app, directory, key[1]) if directory else None

    return [one for one in await each(map(split_key, keys), one) if one]


async def matching(visit: PageRequest, query: PeopleQuery, found: list[Found]) -> list[Found]:
    """Return the people of `found` who match the query's text, then those in a group of that name.

    A group is looked up only if the query's text may be a group's name.
    """
    text = query.text
    by_words = [one for one in found if _has(one, text)]
    others = [one for one in found if not _has(one, text)]
    if not (others and query.may_name_group):
        return by_words
    return [*by_words, *await members_of_named(visit.app, text, others)]


def by_name(found: Sequence[Found]) -> list[Found]:
    """Return the people sorted by name."""
    return sorted(found, key=lambda one: (search_key(one.card.name), one.card.id))


async def groups(
    visit: PageRequest, keys: Sequence[str], directories: Sequence[Directory]
) -> list[GroupLink]:
    """Return the favourite groups that still exist, sorted by name, with one round trip per group."""
    by_id = {one.id: one for one in directories}
    pairs = [(by_id[of], group) for of, group in map(split_key, keys) if of in by_id]
    return await named(visit, pairs)


async def named(visit: PageRequest, groups: Sequence[tuple[Directory, str]]) -> list[GroupLink]:
    """Return the groups that exist, sorted by name, with one round trip per group.

    Each group is given as its directory and its ID.
    """

    async def one(group: tuple[Directory, str]) -> GroupLink | None:
        name = await listing.group_name(visit.app, *group)
        return GroupLink(group[0].id, group[1], name) if name else None

    found = [one for one in await each(groups, one) if one]
    return sorted(found, key=lambda one: (search_key(one.name), one.group))


async def forget_gone(
    visit: PageRequest,
    keys: Sequence[str],
    found: Sequence[Found],
    directories: Sequence[Directory],
) -> None:
    """Remove deleted people from the agent's favourites and recent people.

    `keys` are the stored ones, and `found` are the people who were found for them. A person who is
    only inactive is kept, because the person may become active again. So are people of a directory
    that isn't in `directories`, because it may only be closed to this agent.
    """
    known = {key_of(one.directory.id, one.card.id) for one in found}
    by_id = {one.id: one for one in directories}

    async def is_gone(key: str) -> bool:
        directory_id, person_id = split_key(key)
        directory = by_id.get(directory_id)
        return directory is not None and not await listing.exists(visit.app, directory, person_id)

    missing = [key for key in keys if key not in known]
    gone = [
        key for key, is_one in zip(missing, await each(missing, is_gone), strict=True) if is_one
    ]
    if gone:
        await agent_lists.change(visit.app, visit.reader, lambda lists: lists.without(gone))


def _has(found: Found, text: str) -> bool:
    """Return whether a search for the text finds the person: by name words, or by a part of a number."""
    if is_number(text) and _has_number(found, text):
        return True
    return NameQuery.of(text).matches(found.card)


def _has_number(found: Found, text: str) -> bool:
    typed = typed_of(text, found.directory.region)
    return any(typed.is_in(own) for own in found.numbers)


async def clear_recents(visit: PageRequest) -> Response:
    """Remove the agent's recent people and searches."""
    await agent_lists.change(visit.app, visit.reader, AgentLists.without_recents)
    if not visit.is_partial:
        return visit.go("/contacts?recent=1")
    headers = trigger("favourites-changed", visit.t("recents_cleared"))
    return Response(204, headers=headers)


def note_recent(visit: PageRequest, lists: AgentLists, key: str, search: str) -> None:
    """Store, in the background, that the agent opened a person, if that changes `lists`.

    `lists` are the agent's lists as read for the page. `search` is the text by which the person was
    found.
    """
    now = visit.app.clock.now()
    if lists.with_recent(key, search, now) == lists:
        return

    async def store() -> None:
        await agent_lists.change(
            visit.app, visit.reader, lambda stored: stored.with_recent(key, search, now)
        )

    visit.app.background.start_optional(store(), "recents.lost")
