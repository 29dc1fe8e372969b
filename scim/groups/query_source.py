"""The groups of a directory as a source for queries, with the indexes that answer filters."""

from collections.abc import Sequence
from dataclasses import dataclass

from directories import totals
from scim import resource_rows
from scim.context import Context
from scim.core.filter_ast import Equality
from scim.core.schemas import GROUP
from scim.groups import membership, store
from scim.groups.membership import Member
from scim.groups.models import StoredGroup, represent
from scim.list_response import Item
from shared.concurrency import each
from shared.tables import schema
from shared.tables.schema.contacts import GROUP_EXTERNAL_ID


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of a directory as a source for queries; members are read only if the query needs them."""

    context: Context
    with_members: bool
    resource_type = GROUP

    @property
    def directory_id(self) -> str:
        """Return the ID of the groups' directory."""
        return self.context.directory.id

    async def page(self, after: str, count: int) -> tuple[list[Item], bool]:
        """Return groups, oldest first, and whether more follow; fewer than `count` if they have very many members."""
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
        """Return the key of the group at this position, counted from 1."""
        return await resource_rows.key_of_number(
            self.context.app, self.directory_id, schema.contacts.GROUP, number
        )

    async def total(self) -> int:
        """Return how many groups the directory has."""
        return (await totals.read(self.context.app, self.directory_id)).groups

    async def lookup(self, equalities: Sequence[Equality]) -> list[str] | None:
        """Return the ids that match the first equality for which there is an index, or None if there is none."""
        for path, find in _INDEXES.items():
            for equality in equalities:
                if equality.path == path and isinstance(equality.value, str):
                    return await find(self.context, equality.value)
        return None

    async def read(self, ids: Sequence[str]) -> list[Item]:
        """Return the groups with these ids, in the order of `ids`; skip ids that don't exist."""
        return [item for item in await each(ids, self._one) if item is not None]

    async def _one(self, identifier: str) -> Item | None:
        group = await store.get(self.context.app, self.directory_id, identifier)
        if group is None:
            return None
        return self._item(
            group,
            await membership.members(self.context.app, self.directory_id, identifier)
            if self.with_members
            else None,
        )

    def _item(self, group: StoredGroup, listed: Sequence[Member] | None) -> Item:
        return Item(
            schema.contacts.GROUP.key(group.record.id),
            represent(group, listed, self.context.base_url),
        )


async def _by_id(context: Context, value: str) -> list[str]:
    return [value]


async def _by_display_name(context: Context, value: str) -> list[str]:
    return await store.ids_by_display_name(context.app, context.directory.id, value)


async def _by_external_id(context: Context, value: str) -> list[str]:
    return await resource_rows.ids(context.app, context.directory.id, GROUP_EXTERNAL_ID, value)


async def _by_member(context: Context, value: str) -> list[str]:
    return await membership.groups_of(context.app, context.directory.id, value)


# By path, the most selective index first.
_INDEXES = {
    "id": _by_id,
    "displayName": _by_display_name,
    "externalId": _by_external_id,
    "members.value": _by_member,
}
