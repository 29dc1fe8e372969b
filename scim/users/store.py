"""Reads users from the tables, and writes them with all their index rows; SCIM rules are elsewhere."""

import itertools
from collections.abc import AsyncIterator, Iterator

from directories import events
from directories.events import Event
from scim import resource_rows
from scim.users import index_rows, models
from scim.users.models import StoredUser, UserJson, UserRecord
from shared import keys
from shared.app import App
from shared.concurrency import TimeSlice
from shared.tables.port import MAX_OPERATIONS, Delete, Insert, Operation, Replace, Row, Upsert
from shared.tables.schema.base import CONTACTS
from shared.tables.schema.contacts import INDEX_VERSION, MEMBER, NAME, NOTE, NOTED, USER, USER_GROUP

_BETWEEN_LOOKS = 4  # users of a page between two looks at the time; one may have to be decoded


async def get(app: App, directory_id: str, identifier: str) -> StoredUser | None:
    """Return the user with this id, or None. One round trip."""
    found = await resource_rows.get(app, directory_id, USER, identifier)
    return _assemble(found) if found else None


async def get_json(app: App, directory_id: str, identifier: str, base_url: str) -> UserJson | None:
    """Return the user with this id as clients see it, in one round trip; None if unknown."""
    found = await resource_rows.get(app, directory_id, USER, identifier)
    return _to_json(found, base_url) if found else None


async def page_json(
    app: App, directory_id: str, after: str, count: int, base_url: str
) -> tuple[list[UserJson], bool]:
    """Return the users of `page` as clients see them."""
    found, more = await resource_rows.page(app, directory_id, USER, after, count)
    users, time_slice = list[UserJson](), TimeSlice(app)
    for number, rows in enumerate(found):
        users.append(_to_json(rows, base_url))
        if number % _BETWEEN_LOOKS == 0:
            await time_slice.yield_when_over()
    return users, more


async def page(
    app: App, directory_id: str, after: str, count: int
) -> tuple[list[StoredUser], bool]:
    """Return at most `count` users after the key `after`, oldest first, and whether more follow."""
    found, more = await resource_rows.page(app, directory_id, USER, after, count)
    users, time_slice = list[StoredUser](), TimeSlice(app)
    for rows in found:
        users.append(_assemble(rows))
        await time_slice.yield_when_over()  # large people take half a millisecond each
    return users, more


def _to_json(found: list[Row], base_url: str) -> UserJson:
    return models.represent_row(found[0], _groups_of(found), base_url)


def _groups_of(found: list[Row]) -> tuple[str, ...]:
    """Return the ids of a user's groups from the membership rows after its record."""
    if len(found) == 1:
        return ()
    return tuple(USER_GROUP.second_of(row.key) for row in found[1:] if USER_GROUP.has(row.key))


def _assemble(found: list[Row]) -> StoredUser:
    """Return the user for a record's row and the membership rows after it."""
    head = found[0]
    identifier = USER.parts_of(head.key)[0]
    notes = tuple(row for row in found[1:] if NOTE.has(row.key))
    return StoredUser(models.decode(identifier, head.value), _groups_of(found), head.etag, notes)


async def ids_by_user_name(app: App, directory_id: str, user_name: str) -> list[str]:
    """Return the ids of the users with this user name, ignoring case: at most one."""
    row = await app.tables.get(CONTACTS, directory_id, index_rows.name_key(user_name))
    return [resource_rows.decode_owner(row.value)] if row else []


async def insert(app: App, directory_id: str, user: UserRecord, region: str, event: Event) -> None:
    """Store a new user; raise AlreadyExists if the user name is taken."""
    operations = [
        *insertion(user, region),
        events.insertion_in_change(app, directory_id, event),
    ]
    await app.tables.transact(CONTACTS, directory_id, operations)


async def replace(
    app: App,
    directory_id: str,
    old: StoredUser,
    new: UserRecord,
    region: str,
    event: Event,
) -> None:
    """Store the next version of a user.

    Raise Changed or NotFound if another writer came first, AlreadyExists if the name is taken.
    """
    operations = replacement(old.record, new, old.tag, region)
    await app.tables.transact(
        CONTACTS,
        directory_id,
        [
            *operations,
            events.insertion_in_change(app, directory_id, event),
        ],
    )


