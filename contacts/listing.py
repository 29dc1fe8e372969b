"""Lists people by name, and the members of groups."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from contacts.cursors import Cursor, encode_cursor
from contacts.index_scan import Found, Page, Range, is_known_empty, note_empty, walk
from directories.models import Directory
from scim import resource_rows
from scim.groups import membership, store
from scim.groups import models as groups
from scim.users import index_rows, models
from shared import keys
from shared.app import App
from shared.concurrency import each
from shared.http import HttpError
from shared.messages import Message
from shared.tables.port import MAX_QUERY_ROWS, Row
from shared.tables.schema.base import CONTACTS
from shared.tables.schema.contacts import EXTERNAL_ID, GROUP, GROUP_NAME, LIST, MEMBER, USER
from shared.words import fold_case, search_key

# Of a group that is searched in; of a larger one, members are looked up among those found.
MAX_MEMBER_IDS = 2000


@dataclass(frozen=True, slots=True)
class _NamedGroup:
    """A group, and the key of its name row, by which groups are sorted."""

    key: str
    directory: Directory
    id: str


async def list_contacts(
    app: App, directories: Sequence[Directory], limit: int, cursor: str = ""
) -> Page:
    """Return the next `limit` people, sorted by name. One round trip per directory."""
    return await walk(app, directories, Range(LIST), limit, cursor)


def before(name: str) -> str:
    """Return a cursor from which `list_contacts` continues with the first name at or after this search key; "" for "".

    Names are sorted by search keys, which ignore case and accents.
    """
    return encode_cursor(Cursor(Range(LIST).name, keys.escape(name))) if name else ""


async def list_groups(
    app: App, directory: Directory, limit: int, cursor: str = ""
) -> tuple[list[tuple[str, str]], str]:
    """Return (id, name) of the next `limit` groups, and the next cursor.

    Groups are paged in the order of their creation; each page is sorted by name.
    """
    after = GROUP.key(cursor) if cursor else ""
    found, more = await store.page(app, directory.id, after, limit)
    named = sorted(((one.record.id, one.record.shown_name) for one in found), key=_by_name)
    return named, found[-1].record.id if more else ""


def _by_name(group: tuple[str, str]) -> tuple[str, str]:
    return search_key(group[1]), group[0]


async def member_ids(app: App, directory: Directory, group_id: str) -> frozenset[str] | None:
    """Return the ids of a group's members, or None if there are more than MAX_MEMBER_IDS. 1,000 per round trip."""
    start, stop = MEMBER.under(group_id)
    found = set[str]()
    while len(found) <= MAX_MEMBER_IDS:
        rows = await app.tables.query(
            CONTACTS, directory.id, start, stop, limit=MAX_QUERY_ROWS, keys_only=True
        )
        found.update(MEMBER.second_of(row.key) for row in rows)
        if len(rows) < MAX_QUERY_ROWS:
            return frozenset(found)
        start = keys.successor(rows[-1].key)
    return None


async def small_group(app: App, directory: Directory, group_id: str, most: int) -> list[str]:
    """Return the ids of a group's members, or an empty list if there are more than `most`. One round trip."""
    start, stop = MEMBER.under(group_id)
    rows = await app.tables.query(CONTACTS, directory.id, start, stop, limit=most + 1)
    if len(rows) > most:
        return []
    return [one.id for one in map(membership.member_of, rows) if one.kind == "User"]


async def members_among(
    app: App, directory: Directory, group_id: str, ids: Iterable[str]
) -> frozenset[str]:
    """Return which of `ids` are members of the group.

    One round trip per id, whatever the size of the group.
    """

    async def row(identifier: str) -> Row | None:
        return await app.tables.get(CONTACTS, directory.id, MEMBER.key(group_id, identifier))

    rows = await each(ids, row)
    return frozenset(MEMBER.second_of(row.key) for row in rows if row is not None)


async def list_members(
    app: App, directory: Directory, group_id: str, limit: int, cursor: str = ""
) -> Page:
    """Return the next `limit` members of a group.

    Members are paged in the order of their ids; each page is sorted by name. One round trip for the
    members, and one per person. A group stores no cards of its members, so that the cost of
    changing a person doesn't depend on the number of the person's groups.
    """
    start, stop = MEMBER.under(group_id)
    if cursor:
        start = keys.successor(MEMBER.key(group_id, cursor))
    members = await app.tables.query(CONTACTS, directory.id, start, stop, limit=limit + 1)
    ids = [
        member.id for member in map(membership.member_of, members[:limit]) if member.kind == "User"
    ]
    people = await each(ids, lambda identifier: read_person(app, directory, identifier))
    found = sorted(
        (one for one in people if one), key=lambda one: (search_key(one.card.name), one.card.id)
    )
    last = MEMBER.second_of(members[limit - 1].key) if len(members) > limit else ""
    return Page(found, last)


