"""Storage faults: each request has a deadline, the log has an event with the reason, and the
response has the cause.
"""

import asyncio
import logging
from collections.abc import Sequence

import azure.functions as func
import pytest

from local.counting_tables import CountingTables
from local.host.host import Host
from local.host.hostfile import HostFile
from shared.app import App
from shared.azure_functions import method_dispatcher, register_http, within
from shared.http import Request, Response
from shared.settings import Settings
from shared.tables.metered import MeteredTables
from shared.tables.port import Insert, Operation, Row, StorageUnavailable
from tests.clock import FixedClock


class Broken(CountingTables):
    """An engine whose every call raises `error`."""

    error = StorageUnavailable("the disk is full", cause="full")

    async def get(self, table: str, partition: str, key: str) -> Row | None:
        raise self.error

    async def transact(
        self, table: str, partition: str, operations: Sequence[Operation]
    ) -> list[str]:
        raise self.error


async def test_the_log_has_one_event_a_minute_for_each_reason(
    tables: CountingTables, clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Thousands of requests fail for one reason; the operator needs it once."""
    metered = MeteredTables(broken := Broken(tables), clock)
    with caplog.at_level(logging.INFO):
        for _ in range(2):
            for reason in ("the disk is full", "status 403"):
                broken.error = StorageUnavailable(reason)
                for _ in range(3):
                    with pytest.raises(StorageUnavailable):
                        await metered.transact("contacts", "p", [Insert("a", b"1")])
            clock.advance(61)
    assert len([one for one in caplog.messages if "storage.unavailable" in one]) == 4
    assert sum("the disk is full" in one for one in caplog.messages) == 2


async def test_a_response_has_the_cause_and_retry_after(
    tables: CountingTables, clock: FixedClock
) -> None:
    """503 with a code for programs and a text for people."""
    app = App(Settings.read({}), clock, Broken(tables))

    async def handle(request: Request) -> Response:
        await app.tables.get("contacts", "p", "a")
        return Response()

    answer = await _answer(app, handle)
    assert (answer.status, b'"storage_full"' in answer.body) == (503, True)
    assert answer.headers["retry-after"] == "5"


async def test_no_request_waits_longer_than_its_deadline(
    tables: CountingTables, clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Whether it waits for storage, a lock or another service; the log has the line of code that
    waited.
    """
    app = App(Settings.read({}), clock, tables)

    async def wait(request: Request) -> Response:
        await asyncio.Event().wait()
        return Response()

    with caplog.at_level(logging.INFO):
        answer = await _answer(app, within(app, 0.01, method_dispatcher(GET=wait)))
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert "storage.unavailable" in caplog.text
    assert "within 0.01 seconds, at azure_functions.py:" in caplog.text


async def _answer(app: App, handler: object) -> Response:
    functions = func.FunctionApp()
    blueprint = func.Blueprint()
    register_http(app, blueprint, "x", "scim/x", handler)  # type: ignore[arg-type]
    functions.register_functions(blueprint)
    host = Host(functions, environment={}, host_file=HostFile(route_prefix=""))
    try:
        response = await host.call(Request("GET", "https://app.example/scim/x", {}, b""))
        response.headers = {name.lower(): one for name, one in response.headers.items()}
        return response
    finally:
        await host.stop()
