"""The status of a directory: stage of the connection, people, the last day's requests, and the last refusal."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from directories import (
    credential_expiry,
    credential_usage,
    provisioning_log,
    quarantine_warning,
    store,
    totals,
)
from directories.credential_expiry import Ending
from directories.credential_usage import AuthFailures, LastCalls
from directories.event_types import KINDS, REFUSED
from directories.models import Directory
from directories.provisioning_log import EventFilter, Line
from directories.quarantine_warning import Quarantine
from directories.totals import Totals
from shared.app import App
from shared.clock import parse_timestamp, timestamp

Stage = Literal["waiting", "connected", "provisioning"]
Condition = Literal["waiting_for_call", "waiting_for_people", "attention", "good"]
_CONDITIONS: dict[Stage, Condition] = {
    "waiting": "waiting_for_call",
    "connected": "waiting_for_people",
    "provisioning": "good",
}
_REFUSED = EventFilter(kinds=frozenset({REFUSED}))
_DONE = frozenset().union(
    *(KINDS[kind] for kind in ("created", "changed", "disabled", "enabled", "deleted", "groups"))
)
_RECENT = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryStatus:
    """The status shown at the top of a directory's page.

    Attributes:
        stage: `waiting` for the first request, `connected` (a request succeeded), or `provisioning`
            (there are people).
        last_call: The time of the last authenticated request, "" before the first.
        denied: The requests without a valid credential, if they are newer than the last authenticated
            one and less than a day old.
        endings: Used credentials that expire soon.
        has_credential: Whether any credential is valid now.
    """

    stage: Stage
    totals: Totals
    last_call: str
    last_refusal: Line | None
    denied: AuthFailures | None
    quarantine: Quarantine
    endings: Sequence[Ending] = ()
    has_credential: bool = True

    @property
    def condition(self) -> Condition:
        """The condition of the directory: `attention` for any problem, else the pending step, else `good`."""
        if self.denied or not self.has_credential or self.endings:
            return "attention"
        if self.quarantine.failures:
            return "attention"
        return _CONDITIONS[self.stage]


async def glance(app: App, directory: Directory, *, last_refusal: bool = True) -> DirectoryStatus:
    """Return the present status, in a few small reads; the search for the last refusal may need more."""
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
        stage=_stage(found, calls),
        totals=found,
        last_call=calls.latest,
        last_refusal=refusal,
        denied=_denied(app, calls),
        quarantine=quarantine,
        endings=credential_expiry.endings(app, directory, calls),
        has_credential=_has_credential(app, directory),
    )


def _has_credential(app: App, directory: Directory) -> bool:
    now = store.now(app.clock)
    held = (*directory.tokens, *directory.secrets)
    return directory.trust is not None or any(token.is_live(now) for token in held)


def _stage(found: Totals, calls: LastCalls) -> Stage:
    if found.users:
        return "provisioning"
    return "connected" if calls.served else "waiting"


async def _last_refusal(app: App, directory_id: str, calls: LastCalls) -> Line | None:
    """Return the newest refusal, or None if it is resolved.

    It is resolved if a later request for the same person succeeded. A refusal without a person,
    such as for a wrong address, is resolved by any later successful request.
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
    """Return the denied requests if less than a day old and no request was authenticated since.

    The time of the last authenticated request is accurate to about a minute only, so the denied
    requests may be shown a minute too long.
    """
    denied = calls.denied
    if denied is None or denied.at < timestamp(app.clock.now() - _RECENT):
        return None
    if calls.latest and parse_timestamp(calls.latest) > parse_timestamp(denied.at):
        return None
    return denied
