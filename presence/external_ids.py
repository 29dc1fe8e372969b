"""Whether the external IDs of a directory's people are object IDs, which presence needs."""

from dataclasses import dataclass

import orjson

from presence.graph.client import is_object_id
from shared import keys
from shared.tables.port import Tables

_CONTACTS = "contacts"
_SAMPLE = 100


@dataclass(frozen=True, slots=True)
class ExternalIds:
    """The external IDs of some active people: object IDs (lower case), and others as they were sent."""

    object_ids: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


async def first(tables: Tables, directory_id: str) -> ExternalIds:
    """Return the external IDs of up to 100 people of a directory. One round trip."""
    start, stop = keys.prefix_range("ext", "")
    rows = await tables.query(_CONTACTS, directory_id, start, stop, limit=_SAMPLE)
    active = [keys.split(row.key)[1] for row in rows if orjson.loads(row.value).get("a") == 1]
    return ExternalIds(
        tuple(dict.fromkeys(one.lower() for one in active if is_object_id(one.lower()))),
        tuple(one for one in active if not is_object_id(one.lower())),
    )
