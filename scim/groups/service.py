"""The operations on /Groups that involve members; the others are in `scim.resource_service`.

Sources: RFC 7644 section 3, RFC 7643 section 4.2.
"""

from collections.abc import AsyncIterator, Sequence

from scim.context import MAX_BODY, Preconditions
from scim.core.errors import ScimError, not_found
from scim.core.member_patch import MemberChange, id_of, member_changes
from scim.core.notes import Notes
from scim.core.patch import Operation
from scim.core.projection import Projection
from scim.core.schemas import GROUP
from scim.groups import membership, models, store
from scim.groups.membership import Plan
from scim.groups.models import GroupRecord, StoredGroup, represent
from scim.groups.query_source import Groups
from scim.list_query import ListQuery, Source
from scim.resource_service import Change, Resource, ResourceService, changed_names
from shared.clock import timestamp
from shared.ids import new_id
from shared.messages import Message
from shared.tables.port import AlreadyExists


class GroupService(ResourceService[StoredGroup]):
    """The operations on the groups of a directory. The response to a PATCH has no body, as Entra expects."""

    resource_type = GROUP
    unique_name = "displayName"
    max_body_bytes = MAX_BODY
    returns_patched = False

    def source(self, query: ListQuery, filter_text: str) -> Source:
        """Return all groups; their members are read only if the query needs them, because that costs a round trip per group."""
        is_needed = query.projection.has("members") or "members" in filter_text.lower()
        return Groups(self.context, is_needed)

    async def represent(self, stored: StoredGroup, projection: Projection) -> Resource:
        """Return the group's resource, with its members if the projection includes them."""
        members = None
        if projection.has("members"):
            members = await membership.members(self.app, self.directory_id, stored.id)
        return represent(stored, members, self.context.base_url)

    def has_whole_etag(self, projection: Projection) -> bool:
        """Return False if members are shown, because deleting a member doesn't change the group's version."""
        return not projection.has("members")

    async def patch(
        self, identifier: str, operations: Sequence[Operation], conditions: Preconditions
    ) -> StoredGroup:
        """Change attributes (RFC 7644 section 3.5.2) and members; write nothing if nothing changes."""
        others, changes = member_changes(operations)
        plan = Plan.of(changes)
        return await self._change_with(
            identifier, conditions, self._patching(others), plan, Notes()
        )

    async def _replace(
        self, identifier: str, incoming: Resource, conditions: Preconditions, sent: Notes
    ) -> StoredGroup:
        """Replace the attributes and members; exactly the members sent remain (RFC 7644 section 3.5.1)."""
        resource, plan = _split_members(incoming)
        only = Plan(plan.add, (), only=True)
        change = self._replacing(resource)
        return await self._change_with(identifier, conditions, change, only, sent)

    async def _change_with(
        self,
        identifier: str,
        conditions: Preconditions,
        change: Change,
        plan: Plan,
        sent: Notes,
    ) -> StoredGroup:
        if identifier in plan.add:
            raise ScimError(400, Message("member_of_itself", id=identifier), "invalidValue")

        async def update(stored: StoredGroup, resource: Resource, notes: Notes) -> StoredGroup:
            return await self._update_with(stored, resource, notes, plan)

        return await self._change(identifier, conditions, change, sent, update)

    async def _get(self, identifier: str) -> StoredGroup | None:
        return await store.get(self.app, self.directory_id, identifier)

    async def _create(self, resource: Resource, notes: Notes) -> StoredGroup:
        app, directory_id = self.app, self.directory_id
        resource, plan = _split_members(resource)
        now = timestamp(app.clock.now())
        group = StoredGroup(
            GroupRecord(
                id=new_id(app.clock, app.random.bits), resource=resource, created=now, modified=now
            ),
            (),
            "",
        )

        async def attempt() -> StoredGroup:
            joining = await membership.first(app, directory_id, group.id, plan)
            event = self._event("group.created", group, notes, groups=1)
            rows = models.insertion(group.record)
            try:
                await store.write(app, directory_id, rows, joining, event)
            except AlreadyExists as taken:
                raise await self._conflict(taken.key, resource) from None
            return group

        return await self.context.write_locks.write(directory_id, group.id, attempt)

    async def _update(self, stored: StoredGroup, resource: Resource, notes: Notes) -> StoredGroup:
        return await self._update_with(stored, resource, notes, Plan())

    async def _update_with(
        self, stored: StoredGroup, resource: Resource, notes: Notes, plan: Plan
    ) -> StoredGroup:
        app, directory_id, old = self.app, self.directory_id, stored.record
        moving = await membership.operations(app, directory_id, stored.id, plan)
        if resource == old.resource and not moving:
            return stored
        new = old.changed(resource, timestamp(app.clock.now()))
        changed = StoredGroup(new, stored.parents, "")
        names = changed_names(old.resource, resource) | ({"members"} if moving else set())
        event = self._event("group.changed", changed, notes, changed=tuple(sorted(names)))
        rows = models.replacement(old, new, stored.tag)
        try:
            is_there = await store.write(app, directory_id, rows, moving, event)
        except AlreadyExists as taken:
            raise await self._conflict(taken.key, resource) from None
        if not is_there:
            raise not_found("Group", stored.id)
        return changed

    async def _delete(self, stored: StoredGroup) -> AsyncIterator[None]:
        """Remove all memberships of the group, then the group."""
        app, directory_id = self.app, self.directory_id
        async for _ in membership.dissolve(app, directory_id, stored.id, stored.parents):
            yield
        event = self._event("group.deleted", stored, groups=-1)
        rows = models.removal(stored.record, stored.tag)
        await store.write(app, directory_id, rows, [], event)

    async def _ids_by_name(self, name: str) -> Sequence[str]:
        return await store.ids_by_display_name(self.app, self.directory_id, name)


def _split_members(resource: Resource) -> tuple[Resource, Plan]:
    """Return a group as sent without its members, and the plan that adds these members."""
    attributes = {name: value for name, value in resource.items() if name != "members"}
    ids = tuple(dict.fromkeys(map(id_of, resource.get("members", []))))
    return attributes, Plan.of([MemberChange("add", ids)])
