"""Operations on resources of one type (RFC 7644 section 3), shared by users and groups.

`scim.endpoints` and `scim.bulk` call these methods; `scim.users.service` and `scim.groups.service` implement the
differences. A method that changes a resource reads, changes and writes it, and starts again if another writer changed
it in between, so that no change is lost.

Values that were left out, and unknown attribute names, are written to the provisioning log.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import orjson

from directories import mapping_notes
from directories.events import Event, message_fields
from scim import resource_rows
from scim.context import Context, Preconditions
from scim.core.attributes import ResourceType
from scim.core.errors import ScimError, not_found, uniqueness
from scim.core.notes import Notes
from scim.core.patch import Operation, check_faults, patch_steps
from scim.core.projection import Projection
from scim.core.resources import parse_resource, replace_resource
from scim.list_query import ListQuery, Source
from scim.list_response import ListResponse, NotModified, ShownResource
from scim.query import list_resources
from scim.work_gates import computing
from shared.clock import timestamp
from shared.concurrency import TimeSlice, in_slices
from shared.messages import Message

Resource = dict[str, Any]
Change = Callable[[Resource, Notes], Awaitable[Resource]]


class StoredResource(Protocol):
    """A resource as read from storage."""

    @property
    def id(self) -> str:
        """Return the resource's id."""
        ...

    @property
    def resource(self) -> Resource:
        """Return the resource's canonical JSON without the attributes that the service adds."""
        ...

    @property
    def etag(self) -> str:
        """Return the resource's weak entity tag."""
        ...


Stored = TypeVar("Stored", bound=StoredResource)


