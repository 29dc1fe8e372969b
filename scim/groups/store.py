"""Reads groups from the tables and writes them; knows rows, not SCIM rules."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from directories import provisioning_log
from directories.provisioning_log import Event
from scim import family
from scim.groups import membership, record
from scim.groups.record import GroupRecord
from shared import keys
from shared.services import Services
from shared.tables.port import Operation, Row

_CONTACTS = "contacts"


@dataclass(frozen=True, slots=True)
class StoredGroup:
    """A group with the storage tag of its record and the groups it is itself a member of."""

    record: GroupRecord
    parents: tuple[str, ...]
    tag: str


async def get(services: Services, directory_id: str, identifier: str) -> StoredGroup | None:
    """The group with this id, in one round trip."""
    found = await family.get(services, directory_id, "group", identifier)
    return _assemble(found) if found else None


async def page(services: Services, directory_id: str, after: str, count: int) -> list[StoredGroup]:
    """At most `count` groups in the order of their creation from behind the row key `after`."""
    return [_assemble(rows) for rows in await family.page(services, directory_id, "group", after, count)]


def _assemble(found: list[Row]) -> StoredGroup:
    head = found[0]
    parents = tuple(row.key.rpartition(keys.SEPARATOR)[2] for row in found[1:])
    return StoredGroup(record.decode(keys.split(head.key)[1], head.value), parents, head.etag)


async def ids_by_display_name(services: Services, directory_id: str, display_name: str) -> list[str]:
    """The id of the group with this display name, in any case."""
    row = await services.tables.get(_CONTACTS, directory_id, record.name_key(display_name))
    return [orjson.loads(row.value)["id"]] if row else []


async def ids_by_external_id(services: Services, directory_id: str, external_id: str) -> list[str]:
    """The ids of the groups with this external id."""
    start = keys.key("gext", external_id, "")
    rows = await services.tables.query(_CONTACTS, directory_id, start, start + keys.LAST, keys_only=True)
    return [row.key.rpartition(keys.SEPARATOR)[2] for row in rows]


async def write(
    services: Services, directory_id: str, own: list[Operation], joining: Sequence[list[Operation]], event: Event
) -> None:
    """Write a group's own rows and its members' in one transaction, as long as they fit.

    Of a larger change the members come first, in transactions of their own, and the group's rows last: killed in
    between, the members written are whole, the group's version is the old one and the client's repetition finishes.
    """
    last = joining[: membership.BATCH]
    await membership.write(services, directory_id, joining[membership.BATCH :])
    operations = [*own, provisioning_log.write(event, services.clock), *itertools.chain(*last)]
    await services.tables.transact(_CONTACTS, directory_id, operations)
