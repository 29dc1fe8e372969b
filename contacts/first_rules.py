"""Which directories may still have `find` rows of the first release, which were derived by other rules.

They are searched by its rules as well until every row is written again in the background. That all are
is remembered: it stays true. An instance of the release before may still write a row afterwards; the
next pass, within a day, finds that one (`directories.reindex_progress`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from directories import reindex_progress
from directories.models import Directory
from shared.app import App
from shared.cache import LruCache
from shared.concurrency import each
from shared.index_version import INDEX_VERSION

_DIRECTORIES = 16_384


@dataclass(slots=True)
class _Reindexed:
    """The directories in which all rows follow the present rules, with the version of these."""

    versions: LruCache[str, int] = field(default_factory=lambda: LruCache(_DIRECTORIES))


async def with_first_rules(app: App, directories: Sequence[Directory]) -> list[Directory]:
    """Return the directories that may have rows of the first release; a round trip for each, until it has none."""
    known = app.state(_Reindexed).versions

    async def is_reindexed(directory: Directory) -> bool:
        if known.get(directory.id) == INDEX_VERSION:
            return True
        progress = await reindex_progress.read(app.tables, directory.id)
        is_done = (
            progress is not None
            and progress.index_version == INDEX_VERSION
            and (progress.is_finished or progress.repeats)
        )
        if is_done:
            known.put(directory.id, INDEX_VERSION)
        return is_done

    done = await each(directories, is_reindexed)
    return [one for one, is_done in zip(directories, done, strict=True) if not is_done]
