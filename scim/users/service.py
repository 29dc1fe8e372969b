"""One function for each use of the /Users endpoint (RFC 7644 section 3)."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from directories import totals
from directories.events import told
from directories.provisioning_log import Event
from scim import key_samples, resource_rows
from scim.context import Context
from scim.core.errors import ScimError, not_found, uniqueness
from scim.core.filter_ast import Equality
from scim.core.notes import Notes
from scim.core.patch import Operation, apply_patch
from scim.core.resources import read_resource, replace_resource
from scim.core.schemas import USER
from scim.preconditions import Preconditions
from scim.query import Item
from scim.rejection_log import left_out, note_mapping_faults
from scim.users import index_rows, store
from scim.users.number_validation import check_numbers, numbers_checked
from scim.users.record import UserRecord
from scim.users.representation import represent
from scim.users.store import StoredUser
from shared import keys
from shared.clock import timestamp
from shared.concurrency import each
from shared.ids import new_id
from shared.messages import Message
from shared.numbers.number import MIN_DIGITS, derive
from shared.tables import schema
from shared.tables.port import AlreadyExists
from shared.tables.schema import EXTERNAL_ID, HIDDEN_NUMBER, MAIL, MEMBER, NUMBER

# Users that an index names are read one by one where that is less work than to read all, and never more than an answer
# may hold; to read one alone costs as much as to read some thirty among hundreds.
_FEW, _MOST, _DEARER = 32, 1000, 32
Change = Callable[[dict[str, Any], Notes], dict[str, Any]]


async def create(context: Context, body: Any) -> StoredUser:
    """POST: a new user; 409 uniqueness names the user that has the name already (RFC 7644 section 3.3)."""
    directory, app = context.directory, context.app
    notes = Notes()
    resource = read_resource(body, USER, notes)
    check_numbers(directory, {}, resource)
    now = timestamp(app.clock.now())
    user = UserRecord(new_id(app.clock), resource, now, now)
    event = _event(
        context, "user.created", user, users=1, active=user.active, **told(left_out(notes))
    )
    try:
        await store.insert(app, directory.id, user, directory.region, event)
    except AlreadyExists as taken:
        raise await _taken(context, taken.key, resource) from None
    key_samples.created(app, directory.id, schema.USER)
    note_mapping_faults(context, USER, notes, is_stored=True)
    return StoredUser(user, (), "")


async def read(context: Context, identifier: str) -> StoredUser:
    """GET: the user, active or not; 404 where there is none (RFC 7644 section 3.4.1)."""
    user = await store.get(context.app, context.directory.id, identifier)
    if user is None:
        raise not_found("User", identifier)
    return user


async def replace(
    context: Context, identifier: str, body: Any, conditions: Preconditions
) -> StoredUser:
    """PUT: another resource in place of the stored one; never creates (RFC 7644 section 3.5.1)."""
    notes = Notes()
    incoming = read_resource(body, USER, notes)

    def change(stored: dict[str, Any], notes: Notes) -> dict[str, Any]:
        return replace_resource(stored, incoming, USER, notes)

    return await _change(context, identifier, change, conditions, notes)


async def patch(
    context: Context, identifier: str, operations: Sequence[Operation], conditions: Preconditions
) -> StoredUser:
    """PATCH: all operations in order or none; without effect, nothing is written (RFC 7644 section 3.5.2)."""

    def change(stored: dict[str, Any], notes: Notes) -> dict[str, Any]:
        return apply_patch(stored, operations, USER, notes)

    return await _change(context, identifier, change, conditions, Notes())


async def delete(context: Context, identifier: str, conditions: Preconditions) -> None:
    """DELETE: the user is gone, its name free and its groups left (RFC 7644 section 3.6)."""

    async def attempt() -> None:
        user = await read(context, identifier)
        conditions.check(user.etag)
        event = _event(
            context,
            "user.deleted",
            user.record,
            users=-1,
            active=False,
            was_active=user.record.active,
        )
        await store.delete(context.app, context.directory.id, user, event)

    await context.write_locks.write(context.directory.id, identifier, attempt)


async def _change(
    context: Context,
    identifier: str,
    change: Change,
    conditions: Preconditions,
    sent: Notes,
) -> StoredUser:
    """Read, change, write; begun again where another writer came in between, so no change is lost.

    `sent`: what was left out of the body already.
    """
    directory, app = context.directory, context.app

    async def attempt() -> StoredUser:
        user = await read(context, identifier)
        conditions.check(user.etag)
        old = user.record
        notes = sent.copy()
        resource = change(old.resource, notes)
        if resource != old.resource:
            resource = numbers_checked(directory, old.resource, resource, notes)
        if resource == old.resource:
            note_mapping_faults(context, USER, notes, is_stored=False)
            return user
        new = old.changed(resource, timestamp(app.clock.now()))
        try:
            await store.replace(
                app,
                directory.id,
                user,
                new,
                directory.region,
                _change_event(context, old, new, left_out(notes)),
            )
        except AlreadyExists as taken:
            raise await _taken(context, taken.key, resource) from None
        note_mapping_faults(context, USER, notes, is_stored=True)
        return StoredUser(new, user.groups, "")

    return await context.write_locks.write(directory.id, identifier, attempt)


def _change_event(
    context: Context, old: UserRecord, new: UserRecord, message: Message | None
) -> Event:
    names = sorted(
        name
        for name in {*old.resource, *new.resource}
        if old.resource.get(name) != new.resource.get(name)
    )
    kind = "user.changed"
    if old.active != new.active:
        kind = "user.enabled" if new.active else "user.disabled"
    was = old.resource.get("externalId", "")
    moved = was if was != new.resource.get("externalId", "") else ""
    return _event(
        context,
        kind,
        new,
        active=new.active,
        changed=tuple(names),
        was_external_id=moved,
        **told(message),
    )


def _event(context: Context, kind: str, user: UserRecord, **more: Any) -> Event:
    return Event(
        at=timestamp(context.app.clock.now()),
        kind=kind,
        resource_type="User",
        resource_id=user.id,
        name=user.resource["userName"],
        external_id=user.resource.get("externalId", ""),
        client=context.client,
        **more,
    )


async def _taken(context: Context, key: str, resource: dict[str, Any]) -> ScimError:
    """Return 409 for the row key that another user has, with that user's id."""
    app, directory_id = context.app, context.directory.id
    conflict = await resource_rows.unique_conflict(app, directory_id, USER, key)
    if conflict is not None:
        return conflict
    user_name = resource["userName"]
    ids = await store.ids_by_user_name(app, directory_id, user_name)
    return uniqueness("userName", user_name, *ids[:1])


