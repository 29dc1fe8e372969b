"""Stores events of a directory, and reads the stored ones."""

from directories import events
from directories.event_types import REFUSED
from directories.events import Event, StoredEvent
from directories.provisioning_log import refused
from shared.app import App
from shared.clock import timestamp
from shared.tables.port import Tables
from shared.tables.schema.base import CONTACTS
from shared.tables.schema.contacts import EVENT


async def stored_events(tables: Tables, directory_id: str) -> list[StoredEvent]:
    """Return the first thousand events of a directory, oldest first."""
    rows = await tables.query(CONTACTS, directory_id, *EVENT.all())
    return [StoredEvent(row.key, events.decode(row.value)) for row in rows]


async def log_refusal(app: App, directory_id: str, **fields: str) -> None:
    """Log a POST that was refused with 400 invalidValue; `fields` are further fields of the event."""
    at, detail = timestamp(app.clock.now()), fields.pop("detail", "bad")
    event = Event(
        at,
        REFUSED,
        method="POST",
        status=400,
        scim_type="invalidValue",
        detail=detail,
        **fields,  # type: ignore[arg-type]
    )
    await refused(app, directory_id, event)
