"""Reads groups from the tables and writes them; knows rows, not SCIM rules."""

from collections.abc import Sequence

from directories import provisioning_log
from directories.provisioning_log import Event
from scim import index_values, resource_rows
from scim.groups import membership, models
from scim.groups.models import OwnRow, StoredGroup
from shared.app import App
from shared.tables.port import Delete, Operation, Replace, Row
from shared.tables.schema import CONTACTS, GROUP, GROUP_GROUP


async def get(app: App, directory_id: str, identifier: str) -> StoredGroup | None:
    """The group with this id, in one round trip."""
    found = await resource_rows.get(app, directory_id, GROUP, identifier)
    return _assemble(found) if found else None


async def page(
    app: App, directory_id: str, after: str, count: int
) -> tuple[list[StoredGroup], bool]:
    """At most `count` groups in the order of their creation from behind the row key `after`; whether there are more."""
    found, more = await resource_rows.page(app, directory_id, GROUP, after, count)
    return [_assemble(rows) for rows in found], more


def _assemble(found: list[Row]) -> StoredGroup:
    head = found[0]
    parents = tuple(GROUP_GROUP.second_of(row.key) for row in found[1:])
    return StoredGroup(models.decode(GROUP.parts_of(head.key)[0], head.value), parents, head.etag)


async def ids_by_display_name(app: App, directory_id: str, display_name: str) -> list[str]:
    """The id of the group with this display name, in any case."""
    row = await app.tables.get(CONTACTS, directory_id, models.name_key(display_name))
    return [index_values.decode_owner(row.value)] if row else []


async def write(
    app: App,
    directory_id: str,
    own: list[OwnRow],
    moving: Sequence[Sequence[Operation]],
    event: Event,
) -> None:
    """Write a group's own rows, its record first, and what changes of its members: one transaction where that fits.

    A larger change goes on in further ones that touch the record: nobody joins a group that is deleted meanwhile. A
    group that was never stored has no members either. Killed in between, the client's repetition finishes.
    """
    first, *rest = [*membership.batches(moving)] or [[]]
    operations = [*own, provisioning_log.write(event, app.clock), *first]
    tags = await app.tables.transact(CONTACTS, directory_id, operations)
    record_row = own[0]
    for batch in rest:
        assert not isinstance(record_row, Delete)
        touch = Replace(record_row.key, record_row.value, tags[0])
        tags = await app.tables.transact(CONTACTS, directory_id, [touch, *batch])
