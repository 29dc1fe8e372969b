"""What is kept of a person, and how people are packed into rows.

A row of the table holds many people: the *pages* hold everybody as of one moment, a *delta* those who changed in one
sync after it. Both are JSON with each kind of presence written once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from presence.presence_states import NOTHING, GraphPresence, intern
from shared import row_versions

FOLLOWS = 0  # confirmed as of the tenant's last sync
NEVER = -1  # not asked yet


@dataclass(slots=True)
class Entry:
    """A person's presence. Times are milliseconds since 1970.

    `directories`: bit n is set while the tenant's directory n has this person active. `as_of`: FOLLOWS, NEVER, or the
    time of the last confirmation where the last sync could not ask. `retry_at`, `tries`: a quarantined id.
    """

    value: GraphPresence = NOTHING
    changed_at: int = 0
    directories: int = 1
    as_of: int = FOLLOWS
    retry_at: int = 0
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Delta:
    """What one sync (or one refresh on demand) changed: people as they are now, and people who left."""

    changed: Mapping[str, Entry] = field(default_factory=dict)
    gone: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.changed) + len(self.gone)


def encode(delta: Delta) -> bytes:
    """The value of a delta's or page's row."""
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


def decode(value: bytes) -> Delta:
    """The people of a row."""
    content = row_versions.read(value, "presence page")
    kinds = [intern(*kind) for kind in content["k"]]
    changed = {row[0]: Entry(kinds[row[1]], *row[2:]) for row in content["p"]}
    return Delta(changed, tuple(content.get("g", ())))
