"""Directories that may still contain `find` rows of the first release, which derived them by older rules.

Such directories are searched by both the old and the new rules until the background reindex has rewritten every row.
The result is then cached for good, because it can't change back. An instance of the previous release may still write
an old row; the next reindex run, within a day, rewrites it (`directories.reindex_progress`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from directories import reindex_progress
from directories.models import Directory
from scim.users import models
from shared.app import App
from shared.concurrency import each
from shared.limits import LruCache
from shared.tables.schema.base import CONTACTS
from shared.tables.schema.contacts import INDEX_VERSION, USER

_DIRECTORIES = 16_384


@dataclass(slots=True)
class _Reindexed:
    """The cache: by directory id, the version of the rules that all its rows follow."""

    versions: LruCache[str, int] = field(default_factory=lambda: LruCache(_DIRECTORIES))


async def _is_new(app: App, directory: Directory) -> bool:
    """Return whether this release created the directory: it wrote the first user, and no reindex run has begun."""
    rows = await app.tables.query(CONTACTS, directory.id, *USER.all(), limit=1)
    return all(models.decode("", row.value).index_version == INDEX_VERSION for row in rows)


async def with_first_rules(app: App, directories: Sequence[Directory]) -> list[Directory]:
    """Return the directories that may have rows of the first release.

    It takes two round trips per directory, once on each instance. They aren't part of a search's budget: else an
    instance's first search could find fewer people than its second.
    """
    known = app.state(_Reindexed).versions
    unknown = [one for one in directories if known.get(one.id) != INDEX_VERSION]
    if not unknown:
        return []
    found = await each(unknown, partial(_is_reindexed, app))
    for directory, is_reindexed in zip(unknown, found, strict=True):
        if is_reindexed:
            known.put(directory.id, INDEX_VERSION)
    return [one for one, is_reindexed in zip(unknown, found, strict=True) if not is_reindexed]


async def _is_reindexed(app: App, directory: Directory) -> bool:
    progress = await reindex_progress.read(app.tables, directory.id)
    if progress is None:
        return await _is_new(app, directory)
    is_current = progress.index_version == INDEX_VERSION
    return is_current and (progress.is_finished or progress.repeats)
