"""The lists that an agent keeps: favourites, and recently opened people and recent searches.

They belong to the signed-in agent, not to the browser, so they follow the agent to any desk. Each agent has one row. It
holds IDs of people and groups, which no longer identify anyone after the person or the directory is erased, and the texts of
recent searches, which are removed after `RECENT_DAYS`.
"""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import orjson

from shared import row_versions
from shared.app import App
from shared.clock import parse_timestamp, timestamp
from shared.easy_auth import Principal
from shared.tables.port import AlreadyExists, Delete, Insert, NotFound, PreconditionFailed, Replace
from shared.tables.schema.base import CONTACTS, agents_partition

MAX_FAVOURITES = 200
MAX_FAVOURITE_GROUPS = 50
MAX_RECENT_PEOPLE = 20
MAX_RECENT_SEARCHES = 20
MAX_SEARCH_CHARACTERS = 100
RECENT_DAYS = 30
UNUSED_DAYS = 180
_MAX_KEY_CHARACTERS = 100
_ATTEMPTS = 6


class ListFull(Exception):
    """Raised when a list already has the maximum number of entries, `most`."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.most = most


class Contended(Exception):
    """Raised when other writers changed the lists during every attempt to store them."""


@dataclass(frozen=True, slots=True)
class Recent:
    """A recent entry: the key of a person or the text of a search, and when it was last used (RFC 3339)."""

    what: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentLists:
    """An agent's favourites and recents, newest first.

    `favourites` holds keys `directoryId.personId`, `groups` keys `directoryId.groupId`. `used` is the date of the last
    change.
    """

    favourites: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    people: tuple[Recent, ...] = ()
    searches: tuple[Recent, ...] = ()
    used: str = ""
    unknown_fields: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def with_favourite(self, key: str) -> "AgentLists":
        """Return the lists with this person added to the favourites; raise ListFull if there is no room."""
        return replace(self, favourites=_added(self.favourites, key, MAX_FAVOURITES))

    def with_group(self, key: str) -> "AgentLists":
        """Return the lists with this group added to the favourites; raise ListFull if there is no room."""
        return replace(self, groups=_added(self.groups, key, MAX_FAVOURITE_GROUPS))

    def without_favourite(self, key: str) -> "AgentLists":
        """Return the lists without this favourite person or group."""
        return replace(
            self,
            favourites=tuple(one for one in self.favourites if one != key),
            groups=tuple(one for one in self.groups if one != key),
        )

    def without(self, keys: Iterable[str]) -> "AgentLists":
        """Return the lists without these people and groups."""
        gone = frozenset(keys)
        return replace(
            self,
            favourites=tuple(key for key in self.favourites if key not in gone),
            groups=tuple(key for key in self.groups if key not in gone),
            people=tuple(one for one in self.people if one.what not in gone),
        )

    def without_directory(self, directory_id: str) -> "AgentLists":
        """Return the lists without the people and groups of a directory."""
        named = (*self.favourites, *self.groups, *(one.what for one in self.people))
        return self.without(key for key in named if key.startswith(f"{directory_id}."))

    def with_imported(self, keys: Iterable[str]) -> "AgentLists":
        """Return the lists with favourites that a browser had stored locally, as many as fit."""
        known = dict.fromkeys((*self.favourites, *filter(_is_person_key, keys)))
        return replace(self, favourites=tuple(known)[:MAX_FAVOURITES])

    def with_recent(self, key: str, search: str, now: datetime) -> "AgentLists":
        """Return the lists after the agent opened a person; `search` is the search text that led to the person, "" for none."""
        people = _first(self.people, key, now, MAX_RECENT_PEOPLE)
        text = " ".join(search.split())[:MAX_SEARCH_CHARACTERS]
        searches = _first(self.searches, text, now, MAX_RECENT_SEARCHES) if text else self.searches
        return replace(self, people=people, searches=searches)

    def without_recents(self) -> "AgentLists":
        """Return the lists with no recent people and searches."""
        return replace(self, people=(), searches=())

    def current(self, now: datetime) -> "AgentLists":
        """Return the lists without recents older than RECENT_DAYS."""
        oldest = timestamp(now - timedelta(days=RECENT_DAYS))
        return replace(
            self,
            people=tuple(one for one in self.people if one.at >= oldest),
            searches=tuple(one for one in self.searches if one.at >= oldest),
        )

    @property
    def is_empty(self) -> bool:
        """Return whether all lists are empty, so that no row is needed."""
        return not (self.favourites or self.groups or self.people or self.searches)


def _added(keys: tuple[str, ...], key: str, most: int) -> tuple[str, ...]:
    if key in keys:
        return keys
    if len(keys) >= most:
        raise ListFull(most)
    return (*keys, key)


def _first(entries: tuple[Recent, ...], what: str, now: datetime, most: int) -> tuple[Recent, ...]:
    """Return the entries with `what` moved to the front; unchanged if it was moved there less than an hour ago."""
    at = timestamp(now)
    if entries and entries[0].what == what and now - parse_timestamp(entries[0].at) < _SAME:
        return entries
    others = (one for one in entries if one.what.casefold() != what.casefold())
    return (Recent(what, at), *others)[:most]


_SAME = timedelta(hours=1)


def _is_person_key(key: str) -> bool:
    directory_id, point, person_id = key.partition(".")
    return bool(directory_id and point and person_id) and len(key) <= _MAX_KEY_CHARACTERS


def is_agent(person: Principal) -> bool:
    """Return whether the caller can have lists: only a user with an object ID can, not an application."""
    try:
        uuid.UUID(person.object_id)
    except ValueError:
        return False
    return True


async def read(app: App, person: Principal) -> AgentLists:
    """Return the lists of a signed-in user. One round trip."""
    if not is_agent(person):
        return AgentLists()
    row = await app.tables.get(CONTACTS, agents_partition(person.account), person.object_id)
    return (decode(row.value) if row else AgentLists()).current(app.clock.now())


async def change(
    app: App, person: Principal, alter: Callable[[AgentLists], AgentLists]
) -> AgentLists:
    """Apply `alter` to the user's lists, store them and return them. Two round trips; retried if another writer came first.

    Raises:
        ListFull: `alter` raised it.
        Contended: Another writer came first in every attempt.
    """
    if not is_agent(person):
        return AgentLists()
    return await _change(app, agents_partition(person.account), person.object_id, alter)


async def _change(
    app: App, partition: str, object_id: str, alter: Callable[[AgentLists], AgentLists]
) -> AgentLists:
    for _ in range(_ATTEMPTS):
        row = await app.tables.get(CONTACTS, partition, object_id)
        before = decode(row.value) if row else AgentLists()
        now = app.clock.now()
        after = alter(before.current(now))
        if after == before:
            return after
        value = encode(replace(after, used=timestamp(now)))
        try:
            if row is None:
                await app.tables.transact(CONTACTS, partition, [Insert(object_id, value)])
            elif after.is_empty and not after.unknown_fields:
                await app.tables.transact(CONTACTS, partition, [Delete(object_id, row.etag)])
            else:
                operation = Replace(object_id, value, row.etag)
                await app.tables.transact(CONTACTS, partition, [operation])
        except (AlreadyExists, NotFound, PreconditionFailed):
            continue
        return after
    raise Contended


def encode(lists: AgentLists) -> bytes:
    """Encode the lists as the value of the agent's row; the row's key is the agent's object ID."""
    return orjson.dumps({**row_versions.as_row(lists), "v": 1})


def decode(value: bytes) -> AgentLists:
    """Decode a row value that `encode` returned; raise UnsupportedRowVersion if a later release wrote it."""
    row = row_versions.decode(value, "agent lists")
    for name in ("people", "searches"):
        row[name] = tuple(row_versions.build(Recent, one) for one in row.get(name, ()))
    for name in ("favourites", "groups"):
        row[name] = tuple(row.get(name, ()))
    lists: AgentLists = row_versions.build(AgentLists, row)
    return lists
