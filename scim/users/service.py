"""The operations on /Users (RFC 7644 section 3) that differ from other resources."""

import sys
from collections.abc import AsyncIterator, Sequence
from typing import Any

from directories.models import Directory
from scim.context import Preconditions
from scim.core.errors import ScimError, not_found
from scim.core.notes import Notes
from scim.core.projection import Projection
from scim.core.schemas import USER
from scim.list_query import ListQuery, Source
from scim.list_response import Item, NotModified, ShownResource
from scim.resource_service import Resource, ResourceService, changed_names
from scim.users import store
from scim.users.models import MAX_BYTES, StoredUser, UserRecord, represent
from scim.users.query_source import Users
from shared.clock import timestamp
from shared.concurrency import import_modules
from shared.ids import new_id
from shared.messages import Message
from shared.numbers.number import derive
from shared.tables.port import AlreadyExists


class UserService(ResourceService[StoredUser]):
    """The operations on the users of a directory.

    The response to a PATCH is the user, which Microsoft's validator and Okta both accept.
    """

    resource_type = USER
    unique_name = "userName"
    max_body_bytes = MAX_BYTES
    returns_patched = True

    def source(self, query: ListQuery, filter_text: str) -> Source:
        """Return all users, active or not."""
        return Users(self.context)

    async def show(
        self, identifier: str, projection: Projection, known: Preconditions
    ) -> ShownResource | NotModified:
        """Return the user as the JSON of a response, or NotModified if the client already has this version.

        Raise ScimError 404 if there is no such user, 412 if `If-Match` requires another version.
        """
        base_url = self.context.base_url
        found = await store.get_json(self.app, self.directory_id, identifier, base_url)
        if found is None:
            raise not_found("User", identifier)
        known.check_read(found.etag)
        if known.not_modified(found.etag):
            return NotModified(found.etag)
        shown = Item(found.key, json=found.json).shown(projection)
        return ShownResource(shown.json, found.etag, f"{base_url}/Users/{identifier}")

    async def represent(self, stored: StoredUser, projection: Projection) -> Resource:
        """Return the user with its groups."""
        return represent(stored, self.context.base_url)

    def has_whole_etag(self, projection: Projection) -> bool:
        """Return True: a user's entity tag also changes with its groups."""
        return True

    async def _get(self, identifier: str) -> StoredUser | None:
        return await store.get(self.app, self.directory_id, identifier)

    async def _create(self, resource: Resource, notes: Notes) -> StoredUser:
        directory = self.context.directory
        if "phonenumbers" not in sys.modules:
            await import_modules("phonenumbers")
        check_numbers(directory, {}, resource)
        now = timestamp(self.app.clock.now())
        user = StoredUser(
            UserRecord(
                id=new_id(self.app.clock, self.app.random.bits),
                resource=resource,
                created=now,
                modified=now,
            ),
            (),
            "",
        )
        active = user.record.active
        event = self._event("user.created", user, notes, at=now, users=1, active=active)
        try:
            await store.insert(self.app, directory.id, user.record, directory.region, event)
        except AlreadyExists as taken:
            raise await self._conflict(taken.key, resource) from None
        return user

    async def _update(self, stored: StoredUser, resource: Resource, notes: Notes) -> StoredUser:
        directory, old = self.context.directory, stored.record
        if "phonenumbers" not in sys.modules:
            await import_modules("phonenumbers")
        if resource != old.resource:
            resource = numbers_checked(directory, old.resource, resource, notes)
        if resource == old.resource:
            return stored
        new = old.changed(resource, timestamp(self.app.clock.now()))
        changed = StoredUser(new, stored.groups, "")
        kind = "user.changed"
        if old.active != new.active:
            kind = "user.enabled" if new.active else "user.disabled"
        was = old.resource.get("externalId", "")
        event = self._event(
            kind,
            changed,
            notes,
            at=new.modified,
            active=new.active,
            changed=tuple(sorted(changed_names(old.resource, resource))),
            was_external_id=was if was != resource.get("externalId", "") else "",
        )
        try:
            await store.replace(self.app, directory.id, stored, new, directory.region, event)
        except AlreadyExists as taken:
            raise await self._conflict(taken.key, resource) from None
        return changed

    async def _delete(self, stored: StoredUser) -> AsyncIterator[None]:
        """Remove the user, its memberships, and the row that reserves its user name."""
        was_active = stored.record.active
        event = self._event("user.deleted", stored, users=-1, active=False, was_active=was_active)
        async for _ in store.delete(self.app, self.directory_id, stored, event):
            yield

    async def _ids_by_name(self, name: str) -> Sequence[str]:
        return await store.ids_by_user_name(self.app, self.directory_id, name)


def check_numbers(directory: Directory, before: dict[str, Any], after: dict[str, Any]) -> None:
    """Raise 400 invalidValue for a new number without an E.164 form, if the directory is strict.

    Numbers stored before the directory became strict don't prevent other changes of their person.
    """
    if not directory.strict_numbers:
        return
    known = {entry.get("value") for entry in before.get("phoneNumbers", [])}
    for entry in after.get("phoneNumbers", []):
        value = entry.get("value")
        if value and value not in known and (fault := derive(value, directory.region).fault):
            kind = entry.get("type", "other")
            message = Message("strict_number", kind=kind, fault=fault)
            raise ScimError(400, message, "invalidValue")


def numbers_checked(
    directory: Directory, before: dict[str, Any], after: dict[str, Any], notes: Notes
) -> dict[str, Any]:
    """Return `after` if its numbers pass `check_numbers`.

    An inactive person keeps the numbers of `before` instead, because a wrong number must not prevent a deactivation.
    """
    try:
        check_numbers(directory, before, after)
    except ScimError as error:
        if after.get("active") is not False:
            raise
        notes.leave_out("phoneNumbers", error.message)
        without_numbers = {name: value for name, value in after.items() if name != "phoneNumbers"}
        if "phoneNumbers" in before:
            without_numbers["phoneNumbers"] = before["phoneNumbers"]
        return without_numbers
    return after
