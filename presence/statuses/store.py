"""Reads and writes a tenant's presence in the table `presence` (partition: the tenant's id).

Log-structured: a sync writes one delta row with those who changed, and the head, in one transaction; however many
people there are, and wherever they stand. When the deltas have grown, everybody is written into fresh pages. Pages are
never written over: a worker that was overtaken leaves rows that nothing points to instead of old statuses, and a
killed one leaves the former generation whole. One range query brings a snapshot up to date, since the key of the head
stands behind those of the deltas.
"""

import asyncio
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from presence.statuses import entries, head
from presence.statuses.entries import Delta, Entry
from presence.statuses.head import Head
from presence.statuses.snapshot import Snapshot
from shared import keys
from shared.tables.port import (
    AlreadyExists,
    Changed,
    Delete,
    Insert,
    NotFound,
    Operation,
    Replace,
    Row,
    StorageUnavailable,
    Tables,
    Upsert,
)

TABLE = "presence"
HEAD = "head"
MAX_DELTA = 5000  # people; the longest form of so many stays below the megabyte of a row
MAX_DELTAS = 64
PAGE = 2000  # people in a row
_KEPT = 8  # deltas that stay when pages are written, for readers that lag behind a little
_PAGES_AT_ONCE = 12  # in a transaction, below its 4 MiB
_ATTEMPTS = 3


class Overtaken(Exception):
    """Somebody else changed the head: read again and decide anew."""


class NotLinked(Exception):
    """The tenant has no presence here (any more)."""


def first_head(directories: list[head.Roll | None]) -> Insert:
    """The operation that begins a tenant's presence."""
    return Insert(HEAD, head.encode(Head(epoch=secrets.token_hex(8), directories=directories)))


async def load(tables: Tables, tenant_id: str) -> Snapshot | None:
    """All people of a tenant; None where it is not linked. One round trip for each 1,000 rows (2,000,000 people)."""
    for _ in range(_ATTEMPTS):
        rows = await _everything(tables, tenant_id)
        top = next((row for row in rows if row.key == HEAD), None)
        if top is None:
            return None
        snapshot = await _assemble(top, rows)
        if snapshot is not None:
            return snapshot
    raise StorageUnavailable("presence rows change faster than they can be read")


async def catch_up(tables: Tables, tenant_id: str, snapshot: Snapshot) -> Snapshot | None:
    """The snapshot with all that was written since, in one round trip; None where the tenant is no longer linked."""
    before = snapshot.head
    rows = await tables.query(TABLE, tenant_id, _delta_key(before.seq + 1), keys.after(HEAD))
    if not rows or rows[-1].key != HEAD:
        return await load(tables, tenant_id)
    top = head.decode(rows[-1].value)
    deltas = {_seq(row.key): row for row in rows[:-1]}
    missing = range(before.seq + 1, top.seq + 1)
    if top.epoch != before.epoch or top.seq < before.seq or any(seq not in deltas for seq in missing):
        return await load(tables, tenant_id)
    if snapshot.head is not before:  # this process stored something meanwhile
        return snapshot
    snapshot.head, snapshot.tag = top, rows[-1].etag
    for seq in missing:
        snapshot.apply(seq, entries.decode(deltas[seq].value))
    return snapshot


async def commit(tables: Tables, tenant_id: str, snapshot: Snapshot, top: Head, delta: Delta) -> None:
    """Store what changed with the head `top`, and take it into the snapshot. Raises Overtaken or NotLinked.

    `top` is the snapshot's head with the caller's changes; where rows stand is decided here.
    """
    tag, rows = snapshot.tag, list[Operation]()
    if delta:
        if len(delta) > MAX_DELTA or _is_grown(snapshot, len(delta)):
            top, rows = await _write_pages(tables, tenant_id, snapshot, top, delta)
        else:
            top = replace(top, seq=top.seq + 1, logged=top.logged + len(delta))
        if len(delta) <= MAX_DELTA:
            rows.append(Insert(_delta_key(top.seq), entries.encode(delta)))
    try:
        tags = await tables.transact(TABLE, tenant_id, [*rows, Replace(HEAD, head.encode(top), tag)])
    except NotFound:
        raise NotLinked from None
    except (Changed, AlreadyExists):
        raise Overtaken from None
    known = snapshot.head.seq  # a reader of this process may have seen what was stored, or more, before we go on here
    if known <= top.seq:
        snapshot.head, snapshot.tag = top, tags[-1]
    if known < top.seq:
        snapshot.apply(top.seq, delta)


