"""Everybody in fresh pages, once the deltas cost a reader about as much as the pages do.

Pages are never written over: a worker that was overtaken leaves rows that nothing points to instead of old statuses,
and a killed one leaves the former generation whole.
"""

import asyncio
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

from presence.store import codec, row_keys
from presence.store.codec import Delta, Entry
from presence.store.manifest import Manifest
from presence.store.snapshot import Snapshot
from shared.tables.port import Operation, Tables, Upsert
from shared.tables.schema import PRESENCE

MAX_DELTA = 5000  # people; the longest form of so many stays below the megabyte of a row
MAX_DELTAS = 64
PAGE = 2000  # people in a row
_KEPT = 8  # deltas that stay when pages are written, for readers that lag behind a little
_AT_ONCE = 12  # pages in a transaction, below its 4 MiB


@dataclass(slots=True)
class Written:
    """`top` counts the pages; `stored` are the keys of those that stand there, `rest` is to be stored with the head."""

    top: Manifest
    stored: list[str] = field(default_factory=list)
    rest: list[Operation] = field(default_factory=list)


def are_due(snapshot: Snapshot, more: int) -> bool:
    """Whether a delta of `more` people is to be stored by fresh pages."""
    top = snapshot.head
    too_long = top.seq - top.first + 1 >= MAX_DELTAS or top.logged + more > max(
        MAX_DELTA, len(snapshot.entries)
    )
    return more > MAX_DELTA or too_long


async def write(
    tables: Tables, tenant_id: str, snapshot: Snapshot, top: Manifest, delta: Delta
) -> Written:
    """Write everybody into pages of a new generation, but for the last ones."""
    people = {**snapshot.entries, **delta.changed}
    for object_id in delta.gone:
        people.pop(object_id, None)
    written = Written(_counting(top, len(people), len(delta)))
    for key, page in zip(row_keys.page_keys(written.top), _divided(people), strict=True):
        if len(written.rest) == _AT_ONCE:
            await tables.transact(PRESENCE, tenant_id, written.rest)
            written.stored += [row.key for row in written.rest]
            written.rest = []
        written.rest.append(Upsert(key, codec.encode(Delta(page))))
        await asyncio.sleep(0)  # others' requests go on meanwhile
    return written


def _counting(top: Manifest, people: int, changed: int) -> Manifest:
    seq = top.seq + 1
    is_row = (
        changed <= MAX_DELTA
    )  # the delta is stored as well, for readers that lag behind a little
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
