"""Reads and writes groups as rows of the tables; SCIM rules are elsewhere."""

from collections.abc import Sequence

from directories import events
from directories.events import Event
from scim import resource_rows
from scim.groups import membership, models
from scim.groups.membership import Move, operations_of
from scim.groups.models import OwnRow, StoredGroup
from scim.write_lock import attempts, busy
from shared.app import App
from shared.tables.port import Delete, NotFound, PreconditionFailed, Replace, Row
from shared.tables.schema.base import CONTACTS
from shared.tables.schema.contacts import GROUP, GROUP_GROUP


async def get(app: App, directory_id: str, identifier: str) -> StoredGroup | None:
    """Return the group with this id, or None. One round trip."""
    found = await resource_rows.get(app, directory_id, GROUP, identifier)
    return _assemble(found) if found else None


async def page(
    app: App, directory_id: str, after: str, count: int
) -> tuple[list[StoredGroup], bool]:
    """Return at most `count` groups after the key `after`, oldest first, and whether more follow."""
    found, more = await resource_rows.page(app, directory_id, GROUP, after, count)
    return [_assemble(rows) for rows in found], more


def _assemble(found: list[Row]) -> StoredGroup:
    head = found[0]
    parents = tuple(GROUP_GROUP.second_of(row.key) for row in found[1:])
    return StoredGroup(models.decode(GROUP.parts_of(head.key)[0], head.value), parents, head.etag)


async def ids_by_display_name(app: App, directory_id: str, display_name: str) -> list[str]:
    """Return the ids of the groups with this display name, ignoring case: at most one."""
    row = await app.tables.get(CONTACTS, directory_id, models.name_key(display_name))
    return [resource_rows.decode_owner(row.value)] if row else []


async def write(
    app: App,
    directory_id: str,
    own: list[OwnRow],
    moves: Sequence[Move],
    event: Event,
) -> bool:
    """Write a group's rows and the changes of its members, in one transaction if possible.

    The record is written first. A larger change continues in further transactions. Each of them
    also replaces the record, so no one is added to a group that was never stored, or that is
    deleted during the change. If the first transaction fails, raise its error. After it is stored,
    the change is completed even if other clients write the group (RFC 7644 section 3.5.2: all or
    nothing); if the instance is killed, the client's retry completes it. Return False if another
    client deleted the group during the change.
    """
    first, *rest = [*membership.batches(moves)] or [[]]
    row = own[0]
    operations = [
        *own,
        events.insertion_in_change(app, directory_id, event),
        *operations_of(first),
    ]
    tags = await app.tables.transact(CONTACTS, directory_id, operations)
    record_row = None if isinstance(row, Delete) else Row(row.key, row.value, tags[0])
    for batch in rest:
        assert record_row is not None
        record_row = await _continue(app, directory_id, record_row, batch)
        if record_row is None:
            return False
    return True


async def _continue(app: App, directory_id: str, group: Row, moves: list[Move]) -> Row | None:
    """Store more moves of a change; return the rewritten record, or None if the group no longer exists."""
    group_id, present = GROUP.parts_of(group.key)[0], group
    for attempt in attempts():
        touch = Replace(present.key, present.value, present.etag)
        try:
            tags = await app.tables.transact(CONTACTS, directory_id, [touch, *operations_of(moves)])
        except (PreconditionFailed, NotFound):
            await attempt.pause()
        else:
            return Row(present.key, present.value, tags[0])
        row = await app.tables.get(CONTACTS, directory_id, group.key)
        if row is None:
            return None
        present = row
        moves = await membership.again(app, directory_id, group_id, moves)
    raise busy(group_id)
