"""One function for each use of the /Groups endpoint (RFC 7644 section 3, RFC 7643 section 4.2)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from directories import totals
from directories.events import told
from directories.provisioning_log import Event
from scim import key_samples, resource_rows
from scim.context import Context
from scim.core.errors import ScimError, not_found, uniqueness
from scim.core.filter_ast import Equality
from scim.core.member_patch import id_of
from scim.core.notes import Notes
from scim.core.patch import MemberChange, Operation, apply_patch, member_changes
from scim.core.resources import read_resource, replace_resource
from scim.core.schemas import GROUP
from scim.groups import membership, record, store
from scim.groups.membership import Member, Plan
from scim.groups.record import GroupRecord
from scim.groups.representation import represent
from scim.groups.store import StoredGroup
from scim.preconditions import Preconditions
from scim.query import Item
from scim.rejection_log import left_out, note_mapping_faults
from shared.clock import timestamp
from shared.concurrency import each
from shared.ids import new_id
from shared.messages import Message
from shared.tables import schema
from shared.tables.port import AlreadyExists

Change = Callable[[dict[str, Any], Notes], dict[str, Any]]


async def create(context: Context, body: Any) -> StoredGroup:
    """POST: a new group, with members where the client sends them; 409 where the display name is taken."""
    app, directory_id = context.app, context.directory.id
    notes = Notes()
    resource, plan = _divided(read_resource(body, GROUP, notes))
    now = timestamp(app.clock.now())
    group = GroupRecord(new_id(app.clock), resource, now, now)

    async def attempt() -> StoredGroup:
        joining = await membership.first(app, directory_id, group.id, plan)
        event = _event(context, "group.created", group, groups=1, **told(left_out(notes)))
        try:
            await store.write(app, directory_id, record.insertion(group), joining, event)
        except AlreadyExists as taken:
            if taken.key == record.group_key(
                group.id
            ):  # an attempt before this one stored it, not yet all members
                return await _attempt(
                    context, group.id, Preconditions(), plan, lambda stored, notes: stored, notes
                )
            raise await _taken(context, taken.key, resource) from None
        note_mapping_faults(context, GROUP, notes, is_stored=True)
        return StoredGroup(group, (), "")

    return await context.write_locks.write(directory_id, group.id, attempt)


async def read(context: Context, identifier: str) -> StoredGroup:
    """GET: the group without its members; 404 where there is none."""
    group = await store.get(context.app, context.directory.id, identifier)
    if group is None:
        raise not_found("Group", identifier)
    return group


async def members(context: Context, identifier: str) -> list[Member]:
    """The members of a group."""
    return await membership.members(context.app, context.directory.id, identifier)


async def replace(
    context: Context, identifier: str, body: Any, conditions: Preconditions
) -> StoredGroup:
    """PUT: another resource in place of the stored one; its members become just those sent (RFC 7644 section 3.5.1)."""
    sent = Notes()
    incoming, plan = _divided(read_resource(body, GROUP, sent))
    only = Plan(plan.add, (), only=True)

    def change(stored: dict[str, Any], notes: Notes) -> dict[str, Any]:
        return replace_resource(stored, incoming, GROUP, notes)

    return await _change(context, identifier, conditions, only, change, sent)


async def patch(
    context: Context, identifier: str, operations: Sequence[Operation], conditions: Preconditions
) -> StoredGroup:
    """PATCH: attributes as RFC 7644 section 3.5.2 says, members by row; without effect, nothing is written."""
    rest, changes = member_changes(operations)
    plan = Plan.of(changes)

    def change(stored: dict[str, Any], notes: Notes) -> dict[str, Any]:
        return apply_patch(stored, rest, GROUP, notes)

    return await _change(context, identifier, conditions, plan, change, Notes())


async def delete(context: Context, identifier: str, conditions: Preconditions) -> None:
    """DELETE: members and the groups around it lose it first, then the group goes."""
    app, directory_id = context.app, context.directory.id

    async def attempt() -> None:
        group = await read(context, identifier)
        conditions.check(group.record.etag)
        await membership.dissolve(app, directory_id, identifier, group.parents)
        event = _event(context, "group.deleted", group.record, groups=-1)
        await store.write(app, directory_id, record.removal(group.record, group.tag), [], event)

    await context.write_locks.write(directory_id, identifier, attempt)


async def _change(
    context: Context,
    identifier: str,
    conditions: Preconditions,
    plan: Plan,
    change: Change,
    sent: Notes,
) -> StoredGroup:
    """Read, change, write; begun again where another writer came in between, so no change is lost."""
    if identifier in plan.add:
        raise ScimError(400, Message("member_of_itself", id=identifier), "invalidValue")
    return await context.write_locks.write(
        context.directory.id,
        identifier,
        lambda: _attempt(context, identifier, conditions, plan, change, sent.copy()),
    )


async def _attempt(
    context: Context,
    identifier: str,
    conditions: Preconditions,
    plan: Plan,
    change: Change,
    notes: Notes,
) -> StoredGroup:
    app, directory_id = context.app, context.directory.id
    group = await read(context, identifier)
    conditions.check(group.record.etag)
    old = group.record
    resource = change(old.resource, notes)
    moving = await membership.operations(app, directory_id, identifier, plan)
    if resource == old.resource and not moving:
        note_mapping_faults(context, GROUP, notes, is_stored=False)
        return group
    new = old.changed(resource, timestamp(app.clock.now()))
    event = _change_event(context, old, new, len(moving), left_out(notes))
    try:
        await store.write(app, directory_id, record.replacement(old, new, group.tag), moving, event)
    except AlreadyExists as taken:
        raise await _taken(context, taken.key, resource) from None
    note_mapping_faults(context, GROUP, notes, is_stored=True)
    return StoredGroup(new, group.parents, "")


def _divided(resource: dict[str, Any]) -> tuple[dict[str, Any], Plan]:
    """A group as sent, divided into its attributes and its members."""
    listed = resource.pop("members", [])
    ids = tuple(dict.fromkeys(map(id_of, listed)))
    return resource, Plan.of([MemberChange("add", ids)])


def _change_event(
    context: Context, old: GroupRecord, new: GroupRecord, moved: int, message: Message | None
) -> Event:
    names = {
        name
        for name in {*old.resource, *new.resource}
        if old.resource.get(name) != new.resource.get(name)
    }
    changed = tuple(sorted(names | ({"members"} if moved else set())))
    return _event(context, "group.changed", new, changed=changed, **told(message))


def _event(context: Context, kind: str, group: GroupRecord, **more: Any) -> Event:
    return Event(
        at=timestamp(context.app.clock.now()),
        kind=kind,
        resource_type="Group",
        resource_id=group.id,
        name=group.resource["displayName"],
        external_id=group.resource.get("externalId", ""),
        client=context.client,
        **more,
    )


async def _taken(context: Context, key: str, resource: dict[str, Any]) -> ScimError:
    """Return 409 for the row key that another group has, with that group's id."""
    app, directory_id = context.app, context.directory.id
    conflict = await resource_rows.unique_conflict(app, directory_id, GROUP, key)
    if conflict is not None:
        return conflict
    display_name = resource["displayName"]
    ids = await store.ids_by_display_name(app, directory_id, display_name)
    return uniqueness("displayName", display_name, *ids[:1])


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of a directory as a source for queries; members are read only where an answer or filter needs them."""

    context: Context
    with_members: bool
    resource_type = GROUP

    @property
    def directory_id(self) -> str:
        """The directory whose groups these are."""
        return self.context.directory.id

    async def page(self, after: str, count: int) -> tuple[list[Item], bool]:
        """Groups in the order of their creation; fewer come with more behind where they have very many members."""
        app, directory_id = self.context.app, self.directory_id
        found, more = await store.page(app, directory_id, after, count)
        if not self.with_members or not found:
            return [self._item(group, None) for group in found], more
        ids = [group.record.id for group in found]
        listed, whole = await membership.members_between(app, directory_id, ids)
        return [
            self._item(group, listed.get(group.record.id)) for group in found[:whole]
        ], more or whole < len(found)

    async def key_of(self, number: int) -> str | None:
        """Return the key of the group with this number, from 1."""
        return await key_samples.key_of(self.context.app, self.directory_id, schema.GROUP, number)

    async def total(self) -> int:
        """How many groups the directory has."""
        return (await totals.read(self.context.app, self.directory_id)).groups

    async def lookup(self, equalities: Sequence[Equality]) -> list[Item] | None:
        """The groups that an index has for the first of the equalities that is indexed."""
        for path, find in _INDEXES.items():
            for equality in equalities:
                if equality.path == path and isinstance(equality.value, str):
                    return await self.read(await find(self.context, equality.value))
        return None

    async def read(self, ids: Sequence[str]) -> list[Item]:
        """The groups with these ids, as far as they exist."""
        return [item for item in await each(ids, self._one) if item is not None]

    async def _one(self, identifier: str) -> Item | None:
        group = await store.get(self.context.app, self.directory_id, identifier)
        if group is None:
            return None
        return self._item(
            group, await members(self.context, identifier) if self.with_members else None
        )

    def _item(self, group: StoredGroup, listed: Sequence[Member] | None) -> Item:
        return Item(
            record.group_key(group.record.id), represent(group, listed, self.context.base_url)
        )


async def _by_id(context: Context, value: str) -> list[str]:
    return [value]


async def _by_display_name(context: Context, value: str) -> list[str]:
    return await store.ids_by_display_name(context.app, context.directory.id, value)


async def _by_external_id(context: Context, value: str) -> list[str]:
    return await resource_rows.ids(
        context.app, context.directory.id, schema.GROUP_EXTERNAL_ID, value
    )


async def _by_member(context: Context, value: str) -> list[str]:
    return await membership.groups_of(context.app, context.directory.id, value)


# By path, the most selective index first.
_INDEXES = {
    "id": _by_id,
    "displayName": _by_display_name,
    "externalId": _by_external_id,
    "members.value": _by_member,
}