async def delete(
    app: App, directory_id: str, user: StoredUser, event: Event
) -> AsyncIterator[None]:
    """Remove a user with its index rows, memberships and notes. Raise PreconditionFailed or NotFound if another writer was first.

    A person in more groups than fit in one transaction is removed from most of them first; the function yields after
    each such transaction. If the instance is killed in between, the user still exists, in fewer groups, and the
    client's repeated DELETE finishes the work.
    """
    own = [
        *removal(user.record, user.tag),
        *(Delete(row.key) for row in user.notes),
        *([Delete(NOTED.key(user.id))] if user.notes else []),
        events.insertion_in_change(app, directory_id, event),
    ]
    room = (MAX_OPERATIONS - len(own)) // 2
    leaving = [_memberships(user.record.id, group_id) for group_id in user.groups]
    for at in range(room, len(leaving), MAX_OPERATIONS // 2):
        batch = leaving[at : at + MAX_OPERATIONS // 2]
        await app.tables.transact(CONTACTS, directory_id, list(itertools.chain(*batch)))
        yield
    await app.tables.transact(CONTACTS, directory_id, [*own, *itertools.chain(*leaving[:room])])


def _memberships(identifier: str, group_id: str) -> tuple[Delete, Delete]:
    """Return the deletions of both rows of a membership."""
    return Delete(MEMBER.key(group_id, identifier)), Delete(USER_GROUP.key(identifier, group_id))


def insertion(record: UserRecord, region: str) -> list[Operation]:
    """Return the operations that store a new user."""
    rows = index_rows.index_rows(record, region)
    stored = _with_index(record, rows, region)
    return [
        Insert(USER.key(record.id), models.encode(stored)),
        *[Insert(key, value) for key, value in rows.items()],
    ]


def replacement(old: UserRecord, new: UserRecord, etag: str, region: str) -> list[Operation]:
    """Return the operations that replace the user `old` by `new`; `etag` is the storage tag of the record of `old`.

    Rows that stay the same are left out, unless an older version of the rules wrote them, because then their values are
    unknown.
    """
    rows, differing = index_rows.changed_rows(old, new, region)
    before = set(stored_keys(old))
    outdated = differing if is_current(old, region) else rows
    return [
        Replace(USER.key(new.id), models.encode(_with_index(new, rows, region)), etag),
        *[Delete(key) for key in before if key not in rows],
        *[Insert(key, value) for key, value in rows.items() if key not in before],
        *[Upsert(key, rows[key]) for key in outdated if key in before],
    ]


def reindexing(
    record: UserRecord, etag: str, region: str, *, present: frozenset[str], keep_name: bool
) -> list[Operation]:
    """Return the operations that rewrite a user's index rows as the current rules derive them.

    The user itself, its ETag and its times stay the same. `present` are the keys of the user's rows that exist,
    because deleting a missing row would fail. With `keep_name` the name row isn't written; used if the name now
    belongs to another user.
    """
    rows = index_rows.index_rows(record, region)
    if keep_name:
        value = rows.pop(index_rows.name_key(record.resource["userName"]))
        rows |= {key: value for key in present if NAME.has(key)}
    return [
        Replace(USER.key(record.id), models.encode(_with_index(record, rows, region)), etag),
        *(Delete(key) for key in present if key not in rows),
        *(_stored(key, value, present) for key, value in rows.items()),
    ]


def _stored(key: str, value: bytes, present: frozenset[str]) -> Operation:
    """Return the write of a row. A missing unique row is inserted: an Upsert could overwrite the row of another user's name."""
    is_missing = key not in present
    return Insert(key, value) if is_missing and index_rows.is_unique(key) else Upsert(key, value)


def is_current(record: UserRecord, region: str) -> bool:
    """Return whether the user's index rows were derived by the current rules, with this region for national numbers."""
    return (record.index_version, record.index_region) == (INDEX_VERSION, region)


def _with_index(record: UserRecord, rows: dict[str, bytes], region: str) -> UserRecord:
    return record.indexed(_names(rows, record.id), INDEX_VERSION, region)


def removal(record: UserRecord, etag: str) -> list[Operation]:
    """Return the operations that remove a user and all its rows; `etag` is the storage tag of its record."""
    return [Delete(USER.key(record.id), etag), *[Delete(key) for key in stored_keys(record)]]


def _names(rows: dict[str, bytes], identifier: str) -> tuple[str, ...]:
    """Return row keys without their last part, the id, so that the record need not repeat it."""
    suffix, length = keys.SEPARATOR + identifier, -len(identifier)
    return tuple([key[:length] if key.endswith(suffix) else key for key in rows])


def stored_keys(record: UserRecord) -> Iterator[str]:
    """Yield the keys of the rows that were written with this version of the user."""
    return (name + record.id if name.endswith(keys.SEPARATOR) else name for name in record.index)
