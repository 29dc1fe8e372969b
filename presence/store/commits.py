"""Store changes of a tenant's presence, and compact the stored rows.

The rows are a log: a sync writes one delta row, with the people who changed, and the head row in
one transaction, however many people there are. When a reader needs about as much time for the
deltas as for the pages, all people are written into new pages.

Pages are never overwritten. So a worker that was overtaken leaves unused rows and no old statuses,
and after a killed one the previous generation is still complete. Rows are deleted only if they are
surely unused: each transaction of `tidy` also stores the manifest, so that it fails if another
worker changed the manifest, and `remove` deletes only the versions of rows that it has read.
"""

import asyncio
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TypeVar

from presence.store import codec, manifest
from presence.store.codec import Delta, Entry
from presence.store.manifest import HEAD, Manifest
from presence.store.snapshot import Snapshot
from shared.tables.port import (
    Delete,
    NotFound,
    Operation,
    PreconditionFailed,
    Replace,
    Tables,
    Upsert,
    query_all,
)
from shared.tables.schema.base import PRESENCE

MAX_DELTA = 5000  # people; even the longest entries fit into the megabyte of a row
MAX_DELTAS = 64
PAGE = 2000  # people per row
_KEPT = 8  # deltas that are kept when pages are written, for snapshots that are a little older
_PAGES_AT_ONCE = 12  # per transaction, which may have 4 MiB
_DELETIONS_AT_ONCE = 99  # per transaction, in addition to the head row
T = TypeVar("T")


class Overtaken(Exception):
    """Raised if another worker changed the manifest; the caller must read it and decide again."""


class NotLinked(Exception):
    """Raised if the tenant isn't linked, or isn't any more."""


async def commit(
    tables: Tables, tenant_id: str, snapshot: Snapshot, top: Manifest, delta: Delta
) -> None:
    """Store a delta with a manifest, and apply both to the snapshot.

    Args:
        tables: The storage.
        tenant_id: The tenant.
        snapshot: The state that the change is based on.
        top: The snapshot's manifest with the caller's changes; this function sets which rows count.
        delta: The people who changed.

    Raises:
        Overtaken: Another worker changed the manifest.
        NotLinked: The tenant isn't linked any more.
    """
    tag, written = snapshot.tag, Written(top)
    if delta and are_due(snapshot, len(delta)):
        written = await write(tables, tenant_id, snapshot, top, delta)
    elif delta:
        written = Written(replace(top, seq=top.seq + 1, logged=top.logged + len(delta)))
    top, operations = written.top, [*written.rest, *_delta_row(written.top.seq, delta)]
    try:
        tags = await tables.transact(
            PRESENCE, tenant_id, [*operations, Replace(HEAD, manifest.encode(top), tag)]
        )
    except (NotFound, PreconditionFailed) as error:
        await discard(tables, tenant_id, written.stored)
        raise (NotLinked if isinstance(error, NotFound) else Overtaken) from None
    # A reader of this process may have read the stored version, or a later one, already.
    known = snapshot.head.seq
    if known <= top.seq:
        snapshot.head, snapshot.tag = top, tags[-1]
    if known < top.seq:
        snapshot.apply(delta)


def _delta_row(seq: int, delta: Delta) -> list[Operation]:
    """Return a list with the operation that stores a delta's row; [] for an empty or too large delta.

    It overwrites an existing row with this number: that row is unused, because the stored manifest
    doesn't count it.
    """
    return (
        [Upsert(manifest.delta_key(seq), codec.encode(delta))]
        if 0 < len(delta) <= MAX_DELTA
        else []
    )


@dataclass(slots=True)
class Written:
    """New pages; `top` is the manifest that counts them.

    `stored` has the keys of the pages that are in storage already. `rest` has the operations for
    the other pages, which the caller runs in the same transaction as the head row.
    """

    top: Manifest
    stored: list[str] = field(default_factory=list)
    rest: list[Operation] = field(default_factory=list)


def are_due(snapshot: Snapshot, more: int) -> bool:
    """Return whether new pages must be written, for a delta of `more` people."""
    top = snapshot.head
    too_long = top.seq - top.first + 1 >= MAX_DELTAS or top.logged + more > max(
        MAX_DELTA, len(snapshot.entries)
    )
    return more > MAX_DELTA or too_long