async def read_person(app: App, directory: Directory, identifier: str) -> Found | None:
    """Return a person in the form that lists use, or None if no such person is shown. One round trip."""
    user = await read_user(app, directory, identifier)
    if user is None:
        return None
    numbers = index_rows.derived(user, directory.region)
    return Found(
        directory=directory,
        card=index_rows.card_of(user, numbers),
        numbers=tuple(key.digits for _, number in numbers for key in number.keys),
    )


async def read_user(app: App, directory: Directory, identifier: str) -> models.UserRecord | None:
    """Return the record of a person, or None if no such person is shown. One round trip."""
    row = await app.tables.get(CONTACTS, directory.id, USER.key(identifier))
    user = models.decode(identifier, row.value) if row else None
    return user if user is not None and user.active else None


async def exists(app: App, directory: Directory, identifier: str) -> bool:
    """Return whether a person is stored, active or not."""
    key = USER.key(identifier)
    return await app.tables.get(CONTACTS, directory.id, key) is not None


async def group_name(app: App, directory: Directory, group_id: str) -> str:
    """Return the name of a group, or "" if the directory has no such group."""
    row = await app.tables.get(CONTACTS, directory.id, GROUP.key(group_id))
    return groups.decode(group_id, row.value).shown_name if row else ""


async def ids_by_external_id(app: App, directory_id: str, external_id: str) -> list[str]:
    """Return the ids of the people with this external ID. One round trip."""
    return await resource_rows.ids(app, directory_id, EXTERNAL_ID, external_id)


async def groups_by_name(
    app: App, directories: Sequence[Directory], name: str
) -> list[tuple[Directory, str]]:
    """Return (directory, group id) of the groups with this display name, ignoring case. One round trip per directory."""
    folded = fold_case(" ".join(name.split()))

    async def one(directory: Directory) -> list[tuple[Directory, str]]:
        row = await app.tables.get(CONTACTS, directory.id, GROUP_NAME.key(folded))
        return [(directory, resource_rows.decode_owner(row.value))] if row else []

    return [group for own in await each(directories, one) for group in own]


async def groups_beginning(
    app: App, directories: Sequence[Directory], text: str, most: int
) -> list[tuple[Directory, str]]:
    """Return (directory, group id) of at most `most` groups with names that start with `text`.

    They are sorted by name; case is ignored. At most one round trip per directory, and none for a
    directory in which no such group was found a moment ago.
    """
    folded = fold_case(" ".join(text.split()))
    asked = [one for one in directories if not is_known_empty(app, one, GROUP_NAME.name, folded)]

    async def one(directory: Directory) -> list[_NamedGroup]:
        start, stop = GROUP_NAME.beginning(folded)
        rows = await app.tables.query(CONTACTS, directory.id, start, stop, limit=most)
        if not rows:
            note_empty(app, directory, GROUP_NAME.name, folded)
        return [
            _NamedGroup(row.key, directory, resource_rows.decode_owner(row.value)) for row in rows
        ]

    found = [group for own in await each(asked, one) for group in own]
    found.sort(key=lambda group: (group.key, group.directory.id))
    return [(group.directory, group.id) for group in found[:most]]


async def members_of_named(app: App, name: str, found: Sequence[Found]) -> list[Found]:
    """Return the people in `found` who are in a group with this display name, in the same order.

    One round trip per directory, and one per person of a directory that has such a group.
    """
    by_id = {one.directory.id: one.directory for one in found}
    groups_of = dict[str, str]()
    for directory, group in await groups_by_name(app, list(by_id.values()), name):
        groups_of[directory.id] = group

    async def is_member(one: Found) -> bool:
        group = groups_of.get(one.directory.id)
        return bool(group and await members_among(app, one.directory, group, [one.card.id]))

    membership = await each(found, is_member)
    return [one for one, belongs in zip(found, membership, strict=True) if belongs]


async def check_group(app: App, directory: Directory, group_id: str) -> None:
    """Raise HttpError 404 if the directory has no such group."""
    if await app.tables.get(CONTACTS, directory.id, GROUP.key(group_id)) is None:
        raise HttpError(404, Message("group_not_found"), field="group")
