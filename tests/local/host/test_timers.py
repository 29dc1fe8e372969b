"""Timer functions (learn.microsoft.com/azure/azure-functions/functions-bindings-timer)."""

import asyncio
import logging
from typing import Any

import azure.functions as func
import pytest
from azure.functions.timer import TimerRequest

from local.host.errors import HostError
from local.host.functions import TimerFunction, index
from local.host.host import Host
from local.host.timers import Timers
from tests.clock import FixedClock
from tests.rounds import rounds


def timer_function(schedule: str = "*/30 * * * * *", **options: Any) -> TimerFunction:
    app = func.FunctionApp()

    @app.timer_trigger(arg_name="timer", schedule=schedule, **options)
    @app.queue_output(arg_name="out", queue_name="q", connection="c")
    async def tick(timer: func.TimerRequest, out: func.Out[str]) -> None:
        out.set("x")

    return index(app, {}).timers[0]


class Recorder:
    """Records each tick, and delays its end until released."""

    def __init__(self) -> None:
        self.requests: list[TimerRequest] = []
        self.release = asyncio.Event()
        self.release.set()

    async def __call__(self, function: TimerFunction, request: TimerRequest) -> None:
        self.requests.append(request)
        await self.release.wait()


@pytest.fixture
def ticks() -> Recorder:
    return Recorder()


async def test_timer_runs_at_its_time_and_not_before(clock: FixedClock, ticks: Recorder) -> None:
    """A timer doesn't run early or at start-up."""
    timers = Timers([timer_function()], ticks, clock)
    assert timers.tick(startup=True) == []
    assert timers.seconds_to_next() == 30
    clock.advance(30)
    await asyncio.gather(*timers.tick())
    assert [request.past_due for request in ticks.requests] == [False]
    assert timers.tick() == []


async def test_missed_ticks_are_run_once_and_marked(clock: FixedClock, ticks: Recorder) -> None:
    """After ten minutes without a tick there is one run, which is past due; then the schedule applies
    again.
    """
    timers = Timers([timer_function()], ticks, clock)
    clock.advance(605)
    await asyncio.gather(*timers.tick())
    clock.advance(25)
    await asyncio.gather(*timers.tick())
    assert [request.past_due for request in ticks.requests] == [True, False]


async def test_one_timer_never_ticks_twice_at_once(clock: FixedClock, ticks: Recorder) -> None:
    """A tick that takes longer than its interval delays the next one, which is past due."""
    timers = Timers([timer_function()], ticks, clock)
    ticks.release.clear()
    clock.advance(30)
    (first,) = timers.tick()
    await asyncio.sleep(0)
    clock.advance(70)
    assert timers.tick() == []
    ticks.release.set()
    await first
    await asyncio.gather(*timers.tick())
    assert [request.past_due for request in ticks.requests] == [False, True]


async def test_other_timers_are_not_delayed(clock: FixedClock, ticks: Recorder) -> None:
    """Each timer has its own schedule."""
    timers = Timers([timer_function(), timer_function("0 * * * * *")], ticks, clock)
    ticks.release.clear()
    clock.advance(30)
    started = timers.tick()
    clock.advance(30)
    started += timers.tick()
    ticks.release.set()
    await asyncio.gather(*started)
    assert len(ticks.requests) == 2


async def test_an_error_is_logged_and_the_timer_continues(
    clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    """There is no retry before the next tick."""
    calls = []

    async def fail(function: TimerFunction, request: TimerRequest) -> None:
        calls.append(1)
        raise RuntimeError("personal data")

    timers = Timers([timer_function()], fail, clock)
    for _ in range(2):
        clock.advance(30)
        with caplog.at_level(logging.ERROR, "external_directories"):
            await asyncio.gather(*timers.tick())
    assert (len(calls), "function.failed" in caplog.text, "personal" in caplog.text) == (
        2,
        True,
        False,
    )


async def test_run_on_startup_is_obeyed(clock: FixedClock, ticks: Recorder) -> None:
    """Only with run_on_startup does a timer run outside its schedule."""
    timers = Timers([timer_function(run_on_startup=True)], ticks, clock)
    await asyncio.gather(*timers.tick(startup=True))
    assert [request.past_due for request in ticks.requests] == [False]


async def test_the_status_has_the_last_and_next_tick(clock: FixedClock, ticks: Recorder) -> None:
    """The status has the times of the last and the next tick, as `ScheduleStatus` of Azure's schedule
    monitor.
    """
    timers = Timers([timer_function()], ticks, clock)
    for _ in range(2):
        clock.advance(30)
        await asyncio.gather(*timers.tick())
    status = ticks.requests[1].schedule_status
    assert (status["Last"], status["Next"]) == (
        "2026-01-01T00:00:30.000Z",
        "2026-01-01T00:01:30.000Z",
    )


async def test_run_ticks_until_cancelled(clock: FixedClock, ticks: Recorder) -> None:
    """`run` first runs the timers that are due, and then waits for the next ones."""
    timers = Timers([timer_function(run_on_startup=True)], ticks, clock)
    running = asyncio.create_task(timers.run())
    for _ in rounds():
        if ticks.requests:
            break
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert timers.running() == []


async def test_stopping_waits_for_ticks_but_not_for_ever(clock: FixedClock) -> None:
    """A tick has some time to finish; then it is cancelled, as by the platform."""
    started, ended = asyncio.Event(), asyncio.Event()
    app = func.FunctionApp()

    @app.timer_trigger(arg_name="timer", schedule="0 * * * * *", run_on_startup=True)
    async def endless(timer: func.TimerRequest) -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    host = Host(app, environment={}, clock=clock)
    host.start()
    await started.wait()
    await host.stop(patience=0)
    assert ended.is_set()


async def test_schedule_can_be_a_setting(clock: FixedClock) -> None:
    """The schedule `%NAME%` is read from the settings; if it is missing, the error names the setting."""
    app = func.FunctionApp()

    @app.timer_trigger(arg_name="timer", schedule="%EVERY%")
    async def tick(timer: func.TimerRequest) -> None:
        pass

    assert index(app, {"EVERY": "0 * * * * *"}).timers[0].schedule == "0 * * * * *"
    with pytest.raises(HostError, match="EVERY"):
        index(app, {})


async def test_wrong_schedule_stops_the_host(clock: FixedClock) -> None:
    """The error names the function."""
    app = func.FunctionApp()

    @app.timer_trigger(arg_name="timer", schedule="* * *")
    async def tick(timer: func.TimerRequest) -> None:
        pass

    with pytest.raises(HostError, match="Function tick: the schedule"):
        Host(app, environment={}, clock=clock)
