"""All people of a tenant in memory, as the rows say, brought up to date delta by delta."""

from dataclasses import dataclass, field

from presence.store.codec import FOLLOWS, NEVER, Delta, Entry
from presence.store.manifest import Manifest


@dataclass(slots=True)
class Snapshot:
    """A tenant's people at `head.seq`; `tag` is the version of the head's row.

    Not `is_whole`: rows that the head counts could not be read; the next commit begins with nobody.
    """

    head: Manifest
    tag: str
    entries: dict[str, Entry] = field(default_factory=dict)
    is_whole: bool = True

    def apply(self, delta: Delta) -> None:
        """Take a delta in. Twice, or over pages that hold it already, does no harm: entries are whole."""
        self.entries.update(delta.changed)
        for object_id in delta.gone:
            self.entries.pop(object_id, None)

    def as_of(self, entry: Entry, now: int) -> int:
        """When the presence of a person was last confirmed; 0 for never.

        A change that a refresh on demand saw is newer than the last sync, unless a clock that was wrong dated it.
        """
        if entry.as_of == FOLLOWS:
            return (
                max(self.head.as_of, entry.changed_at)
                if entry.changed_at <= now
                else self.head.as_of
            )
        return 0 if entry.as_of == NEVER else entry.as_of
