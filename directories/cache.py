"""Directories as one instance of the app remembers them: at most 30 seconds old, re-read when a token does not fit.

A token issued a moment ago on another instance must work at once, or Entra would quarantine the job after a rotation;
so a cached directory that a token does not fit is read again. A flood of wrong tokens must not become a flood of
reads, so re-reading has an allowance: ten at once, then one a second for each directory.
"""

from dataclasses import dataclass, field

from directories import store
from directories.models import Directory, is_directory_id
from shared.app import App
from shared.cache import LruCache

CACHED_SECONDS = 30.0
_KNOWN = 4096
_UNKNOWN = 1024  # kept apart, so that calls to made-up addresses push no real directory out
_ALLOWANCE = 10.0


@dataclass(slots=True)
class _Entry:
    directory: Directory | None
    read_at: float
    allowance: float = _ALLOWANCE


@dataclass(slots=True)
class DirectoryCache:
    """Directories by id, absent ones too."""

    known: LruCache[str, _Entry] = field(default_factory=lambda: LruCache(_KNOWN))
    unknown: LruCache[str, _Entry] = field(default_factory=lambda: LruCache(_UNKNOWN))

    async def get(self, app: App, directory_id: str) -> tuple[Directory | None, bool]:
        """The directory, and whether storage was asked just now."""
        entry = self._entry(directory_id)
        if entry and app.clock.monotonic() - entry.read_at < CACHED_SECONDS:
            return entry.directory, False
        return await self._read(app, directory_id, entry), True

    async def again(self, app: App, directory_id: str) -> Directory | None:
        """The directory read again, as far as its allowance of re-readings goes."""
        entry = self._entry(directory_id)
        if entry is None:
            return await self._read(app, directory_id, None)
        elapsed = app.clock.monotonic() - entry.read_at
        allowance = min(_ALLOWANCE, entry.allowance + elapsed)
        if allowance < 1.0:
            return entry.directory
        entry.allowance = allowance - 1.0
        return await self._read(app, directory_id, entry)

    def forget(self, directory_id: str) -> None:
        """Read it anew when it is needed next."""
        self.known.forget(directory_id)
        self.unknown.forget(directory_id)

    def _entry(self, directory_id: str) -> _Entry | None:
        return self.known.get(directory_id) or self.unknown.get(directory_id)

    async def _read(self, app: App, directory_id: str, old: _Entry | None) -> Directory | None:
        if not is_directory_id(directory_id):
            return None
        directory = await store.get(app.tables, directory_id)
        directory = directory if directory and directory.is_active else None
        entry = _Entry(directory, app.clock.monotonic(), old.allowance if old else _ALLOWANCE)
        self.forget(directory_id)
        (self.known if directory else self.unknown).put(directory_id, entry)
        return directory


def cache(app: App) -> DirectoryCache:
    """Return the directory cache of `app`."""
    return app.state(DirectoryCache)