async def tidy(tables: Tables, tenant_id: str, top: Head) -> None:
    """Delete the rows that `top` no longer counts; stopped half-way or done twice, it harms nothing."""
    rows = await _everything(tables, tenant_id, keys_only=True)
    counted = {HEAD, *map(_delta_key, range(top.first, top.seq + 1)), *_page_keys(top)}
    await _delete(tables, tenant_id, [row.key for row in rows if row.key not in counted])


async def remove(tables: Tables, tenant_id: str) -> None:
    """Delete a tenant's presence, the head first: from then on nothing is read, and a running sync stores nothing."""
    await _delete(tables, tenant_id, [HEAD])
    rows = await _everything(tables, tenant_id, keys_only=True)
    await _delete(tables, tenant_id, [row.key for row in rows])


def _delta_key(seq: int) -> str:
    return keys.key("delta", f"{seq:012}")


def _seq(row_key: str) -> int:
    return int(row_key.rpartition(keys.SEPARATOR)[2])


def _page_keys(top: Head) -> list[str]:
    return [keys.key("page", top.generation, f"{number:05}") for number in range(top.pages)]


async def _everything(tables: Tables, tenant_id: str, *, keys_only: bool = False) -> list[Row]:
    start, stop = keys.key("delta", ""), keys.prefix_range("page", "")[1]
    rows: list[Row] = []
    while True:
        found = await tables.query(TABLE, tenant_id, start, stop, keys_only=keys_only)
        rows += found
        if len(found) < 1000:
            return rows
        start = keys.after(found[-1].key)


async def _assemble(row: Row, rows: Sequence[Row]) -> Snapshot | None:
    """The snapshot that the rows make; None where they were read across a change."""
    top = head.decode(row.value)
    values = {row.key: row.value for row in rows}
    pages, deltas = _page_keys(top), range(top.first, top.seq + 1)
    if not all(key in values for key in (*pages, *map(_delta_key, deltas))):
        return None
    snapshot = Snapshot(top, row.etag, complete_from=top.first - 1)
    for key in pages:
        snapshot.entries.update(entries.decode(values[key]).changed)
        await asyncio.sleep(0)  # others' requests go on while a large tenant is read
    for seq in deltas:
        snapshot.apply(seq, entries.decode(values[_delta_key(seq)]))
    return snapshot


def _is_grown(snapshot: Snapshot, more: int) -> bool:
    """Whether the deltas cost a reader about as much as the pages."""
    top = snapshot.head
    return top.seq - top.first + 1 >= MAX_DELTAS or top.logged + more > max(MAX_DELTA, len(snapshot.entries))


async def _write_pages(
    tables: Tables, tenant_id: str, snapshot: Snapshot, top: Head, delta: Delta
) -> tuple[Head, list[Operation]]:
    """Write everybody into pages of a new generation; the head that counts them, and the last pages, to be written
    with it."""
    people = {**snapshot.entries, **delta.changed}
    for object_id in delta.gone:
        people.pop(object_id, None)
    seq = top.seq + 1
    fits = len(delta) <= MAX_DELTA
    top = replace(
        top,
        seq=seq,
        first=max(top.first, seq - _KEPT) if fits else seq + 1,
        generation=f"{seq:012}-{secrets.token_hex(4)}",
        pages=-(-len(people) // PAGE),
        logged=len(delta) if fits else 0,
        untidy=top.seq > 0,  # at first there is nothing to delete
    )
    written: list[Operation] = []
    for key, page in zip(_page_keys(top), _pages(people), strict=True):
        if len(written) == _PAGES_AT_ONCE:
            await tables.transact(TABLE, tenant_id, written)
            written = []
        written.append(Upsert(key, entries.encode(Delta(page))))
        await asyncio.sleep(0)
    return top, written


def _pages(people: Mapping[str, Entry]) -> Iterator[dict[str, Entry]]:
    remaining = iter(people.items())
    while page := dict(islice(remaining, PAGE)):
        yield page


async def _delete(tables: Tables, tenant_id: str, row_keys: Sequence[str]) -> None:
    """Delete rows, whether they are there or not."""
    for at in range(0, len(row_keys), 100):
        some = row_keys[at : at + 100]
        try:
            await tables.transact(TABLE, tenant_id, [Delete(key) for key in some])
        except NotFound:
            for key in some:
                await _delete_one(tables, tenant_id, key)


async def _delete_one(tables: Tables, tenant_id: str, key: str) -> None:
    try:
        await tables.transact(TABLE, tenant_id, [Delete(key)])
    except NotFound:
        return
