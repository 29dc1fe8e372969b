"""A call: its lines belong together, it is counted, whatever it is and however it ends."""

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
from shared.clock import FixedClock
from shared.settings import Settings

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


async def test_a_job_is_a_call(app: App, tick: Tick, caplog: pytest.LogCaptureFixture) -> None:
    """Lines of a timer's tick have its operation and an id of their own; it is counted with its round trips."""
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


async def test_a_failed_job_says_what_and_where_without_the_error_s_text(tick: Tick) -> None:
    """The engine hands text and trace of an exception to the platform, which logs them
    (azure-functions-runtime).
    """
    with pytest.raises(JobFailed, match=r"^RuntimeError$") as raised:
        await tick(0)
    logged = "".join(traceback.format_exception(raised.value))
    assert "in tick" in logged
    assert "RuntimeError: bad" not in logged


def test_the_engine_sees_the_function_itself(tick: Tick) -> None:
    """The engine reads names and types of the parameters, and whether to await."""
    assert list(inspect.signature(tick).parameters) == ["number"]
    assert inspect.iscoroutinefunction(tick)


def test_a_call_that_is_given_up_is_a_failure(app: App, caplog: pytest.LogCaptureFixture) -> None:
    """Its end wasn't reported, so it did not end well."""
    caplog.set_level(logging.INFO, "external_directories")
    with pytest.raises(KeyboardInterrupt), OperationScope(app, "scim_users", "contoso"):
        raise KeyboardInterrupt
    app.metrics.report()
    assert orjson.loads(caplog.records[-1].getMessage())["failed"] == 1
