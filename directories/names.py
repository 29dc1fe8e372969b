"""Keep the names of an account's directories unique; names that `is_same` finds equal count as one.

Agents tell companies apart by these names. Because several instances create and rename directories
at the same time, storage decides: a row with a key derived from the name is inserted before the
directory is written. If such a row is found, but its directory has another name or is deleted (or
was never written, because the instance was killed), the row is replaced. Rows for the directories
of earlier releases are added once, before the account's first claim of a name.
"""

import contextlib
import hashlib
import unicodedata
from dataclasses import dataclass
from datetime import timedelta

import orjson

from directories import store
from directories.errors import NameTaken
from shared import row_versions
from shared.app import App
from shared.clock import parse_timestamp
from shared.tables.port import (
    AlreadyExists,
    Delete,
    Insert,
    NotFound,
    PreconditionFailed,
    Replace,
    StorageUnavailable,
    Upsert,
)
from shared.tables.schema.base import DIRECTORIES, names_partition
from shared.tables.schema.directories import DIRECTORY_NAME, NAMES_COMPLETE

_ATTEMPTS = 6
# For so long, a claim is valid although no directory has the name, because the directory may be written soon.
_IN_PROGRESS = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Claim:
    """The directory that has claimed a name, and the time of the claim."""

    directory_id: str
    at: str


def is_same(one: str, other: str) -> bool:
    """Return whether two names are equal after case folding and compatibility normalisation (NFKC).

    White space at the beginning and end is ignored, and any other white space counts as one space.
    """
    return _folded(one) == _folded(other)


async def claim(app: App, account: str, name: str, directory_id: str) -> bool:
    """Claim a name for a directory; return False if the directory has it already.

    Raises:
        NameTaken: Another directory of the account has the name.
    """
    await _adopt(app, account)
    partition, key = names_partition(account), _key(name)
    value = encode(Claim(directory_id, store.now(app.clock)))
    for _ in range(_ATTEMPTS):
        try:
            await app.tables.transact(DIRECTORIES, partition, [Insert(key, value)])
            return True
        except AlreadyExists:
            row = await app.tables.get(DIRECTORIES, partition, key)
        if row is None:
            continue
        found = decode(row.value)
        if found.directory_id == directory_id:
            return False
        if await _is_held(app, account, name, found):
            raise NameTaken(name)
        with contextlib.suppress(PreconditionFailed, NotFound):
            await app.tables.transact(DIRECTORIES, partition, [Replace(key, value, row.etag)])
            return True
    raise StorageUnavailable("the name changes too often")


async def release(app: App, account: str, name: str, directory_id: str) -> None:
    """Delete the claim of a name, if it is this directory's."""
    partition, key = names_partition(account), _key(name)
    row = await app.tables.get(DIRECTORIES, partition, key)
    if row is not None and decode(row.value).directory_id == directory_id:
        with contextlib.suppress(PreconditionFailed, NotFound):
            await app.tables.transact(DIRECTORIES, partition, [Delete(key, row.etag)])


async def _is_held(app: App, account: str, name: str, found: Claim) -> bool:
    directory = await store.get(app.tables, found.directory_id)
    if directory is not None and directory.account == account:
        if not directory.is_active:
            return False
        if is_same(directory.name, name):
            return True
    return app.clock.now() - parse_timestamp(found.at) < _IN_PROGRESS


async def _adopt(app: App, account: str) -> None:
    """Claim the names of the account's directories that an earlier release created, once per account."""
    partition = names_partition(account)
    if await app.tables.get(DIRECTORIES, partition, NAMES_COMPLETE.key) is not None:
        return
    for directory in await store.of_account(app.tables, app.clock, account):
        if directory.is_active:
            row = Insert(_key(directory.name), encode(Claim(directory.id, directory.created)))
            with contextlib.suppress(AlreadyExists):  # two had the same name before
                await app.tables.transact(DIRECTORIES, partition, [row])
    await app.tables.transact(DIRECTORIES, partition, [Upsert(NAMES_COMPLETE.key, b'{"v":1}')])


def _key(name: str) -> str:
    return DIRECTORY_NAME.key(hashlib.sha256(_folded(name).encode()).hexdigest())


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", " ".join(name.split())).casefold()


def encode(found: Claim) -> bytes:
    """Return the value of a claim's row."""
    return orjson.dumps({"v": 1, "directory_id": found.directory_id, "at": found.at})


def decode(value: bytes) -> Claim:
    """Return the claim that `encode` encoded; raise UnsupportedRowVersion if a later release wrote it."""
    found: Claim = row_versions.build(Claim, row_versions.decode(value, "directory name"))
    return found
