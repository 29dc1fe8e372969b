"""The clock that dates event keys: never before the events that other instances have written.

The totals of a directory are sums up to the key of an event. An event that is dated before it, by a clock that is
minutes slow or was set back, would not be counted. So each event key that an instance reads moves
its dates forward. The daily recount (`totals.recount`) corrects events written before that.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from directories import events
from shared.app import App
from shared.clock import Clock
from shared.tables.schema import CONTACTS

_LOOK_SECONDS = 60.0
# A clock further ahead than this is wrong; following it would date everything wrongly.
_MAX_AHEAD = timedelta(hours=2)


@dataclass(slots=True)
class EventClock:
    """The App's clock, moved forward to the newest event that it has seen."""

    clock: Clock
    ahead: timedelta = timedelta(0)
    looked: float = float("-inf")
    latest: datetime = datetime.min.replace(tzinfo=UTC)

    def now(self) -> datetime:
        """Return the time that an event is dated by: never before the one before it."""
        present = self.clock.now()
        if present + self.ahead < self.latest <= present + _MAX_AHEAD:  # the clock was set back
            self.ahead = self.latest - present
        self.latest = present + self.ahead
        return self.latest

    def monotonic(self) -> float:
        """Return the seconds of the App's clock."""
        return self.clock.monotonic()

    def seen(self, row_key: str) -> None:
        """Learn from the key of an event."""
        ahead = events.moment_of(row_key) - self.clock.now()
        if self.ahead < ahead <= _MAX_AHEAD:
            self.ahead = ahead


def of(app: App) -> EventClock:
    """Return the event clock of `app`."""
    return app.state(EventClock, lambda: EventClock(app.clock))


def for_write(app: App, directory_id: str) -> EventClock:
    """Return the clock for an event of a directory.

    Sometimes compare it with the newest event, in the background.
    """
    clock = of(app)
    now = app.clock.monotonic()
    if now - clock.looked >= _LOOK_SECONDS:
        clock.looked = now
        app.background.start_optional(_look(app, directory_id), "event_clock.look")
    return clock


async def _look(app: App, directory_id: str) -> None:
    """Look for events that are dated after this clock's present."""
    clock = of(app)
    start = events.bound(clock.now())
    rows = await app.tables.query(CONTACTS, directory_id, start, events.end(), keys_only=True)
    if rows:
        clock.seen(rows[-1].key)
