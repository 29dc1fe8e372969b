"""Which directories a signed-in user may read, and how many people each one has.

A user may read every directory of their own account, unless the directory is limited to agents with an app role or in
an Entra group. Roles and groups come from the claims of App Service Authentication. Entra omits the claim `groups`
from the token of a user in more than 200 groups; a directory limited to groups is then refused, and the error says why.

All reads on behalf of agents go through this module. It caches directories and totals for a few seconds, shared by all
agents on the instance, because each open page requests them every few seconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from directories import service, totals
from directories.models import Directory
from directories.store import cache
from directories.totals import Totals
from shared.app import App
from shared.concurrency import each
from shared.easy_auth import Principal
from shared.http import HttpError
from shared.limits import LruCache
from shared.messages import Message, counted

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
    """The cache: directories by account, and totals by directory id."""

    directories: LruCache[str, _Listed] = field(default_factory=lambda: LruCache(_ACCOUNTS))
    totals: LruCache[str, _Counted] = field(default_factory=lambda: LruCache(_DIRECTORIES))


async def all_directories(app: App, person: Principal) -> Sequence[Directory]:
    """Return the directories that the user may read, oldest first.

    A change made by this instance is visible at once, one made by another instance within five seconds.
    """
    found = await _of_account(app, person.account)
    return [one for one in found if may_read(one, person)]


async def undecided(app: App, person: Principal) -> int:
    """Return how many directories are hidden from the user because Entra did not send the user's groups."""
    if person.has_all_groups:
        return 0
    found = await _of_account(app, person.account)
    return sum(is_undecided(one, person) for one in found)


async def notice(app: App, person: Principal, directories: Sequence[Directory]) -> str:
    """Return a sentence saying why the user can't read some directories, or "" if `directories` is complete.

    Raises:
        HttpError: 403 with the same sentence if `directories` is empty.
    """
    count = await undecided(app, person)
    if count and not directories:
        raise HttpError(403, Message("groups_unknown"))
    return counted("groups_unknown_some", count).text() if count else ""


async def _of_account(app: App, account: str) -> Sequence[Directory]:
    remembered, now = app.state(_Remembered).directories, app.clock.monotonic()
    listed, changes = remembered.get(account), cache(app).changes
    is_fresh = listed is not None and 0 <= now - listed.read_at < REMEMBERED
    if listed is None or not is_fresh or listed.changes != changes:
        listed = _Listed(await service.list_directories(app, account), now, changes)
        remembered.put(account, listed)
    return listed.directories


def may_read(directory: Directory, person: Principal) -> bool:
    """Return whether the user may read the people of a directory of their own account.

    Administrators may read every directory.
    """
    readers = directory.readers
    if readers is None or person.is_admin:
        return True
    return not (person.roles.isdisjoint(readers.roles) and person.groups.isdisjoint(readers.groups))


def is_undecided(directory: Directory, person: Principal) -> bool:
    """Return whether the directory is hidden only because the user's groups are unknown."""
    readers = directory.readers
    if readers is None or person.has_all_groups or not readers.groups:
        return False
    return not may_read(directory, person)


async def totals_of(app: App, directories: Sequence[Directory]) -> list[Totals]:
    """Return the totals of each directory. One round trip per directory that isn't cached."""
    remembered = app.state(_Remembered).totals
    shared = max(SHARED, len(directories) / A_SECOND)

    async def one(directory: Directory) -> Totals:
        now, known = app.clock.monotonic(), remembered.get(directory.id)
        if known is None or not 0 <= now - known.read_at < shared:
            known = _Counted(await totals.read(app, directory.id), now)
            remembered.put(directory.id, known)
        return known.totals

    return await each(directories, one)


async def one_directory(app: App, person: Principal, directory_id: str) -> Directory:
    """Return the directory with this id if the user may read it.

    If the cache says that it doesn't exist, storage is read again, because another instance may have restored it.

    Raises:
        HttpError: 404 if the user can read no such directory; 403 if that can't be decided because the user is in too
            many groups.
    """
    directory, is_read = await cache(app).get(app, directory_id)
    if directory is None and not is_read:
        directory = await cache(app).again(app, directory_id)
    if directory is None or directory.account != person.account:
        raise HttpError(404, Message("directory_not_found"))
    if is_undecided(directory, person):
        raise HttpError(403, Message("groups_unknown"))
    if not may_read(directory, person):
        raise HttpError(404, Message("directory_not_found"))
    return directory
