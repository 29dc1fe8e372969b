"""Presence for other features: the statuses of a directory's people, and which of them can take a call.

The data comes from the instance's snapshot of the tenant, which is at most a second old and shared
by all agents of the instance, so that a page with any number of people costs at most one round
trip.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from presence import external_ids, tenant_links
from presence.external_ids import ExternalIds
from presence.health import fresh_for
from presence.instance import Runtime, runtime_of
from presence.presence_states import DisplayState, GraphPresence, Readiness, readiness, shown
from presence.response_models import PersonPresence
from presence.store.codec import Entry
from presence.store.snapshot import SHARED_FOR, Snapshot
from presence.sync import refresh
from shared.app import App
from shared.clock import is_recent, moment, now_ms, timestamp
from shared.messages import Message

_LINK_SECONDS = 60.0
_NO_LINK_SECONDS = 5.0
MAX_AGE = timedelta(seconds=15)  # a person with an older status isn't recommended


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A person's presence as agents see it.

    Attributes:
        availability: The value from Graph.
        activity: The value from Graph.
        shown: One of seven states.
        message: The text for a person's details.
        as_of: When the status was last confirmed, None for never.
        changed_at: When the status last changed, None if unknown.
        stale: Whether the last confirmation is more than three sync intervals ago; the status is then
            shown in grey.
    """

    availability: str
    activity: str
    shown: DisplayState
    message: Message
    out_of_office: bool
    as_of: datetime | None
    changed_at: datetime | None
    stale: bool

    @property
    def readiness(self) -> Readiness:
        """Whether the person can take a call, by this presence."""
        return readiness(GraphPresence(self.availability, self.activity, self.out_of_office))

    def is_confirmed(self, now: datetime) -> bool:
        """Return whether the status is recent enough to recommend the person: at most 15 seconds old."""
        return self.as_of is not None and timedelta(0) <= now - self.as_of <= MAX_AGE

    def as_json(self) -> PersonPresence:
        """Return the JSON object of the API."""
        return {
            "shown": self.shown,
            "text": self.message.text(),
            "availability": self.availability,
            "activity": self.activity,
            "outOfOffice": self.out_of_office,
            "asOf": timestamp(self.as_of) if self.as_of else None,
            "changedAt": timestamp(self.changed_at) if self.changed_at else None,
            "stale": self.stale,
        }


async def statuses(
    app: App,
    directory_id: str,
    external_ids: Iterable[str],
    *,
    on_demand: bool = False,
    old_after: int = refresh.OLD_AFTER,
) -> dict[str, Status]:
    """Return statuses by external ID; people whom the tenant's snapshot doesn't have are left out.

    With `on_demand`, because the people are on a screen, statuses older than `old_after`
    milliseconds are first requested from Graph. At most one round trip to storage.
    """
    runtime = runtime_of(app)
    found = await linked_snapshot(app, directory_id)
    if found is None:
        return {}
    tenant_id, snapshot, bit = found.tenant_id, found.snapshot, found.bit
    wanted = {external_id.lower(): external_id for external_id in external_ids if external_id}
    known = {low: asked for low, asked in wanted.items() if _has(snapshot, low, bit)}
    if on_demand and known:
        await refresh.refresh(app, runtime, tenant_id, snapshot, known, old_after)
    return _statuses(app, runtime, tenant_id, snapshot, known)


async def known_ids(app: App, directory_id: str, external_ids: Iterable[str]) -> frozenset[str]:
    """Return the external IDs for which `statuses` would return a status. At most one round trip."""
    asked = list(external_ids)
    found = await linked_snapshot(app, directory_id) if asked else None
    if found is None:
        return frozenset()
    return frozenset(one for one in asked if _has(found.snapshot, one.lower(), found.bit))


@dataclass(frozen=True, slots=True)
class LinkedSnapshot:
    """The snapshot of a directory's tenant, and the bit that marks the directory's people in it."""

    tenant_id: str
    snapshot: Snapshot
    bit: int


