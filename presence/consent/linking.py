"""Connect a directory to a tenant's presence, and disconnect it.

In both cases the rows of presence change first and the link after them. So if the instance is
killed in between, nothing is synced or shown that shouldn't be, and calling the function again
completes it.
"""

from collections.abc import Callable
from dataclasses import replace

from directories import audit, audit_relay, provisioning_log
from directories.audit import Act, Actor, AuditEvent, system_actor
from presence import health, tenant_links
from presence.instance import runtime_of
from presence.store import commits, manifest
from presence.store.codec import Delta
from presence.store.manifest import LinkedDirectory, Manifest
from presence.store.manifest import decode as decode_head
from presence.store.manifest import encode as encode_head
from presence.store.snapshot import Snapshot
from presence.tenant_links import DirectoryLink
from shared.app import App
from shared.clock import now_ms
from shared.tables.port import (
    AlreadyExists,
    NotFound,
    PreconditionFailed,
    Replace,
    StorageUnavailable,
)
from shared.tables.schema.base import PRESENCE

_ATTEMPTS = 8


async def connect(app: App, link: DirectoryLink, actor: Actor) -> None:
    """Link the directory to the tenant, so that its people are synced from the timer's next tick on.

    Raises:
        TenantOwnedByOtherAccount: Another account linked the tenant first.
        LinkConflict: The link was changed at the same time.
    """
    await renew(app, link, actor, "presence.connected")
    await health.expect_first_run(app)
    await provisioning_log.happened(app, link.directory_id, "presence.connected")


async def renew(app: App, link: DirectoryLink, actor: Actor, act: str) -> None:
    """Store the directory's link and end any pause of the tenant's syncs; raise as `connect` does.

    `act` is the code of the audit event.
    """
    owner = await tenant_links.tenant(app.tables, link.tenant_id)
    if owner is not None and owner.owner != link.account:
        raise tenant_links.TenantOwnedByOtherAccount
    await _add_to_manifest(app, link)
    events = link_events(app, actor, link, act)
    try:
        await tenant_links.join(app.tables, link, now_ms(app.clock), events)
    except (tenant_links.TenantOwnedByOtherAccount, tenant_links.LinkConflict):
        await _undo_link(app, link)
        raise
    await audit_relay.relay(app, audit_relay.LINKS, events)
    runtime = runtime_of(app)
    runtime.credential.drop(link.tenant_id)  # because a cached token may be older than the consent
    runtime.links.forget(link.directory_id)
    runtime.snapshots.expire(link.tenant_id)


def link_events(
    app: App, actor: Actor, link: DirectoryLink, act: str, **new: str
) -> list[AuditEvent]:
    """Return the audit event with the code `act` for a directory's connection; `new` has its values."""
    acts = [Act(act, link.tenant_id, new=new)]
    return audit.new_events(app.clock, actor, acts, link.directory_id)


def company_values(link: DirectoryLink) -> dict[str, str]:
    """Return a connection's company as values of an audit event: its domain and, if known, the tenant's name."""
    values = {"company": link.company}
    return {**values, "tenant_name": link.tenant_name} if link.tenant_name else values


async def _undo_link(app: App, link: DirectoryLink) -> None:
    """Remove the directory from the tenant's manifest after a conflict, unless another instance linked it."""
    stored = await tenant_links.directory(app.tables, link.directory_id)
    if stored is None or (stored.state, stored.tenant_id) != ("linked", link.tenant_id):
        await _remove_from_manifest(app, link.tenant_id, link.directory_id)


async def disconnect(
    app: App,
    directory_id: str,
    actor: Actor | None = None,
    *,
    only_if: Callable[[DirectoryLink], bool] = lambda _: True,
) -> DirectoryLink | None:
    """Unlink a directory and return the link that it had, or None.

    Tokens and presence that no other directory uses are deleted. Without an actor, the app is the
    actor, because the directory was deleted. If `only_if` returns False for the stored link, the
    link is returned but kept; callers use this to keep a link that others have changed.
    """
    for _ in range(_ATTEMPTS):
        link = await tenant_links.directory(app.tables, directory_id)
        if link is None or link.state == "removed" or not only_if(link):
            return link
        await _remove_from_manifest(app, link.tenant_id, directory_id)
        by = actor or system_actor(link.account, "presence_timer")
        events = link_events(app, by, link, "presence.removed")
        try:
            rest = await tenant_links.leave(app.tables, link, now_ms(app.clock), events)
        except tenant_links.LinkConflict:
            continue
        await audit_relay.relay(app, audit_relay.LINKS, events)
        await _forget(app, link, is_last=rest is None)
        return link
    raise StorageUnavailable("the directory's connection changes too often")


