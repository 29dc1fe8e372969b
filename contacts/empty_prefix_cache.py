"""Negative cache of prefixes without rows, so that longer prefixes need no query.

While a name is typed, each letter is a new query, which is one round trip per directory. After some
letters most directories have no match.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from directories.models import Directory
from shared.app import App
from shared.cache import LruCache

MANY = 16  # directories; fewer are asked anyway
REMEMBERED = 5.0  # seconds until a new person is found
_ENTRIES = 20_000


@dataclass(slots=True)
class _Empty:
    """When (monotonic) a prefix was found empty, by directory id, row family and prefix."""

    noted_at: LruCache[tuple[str, str, str], float] = field(
        default_factory=lambda: LruCache(_ENTRIES)
    )


def without_known_empty(
    app: App, directories: Sequence[Directory], family: str, beginning: str
) -> Sequence[Directory]:
    """Return the directories that are not known to have no row with this prefix."""
    if len(directories) <= MANY:
        return directories
    return [one for one in directories if not is_known_empty(app, one, family, beginning)]


def is_known_empty(app: App, directory: Directory, family: str, beginning: str) -> bool:
    """Return whether this prefix, or a shorter one, was found empty a moment ago."""
    memory, now = app.state(_Empty).noted_at, app.clock.monotonic()
    beginnings = (beginning[:length] for length in range(1, len(beginning) + 1))
    times = (memory.get((directory.id, family, one)) for one in beginnings)
    return any(at is not None and 0 <= now - at < REMEMBERED for at in times)


def note(app: App, directory: Directory, family: str, beginning: str) -> None:
    """Remember that the directory has no row with this prefix."""
    if beginning:
        app.state(_Empty).noted_at.put((directory.id, family, beginning), app.clock.monotonic())
