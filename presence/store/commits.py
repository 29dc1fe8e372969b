"""Store changes of a tenant's presence.

The rows are log-structured: a sync writes one delta row with those who changed, and the head row, in one
transaction, however many people there are. When the deltas have grown, everyone is written into new pages
(`compaction`).
"""

from dataclasses import replace

from presence.store import codec, compaction, manifest
from presence.store.codec import Delta
from presence.store.compaction import Written
from presence.store.manifest import HEAD, Manifest
from presence.store.snapshot import Snapshot
from shared.tables.port import (
    NotFound,
    Operation,
    PreconditionFailed,
    Replace,
    Tables,
    Upsert,
)
from shared.tables.schema import PRESENCE


class Overtaken(Exception):
    """The manifest was changed by another worker: read it and decide again."""


class NotLinked(Exception):
    """The tenant isn't linked, or not any more."""


async def commit(
    tables: Tables, tenant_id: str, snapshot: Snapshot, top: Manifest, delta: Delta
) -> None:
    """Store a delta with a manifest, and apply both to the snapshot.

    Args:
        tables: The storage.
        tenant_id: The tenant.
        snapshot: The state on which the change is based.
        top: The snapshot's manifest with the caller's changes; this function decides about rows.
        delta: The people who changed.

    Raises:
        Overtaken: The manifest was changed in the meantime.
        NotLinked: The tenant isn't linked any more.
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
        await compaction.discard(tables, tenant_id, written.stored)
        raise (NotLinked if isinstance(error, NotFound) else Overtaken) from None
    known = (
        snapshot.head.seq
    )  # a reader of this process may already have seen the stored version, or a later one
    if known <= top.seq:
        snapshot.head, snapshot.tag = top, tags[-1]
    if known < top.seq:
        snapshot.apply(delta)


def _delta_row(seq: int, delta: Delta) -> list[Operation]:
    """Return the operation for the row of a delta.

    It overwrites a row with this number: the manifest, stored in the same transaction, doesn't count that row.
    """
    return (
        [Upsert(manifest.delta_key(seq), codec.encode(delta))]
        if 0 < len(delta) <= compaction.MAX_DELTA
        else []
    )
