"""NCRONTAB schedules: six fields, seconds first, all of which must match.

Source: learn.microsoft.com/azure/azure-functions/functions-bindings-timer, "NCRONTAB expressions".
"""

import re
from calendar import day_abbr, month_abbr
from datetime import datetime

from croniter import croniter

_FIELD = re.compile(r"[0-9A-Za-z*,/-]+")
_NAMES = re.compile(r"[A-Za-z]+")
_KNOWN = frozenset(name.lower() for name in (*month_abbr, *day_abbr) if name)


class Schedule:
    """A schedule in UTC, which is the platform's time zone."""

    def __init__(self, text: str) -> None:
        """Parse the schedule; raise ValueError if the platform would not accept it."""
        fields = text.split()
        names = {name.lower() for field in fields for name in _NAMES.findall(field)}
        if len(fields) != 6 or not all(map(_FIELD.fullmatch, fields)) or names - _KNOWN:
            raise ValueError(
                "must have six fields: second, minute, hour, day, month, day of the week"
            )
        if not croniter.is_valid(text, second_at_beginning=True):
            raise ValueError("has a field that is out of range")
        self.text = text

    def after(self, moment: datetime) -> datetime:
        """Return the first time later than `moment` at which the schedule is due."""
        ticks = croniter(
            self.text, moment, ret_type=datetime, day_or=False, second_at_beginning=True
        )
        found: datetime = ticks.get_next(datetime)
        return found
