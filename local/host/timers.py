"""Run timer functions by their schedules: never two runs of one timer at once; late runs are marked as past due."""

import asyncio
import re
from calendar import day_abbr, month_abbr
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from azure.functions.timer import TimerRequest
from croniter import croniter

from local.host.errors import HostError
from local.host.functions import TimerFunction
from shared import log
from shared.clock import Clock, timestamp

_LATE = timedelta(seconds=1)
_MAX_SLEEP = 60.0  # so that a wake-up of the machine or a change of its clock is noticed
_FIELD = re.compile(r"[0-9A-Za-z*,/-]+")
_NAMES = re.compile(r"[A-Za-z]+")
_KNOWN = frozenset(name.lower() for name in (*month_abbr, *day_abbr) if name)

Call = Callable[[TimerFunction, TimerRequest], Awaitable[Any]]


class Schedule:
    """An NCRONTAB schedule: six fields, seconds first, all of which must match. The time zone is UTC, as in Azure.

    Source: learn.microsoft.com/azure/azure-functions/functions-bindings-timer, "NCRONTAB expressions".
    """

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


@dataclass(slots=True, eq=False, kw_only=True)
class _Timer:
    function: TimerFunction
    schedule: Schedule
    due: datetime
    last: datetime | None = None
    running: "asyncio.Task[None] | None" = None


class Timers:
    """The timer functions of an app: `tick` starts those that are due, `run` repeats that."""

    def __init__(self, functions: list[TimerFunction], call: Call, clock: Clock) -> None:
        self._call = call
        self._clock = clock
        self._wake = asyncio.Event()
        now = clock.now()
        self._timers = [
            _Timer(function=each, schedule=schedule, due=schedule.after(now))
            for each in functions
            for schedule in [_schedule_of(each)]
        ]

    def tick(self, *, startup: bool = False) -> list["asyncio.Task[None]"]:
        """Start the due timer functions and return their tasks; at `startup` also those with `runOnStartup`."""
        now = self._clock.now()
        return [
            self._start(timer, now)
            for timer in self._timers
            if timer.running is None
            and (timer.due <= now or (startup and timer.function.run_on_startup))
        ]

    def seconds_to_next(self) -> float:
        """Return the seconds until the next timer is due, at most `_MAX_SLEEP`."""
        idle = [timer.due for timer in self._timers if timer.running is None]
        if not idle:
            return _MAX_SLEEP
        return min(max((min(idle) - self._clock.now()).total_seconds(), 0.0), _MAX_SLEEP)

    async def run(self) -> None:
        """Call `tick` whenever a timer is due, until cancelled."""
        self.tick(startup=True)
        while True:
            self._wake.clear()
            try:
                async with asyncio.timeout(self.seconds_to_next()):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self.tick()

    def running(self) -> list["asyncio.Task[None]"]:
        """Return the tasks of the timer functions that are running."""
        return [timer.running for timer in self._timers if timer.running]

    def _start(self, timer: _Timer, now: datetime) -> "asyncio.Task[None]":
        past_due = timer.due <= now - _LATE
        # One run replaces all that were missed.
        timer.due = timer.schedule.after(now)
        timer.running = asyncio.create_task(self._tick(timer, past_due, now))
        return timer.running

    async def _tick(self, timer: _Timer, past_due: bool, now: datetime) -> None:
        status = {
            "Last": _text(timer.last),
            "Next": _text(timer.due),
            "LastUpdated": _text(timer.last),
        }
        request = TimerRequest(
            past_due=past_due, schedule_status=status, schedule={"AdjustForDST": True}
        )
        try:
            await self._call(timer.function, request)
        except Exception as error:
            log.failure("function.failed", error, function=timer.function.code.name)
        finally:
            timer.last, timer.running = now, None
            self._wake.set()


def _text(moment: datetime | None) -> str:
    return timestamp(moment) if moment else "0001-01-01T00:00:00"


def _schedule_of(function: TimerFunction) -> Schedule:
    try:
        return Schedule(function.schedule)
    except ValueError as error:
        raise HostError(
            f"Function {function.code.name}: the schedule {function.schedule!r} {error}."
        ) from None