async def _forget(app: App, link: DirectoryLink, *, is_last: bool) -> None:
    """Remove cached data of the directory and, if it was the tenant's last one, of the tenant; log the removal."""
    runtime = runtime_of(app)
    if is_last:
        runtime.credential.drop(link.tenant_id)
        runtime.snapshots.forget(link.tenant_id)
        runtime.demand.pop(link.tenant_id, None)
        await health.clear_stale(app, link.tenant_id)
    runtime.links.forget(link.directory_id)
    await provisioning_log.happened(app, link.directory_id, "presence.removed")


async def _add_to_manifest(app: App, link: DirectoryLink) -> None:
    """Add the directory to the tenant's manifest, and end any pause; create the manifest if it is missing."""
    tables, tenant_id, directory_id = app.tables, link.tenant_id, link.directory_id
    for _ in range(_ATTEMPTS):
        row = await tables.get(PRESENCE, tenant_id, manifest.HEAD)
        head = decode_head(row.value) if row else None
        if head is not None and head.bit(directory_id) and not _is_held_up(head):
            return
        try:
            if row is None or head is None:
                await tables.transact(
                    PRESENCE,
                    tenant_id,
                    [manifest.first_head([LinkedDirectory(id=directory_id)])],
                )
            else:
                value = encode_head(_with_directory(head, directory_id))
                await tables.transact(
                    PRESENCE, tenant_id, [Replace(manifest.HEAD, value, row.etag)]
                )
            return
        except (AlreadyExists, PreconditionFailed, NotFound):
            continue
    raise StorageUnavailable("the tenant's head changes too often")


def _is_held_up(head: Manifest) -> bool:
    return bool(head.trouble.reason or head.not_before)


def _with_directory(head: Manifest, directory_id: str) -> Manifest:
    """Return the manifest with the directory added, and without failures that would delay the next sync.

    A new directory is appended: it doesn't get the position, and therefore the bit, of a directory
    that was unlinked, because entries of people may still have that bit.
    """
    directories = (
        head.directories
        if head.bit(directory_id)
        else [*head.directories, LinkedDirectory(id=directory_id)]
    )
    return replace(
        head,
        directories=directories,
        not_before=0,
        failures=0,
        trouble=replace(head.trouble, hits=0, since=0),
    )


async def _remove_from_manifest(app: App, tenant_id: str, directory_id: str) -> None:
    """Remove the directory from the manifest, with the presence of the people whom no other directory has."""
    runtime, tables = runtime_of(app), app.tables
    for _ in range(_ATTEMPTS):
        snapshot = await runtime.snapshots.get(tables, app.clock, tenant_id)
        try:
            if snapshot is None:
                await commits.remove(tables, tenant_id)  # rows that a killed removal left
            elif not snapshot.head.bit(directory_id):
                return
            elif len(snapshot.head.linked_directories()) == 1:
                await commits.remove(tables, tenant_id, snapshot.tag)
            else:
                await commits.commit(
                    tables, tenant_id, snapshot, *_without_directory(snapshot, directory_id)
                )
            return
        except commits.NotLinked:
            return
        except (commits.Overtaken, PreconditionFailed):
            continue
    raise StorageUnavailable("the tenant's head changes too often")


def _without_directory(snapshot: Snapshot, directory_id: str) -> tuple[Manifest, Delta]:
    bit = snapshot.head.bit(directory_id)
    had = {one: entry for one, entry in snapshot.entries.items() if entry.directories & bit}
    gone = tuple(one for one, entry in had.items() if entry.directories == bit)
    stay = {
        one: replace(e, directories=e.directories & ~bit)
        for one, e in had.items()
        if e.directories != bit
    }
    linked = [
        None if linked and linked.id == directory_id else linked
        for linked in snapshot.head.directories
    ]
    return replace(snapshot.head, directories=linked), Delta(stay, gone)
