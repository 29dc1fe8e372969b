"""Encode and decode rows of many people with their presence.

*Pages* have all people as of one moment; a *delta* has those whom a later sync changed. Both are
JSON in which each different presence occurs once.
"""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

import orjson

from presence.presence_states import NOTHING, GraphPresence, intern
from shared import row_versions

AS_OF_LAST_SYNC = 0  # confirmed by the tenant's last sync
NEVER_CONFIRMED = -1  # not requested yet, or never with a response


@dataclass(slots=True)
class Entry:
    """A person's stored presence. Times are in milliseconds since 1970.

    Attributes:
        directories: Bit n is set if directory n of the tenant has this person as active.
        as_of: AS_OF_LAST_SYNC if the last sync confirmed the presence; else the time when it was
            last confirmed, or NEVER_CONFIRMED.
        retry_at: The end of a bad ID's quarantine, 0 for other IDs.
        tries: How often the ID was put into quarantine.
    """

    value: GraphPresence = NOTHING
    changed_at: int = 0
    directories: int = 1
    as_of: int = AS_OF_LAST_SYNC
    _: KW_ONLY
    retry_at: int = 0
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Delta:
    """The change by one sync or refresh on demand: new entries by object ID, and the IDs of people who left."""

    changed: Mapping[str, Entry] = field(default_factory=dict)
    gone: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.changed) + len(self.gone)


def encode(delta: Delta) -> bytes:
    """Return the value of a row for a delta or a page."""
    kinds: dict[GraphPresence, int] = {}
    people = [_row(object_id, entry, kinds) for object_id, entry in delta.changed.items()]
    value: dict[str, Any] = {"v": 1, "k": [list(kind) for kind in kinds], "p": people}
    if delta.gone:
        value["g"] = delta.gone
    return orjson.dumps(value)


def _row(object_id: str, entry: Entry, kinds: dict[GraphPresence, int]) -> list[Any]:
    kind = kinds.setdefault(entry.value, len(kinds))
    if entry.retry_at:
        return [
            object_id,
            kind,
            entry.changed_at,
            entry.directories,
            entry.as_of,
            entry.retry_at,
            entry.tries,
        ]
    if entry.as_of:
        return [object_id, kind, entry.changed_at, entry.directories, entry.as_of]
    if entry.directories != 1:
        return [object_id, kind, entry.changed_at, entry.directories]
    return [object_id, kind, entry.changed_at]


def _entry(row: list[Any], kinds: list[GraphPresence]) -> Entry:
    entry = Entry(kinds[row[1]], *row[2:5])
    if len(row) == 7:
        entry.retry_at, entry.tries = row[5:]
    return entry


def decode(value: bytes) -> Delta:
    """Return the people in the row of a delta or a page.

    Raise UnsupportedRowVersion if a later release wrote the row.
    """
    content = row_versions.decode(value, "presence page")
    kinds = [intern(*kind) for kind in content["k"]]
    changed = {row[0]: _entry(row, kinds) for row in content["p"]}
    return Delta(changed, tuple(content.get("g", ())))
