"""Reads and writes a tenant's presence.

Log-structured: a sync writes one delta row with those who changed, and the head, in one transaction; however many
people there are, and wherever they stand. When the deltas have grown, everybody is written into fresh pages (`pages`),
and what no longer counts is deleted (`cleaning`). One range query brings a snapshot up to date, since the key of the
head stands behind those of the deltas.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from presence.store import codec, compaction, garbage, manifest, row_keys
from presence.store.codec import Delta
from presence.store.compaction import Written
from presence.store.manifest import Manifest
from presence.store.row_keys import HEAD
from presence.store.snapshot import Snapshot
from shared import keys, log
from shared.tables.port import (
    NotFound,
    Operation,
    PreconditionFailed,
    Replace,
    Row,
    Tables,
    Upsert,
    query_all,
)
from shared.tables.schema import PRESENCE

_ATTEMPTS = 3


class Overtaken(Exception):
    """Somebody else changed the head: read again and decide anew."""


class NotLinked(Exception):
    """The tenant has no presence here (any more)."""


async def load(tables: Tables, tenant_id: str) -> Snapshot | None:
    """All people of a tenant; None where it is not linked. One round trip for each 1,000 rows (2,000,000 people)."""
    attempt = 1
    while (
        top := row_keys.head_of(found := await query_all(tables, PRESENCE, tenant_id))
    ) is not None:
        if (snapshot := await _assemble(top, found)) is not None:
            return snapshot
        if attempt == _ATTEMPTS:
            log.event("presence.rebuilt", tenant_id=tenant_id)
            return _afresh(top)
        attempt += 1
    return None


def _afresh(row: Row) -> Snapshot:
    """Nobody, and directories that are gone through anew: rows that the head counts are lost (a restored backup, an
    operator's hand), and everything in them can be asked for again.
    """
    top = manifest.decode(row.value)
    rolls = [replace(roll, full_at=0) if roll else None for roll in top.directories]
    top = replace(
        top,
        first=top.seq + 1,
        generation="",
        pages=0,
        logged=0,
        untidy=True,
        directories=rolls,
        as_of=0,
        not_before=0,
    )
    return Snapshot(top, row.etag, is_whole=False)


async def catch_up(tables: Tables, tenant_id: str, snapshot: Snapshot) -> Snapshot | None:
    """The snapshot with all that was written since, in one round trip; None where the tenant is no longer linked."""
    if not snapshot.is_whole:
        return await load(tables, tenant_id)
    before = snapshot.head
    found = await tables.query(
        PRESENCE, tenant_id, row_keys.delta_key(before.seq + 1), keys.successor(HEAD)
    )
    if not found or found[-1].key != HEAD:
        return await load(tables, tenant_id)
    top = manifest.decode(found[-1].value)
    deltas = {row_keys.seq_of(row.key): row for row in found[:-1]}
    missing = range(before.seq + 1, top.seq + 1)
    if (
        top.epoch != before.epoch
        or top.seq < before.seq
        or any(seq not in deltas for seq in missing)
    ):
        return await load(tables, tenant_id)
    if snapshot.head is not before:  # this process stored something meanwhile
        return snapshot
    snapshot.head, snapshot.tag = top, found[-1].etag
    for seq in missing:
        snapshot.apply(codec.decode(deltas[seq].value))
    return snapshot


async def commit(
    tables: Tables, tenant_id: str, snapshot: Snapshot, top: Manifest, delta: Delta
) -> None:
    """Store what changed with the head `top`, and take it into the snapshot. Raises Overtaken or NotLinked.

    `top` is the snapshot's head with the caller's changes; where rows stand is decided here.
    """
    tag, written = snapshot.tag, Written(top)
    if delta and compaction.are_due(snapshot, len(delta)):
        written = await compaction.write(tables, tenant_id, snapshot, top, delta)
    elif delta:
        written = Written(replace(top, seq=top.seq + 1, logged=top.logged + len(delta)))
    top, operations = written.top, [*written.rest, *_delta_row(written.top.seq, delta)]
    try:
        tags = await tables.transact(
            PRESENCE, tenant_id, [*operations, Replace(HEAD, manifest.encode(top), tag)]
        )
    except (NotFound, PreconditionFailed) as error:
        await garbage.discard(tables, tenant_id, written.stored)
        raise (NotLinked if isinstance(error, NotFound) else Overtaken) from None
    known = (
        snapshot.head.seq
    )  # a reader of this process may have seen what was stored, or more, before we go on here
    if known <= top.seq:
        snapshot.head, snapshot.tag = top, tags[-1]
    if known < top.seq:
        snapshot.apply(delta)


def _delta_row(seq: int, delta: Delta) -> list[Operation]:
    """What stands there with this number already was never counted, since the head comes with it: written over."""
    return (
        [Upsert(row_keys.delta_key(seq), codec.encode(delta))]
        if 0 < len(delta) <= compaction.MAX_DELTA
        else []
    )


async def _assemble(row: Row, found: Sequence[Row]) -> Snapshot | None:
    """The snapshot that the rows make; None where they were read across a change."""
    top = manifest.decode(row.value)
    values = {row.key: row.value for row in found}
    whole, deltas = row_keys.page_keys(top), range(top.first, top.seq + 1)
    if not all(key in values for key in (*whole, *row_keys.delta_keys(top))):
        return None
    snapshot = Snapshot(top, row.etag)
    for key in whole:
        snapshot.entries.update(codec.decode(values[key]).changed)
        await asyncio.sleep(0)  # others' requests go on while a large tenant is read
    for seq in deltas:
        snapshot.apply(codec.decode(values[row_keys.delta_key(seq)]))
    return snapshot