@dataclass(frozen=True, slots=True)
class Users:
    """The users of a directory as a source for queries."""

    context: Context
    resource_type = USER

    @property
    def directory_id(self) -> str:
        """The directory whose users these are."""
        return self.context.directory.id

    async def page(self, after: str, count: int) -> tuple[list[Item], bool]:
        """Users in the order of their creation."""
        found, more = await store.page(self.context.app, self.directory_id, after, count)
        return [self._item(user) for user in found], more

    async def key_of(self, number: int) -> str | None:
        """Return the key of the user with this number, from 1."""
        return await key_samples.key_of(self.context.app, self.directory_id, schema.USER, number)

    async def total(self) -> int:
        """How many users the directory has, active or not."""
        return (await totals.read(self.context.app, self.directory_id)).users

    async def lookup(self, equalities: Sequence[Equality]) -> list[Item] | None:
        """The users that an index has for the first of the equalities that is indexed."""
        for path, find in _INDEXES.items():
            for equality in equalities:
                if _without_selection(equality.path) == path and isinstance(equality.value, str):
                    ids = await find(self.context, equality.value)
                    if ids is not None and not await self._are_many(ids):
                        return await self.read(sorted(ids))
        return None

    async def _are_many(self, ids: list[str]) -> bool:
        """Whether to read all users, hundreds at a time, is less work than to read these one by one."""
        return len(ids) > _FEW and (len(ids) > _MOST or len(ids) * _DEARER > await self.total())

    async def read(self, ids: Sequence[str]) -> list[Item]:
        """The users with these ids, as far as they exist."""
        app, directory_id = self.context.app, self.directory_id
        found = await each(ids, lambda identifier: store.get(app, directory_id, identifier))
        return [self._item(user) for user in found if user is not None]

    def _item(self, user: StoredUser) -> Item:
        return Item(index_rows.user_key(user.record.id), represent(user, self.context.base_url))


def _without_selection(path: str) -> str:
    """Return a path without a selection of elements: `emails[type eq "work"].value` is `emails.value`."""
    before, bracket, rest = path.partition("[")
    return before + rest.rpartition("]")[2] if bracket and "]" in rest else path


async def _by_id(context: Context, value: str) -> list[str]:
    return [value]


async def _by_user_name(context: Context, value: str) -> list[str]:
    return await store.ids_by_user_name(context.app, context.directory.id, value)


async def _by_external_id(context: Context, value: str) -> list[str]:
    return await resource_rows.ids(context.app, context.directory.id, EXTERNAL_ID, value)


async def _by_mail(context: Context, value: str) -> list[str]:
    return await resource_rows.ids(context.app, context.directory.id, MAIL, keys.fold_case(value))


async def _by_number(context: Context, value: str) -> list[str] | None:
    """Only an international number is indexed alike whatever the directory's region is, now or when it was stored."""
    digits = derive(value, context.directory.region).digits
    if not value.startswith("+") or len(digits) < MIN_DIGITS:
        return None
    app, directory_id, ending = context.app, context.directory.id, digits[::-1]
    shown, hidden = await asyncio.gather(
        resource_rows.ids(app, directory_id, NUMBER, ending),
        resource_rows.ids(app, directory_id, HIDDEN_NUMBER, ending),
    )
    return shown + hidden


async def _by_group(context: Context, value: str) -> list[str]:
    return await resource_rows.ids(context.app, context.directory.id, MEMBER, value)


# By path without a selection of elements, the most selective index first.
_INDEXES: dict[str, Callable[[Context, str], Awaitable[list[str] | None]]] = {
    "id": _by_id,
    "userName": _by_user_name,
    "externalId": _by_external_id,
    "emails.value": _by_mail,
    "phoneNumbers.value": _by_number,
    "groups.value": _by_group,
}
