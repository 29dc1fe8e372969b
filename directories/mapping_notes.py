"""Log faults of a client's attribute mapping in the provisioning log, once a day each and not once per person.

A request only looks its faults up in this instance's memory. Those that aren't there are written in
the background, with the row `noted` in the same transaction, so that several instances log a fault
only once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from directories import events
from directories.event_types import MAPPING
from directories.events import Event, message_fields
from shared import log, row_versions
from shared.app import App
from shared.clock import timestamp
from shared.limits import LruCache
from shared.messages import Message
from shared.tables.port import AlreadyExists, Insert, NotFound, PreconditionFailed, Replace
from shared.tables.schema.base import CONTACTS
from shared.tables.schema.contacts import MAPPING_FAULTS

REPEAT_SECONDS = 24 * 3600
MAX_FAULTS = 100  # stored per directory, so that a client that invents names can't fill the storage
MAX_NEW = 10  # logged at once


@dataclass(slots=True)
class _Noted:
    """The time at which each fault was last logged, in seconds since 1970, by directory and attribute."""

    by_directory: LruCache[str, dict[str, float]] = field(default_factory=lambda: LruCache(2048))


def note(app: App, directory_id: str, faults: Mapping[str, Message], client: str) -> None:
    """Log faults in the background, each at most once a day; `faults` has a message for each attribute."""
    now = app.clock.now().timestamp()
    noted = app.state(_Noted).by_directory.get(directory_id)
    if noted is None:
        noted = {}
        app.state(_Noted).by_directory.put(directory_id, noted)
    due = _due(faults, noted, now)
    if due:
        noted.update(dict.fromkeys(due, now))
        work = _store(app, directory_id, due, client)
        app.background.start_optional(work, "mapping.note_lost")


def _due(
    faults: Mapping[str, Message], noted: Mapping[str, float], now: float
) -> dict[str, Message]:
    """Return the faults to log now.

    These are the ones that were not logged in the last day, and at most 10 at once. New ones are
    left out if 100 are stored.
    """
    due: dict[str, Message] = {}
    room = min(MAX_NEW, MAX_FAULTS - len(noted))
    for name, fault in faults.items():
        if name in noted:
            if now - noted[name] >= REPEAT_SECONDS and len(due) < MAX_NEW:
                due[name] = fault
        elif room > 0:
            due[name] = fault
            room -= 1
    return due


def encode(stored: Mapping[str, Any]) -> bytes:
    """Return the value of the row.

    `stored["at"]` has the time of each attribute's last log entry, in seconds since 1970.
    """
    return orjson.dumps({**stored, "v": 1})


def decode(value: bytes) -> dict[str, Any]:
    """Return the JSON object of the row, including fields of a later release.

    Raise UnsupportedRowVersion if a later release wrote it in a version that this one can't read.
    """
    return row_versions.decode(value, "mapping faults")


async def _store(app: App, directory_id: str, faults: Mapping[str, Message], client: str) -> None:
    now = app.clock.now()
    row = await app.tables.get(CONTACTS, directory_id, MAPPING_FAULTS.key)
    stored = decode(row.value) if row else {}
    noted: dict[str, float] = stored.get("at", {})
    due = _due(faults, noted, now.timestamp())
    if not due:
        return
    at = noted | dict.fromkeys(due, now.timestamp())
    value = encode({**stored, "at": at})
    marker = (
        Replace(MAPPING_FAULTS.key, value, row.etag) if row else Insert(MAPPING_FAULTS.key, value)
    )
    found = [
        Event(timestamp(now), MAPPING, attribute=name[:200], client=client, **message_fields(fault))
        for name, fault in due.items()
    ]
    try:
        await app.tables.transact(
            CONTACTS,
            directory_id,
            [
                marker,
                *(events.insertion(app, event) for event in found),
            ],
        )
    except (AlreadyExists, NotFound, PreconditionFailed):
        return  # another instance logged a fault at this moment; a later request logs these
    log.event("provisioning.mapping_fault", directory_id=directory_id, count=len(due))
