"""Log lines written after an invocation aren't lost, although the host accepts lines only during
one.
"""

import asyncio
import logging
from collections.abc import Iterator

import orjson
import pytest

from local.counting_tables import CountingTables
from shared import log, telemetry
from shared.app import App
from shared.azure_functions import OperationScope
from shared.settings import Settings
from tests.clock import FixedClock


class Host(logging.Handler):
    """Accepts log lines as the platform does: those written in the event loop during an
    invocation.
    """

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[dict[str, object]] = []

    def emit(self, record: logging.LogRecord) -> None:
        call = log.current()
        if call is not None and not call.has_ended and asyncio._get_running_loop() is not None:
            self.taken.append(orjson.loads(record.getMessage()))


@pytest.fixture
def host() -> Iterator[Host]:
    """Yield a host that receives the product's log lines."""
    handler, logger = Host(), logging.getLogger(log.NAME)
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(before)


@pytest.fixture
def app(tables: CountingTables, clock: FixedClock) -> App:
    """Return an App without OpenTelemetry."""
    return App(Settings(), clock, tables)


async def test_a_line_after_the_response_is_written_with_the_next_invocation(
    app: App, host: Host
) -> None:
    """It keeps the id and operation of the invocation that it belongs to."""
    answered = asyncio.Event()

    async def work() -> None:
        await answered.wait()
        log.event("totals.keep_up", error="x", at="y")

    with OperationScope(app, "scim_user", "d1") as call:
        first = call._call.id
        app.background.start_optional(work(), "totals.keep_up")
    answered.set()
    await app.background.drain()
    assert host.taken == []
    with OperationScope(app, "presence_timer"):
        pass
    (line,) = host.taken
    assert (line["event"], line["request_id"], line["operation"]) == (
        "totals.keep_up",
        first,
        "scim_user",
    )


async def test_a_background_failure_is_written_with_the_next_invocation(
    app: App, host: Host
) -> None:
    """The background task itself logs it."""

    async def fail() -> None:
        await asyncio.sleep(0)
        raise ValueError

    with OperationScope(app, "scim_user"):
        app.background.start_optional(fail(), "directory.used")
    await app.background.drain()
    with OperationScope(app, "scim_user"):
        pass
    assert [(line["event"], line["error"]) for line in host.taken] == [
        ("directory.used", "ValueError")
    ]


async def test_a_line_of_a_thread_is_written_before_its_invocation_ends(
    app: App, host: Host
) -> None:
    """The worker for Python 3.13 loses lines logged in a thread (azure-functions-python-worker
    issue 1860).
    """
    with OperationScope(app, "presence_sync"):
        await asyncio.to_thread(log.event, "credential.certificate_unreadable")
        assert host.taken == []
    assert [line["event"] for line in host.taken] == ["credential.certificate_unreadable"]


async def test_a_line_from_before_the_first_invocation_is_written_with_it(
    tables: CountingTables, clock: FixedClock, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenTelemetry starts while the module is imported, when no invocation runs."""

    def fail(_: str) -> None:
        raise ValueError("no connection string")

    monkeypatch.setattr(telemetry, "Telemetry", fail)
    late = log.LateLines()
    settings = Settings(open_telemetry=True)
    app = App(settings, clock, tables, telemetry=telemetry.start(settings, late), late_lines=late)
    assert host.taken == []
    with OperationScope(app, "presence_health"):
        pass
    (line,) = host.taken
    assert (line["event"], line["error"]) == ("telemetry.off", "ValueError")


def test_waiting_lines_are_bounded() -> None:
    """An instance without invocations mustn't fill its memory: the newest 200 lines stay."""
    late = log.LateLines()
    for number in range(1000):
        late.add(logging.INFO, str(number))
    assert len(late._lines) == 200
    assert late._lines[-1] == (logging.INFO, "999")


async def test_lines_during_an_invocation_are_written_at_once(app: App, host: Host) -> None:
    """In their order, without waiting for its end."""
    with OperationScope(app, "scim_user"):
        log.event("row.newer", row="x", known=1)
        assert [line["event"] for line in host.taken] == ["row.newer"]
    log.event("row.newer", row="y", known=1)
    assert len(host.taken) == 1
