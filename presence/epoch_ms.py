"""Points in time as milliseconds since 1970, as the rows keep them."""

from datetime import UTC, datetime

from shared.clock import Clock

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def now_ms(clock: Clock) -> int:
    """The current time."""
    return int(clock.now().timestamp() * SECOND)


def moment(milliseconds: int) -> datetime | None:
    """The moment, or None for 0."""
    return datetime.fromtimestamp(milliseconds / SECOND, UTC) if milliseconds > 0 else None


def fresh_for(interval: int) -> int:
    """How long a status counts that nobody has confirmed: three of the intervals (seconds) between syncs."""
    return 3 * interval * SECOND


def is_ahead(until: int, now: int, longest: int) -> bool:
    """Whether `until` is still to come and no further off than it was ever set.

    A clock that jumped back would else leave a lease or a pause standing for as long as it jumped.
    """
    return now < until <= now + longest


def is_recent(at: int, now: int, within: int) -> bool:
    """Whether `at` lies in the past, at most `within` ago; a time in the future is no proof of anything."""
    return 0 <= now - at <= within
