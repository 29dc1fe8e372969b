"""Connects a directory to a tenant's presence and takes the connection away.

The rows of presence change first and the link after them, both ways: killed in between, nothing is synced or shown
that should not be, and doing it again finishes.
"""

from dataclasses import replace

from directories import provisioning_log
from presence import links
from presence.links import DirectoryLink
from presence.moments import now_ms
from presence.runtime import runtime_of
from presence.statuses import store
from presence.statuses.entries import Delta
from presence.statuses.head import Head, Roll
from presence.statuses.head import decode as decode_head
from presence.statuses.head import encode as encode_head
from presence.statuses.snapshot import Snapshot
from presence.sync import signs
from shared.services import Services
from shared.tables.port import AlreadyExists, Changed, NotFound, Replace, StorageUnavailable

_ATTEMPTS = 8


async def connect(services: Services, link: DirectoryLink) -> None:
    """Link the directory; from the next tick on its people are synced. Raises links.OwnedByAnother."""
    owner = await links.tenant(services.tables, link.tenant_id)
    if owner is not None and owner.owner != link.account:
        raise links.OwnedByAnother
    await _enter(services, link)
    await links.join(services.tables, link, now_ms(services.clock))
    runtime = runtime_of(services)
    runtime.links.pop(link.directory_id, None)
    runtime.snapshots.expire(link.tenant_id)
    await provisioning_log.happened(services, link.directory_id, "presence.connected")


async def disconnect(services: Services, directory_id: str) -> DirectoryLink | None:
    """Stop syncing for the directory and drop tokens and presence that no other directory shares; what was linked."""
    link = await links.directory(services.tables, directory_id)
    if link is None or link.state == "removed":
        return link
    runtime = runtime_of(services)
    await _leave(services, link.tenant_id, directory_id)
    rest = await links.leave(services.tables, link, now_ms(services.clock))
    if rest is None:
        runtime.credential.drop(link.tenant_id)
        runtime.snapshots.forget(link.tenant_id)
        runtime.demand.pop(link.tenant_id, None)
        await signs.is_fresh(services, link.tenant_id)
    runtime.links.pop(directory_id, None)
    await provisioning_log.happened(services, directory_id, "presence.removed")
    return link


async def _enter(services: Services, link: DirectoryLink) -> None:
    """Put the directory into the head, which is made where there is none."""
    tables, tenant_id, directory_id = services.tables, link.tenant_id, link.directory_id
    for _ in range(_ATTEMPTS):
        row = await tables.get(store.TABLE, tenant_id, store.HEAD)
        head = decode_head(row.value) if row else None
        if head is not None and head.bit(directory_id) and not _is_held_up(head):
            return
        try:
            if row is None or head is None:
                await tables.transact(store.TABLE, tenant_id, [store.first_head([Roll(directory_id)])])
            else:
                value = encode_head(_entered(head, directory_id))
                await tables.transact(store.TABLE, tenant_id, [Replace(store.HEAD, value, row.etag)])
            return
        except (AlreadyExists, Changed, NotFound):
            continue
    raise StorageUnavailable("the tenant's head changes too often")


def _is_held_up(head: Head) -> bool:
    return bool(head.trouble.reason or head.not_before)


def _entered(head: Head, directory_id: str) -> Head:
    """The head with the directory; consent was just given, so no earlier trouble holds the next sync up.

    Bits of directories that left are not used again: people may still carry them.
    """
    directories = head.directories if head.bit(directory_id) else [*head.directories, Roll(directory_id)]
    return replace(
        head, directories=directories, not_before=0, failures=0, trouble=replace(head.trouble, hits=0, since=0)
    )


async def _leave(services: Services, tenant_id: str, directory_id: str) -> None:
    runtime = runtime_of(services)
    for _ in range(_ATTEMPTS):
        snapshot = await runtime.snapshots.get(services.tables, services.clock, tenant_id)
        if snapshot is None or not snapshot.head.bit(directory_id):
            return
        if len(snapshot.head.rolls()) == 1:
            await store.remove(services.tables, tenant_id)
            return
        try:
            head, delta = _left(snapshot, directory_id)
            await store.commit(services.tables, tenant_id, snapshot, head, delta)
            return
        except store.NotLinked:
            return
        except store.Overtaken:
            continue
    raise StorageUnavailable("the tenant's head changes too often")


def _left(snapshot: Snapshot, directory_id: str) -> tuple[Head, Delta]:
    bit = snapshot.head.bit(directory_id)
    had = {one: entry for one, entry in snapshot.entries.items() if entry.directories & bit}
    gone = tuple(one for one, entry in had.items() if entry.directories == bit)
    stay = {one: replace(e, directories=e.directories & ~bit) for one, e in had.items() if e.directories != bit}
    rolls = [None if roll and roll.id == directory_id else roll for roll in snapshot.head.directories]
    return replace(snapshot.head, directories=rolls), Delta(stay, gone)
