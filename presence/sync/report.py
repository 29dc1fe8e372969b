"""Tells the logs, the monitor and the tenant's link what a sync changed; nothing in the steady state."""

from typing import Literal

from directories import provisioning_log
from presence import heartbeats, tenant_links
from presence.epoch_ms import DAY, SECOND
from presence.store.manifest import Manifest
from presence.sync.run import Round
from shared import log


async def tell(
    this: Round, before: Manifest, head: Manifest, now: int
) -> Literal["synced", "failed", "lost"]:
    """Tell it, and how the sync ended."""
    if before.as_of and head.as_of != before.as_of:
        this.app.metrics.presence(min(now - before.as_of, DAY) / SECOND)
    if this.reason == "own_credential":
        log.event("credential.invalid", tenant_id=this.tenant_id)
    await _of_age(this, before, head, now)
    await _of_loss(this, before, head, now)
    if head.trouble.lost:
        return "lost"
    return "failed" if this.reason else "synced"


async def _of_age(this: Round, before: Manifest, head: Manifest, now: int) -> None:
    app, tenant_id = this.app, this.tenant_id
    if head.stale_noted:
        age = min(now - head.as_of, DAY) // SECOND
        log.event("presence.stale", tenant_id=tenant_id, age_seconds=age, reason=this.reason)
        await heartbeats.mark_stale(app, tenant_id, head.as_of)
    elif before.stale_noted:
        await heartbeats.clear_stale(app, tenant_id)


async def _of_loss(this: Round, before: Manifest, head: Manifest, now: int) -> None:
    tables, tenant_id = this.app.tables, this.tenant_id
    if head.trouble.lost:
        if not before.trouble.lost:
            log.event("presence.lost", tenant_id=tenant_id, reason=this.reason)
            await _note(this, head, "presence.lost", this.reason)
        this.runtime.credential.drop(tenant_id)
        await tenant_links.pause(
            tables, tenant_id, this.reason, head.trouble.since, head.not_before, now
        )
    elif before.trouble.lost:
        log.event("presence.back", tenant_id=tenant_id)
        await _note(this, head, "presence.back")
        await tenant_links.pause(tables, tenant_id, "", now, 0, now)


async def _note(this: Round, head: Manifest, kind: str, reason: str = "") -> None:
    """A line in the log of each directory that reads the tenant's presence."""
    for roll in head.rolls():
        await provisioning_log.happened(this.app, roll.id, kind, reason)
