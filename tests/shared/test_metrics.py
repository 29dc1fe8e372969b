"""Metrics: exact counts, reported once a minute, cheap, and sent to OpenTelemetry only if it is
enabled.
"""

import logging
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from local.counting_tables import CountingTables
from shared import log
from shared.metrics import Metrics
from shared.tables.metered import MeteredTables
from shared.tables.port import Upsert
from shared.telemetry import add_instruments
from tests.clock import FixedClock


@pytest.fixture(autouse=True)
def _no_call_is_left() -> Iterator[None]:
    yield
    log.end()


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    caplog.set_level(logging.INFO, "external_directories")

    class Lines(list[dict[str, Any]]):
        def __iter__(self) -> Any:
            return iter([orjson.loads(record.getMessage()) for record in caplog.records])

    return Lines()


def test_a_minute_of_invocations_is_one_line_per_operation(lines: list[dict[str, Any]]) -> None:
    """Counts of invocations, refusals, failures and round trips are exact; latency percentiles come
    from buckets.
    """
    clock = FixedClock()
    counted = Metrics(clock)
    for number in range(100):
        counted.called("scim_user", 404 if number < 10 else 500 if number < 12 else 200, 0.004, 2)
    counted.called("directory", 200, 3.0, 5)
    assert list(lines) == []
    clock.advance(60)
    counted.called("scim_user", 200, 0.7, 2)
    assert list(lines) == [
        {
            "event": "metrics.calls", "operation": "scim_user", "seconds": 60, "calls": 101, "refused": 10, "failed": 2,
            "round_trips": 202, "p50_ms": 5.0, "p95_ms": 5.0, "slowest_ms": 700.0,
        },
        {
            "event": "metrics.calls", "operation": "directory", "seconds": 60, "calls": 1, "refused": 0, "failed": 0,
            "round_trips": 5, "p50_ms": 3000.0, "p95_ms": 3000.0, "slowest_ms": 3000.0,
        },
    ]  # fmt: skip


def test_refusals_and_presence_are_reported(lines: list[dict[str, Any]]) -> None:
    """Refusals by reason, and the maximum age of statuses."""
    clock = FixedClock()
    counted = Metrics(clock)
    counted.refused("uniqueness")
    counted.refused("uniqueness")
    counted.presence(31)
    clock.advance(90)
    counted.presence(700)
    assert list(lines) == [
        {"event": "metrics.refusals", "reason": "uniqueness", "seconds": 90, "count": 2},
        {
            "event": "metrics.presence",
            "seconds": 90,
            "syncs": 2,
            "p95_age_seconds": 700.0,
            "oldest_seconds": 700.0,
        },
    ]


def test_a_report_of_many_lines_delays_the_next_one(lines: list[dict[str, Any]]) -> None:
    """Lines per hour are limited, so that many kinds of refusals can't use up the workspace's daily
    quota.
    """
    clock = FixedClock()
    counted = Metrics(clock, lines_per_hour=60)
    for minute in range(120):
        for operation in ("scim_users", "scim_user", "presence_health"):
            counted.called(operation, 401, 0.001, 0)
        clock.advance(60)
        counted.called("scim_users", 401, 0.001, 0)
        assert len(list(lines)) <= minute + 4
    assert len(list(lines)) >= 115
    assert sum(line["calls"] for line in lines) >= 115 * 4, "a line waits, no count is lost"


def test_counts_start_at_zero_after_a_report(lines: list[dict[str, Any]]) -> None:
    """Nothing is reported twice, and no line is written if nothing was counted."""
    counted = Metrics(FixedClock())
    counted.called("a", 200, 0.001, 1)
    counted.report()
    counted.report()
    assert len(list(lines)) == 1


async def test_round_trips_are_counted_per_invocation(tables: CountingTables) -> None:
    """Those of tasks that it starts are included."""
    metered = MeteredTables(tables)
    call = log.begin("test", "contoso")
    await metered.transact("contacts", "p", [Upsert("k", b"{}")])
    await metered.get("contacts", "p", "k")
    await metered.query("contacts", "p", "", "z")
    assert call.round_trips == tables.count == 3


def test_lines_of_an_invocation_have_its_request_id(lines: list[dict[str, Any]]) -> None:
    """And its operation and directory, but no invented directory id."""
    call = log.begin("scim_users", "contoso")
    log.event("one", count=1)
    log.begin("scim_users", "anna@example.com")
    log.event("two")
    first, second = list(lines)
    assert first == {
        "event": "one", "request_id": call.id, "operation": "scim_users", "directory_id": "contoso", "count": 1
    }  # fmt: skip
    assert "directory_id" not in second
    assert second["request_id"] != call.id


def test_opentelemetry_reads_the_sums_when_it_collects() -> None:
    """Instruments are observable, because recording each invocation would cost ten times as
    much.
    """
    reader = InMemoryMetricReader()
    counted = Metrics(FixedClock())
    provider = MeterProvider([reader])
    add_instruments(provider.get_meter("test"), counted)
    for _ in range(2):
        counted.called("scim_user", 404, 0.25, 2)
        counted.refused("uniqueness")
        counted.presence(30)
        counted.report()
    collected = reader.get_metrics_data()
    provider.shutdown()
    assert collected is not None
    assert {
        metric.name: [(point.value, point.attributes) for point in metric.data.data_points]  # type: ignore[union-attr]
        for resource in collected.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    } == {
        "directories.calls": [(2, {"operation": "scim_user"})],
        "directories.calls.refused": [(2, {"operation": "scim_user"})],
        "directories.calls.failed": [(0, {"operation": "scim_user"})],
        "directories.calls.seconds": [(0.5, {"operation": "scim_user"})],
        "directories.calls.round_trips": [(4, {"operation": "scim_user"})],
        "directories.calls.p95": [(250.0, {"operation": "scim_user"})],
        "directories.refusals": [(2, {"reason": "uniqueness"})],
        "directories.presence.age": [(30, {})],
    }
