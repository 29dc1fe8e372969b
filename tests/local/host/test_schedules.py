"""NCRONTAB schedules (learn.microsoft.com/azure/azure-functions/functions-bindings-timer, "NCRONTAB
expressions").
"""

from datetime import UTC, datetime

import pytest

from local.host.timers import Schedule


@pytest.mark.parametrize(
    ("text", "start", "next_tick"),
    [
        ("*/30 * * * * *", "2026-01-01T00:00:05", "2026-01-01T00:00:30"),
        ("*/30 * * * * *", "2026-01-01T00:00:30", "2026-01-01T00:01:00"),
        ("0 */5 * * * *", "2026-01-01T00:01:00", "2026-01-01T00:05:00"),
        ("0 30 9 * Jan Mon", "2026-01-01T00:00:00", "2026-01-05T09:30:00"),
        ("0 0 9-17 * * *", "2026-01-01T17:00:01", "2026-01-02T09:00:00"),
        ("0 0 0 29 2 *", "2026-01-01T00:00:00", "2028-02-29T00:00:00"),
        ("15,45 1 * * * *", "2026-01-01T00:01:15", "2026-01-01T00:01:45"),
    ],
)
def test_seconds_come_first(text: str, start: str, next_tick: str) -> None:
    """The six fields are second, minute, hour, day, month and day of the week."""
    moment = datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert Schedule(text).after(moment) == datetime.fromisoformat(next_tick).replace(tzinfo=UTC)


def test_day_and_day_of_the_week_must_both_hold() -> None:
    """Unlike in Unix cron, both fields must match: the 13th that is a Friday."""
    first = Schedule("0 0 0 13 * Fri").after(datetime(2026, 1, 1, tzinfo=UTC))
    assert first == datetime(2026, 2, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["* * * * *", "@daily", "0 0 0 L * *", "60 * * * * *", "0 0 0 * * 1#2", "", "00:00:30"]
)
def test_invalid_schedules_are_refused(text: str) -> None:
    """Five fields, letters of other dialects, values out of range, and time spans (not available on Flex
    Consumption) raise an error.
    """
    with pytest.raises(ValueError):
        Schedule(text)
