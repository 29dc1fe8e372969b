"""Deletes rows of presence: those that no longer count, and all of them when access is removed.

Rows are deleted only while it is certain that nobody counts them: `tidy` stores the head with each step, which fails
where somebody came between, and `remove` deletes versions of rows that it has read.
"""

from collections.abc import Sequence
from typing import TypeVar

from presence.store import manifest, row_keys
from presence.store.row_keys import HEAD
from presence.store.snapshot import Snapshot
from shared.tables.port import Delete, NotFound, PreconditionFailed, Replace, Tables, query_all
from shared.tables.schema import PRESENCE

_AT_ONCE = 99  # in a transaction, beside the head
T = TypeVar("T")


async def tidy(tables: Tables, tenant_id: str, snapshot: Snapshot) -> bool:
    """Delete the rows that the snapshot's head does not count; False where somebody changed the head meanwhile."""
    top = snapshot.head
    counted = {HEAD, *row_keys.delta_keys(top), *row_keys.page_keys(top)}
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
    """Delete a tenant's presence, the head of that tag first: from then on nothing is read or stored.

    Raises Changed where the head has another tag. Without `tag` only what stands there without a head is deleted.
    Killed half-way, it is to be called again; whoever links the tenant anew meanwhile loses nothing.
    """
    if tag:
        await discard(tables, tenant_id, [HEAD], tag)
    found = await query_all(tables, PRESENCE, tenant_id)
    if row_keys.head_of(found) is None:
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
    """Delete these rows, whether they are there or not. Raises Changed where one has another tag."""
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
    return [items[at : at + _AT_ONCE] for at in range(0, len(items), _AT_ONCE)]
