"""Which directories a signed-in person reads: those of the own account, remembered for some seconds."""

from collections.abc import Sequence
from dataclasses import dataclass

from directories import service
from directories.cache import cache
from directories.directory import Directory
from directories.memory import Bounded, PerInstance
from shared.http import HttpError
from shared.services import Services

REMEMBERED = 5.0  # seconds until a directory made on another instance is searched too
_ACCOUNTS = 4096


@dataclass(frozen=True, slots=True)
class _Listed:
    directories: Sequence[Directory]
    read_at: float


_listed: PerInstance[Bounded[str, _Listed]] = PerInstance(lambda: Bounded(_ACCOUNTS))


async def all_directories(services: Services, account: str) -> Sequence[Directory]:
    """The account's directories in the order of their creation."""
    remembered, now = _listed.of(services), services.clock.monotonic()
    listed = remembered.get(account)
    if listed is None or not 0 <= now - listed.read_at < REMEMBERED:
        listed = _Listed(await service.list_directories(services, account), now)
        remembered.put(account, listed)
    return listed.directories


async def one_directory(services: Services, account: str, directory_id: str) -> Directory:
    """The account's directory with this id; HttpError 404 for another account's as for none."""
    directory, _ = await cache(services).get(services, directory_id)
    if directory is None or directory.account != account:
        raise HttpError(
            404,
            "Directory not found",
            "There is no such directory in your account. It may be deleted; reload the list of directories.",
        )
    return directory
