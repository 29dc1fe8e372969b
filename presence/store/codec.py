"""A person's stored presence, and rows of many people.

*Pages* hold everyone as of one moment; a *delta* holds those who changed in one sync after it. Both are
JSON that has each kind of presence once.
"""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

import orjson

from presence.presence_states import NOTHING, GraphPresence, intern
from shared import row_versions

AS_OF_LAST_SYNC = 0  # confirmed by the tenant's last sync
NEVER_CONFIRMED = -1  # not asked for yet, or never with an answer


@dataclass(slots=True)
class Entry:
    """A person's presence. Times are in milliseconds since 1970.

    `directories`: bit n is set while directory n of the tenant has this person as active. `as_of`:
    AS_OF_LAST_SYNC, NEVER_CONFIRMED, or the time of the last confirmation if the last sync didn't reach the
    person. `retry_at` and `tries` are those of a quarantined ID.
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
    """The change of one sync or refresh on demand: people as they are now, and people who left."""

    changed: Mapping[str, Entry] = field(default_factory=dict)
    gone: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.changed) + len(self.gone)


def encode(delta: Delta) -> bytes:
    """Return the value of the row of a delta or page."""
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
    """Return the people of a row. Raise UnsupportedRowVersion."""
    content = row_versions.read(value, "presence page")
    kinds = [intern(*kind) for kind in content["k"]]
    changed = {row[0]: _entry(row, kinds) for row in content["p"]}
    return Delta(changed, tuple(content.get("g", ())))
