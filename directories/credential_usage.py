"""Store each credential's last use, the last successful request, and refused credentials.

All of it is written in the background and delays no request. The rows are in the directory's
partition of table `directories`. An instance writes `used|{credential id}` every 5 minutes at most,
and `used|served` and `used|denied` every minute at most, so that a flood of wrong requests causes
almost no writes.
"""

from dataclasses import dataclass, field

import orjson

from directories import events, store
from directories.event_types import TURNED_AWAY
from directories.events import Event
from directories.models import Directory
from shared import row_versions
from shared.app import App
from shared.limits import LruCache
from shared.messages import CodeFamily, Message
from shared.tables.port import AlreadyExists, Insert, Tables, Upsert
from shared.tables.schema.base import CONTACTS, DIRECTORIES
from shared.tables.schema.directories import LAST_USE

USED_SECONDS = 300.0
SERVED_SECONDS = 60.0
DENIED_SECONDS = 60.0
_MAX_DIRECTORIES = 4096
SETTLED_SECONDS = 2.0  # shorter than an administrator needs to correct a setting and test it again
# These can't be the ID of a credential: they are longer than "trust" and shorter than other IDs.
_DENIED, _SERVED = "denied", "served"

# The reasons for a 401; the catalogue has a sentence and a remedy for each.
DENIED_REASONS = (
    "missing",
    "mistyped",
    "wrong",
    "expired",
    "revoked",
    "access",
    "client",
    "client_mistyped",
)
DENIED = CodeFamily("denied_", DENIED_REASONS)
DENIED_REMEDY = CodeFamily("denied_", DENIED_REASONS, "_remedy")


@dataclass(slots=True)
class _Denials:
    written_at: float
    reason: str
    logged_at: float
    unwritten: int = 0


@dataclass(slots=True, kw_only=True)
class UsageNotes:
    """The uses of credentials that an instance stored lately, so that it doesn't store each one.

    `denials` counts the refusals that were stored or logged. `served_due` has, by directory, the
    time from which the next success is to be stored (monotonic seconds); a directory without an
    entry always has its next success stored.
    """

    denials: int = 0
    used: LruCache[tuple[str, str], float] = field(default_factory=lambda: LruCache(8192))
    denied: LruCache[str, _Denials] = field(default_factory=lambda: LruCache(4096))
    served: LruCache[str, float] = field(default_factory=lambda: LruCache(_MAX_DIRECTORIES))
    served_due: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuthFailures:
    """Requests that were refused with 401: their number, and the last one's time and reason."""

    at: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class LastCalls:
    """When each credential was last used, and when a request last failed to authenticate and last succeeded.

    `used` has the times by the credential's ID; `denied` is None if no request failed to
    authenticate; `served` is the time of the last successful request, "" before the first.
    """

    used: dict[str, str]
    denied: AuthFailures | None
    served: str = ""

    @property
    def latest(self) -> str:
        """The time of the last authenticated request, accurate to about a minute; "" before the first."""
        return max([*self.used.values(), self.served])


def accepted(app: App, directory_id: str, credential: str) -> None:
    """Store the time of a credential's use in the background; `credential` is an ID or "trust"."""
    notes, key = app.state(UsageNotes), (directory_id, credential)
    used, denial = notes.used, notes.denied.get(directory_id)
    at, last = app.clock.monotonic(), used.get(key)
    # After a denied request, store the next success at once, because the administrator waits for it.
    if (
        last is None
        or at - last >= USED_SECONDS
        or (denial is not None and last < denial.written_at)
    ):
        used.put(key, at)
        app.background.start_optional(_write(app, directory_id, credential), "directory.used")


def served(app: App, directory_id: str) -> None:
    """Store the time of a successful request in the background, unless one was stored lately (`UsageNotes.served_due`).

    The directory's first success is also an event of the provisioning log: the connection works.
    """
    notes, at = app.state(UsageNotes), app.clock.monotonic()
    due = notes.served_due.get(directory_id)
    if due is not None and at < due:
        return
    is_first = notes.served.get(directory_id) is None
    if len(notes.served_due) >= _MAX_DIRECTORIES:
        notes.served_due.clear()
    notes.served_due[directory_id] = at + SERVED_SECONDS
    notes.served.put(directory_id, at)
    app.background.start_optional(
        _write_served(app, directory_id, first=is_first), "directory.used"
    )