async def linked_snapshot(app: App, directory_id: str) -> LinkedSnapshot | None:
    """Return the snapshot of the directory's tenant, or None if the directory isn't linked.

    Whether it is linked is decided by the manifest in the snapshot. At most one round trip.
    """
    runtime = runtime_of(app)
    link = await _link(app, runtime, directory_id)
    if link is None or link.state != "linked":
        return None
    snapshot = await runtime.snapshots.get(
        app.tables, app.clock, link.tenant_id, at_most=SHARED_FOR
    )
    bit = snapshot.head.bit(directory_id) if snapshot else 0
    if snapshot is None or not bit:
        runtime.links.forget(directory_id)
        return None
    return LinkedSnapshot(link.tenant_id, snapshot, bit)


async def _link(app: App, runtime: Runtime, directory_id: str) -> tenant_links.DirectoryLink | None:
    now = app.clock.monotonic()
    if (cached := runtime.links.get(directory_id)) is not None:
        at, link = cached
        if 0 <= now - at < (_LINK_SECONDS if link and link.state == "linked" else _NO_LINK_SECONDS):
            return link
    link = await tenant_links.directory(app.tables, directory_id)
    runtime.links.put(directory_id, (now, link))
    return link


def _has(snapshot: Snapshot, object_id: str, bit: int) -> bool:
    entry = snapshot.entries.get(object_id)
    return entry is not None and bool(entry.directories & bit)


def _statuses(
    app: App, runtime: Runtime, tenant_id: str, snapshot: Snapshot, ids: dict[str, str]
) -> dict[str, Status]:
    now = now_ms(app.clock)
    longest = fresh_for(app.settings.presence_interval)
    found: dict[str, Status] = {}
    for object_id, asked in ids.items():
        entry = snapshot.entries.get(object_id)
        if entry is not None:
            as_of = refresh.confirmed_at(runtime, snapshot, tenant_id, object_id, entry, now)
            found[asked] = _status(entry, as_of, mark_stale=not is_recent(as_of, now, longest))
    return found


def _status(entry: Entry, as_of: int, *, mark_stale: bool) -> Status:
    availability, activity, out_of_office = entry.value
    state, message = shown(entry.value)
    return Status(
        availability=availability,
        activity=activity,
        shown=state,
        message=message,
        out_of_office=out_of_office,
        as_of=moment(as_of),
        changed_at=moment(entry.changed_at),
        stale=mark_stale,
    )


async def first_external_ids(app: App, directory_id: str) -> ExternalIds:
    """Return the external IDs of the directory's first people: the object IDs and the others."""
    return await external_ids.first(app.tables, directory_id)


@dataclass(frozen=True, slots=True)
class DirectoryReadiness:
    """The readiness of a directory's people, by external ID; "no" for all if the directory isn't linked."""

    linked: LinkedSnapshot | None

    def of(self, external_id: str) -> Readiness:
        """Return whether the person with this external ID can take a call."""
        if self.linked is None:
            return "no"
        entry = self.linked.snapshot.entries.get(external_id.lower())
        if entry is None or not entry.directories & self.linked.bit:
            return "no"
        return readiness(entry.value)

    def ids(self, wanted: Readiness, most: int) -> list[str] | None:
        """Return the object IDs of the people with this readiness, sorted; None if the tenant has more than `most`."""
        if self.linked is None:
            return []
        snapshot, bit = self.linked.snapshot, self.linked.bit
        found = snapshot.ready[wanted]
        if len(found) > most:
            return None
        return sorted(one for one in found if snapshot.entries[one].directories & bit)


async def readiness_of(app: App, directory_id: str) -> DirectoryReadiness:
    """Return the readiness of a directory's people. At most one round trip; the snapshot is shared for a second."""
    return DirectoryReadiness(await linked_snapshot(app, directory_id))