class ResourceService(ABC, Generic[Stored]):
    """The operations on the resources of one type in one directory."""

    resource_type: ClassVar[ResourceType]
    unique_name: ClassVar[str]
    max_body_bytes: ClassVar[int]
    returns_patched: ClassVar[bool]

    def __init__(self, context: Context) -> None:
        self.context = context
        self.app = context.app
        self.directory_id = context.directory.id

    async def create(self, body: Any) -> Stored:
        """Store a new resource (POST). Raise ScimError 409, which names the owner of a value that must be unique."""
        notes = Notes()
        resource = parse_resource(body, self.resource_type, notes)
        stored = await self._create(resource, notes)
        self._note_faults(notes, is_stored=True)
        return stored

    async def read(self, identifier: str) -> Stored:
        """Return the resource (GET). Raise ScimError 404 (RFC 7644 section 3.4.1)."""
        stored = await self._get(identifier)
        if stored is None:
            raise not_found(self.resource_type.name, identifier)
        return stored

    async def show(
        self, identifier: str, projection: Projection, known: Preconditions
    ) -> ShownResource | NotModified:
        """Return the resource as the JSON of a response, or NotModified if the client already has this version.

        Raise ScimError 404 if there is no such resource, 412 if `If-Match` requires another version.
        """
        stored = await self.read(identifier)
        known.check_read(stored.etag)
        if self.has_whole_etag(projection) and known.not_modified(stored.etag):
            return NotModified(stored.etag)
        resource = await self.represent(stored, projection)
        meta, shown = resource["meta"], orjson.dumps(projection.apply(resource))
        return ShownResource(shown, meta["version"], meta["location"])

    async def replace(self, identifier: str, body: Any, conditions: Preconditions) -> Stored:
        """Replace the stored resource (PUT). A PUT never creates a resource (RFC 7644 section 3.5.1)."""
        notes = Notes()
        incoming = parse_resource(body, self.resource_type, notes)
        return await self._replace(identifier, incoming, conditions, notes)

    async def patch(
        self, identifier: str, operations: Sequence[Operation], conditions: Preconditions
    ) -> Stored:
        """Apply all operations of a PATCH, or none if one fails (RFC 7644 section 3.5.2).

        Write nothing if nothing changes.
        """
        change = self._patching(operations)
        return await self._change(identifier, conditions, change, Notes(), self._update)

    async def delete(self, identifier: str, conditions: Preconditions) -> None:
        """Delete the resource (RFC 7644 section 3.6).

        If-Match is checked before the first rows are removed. After that, the deletion is completed even if the
        resource's version has changed.
        """
        has_begun = False

        async def attempt() -> None:
            nonlocal has_begun
            stored = await self._get(identifier)
            if stored is None and has_begun:
                return  # another client deleted it after this one had begun
            if stored is None:
                raise not_found(self.resource_type.name, identifier)
            if not has_begun:
                conditions.check(stored.etag)
            async for _ in self._delete(stored):
                has_begun = True

        await self.context.write_locks.write(self.directory_id, identifier, attempt)

    async def list(self, query: ListQuery, filter_text: str) -> ListResponse:
        """Return the ListResponse of a query; `filter_text` is the filter as sent."""
        return await list_resources(self.app, self.source(query, filter_text), query)

    @abstractmethod
    def source(self, query: ListQuery, filter_text: str) -> Source:
        """Return the source of the resources that a query reads."""

    @abstractmethod
    async def represent(self, stored: Stored, projection: Projection) -> Resource:
        """Return the resource as clients see it, with the attributes that the projection needs."""

    @abstractmethod
    def has_whole_etag(self, projection: Projection) -> bool:
        """Return whether the entity tag changes whenever anything in the projection changes."""

    @abstractmethod
    async def _get(self, identifier: str) -> Stored | None: ...

    @abstractmethod
    async def _create(self, resource: Resource, notes: Notes) -> Stored: ...

    @abstractmethod
    async def _update(self, stored: Stored, resource: Resource, notes: Notes) -> Stored: ...

    @abstractmethod
    def _delete(self, stored: Stored) -> AsyncIterator[None]:
        """Remove the resource; yield after each transaction except the last."""

    @abstractmethod
    async def _ids_by_name(self, name: str) -> Sequence[str]: ...

    async def _replace(
        self, identifier: str, incoming: Resource, conditions: Preconditions, sent: Notes
    ) -> Stored:
        change = self._replacing(incoming)
        return await self._change(identifier, conditions, change, sent, self._update)

    def _replacing(self, incoming: Resource) -> Change:
        async def change(stored: Resource, notes: Notes) -> Resource:
            return replace_resource(stored, incoming, self.resource_type, notes)

        return change

    def _patching(self, operations: Sequence[Operation]) -> Change:
        """Return the change that a PATCH makes; raise ScimError for operations that can't be parsed."""
        check_faults(operations, self.resource_type)

        async def change(stored: Resource, notes: Notes) -> Resource:
            steps = patch_steps(stored, operations, self.resource_type, notes)
            async with computing(self.app, self.directory_id):
                time_slice = TimeSlice(self.app)
                return await in_slices(steps, time_slice)

        return change

    async def _change(
        self,
        identifier: str,
        conditions: Preconditions,
        change: Change,
        sent: Notes,
        update: Callable[[Stored, Resource, Notes], Awaitable[Stored]],
    ) -> Stored:
        """Read a resource, apply `change`, and store the result with `update`.

        `sent` are the notes from parsing the request's body; each attempt continues with a copy of them.
        """

        async def attempt() -> Stored:
            stored = await self.read(identifier)
            conditions.check(stored.etag)
            notes = sent.copy()
            written = await update(stored, await change(stored.resource, notes), notes)
            self._note_faults(notes, is_stored=written is not stored)
            return written

        return await self.context.write_locks.write(self.directory_id, identifier, attempt)

    def _note_faults(self, notes: Notes, *, is_stored: bool) -> None:
        if notes.unknown or notes.left_out:
            note_mapping_faults(self.context, self.resource_type, notes, is_stored=is_stored)

    def _event(
        self,
        kind: str,
        stored: StoredResource,
        notes: Notes | None = None,
        *,
        at: str = "",
        **more: Any,
    ) -> Event:
        """Return the event of a change; without `at`, it is dated now."""
        return Event(
            at=at or timestamp(self.app.clock.now()),
            kind=kind,
            resource_type=self.resource_type.name,
            resource_id=stored.id,
            name=stored.resource[self.unique_name],
            external_id=stored.resource.get("externalId", ""),
            client=self.context.client,
            **(message_fields(left_out_message(notes)) if notes and notes.left_out else {}),
            **more,
        )

    async def _conflict(self, key: str, resource: Resource) -> ScimError:
        """Return the error 409 for a row key that another resource has; its message has that resource's id."""
        kind = self.resource_type
        conflict = await resource_rows.unique_conflict(self.app, self.directory_id, kind, key)
        if conflict is not None:
            return conflict
        name = resource[self.unique_name]
        return uniqueness(self.unique_name, name, *(await self._ids_by_name(name))[:1])


def changed_names(old: Resource, new: Resource) -> set[str]:
    """Return the names of the attributes in which two versions of a resource differ.

    An attribute of an extension is named without the URN, such as `manager`. `schemas` isn't reported, because it
    follows from the others.
    """
    found = set[str]()
    for name in {*old, *new} - {"schemas"}:
        before, after = old.get(name), new.get(name)
        if before == after:
            continue
        if name.startswith("urn:"):
            found |= changed_names(before or {}, after or {})
        else:
            found.add(name)
    return found


def left_out_message(notes: Notes) -> Message | None:
    """Return the message about values that a stored change left out; None if there are none."""
    if not notes.left_out:
        return None
    reason = next(iter(notes.left_out.values()))
    if len(notes.left_out) == 1:
        return Message("left_out", reason=reason)
    return Message("several_left_out", names=", ".join(notes.left_out), reason=reason)


def note_mapping_faults(
    context: Context, resource_type: ResourceType, notes: Notes, *, is_stored: bool
) -> None:
    """Log faults of the client's mapping once each: unknown names and, if the request wasn't stored, values left out."""
    if not notes.unknown and (is_stored or not notes.left_out):
        return
    faults: dict[str, Message] = {
        name: Message("not_an_attribute", name=name, type=resource_type.name)
        for name in notes.unknown
    }
    if not is_stored:
        faults |= {
            name: Message("left_out", reason=reason) for name, reason in notes.left_out.items()
        }
    mapping_notes.note(context.app, context.directory.id, faults, context.client)
