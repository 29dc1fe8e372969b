"""A tenant's people in memory: loaded from the rows, brought up to date, and shared within an instance."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from presence.presence_states import Readiness, readiness
from presence.store import codec, manifest
from presence.store.codec import AS_OF_LAST_SYNC, NEVER_CONFIRMED, Delta, Entry
from presence.store.manifest import HEAD, Manifest
from shared import keys, log
from shared.clock import Clock
from shared.tables.port import Row, Tables, query_all
from shared.tables.schema.base import PRESENCE

SHARED_FOR = 1.0  # seconds for which a snapshot is used without reading the table
_MAX_TENANTS = 256
_MAX_PEOPLE = 500_000
_MAX_READS = 3


@dataclass(slots=True, kw_only=True)
class Snapshot:
    """A tenant's people as of `head.seq`.

    Attributes:
        tag: The ETag of the head row.
        entries: The people by object ID.
        is_whole: False if rows that the manifest counts are missing; the next commit then starts
            without people.
        ready: By readiness, the object IDs of the people who are free now and who will be soon.
    """

    head: Manifest
    tag: str
    entries: dict[str, Entry] = field(default_factory=dict)
    is_whole: bool = True
    ready: dict[Readiness, set[str]] = field(default_factory=lambda: {"free": set(), "soon": set()})

    def apply(self, delta: Delta) -> None:
        """Apply a delta. Doing so twice is harmless, because a delta has complete entries."""
        entries = self.entries
        for ready in self.ready.values():
            ready.difference_update(delta.changed)
            ready.difference_update(delta.gone)
        entries.update(delta.changed)
        for object_id, entry in delta.changed.items():
            if (found := readiness(entry.value)) != "no":
                self.ready[found].add(object_id)
        for object_id in delta.gone:
            entries.pop(object_id, None)

    def as_of(self, entry: Entry, now: int) -> int:
        """Return when a person's presence was last confirmed, or 0 for never.

        If the last sync confirmed it, that is the time of the sync; or the time of the person's
        last change if that is later, because a refresh on demand found the change after the sync.
        A change in the future is ignored: the clock that dated it was wrong.
        """
        if entry.as_of == AS_OF_LAST_SYNC:
            return (
                max(self.head.as_of, entry.changed_at)
                if entry.changed_at <= now
                else self.head.as_of
            )
        return 0 if entry.as_of == NEVER_CONFIRMED else entry.as_of


async def load(tables: Tables, tenant_id: str) -> Snapshot | None:
    """Read all rows of a tenant and return its snapshot, None if it isn't linked. One round trip per 1,000 rows."""
    attempt = 1
    while (
        top := manifest.head_of(found := await query_all(tables, PRESENCE, tenant_id))
    ) is not None:
        if (snapshot := await _assemble(top, found)) is not None:
            return snapshot
        if attempt == _MAX_READS:
            log.event("presence.rebuilt", tenant_id=tenant_id)
            return _empty_snapshot(top)
        attempt += 1
    return None


def _empty_snapshot(row: Row) -> Snapshot:
    """Return a snapshot without people that makes the next sync read all directories.

    Used if rows that the manifest counts are missing, for example after a restored backup. Nothing
    is lost, because the sync reads people from their directories and presence from Graph.
    """
    top = manifest.decode(row.value)
    linked = [replace(linked, full_at=0) if linked else None for linked in top.directories]
    top = replace(
        top,
        first=top.seq + 1,
        generation="",
        pages=0,
        logged=0,
        untidy=True,
        directories=linked,
        as_of=0,
        not_before=0,
    )
    return Snapshot(head=top, tag=row.etag, is_whole=False)


async def catch_up(tables: Tables, tenant_id: str, snapshot: Snapshot) -> Snapshot | None:
    """Bring a snapshot up to date and return it, or None if the tenant isn't linked any more.

    One round trip reads both the new deltas and the head row, because their keys are neighbours.
    If some deltas are missing, all rows are read instead.
    """
    if not snapshot.is_whole:
        return await load(tables, tenant_id)
    before = snapshot.head
    found = await tables.query(
        PRESENCE, tenant_id, manifest.delta_key(before.seq + 1), keys.successor(HEAD)
    )
    if not found or found[-1].key != HEAD:
        return await load(tables, tenant_id)
    top = manifest.decode(found[-1].value)
    deltas = {manifest.seq_of(row.key): row for row in found[:-1]}
    missing = range(before.seq + 1, top.seq + 1)
    if (
        top.epoch != before.epoch
        or top.seq < before.seq
        or any(seq not in deltas for seq in missing)
    ):
        return await load(tables, tenant_id)
    if snapshot.head is not before:  # this process has stored something in the meantime
        return snapshot
    snapshot.head, snapshot.tag = top, found[-1].etag
    for seq in missing:
        snapshot.apply(codec.decode(deltas[seq].value))
    return snapshot


async def _assemble(row: Row, found: Sequence[Row]) -> Snapshot | None:
    """Return the snapshot for the rows, or None if some are missing because they were read during a change."""
    top = manifest.decode(row.value)
    values = {row.key: row.value for row in found}
    whole, deltas = manifest.page_keys(top), range(top.first, top.seq + 1)
    if not all(key in values for key in (*whole, *manifest.delta_keys(top))):
        return None
    snapshot = Snapshot(head=top, tag=row.etag)
    for key in whole:
        snapshot.apply(codec.decode(values[key]))
        await asyncio.sleep(0)  # let other requests run while a large tenant is read
    for seq in deltas:
        snapshot.apply(codec.decode(values[manifest.delta_key(seq)]))
    return snapshot


@dataclass(slots=True)
class _CachedSnapshot:
    snapshot: Snapshot | None = None
    read_at: float = float("-inf")
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Snapshots:
    """The snapshots of an instance by tenant; above the limits the least recently used are evicted."""

    def __init__(self) -> None:
        self._cached: OrderedDict[str, _CachedSnapshot] = OrderedDict()

    async def get(
        self, tables: Tables, clock: Clock, tenant_id: str, *, at_most: float = 0.0
    ) -> Snapshot | None:
        """Return the tenant's snapshot, or None if it isn't linked.

        It may be `at_most` seconds old; with 0 it is always brought up to date.
        """
        cached = self._cached.setdefault(tenant_id, _CachedSnapshot())
        self._cached.move_to_end(tenant_id)
        asked = clock.monotonic()
        async with cached.lock:
            # If another caller read it while this one waited, use that result.
            if cached.read_at > asked or 0 <= asked - cached.read_at < at_most:
                return cached.snapshot
            began = clock.monotonic()
            if cached.snapshot is None:
                cached.snapshot = await load(tables, tenant_id)
            else:
                cached.snapshot = await catch_up(tables, tenant_id, cached.snapshot)
            cached.read_at = began
        self._bound()
        return cached.snapshot

    def expire(self, tenant_id: str) -> None:
        """Make the next `get` bring the tenant's snapshot up to date."""
        if (cached := self._cached.get(tenant_id)) is not None:
            cached.read_at = float("-inf")

    def forget(self, tenant_id: str) -> None:
        """Remove the tenant's snapshot."""
        self._cached.pop(tenant_id, None)

    def _bound(self) -> None:
        while len(self._cached) > _MAX_TENANTS or (
            len(self._cached) > 1 and self._people() > _MAX_PEOPLE
        ):
            self._cached.popitem(last=False)

    def _people(self) -> int:
        return sum(
            len(cached.snapshot.entries) for cached in self._cached.values() if cached.snapshot
        )
