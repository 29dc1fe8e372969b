"""An invocation: its log lines have one id, and it is counted, whatever its kind and result."""

import inspect
import logging
import traceback
from collections.abc import Awaitable, Callable

import orjson
import pytest

from local.counting_tables import CountingTables
from shared import log
from shared.app import App
from shared.azure_functions import JobFailed, OperationScope, job
from shared.settings import Settings
from tests.clock import FixedClock

Tick = Callable[[int], Awaitable[int]]


@pytest.fixture
def app(tables: CountingTables, clock: FixedClock) -> App:
    """Return an App with default settings."""
    return App(Settings(), clock, tables)


@pytest.fixture
def tick(app: App) -> Tick:
    """Return the function of a timer."""

    @job(app, "tick")
    async def tick(number: int) -> int:
        log.event("timer.run", timer="tick", seconds=0)
        call = log.current()
        assert call
        call.round_trips += 3
        if not number:
            raise RuntimeError("bad")
        return number

    return tick


async def test_a_timer_run_is_an_invocation(
    app: App, tick: Tick, caplog: pytest.LogCaptureFixture
) -> None:
    """Its log lines have its operation and an id; it is counted with its round trips."""
    caplog.set_level(logging.INFO, "external_directories")
    assert await tick(1) == 1
    with pytest.raises(JobFailed):
        await tick(0)
    assert log.current() is None
    first, second = [orjson.loads(record.getMessage()) for record in caplog.records]
    assert first["operation"] == second["operation"] == "tick"
    assert first["request_id"] != second["request_id"]
    caplog.clear()
    app.metrics.report()
    (line,) = [orjson.loads(record.getMessage()) for record in caplog.records]
    assert (line["operation"], line["calls"], line["failed"], line["round_trips"]) == (
        "tick",
        2,
        1,
        6,
    )


async def test_a_failed_job_has_the_errors_type_and_place_but_not_its_text(tick: Tick) -> None:
    """The engine passes an exception's text and trace to the platform, which logs them
    (azure-functions-runtime).
    """
    with pytest.raises(JobFailed, match=r"^RuntimeError$") as raised:
        await tick(0)
    logged = "".join(traceback.format_exception(raised.value))
    assert "in tick" in logged
    assert "RuntimeError: bad" not in logged


def test_the_wrapper_keeps_the_functions_signature(tick: Tick) -> None:
    """The engine reads names and types of parameters, and whether the function is async."""
    assert list(inspect.signature(tick).parameters) == ["number"]
    assert inspect.iscoroutinefunction(tick)


def test_a_cancelled_invocation_is_a_failure(app: App, caplog: pytest.LogCaptureFixture) -> None:
    """It has no result, so it doesn't count as a success."""
    caplog.set_level(logging.INFO, "external_directories")
    with pytest.raises(KeyboardInterrupt), OperationScope(app, "scim_users", "contoso"):
        raise KeyboardInterrupt
    app.metrics.report()
    assert orjson.loads(caplog.records[-1].getMessage())["failed"] == 1