def failed(app: App, directory_id: str) -> None:
    """Record in memory that an authenticated request was refused.

    The next success is then stored soon, because it may be the last one for some time, and the
    administrator waits for it. The refusal itself is in the provisioning log.
    """
    notes = app.state(UsageNotes)
    last = notes.served.get(directory_id)
    if last is not None:
        notes.served_due[directory_id] = last + SETTLED_SECONDS


def refused(app: App, directory: Directory, reason: str, message: Message | None = None) -> None:
    """Store a request with a wrong credential, and log it in the provisioning log, at most once a minute.

    `reason` is one of DENIED_REASONS; `message` replaces the reason's usual text in the log.
    """
    notes, at = app.state(UsageNotes), app.clock.monotonic()
    last = notes.denied.get(directory.id)
    if last is not None and last.reason == reason and at - last.written_at < DENIED_SECONDS:
        last.unwritten += 1
        return
    if last is not None and at - last.written_at < 1.0:
        # Reasons that change with each request must not cause a write per request.
        last.unwritten += 1
        return
    count = 1 + (last.unwritten if last else 0)
    logged_at = last.logged_at if last else -DENIED_SECONDS
    is_logged = at - logged_at >= DENIED_SECONDS  # once a minute, even if the reason changes
    text = message or Message(
        "reason_and_remedy",
        reason=Message(DENIED.code(reason)),
        remedy=Message(DENIED_REMEDY.code(reason)),
    )
    notes.denied.put(directory.id, _Denials(at, reason, at if is_logged else logged_at))
    notes.denials += 1
    app.background.start_optional(
        _write_denied(app, directory.id, reason, count, text if is_logged else None),
        "directory.denied",
    )


async def read(tables: Tables, directory_id: str) -> LastCalls:
    """Return the last calls that all instances have stored, in one round trip."""
    rows = await tables.query(DIRECTORIES, directory_id, *LAST_USE.all())
    notes = {
        LAST_USE.parts_of(row.key)[0]: row_versions.decode(row.value, "last use") for row in rows
    }
    denied, served = notes.pop(_DENIED, None), notes.pop(_SERVED, {"at": ""})
    used = {name: str(note["at"]) for name, note in notes.items()}
    return LastCalls(
        used, row_versions.build(AuthFailures, denied) if denied else None, str(served["at"])
    )


async def _write_served(app: App, directory_id: str, *, first: bool) -> None:
    if first:
        try:
            await _write(app, directory_id, _SERVED, Insert)
        except AlreadyExists:
            pass
        else:
            event = Event(at=store.now(app.clock), kind="connection.tested")
            await app.tables.transact(
                CONTACTS,
                directory_id,
                [events.insertion(app, event)],
            )
            return
    await _write(app, directory_id, _SERVED)


async def _write(
    app: App, directory_id: str, name: str, how: type[Insert] | type[Upsert] = Upsert
) -> None:
    value = orjson.dumps({"v": 1, "at": store.now(app.clock)})
    await app.tables.transact(DIRECTORIES, directory_id, [how(LAST_USE.key(name), value)])


async def _write_denied(
    app: App, directory_id: str, reason: str, count: int, message: Message | None
) -> None:
    at = store.now(app.clock)
    value = orjson.dumps({"v": 1, "at": at, "reason": reason, "count": count})
    await app.tables.transact(DIRECTORIES, directory_id, [Upsert(LAST_USE.key(_DENIED), value)])
    if message is not None:
        event = Event(
            at=at,
            kind=TURNED_AWAY,
            status=401,
            **events.message_fields(message),
        )
        await app.tables.transact(
            CONTACTS,
            directory_id,
            [events.insertion(app, event)],
        )
