"""Check whether the external IDs of a directory's people are Entra object IDs, which presence needs."""

from dataclasses import dataclass

from scim.resource_rows import decode_active
from shared.ids import is_guid
from shared.tables.port import Tables
from shared.tables.schema.base import CONTACTS
from shared.tables.schema.contacts import EXTERNAL_ID

_SAMPLE = 100


@dataclass(frozen=True, slots=True)
class ExternalIds:
    """The external IDs of some active people.

    `object_ids` are the ones that are object IDs, in lower case; `others` are the rest, as sent.
    """

    object_ids: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


async def first(tables: Tables, directory_id: str) -> ExternalIds:
    """Return the external IDs of the active ones among the directory's first 100 people. One round trip."""
    rows = await tables.query(CONTACTS, directory_id, *EXTERNAL_ID.all(), limit=_SAMPLE)
    active = [EXTERNAL_ID.parts_of(row.key)[0] for row in rows if decode_active(row.value)]
    return ExternalIds(
        tuple(dict.fromkeys(one.lower() for one in active if is_guid(one.lower()))),
        tuple(one for one in active if not is_guid(one.lower())),
    )
