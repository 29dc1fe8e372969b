"""Reading the events of a directory that are stored."""

from directories import events
from directories.events import StoredEvent
from shared.tables.port import Tables
from shared.tables.schema.base import CONTACTS
from shared.tables.schema.contacts import EVENT


async def stored_events(tables: Tables, directory_id: str) -> list[StoredEvent]:
    """Return the first thousand events of a directory, oldest first."""
    rows = await tables.query(CONTACTS, directory_id, *EVENT.all())
    return [StoredEvent(row.key, events.decode(row.value)) for row in rows]
