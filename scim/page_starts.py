"""Starts of pages by `startIndex` (RFC 7644 section 3.4.2.4), stored for all instances.

If a page is followed by others, its end is stored before the page is sent: the next start index, and the key of the
last resource before it. Any instance continues from that key, so deletions in earlier pages don't shift later ones. A
start index in use is never moved to another key, because then two clients that page at the same time would lose
resources. If a page would end at a start index that is in use with another key, the page is made shorter, which RFC
7644 section 3.4.2.4 allows.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from shared import row_versions
from shared.app import App
from shared.tables.port import (
    MAX_OPERATIONS,
    AlreadyExists,
    Delete,
    Insert,
    NotFound,
    PreconditionFailed,
    Replace,
    StorageUnavailable,
    query_all,
)
from shared.tables.schema.base import CONTACTS
from shared.tables.schema.contacts import PAGE_START

# Instances with clocks an hour apart must agree on the walks in progress.
MAX_AGE_SECONDS = 2 * 3600.0
_REFRESH_SECONDS = 15 * 60.0
_ATTEMPTS = 12


@dataclass(frozen=True, slots=True)
class PageStart:
    """A stored start of a page.

    `key` is the row key of the last resource before it, `at` the time when a page last ended there (Unix seconds), and
    `tag` the row's storage tag.
    """

    key: str
    at: float
    tag: str

    def age(self, app: App) -> float:
        """Return the seconds since a page ended there; never negative, although instances' clocks may differ."""
        return abs(app.clock.now().timestamp() - self.at)


@dataclass(frozen=True, slots=True)
class Walk:
    """One list through which clients page: `name` is the resource type, with a digest of the filter if there is one."""

    directory_id: str
    name: str

    async def key_before(self, app: App, start_index: int) -> str | None:
        """Return the row key of the last resource before `start_index`, or None if no page ended there recently."""
        key = PAGE_START.key(self.name, _number(start_index))
        row = await app.tables.get(CONTACTS, self.directory_id, key)
        start = decode(row.value, row.etag) if row else None
        return start.key if start and start.age(app) < MAX_AGE_SECONDS else None

    async def end_page(self, app: App, start_index: int, count: int, keys: Sequence[str]) -> int:
        """Store the end of a page that others follow; return how many of `keys` the page may have.

        Raise StorageUnavailable if storage fails, or if other clients' pages of the list conflict
        with every attempt.
        """
        first = PAGE_START.key(self.name, _number(start_index + 1))
        stop = PAGE_START.key(self.name, _number(start_index + count + 1))
        for _ in range(_ATTEMPTS):
            rows = await query_all(app.tables, CONTACTS, self.directory_id, first, stop)
            starts = {
                int(PAGE_START.second_of(row.key)): decode(row.value, row.etag) for row in rows
            }
            live = {
                number - start_index: start.key
                for number, start in starts.items()
                if start.age(app) < MAX_AGE_SECONDS
            }
            length = _length(live, count, keys)
            number = start_index + length
            if await self._store(app, number, keys[length - 1], starts.get(number)):
                return length
        raise StorageUnavailable("other walks of the same list came in between")

    async def _store(self, app: App, number: int, key: str, old: PageStart | None) -> bool:
        """Store a start; return False if another instance stored it at the same time."""
        if old is not None and old.key == key and old.age(app) < _REFRESH_SECONDS:
            return True
        row_key = PAGE_START.key(self.name, _number(number))
        value = encode(key, app.clock.now().timestamp())
        operation = Replace(row_key, value, old.tag) if old else Insert(row_key, value)
        try:
            await app.tables.transact(CONTACTS, self.directory_id, [operation])
        except (AlreadyExists, NotFound, PreconditionFailed):
            return False
        return True


def _length(live: Mapping[int, str], count: int, keys: Sequence[str]) -> int:
    """Return a page length that conflicts with no start in use.

    `live` has the key of each start in use, by the length at which a page would end there. If a full page would end at
    a start in use, the page ends at that start's key, because clients that add `count` instead of itemsPerPage to their
    start index continue there.
    """
    if count in live:
        length = bisect_right(keys, live[count])
        if length and live.get(length, keys[length - 1]) == keys[length - 1]:
            return length
    for length in range(len(keys), 0, -1):
        if live.get(length, keys[length - 1]) == keys[length - 1]:
            return length
    return len(keys)


async def trim(app: App, directory_id: str) -> None:
    """Remove the stored page starts that weren't written recently."""
    rows = await query_all(app.tables, CONTACTS, directory_id, *PAGE_START.all())
    old = [
        Delete(row.key, row.etag)
        for row in rows
        if decode(row.value, row.etag).age(app) >= MAX_AGE_SECONDS
    ]
    for at in range(0, len(old), MAX_OPERATIONS):
        try:
            await app.tables.transact(CONTACTS, directory_id, old[at : at + MAX_OPERATIONS])
        except (NotFound, PreconditionFailed):
            continue  # a walk uses one of them again; the next run removes the rest


def encode(key: str, at: float) -> bytes:
    """Encode the value of a row."""
    return orjson.dumps({"v": 1, "key": key, "at": round(at, 3)})


def decode(value: bytes, tag: str) -> PageStart:
    """Decode a row value that `encode` returned; raise UnsupportedRowVersion if a later release wrote it."""
    stored = row_versions.decode(value, "page start")
    return PageStart(str(stored["key"]), float(stored["at"]), tag)


def _number(start_index: int) -> str:
    return f"{start_index:016}"
