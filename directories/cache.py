"""The directory cache of an instance: entries are at most 30 seconds old, and re-read if a token doesn't match.

A token that another instance issued a moment ago must work at once, or Entra would quarantine the job after a rotation;
so a cached directory is read again if a token doesn't match it. A flood of wrong tokens must not become a flood of
reads, so re-reading has an allowance: ten at once, then one per second for each directory.

Strangers must not learn from the number of reads whether a directory exists. So the allowances of known and unknown
directories are in one cache, as large as that of the unknown ones: made-up ids push both out of it alike.
"""

from dataclasses import dataclass, field

from directories import store
from directories.models import Directory, is_directory_id
from shared.app import App
from shared.cache import LruCache
from shared.token_bucket import Bucket

CACHED_SECONDS = 30.0
_KNOWN = 4096
_UNKNOWN = 1024  # kept apart, so that calls to made-up addresses push no real directory out
_ALLOWANCE = 10.0
_ALLOWANCE_RATE = 1.0  # per second


@dataclass(slots=True)
class _Entry:
    directory: Directory | None
    read_at: float


@dataclass(slots=True)
class DirectoryCache:
    """Directories by id, absent ones too."""

    # How often this instance changed a directory: whoever remembers a list of them compares it.
    changes: int = 0
    known: LruCache[str, _Entry] = field(default_factory=lambda: LruCache(_KNOWN))
    unknown: LruCache[str, _Entry] = field(default_factory=lambda: LruCache(_UNKNOWN))
    rereads: LruCache[str, Bucket] = field(default_factory=lambda: LruCache(_UNKNOWN))

    async def get(self, app: App, directory_id: str) -> tuple[Directory | None, bool]:
        """Return the directory, or None, and whether it was read from storage just now."""
        entry = self._entry(directory_id)
        if entry and app.clock.monotonic() - entry.read_at < CACHED_SECONDS:
            return entry.directory, False
        return await self._read(app, directory_id), True

    async def again(self, app: App, directory_id: str) -> Directory | None:
        """Return the directory: read again from storage if the allowance permits, else from the cache."""
        entry = self._entry(directory_id)
        if entry is None:
            return await self._read(app, directory_id)
        if self._allowance(app, directory_id).wait(1.0, _ALLOWANCE_RATE):
            return entry.directory
        return await self._read(app, directory_id)

    def forget(self, directory_id: str) -> None:
        """Forget the directory after this instance changed it, so that it is read again."""
        self.changes += 1
        self._drop(directory_id)

    def _drop(self, directory_id: str) -> None:
        self.known.forget(directory_id)
        self.unknown.forget(directory_id)

    def _allowance(self, app: App, directory_id: str) -> Bucket:
        """Return the token bucket of re-reads for an ID."""
        now = app.clock.monotonic()
        bucket = self.rereads.get(directory_id)
        if bucket is None:
            bucket = Bucket(_ALLOWANCE, now)
            self.rereads.put(directory_id, bucket)
        bucket.fill(now, _ALLOWANCE_RATE, _ALLOWANCE)
        return bucket

    def _entry(self, directory_id: str) -> _Entry | None:
        return self.known.get(directory_id) or self.unknown.get(directory_id)

    async def _read(self, app: App, directory_id: str) -> Directory | None:
        if not is_directory_id(directory_id):
            return None
        allowance = self._allowance(app, directory_id)
        allowance.level = max(0.0, allowance.level - 1.0)
        directory = await store.get(app.tables, directory_id)
        directory = directory if directory and directory.is_active else None
        entry = _Entry(directory, app.clock.monotonic())
        self._drop(directory_id)
        (self.known if directory else self.unknown).put(directory_id, entry)
        return directory


def cache(app: App) -> DirectoryCache:
    """Return the directory cache of `app`."""
    return app.state(DirectoryCache)
