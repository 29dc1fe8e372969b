"""Periodic work of the timer: pending consents, and connections of deleted directories."""

from directories import store as directories
from directories.audit import system_actor
from presence import tenant_links
from presence.consent import linking, probe
from presence.tenant_links import DirectoryLink
from shared import log
from shared.app import App
from shared.clock import MINUTE, SECOND, now_ms
from shared.concurrency import each

_EVERY = 10 * MINUTE


def is_due(now: int, interval: int) -> bool:
    """Return whether this tick is the first in ten minutes; `interval` is in seconds."""
    return now // _EVERY != (now - interval * SECOND) // _EVERY


async def sweep(app: App) -> None:
    """Check pending consents again, and disconnect directories that were deleted.

    A failure for one directory doesn't stop the others; the next sweep tries again.
    """

    async def one(link: DirectoryLink) -> None:
        try:
            await _reconcile_link(app, link)
        except Exception as error:
            log.failure("presence.sweep_failed", error, directory_id=link.directory_id)

    await each(await tenant_links.directories(app.tables), one)


async def _reconcile_link(app: App, link: DirectoryLink) -> None:
    directory = await directories.get(app.tables, link.directory_id)
    if directory is None or directory.state == "removing":
        await linking.disconnect(app, link.directory_id)
        await tenant_links.forget(app.tables, link.directory_id)
    elif link.state == "propagating" and not probe.is_abandoned(link, now_ms(app.clock)):
        await probe.check(app, link.directory_id, system_actor(link.account, "presence_timer"))
