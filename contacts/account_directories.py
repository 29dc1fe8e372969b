"""Which directories a signed-in person reads: those of the own account, and how many people they have.

Both are remembered for a moment and shared by all agents on the instance: each of their pages asks every few seconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from directories import service, totals
from directories.cache import cache
from directories.models import Directory
from directories.totals import Totals
from shared.app import App
from shared.cache import LruCache
from shared.concurrency import each
from shared.http import HttpError
from shared.messages import Message

REMEMBERED = 5.0  # seconds until a directory made on another instance is searched too
SHARED = 1.0  # seconds that all agents see the same totals
A_SECOND = 100  # reads of totals per second: those of a thousand directories are up to 10 s old
_ACCOUNTS = 4096
_DIRECTORIES = 16_384


@dataclass(frozen=True, slots=True)
class _Listed:
    directories: Sequence[Directory]
    read_at: float
    changes: int


@dataclass(frozen=True, slots=True)
class _Counted:
    totals: Totals
    read_at: float


@dataclass(slots=True)
class _Remembered:
    """Directories by account, and totals by directory id."""

    directories: LruCache[str, _Listed] = field(default_factory=lambda: LruCache(_ACCOUNTS))
    totals: LruCache[str, _Counted] = field(default_factory=lambda: LruCache(_DIRECTORIES))


async def all_directories(app: App, account: str) -> Sequence[Directory]:
    """Return the account's directories in the order of their creation.

    A change by this instance is in it at once, one by another instance within five seconds.
    """
    remembered, now = app.state(_Remembered).directories, app.clock.monotonic()
    listed, changes = remembered.get(account), cache(app).changes
    is_fresh = listed is not None and 0 <= now - listed.read_at < REMEMBERED
    if listed is None or not is_fresh or listed.changes != changes:
        listed = _Listed(await service.list_directories(app, account), now, changes)
        remembered.put(account, listed)
    return listed.directories


async def totals_of(app: App, directories: Sequence[Directory]) -> list[Totals]:
    """Return the totals of each directory, with one round trip per directory that is not cached."""
    remembered = app.state(_Remembered).totals
    shared = max(SHARED, len(directories) / A_SECOND)

    async def one(directory: Directory) -> Totals:
        now, known = app.clock.monotonic(), remembered.get(directory.id)
        if known is None or not 0 <= now - known.read_at < shared:
            known = _Counted(await totals.read(app, directory.id), now)
            remembered.put(directory.id, known)
        return known.totals

    return await each(directories, one)


async def one_directory(app: App, account: str, directory_id: str) -> Directory:
    """Return the account's directory with this id.

    One that is remembered as absent is looked for again: another instance may have restored it.

    Raises:
        HttpError: 404 if no directory of this account has the id.
    """
    directory, is_read = await cache(app).get(app, directory_id)
    if directory is None and not is_read:
        directory = await cache(app).again(app, directory_id)
    if directory is None or directory.account != account:
        raise HttpError(404, Message("directory_not_found"))
    return directory