async def write(
    tables: Tables, tenant_id: str, snapshot: Snapshot, top: Manifest, delta: Delta
) -> Written:
    """Divide all people into pages of a new generation, and store these pages except the last few.

    Return the keys of the stored pages, and for the last ones the operations, so that the caller
    can store them in the same transaction as the manifest.
    """
    people = {**snapshot.entries, **delta.changed}
    for object_id in delta.gone:
        people.pop(object_id, None)
    written = Written(_counting(top, len(people), len(delta)))
    for key, page in zip(manifest.page_keys(written.top), _divided(people), strict=True):
        if len(written.rest) == _PAGES_AT_ONCE:
            await tables.transact(PRESENCE, tenant_id, written.rest)
            written.stored += [row.key for row in written.rest]
            written.rest = []
        written.rest.append(Upsert(key, codec.encode(Delta(page))))
        await asyncio.sleep(0)  # let other requests run
    return written


def _counting(top: Manifest, people: int, changed: int) -> Manifest:
    seq = top.seq + 1
    is_row = changed <= MAX_DELTA  # the delta is stored too, for snapshots that are a little older
    return replace(
        top,
        seq=seq,
        first=max(top.first, seq - _KEPT) if is_row else seq + 1,
        generation=f"{seq:012}-{secrets.token_hex(4)}",
        pages=-(-people // PAGE),
        logged=changed if is_row else 0,
        untidy=top.untidy or top.seq > 0,  # at first there is nothing to delete
    )


def _divided(people: Mapping[str, Entry]) -> Iterator[dict[str, Entry]]:
    remaining = iter(people.items())
    while page := dict(islice(remaining, PAGE)):
        yield page


async def tidy(tables: Tables, tenant_id: str, snapshot: Snapshot) -> bool:
    """Delete the rows that the manifest doesn't count; return False if another worker changed the manifest."""
    top = snapshot.head
    counted = {HEAD, *manifest.delta_keys(top), *manifest.page_keys(top)}
    found = await query_all(tables, PRESENCE, tenant_id, keys_only=True)
    dead = [row.key for row in found if row.key not in counted]
    value = manifest.encode(top)
    try:
        for some in _batches(dead):
            deletions = [Delete(key) for key in some]
            tags = await tables.transact(
                PRESENCE, tenant_id, [*deletions, Replace(HEAD, value, snapshot.tag)]
            )
            snapshot.tag = tags[-1]
    except (PreconditionFailed, NotFound):
        return False
    return True


async def remove(tables: Tables, tenant_id: str, tag: str = "") -> None:
    """Delete a tenant's presence, the head row first, so that nothing is read or stored any more.

    If the instance is killed during this, call it again. If the tenant is linked again before that,
    the new rows stay.

    Args:
        tables: The storage.
        tenant_id: The tenant.
        tag: The ETag of the head row; "" deletes rows only if there is no head row.

    Raises:
        PreconditionFailed: The head row has another ETag.
    """
    if tag:
        await discard(tables, tenant_id, [HEAD], tag)
    found = await query_all(tables, PRESENCE, tenant_id)
    if manifest.head_of(found) is None:
        for some in _batches(found):
            try:
                await tables.transact(
                    PRESENCE, tenant_id, [Delete(row.key, row.etag) for row in some]
                )
            except (PreconditionFailed, NotFound):
                for row in some:
                    await _try(tables, tenant_id, Delete(row.key, row.etag))


async def discard(
    tables: Tables, tenant_id: str, row_keys: Sequence[str], tag: str | None = None
) -> None:
    """Delete rows if they exist; raise PreconditionFailed if `tag` is given and a row has another ETag."""
    for key in row_keys:
        try:
            await tables.transact(PRESENCE, tenant_id, [Delete(key, tag)])
        except NotFound:
            continue


async def _try(tables: Tables, tenant_id: str, deletion: Delete) -> None:
    try:
        await tables.transact(PRESENCE, tenant_id, [deletion])
    except (PreconditionFailed, NotFound):
        return


def _batches(items: Sequence[T]) -> list[Sequence[T]]:
    return [items[at : at + _DELETIONS_AT_ONCE] for at in range(0, len(items), _DELETIONS_AT_ONCE)]
