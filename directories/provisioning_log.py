"""The provisioning log of a directory: writing to it and reading it, newest first."""

from directories import credential_usage, event_clock, rejection_log
from directories.event_types import REFUSED
from directories.events import Event, StoredEvent, events_since, safe_cursor, write
from directories.log_reader import EVERYTHING, EventFilter, Line, Page, read
from directories.rejection_log import Complete
from shared import log
from shared.app import App
from shared.clock import timestamp
from shared.tables.port import TableError
from shared.tables.schema import CONTACTS

__all__ = [
    "EVERYTHING",
    "REFUSED",
    "Event",
    "EventFilter",
    "Line",
    "Page",
    "StoredEvent",
    "events_since",
    "happened",
    "read",
    "refused",
    "safe_cursor",
    "write",
]


async def happened(app: App, directory_id: str, kind: str, detail: str = "") -> None:
    """Log an act on the directory itself, after the change: if storage fails, only the line is lost.

    `detail`: the id of a token or secret, the reason of a loss; nothing secret.
    """
    event = Event(timestamp(app.clock.now()), kind, detail=detail)
    try:
        await app.tables.transact(
            CONTACTS, directory_id, [write(event, event_clock.of(app), app.random.bits)]
        )
    except TableError as error:
        log.failure("event.lost", error, directory_id=directory_id)


async def refused(
    app: App, directory_id: str, event: Event, complete: Complete | None = None
) -> None:
    """Log a refused request: its person as far as known, the fault and the remedy.

    `complete` adds the person's name, and is called only if the event is stored.
    """
    credential_usage.failed(app, directory_id)
    await rejection_log.note(app, directory_id, event, complete)
