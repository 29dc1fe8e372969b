"""Status of a directory: connection stage, people, last day, and last refusal."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from directories import credential_usage, provisioning_log, quarantine_warning, totals
from directories.credential_usage import AuthFailures, LastCalls
from directories.event_types import KINDS
from directories.models import Directory
from directories.provisioning_log import EventFilter, Line
from directories.quarantine_warning import Quarantine
from directories.totals import Totals
from shared.app import App
from shared.clock import parse_timestamp, timestamp
from shared.messages import CodeFamily

Stage = Literal["waiting", "connected", "provisioning"]
_REFUSED = EventFilter(kinds=KINDS["refused"])
_DONE = frozenset().union(
    *(KINDS[kind] for kind in ("created", "changed", "disabled", "enabled", "deleted", "groups"))
)
_RECENT = timedelta(days=1)

# Why a call was answered with 401; the catalogue has a sentence and a remedy for each reason.
DENIED_REASONS = ("missing", "wrong", "expired", "revoked", "access", "client")
DENIED = CodeFamily("denied_", DENIED_REASONS)
DENIED_REMEDY = CodeFamily("denied_", DENIED_REASONS, "_remedy")


@dataclass(frozen=True, slots=True)
class DirectoryStatus:
    """The values at the top of a directory's page.

    `stage`: waiting for the first call, connected (a call went well), provisioning (people are there).
    `last_call` is "" before the first; `denied` are calls without a valid token, newer than the last good one.
    """

    stage: Stage
    totals: Totals
    last_call: str
    last_refusal: Line | None
    denied: AuthFailures | None
    quarantine: Quarantine


async def glance(app: App, directory: Directory, *, last_refusal: bool = True) -> DirectoryStatus:
    """Return the present state with a few small reads; the search for the last refusal may take many."""
    found, calls = await asyncio.gather(
        totals.read(app, directory.id), credential_usage.read(app.tables, directory.id)
    )
    quarantine = quarantine_warning.of(found, app)
    refusal = (
        await _last_refusal(app, directory.id, calls)
        if last_refusal and quarantine.failures
        else None
    )
    return DirectoryStatus(
        _stage(found, calls), found, calls.latest, refusal, _denied(app, calls), quarantine
    )


def _stage(found: Totals, calls: LastCalls) -> Stage:
    if found.users:
        return "provisioning"
    return "connected" if calls.served else "waiting"


async def _last_refusal(app: App, directory_id: str, calls: LastCalls) -> Line | None:
    """Return the newest refusal, or None if it is resolved.

    It is resolved if a later request for the same person succeeded or, for a wrong address, any later request.
    """
    page = await provisioning_log.read(app, directory_id, limit=1, wanted=_REFUSED)
    if not page.lines:
        return None
    event = page.lines[0].event
    about = event.external_id or event.resource_id or event.name
    if not about and calls.served > event.at:
        return None
    since = await provisioning_log.read(
        app, directory_id, limit=1, wanted=EventFilter(about, _DONE)
    )
    mended = bool(since.lines) and since.lines[0].key > page.lines[0].key
    return None if mended else page.lines[0]


def _denied(app: App, calls: LastCalls) -> AuthFailures | None:
    """Only while it matters: within a day, and until a good call came after it.

    The last good call is known to about a minute only, so a newer denial may be shown for that long.
    """
    denied = calls.denied
    if denied is None or denied.at < timestamp(app.clock.now() - _RECENT):
        return None
    if calls.latest and parse_timestamp(calls.latest) > parse_timestamp(denied.at):
        return None
    return denied
