"""The number of log lines and round trips that the app makes is the one that the cost table of
docs/operations.md assumes.
"""

import json
import logging
import re
from collections import Counter
from pathlib import Path
from uuid import uuid4

import pytest

from bench import cost
from directories import maintenance
from directories.audit import operator_actor
from directories.service import NewDirectory, create
from local.counting_tables import CountingTables
from local.graph.simulator import CONTOSO
from local.host.host import HostOptions
from local.host.running import ROOT, running
from presence.sync import dispatch
from scim import endpoints
from shared import log
from shared.app import App
from shared.azure_functions import OperationScope
from shared.clock import SystemClock
from shared.http import Request
from shared.settings import Settings
from tests.hosts import functions_of
from tests.presence.world import World

MINUTES = 10


def _counted(caplog: pytest.LogCaptureFixture) -> Counter[str]:
    lines = (json.loads(one.getMessage()) for one in caplog.records if one.name == log.NAME)
    return Counter(str(line["event"]) for line in lines)


async def test_a_tick_writes_one_line_and_a_sync_none(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Without faults, a tick writes one line, a sync none, and metrics take at most three lines a minute.

    Round trips, calls of Graph and bytes per line are those of the cost table, too.
    """
    await world.linked(50)
    await world.interval()
    await world.interval()
    caplog.set_level(logging.INFO, log.NAME)
    counters, ticks, syncs, sweeps = world.running.simulator.counters, 0, 0, 0
    graph_calls, trips = counters.calls("presences", tenant=CONTOSO), world.tables.count
    for _ in range(MINUTES * 60 // cost.TICK):
        world.clock.advance(cost.TICK)
        with OperationScope(world.app, "presence_timer") as call:
            messages = await dispatch.due(world.app)
            call.status = 200
        ticks += 1
        for message in messages:
            with OperationScope(world.app, "presence_sync") as call:
                outcome = await dispatch.handle(world.app, message.encode())
                syncs, sweeps = syncs + (outcome == "synced"), sweeps + (outcome == "swept")
                call.status = 200
    graph_calls = counters.calls("presences", tenant=CONTOSO) - graph_calls
    assert graph_calls == syncs * cost.GRAPH_CALLS_PER_SYNC
    of_sync = cost.TRIPS_OF_MESSAGES + cost.TRIPS_PER_SYNC
    assert sweeps == MINUTES * 60 // cost.SWEEP_SECONDS
    counted = ticks * cost.TRIPS_PER_TICK + syncs * of_sync + sweeps * cost.TRIPS_PER_SWEEP
    counted += 1  # the name of the company's tenant, stored by the first sweep and then once a week
    assert world.tables.count - trips == counted
    sizes = [len(one.getMessage()) for one in caplog.records if one.name == log.NAME]
    assert max(sizes) + cost.COLUMN_BYTES <= cost.ROW_BYTES
    found = _counted(caplog)
    assert ticks == 20
    assert syncs >= ticks - 2
    metrics = found["metrics.calls"] + found["metrics.presence"]
    assert found.pop("timer.run") == ticks * cost.LINES_PER_TICK
    assert metrics <= MINUTES * cost.METRIC_LINES_PER_MINUTE
    assert set(found) <= {"metrics.calls", "metrics.presence"}
    assert cost.LINES_PER_SYNC == 0


async def test_a_maintenance_run_writes_two_lines(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """A maintenance run writes two lines, however many directories there are."""
    caplog.set_level(logging.INFO, log.NAME)
    await maintenance.run(world.app, world.app.clock.monotonic() + 60)
    assert _counted(caplog).total() == cost.LINES_PER_HOUR


SETTINGS = (ROOT / "infra/modules/settings.bicep").read_text(encoding="utf-8")
STRANGERS = {
    "an unknown directory": ("GET", "/scim/{id}/v2/Users?filter=userName+eq+%22a%22"),
    "a write to it": ("POST", "/scim/{id}/v2/Users"),
    "its token endpoint": ("POST", "/scim/{id}/oauth2/token"),
    "no path": ("GET", "/scim/{id}/v2/nothing"),
    "health": ("GET", "/health"),
    "metadata": ("GET", "/.well-known/oauth-authorization-server/scim/{id}"),
    "security.txt": ("GET", "/.well-known/security.txt"),
}


async def test_strangers_cause_no_line_for_each_request(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Requests to the paths that need no sign-in write no line each; they are counted, and the counts take
    a few lines.
    """
    caplog.set_level(logging.INFO, log.NAME)
    settings = {"TABLES": f"sqlite:///{tmp_path}/strangers.db"}
    options = HostOptions(timers=False)
    async with running(ROOT / "function_app.py", settings, options=options) as host:
        for _ in range(20):
            for method, path in STRANGERS.values():
                url = host.url + path.format(id=uuid4().hex[:20])
                headers = {"authorization": "Bearer made-up", "content-type": "application/json"}
                answer = await host.call(Request(method, url, headers, b"{}"))
                assert answer.status in (200, 400, 401, 404, 429)
    found = _counted(caplog)
    del found["timer.run"]  # of a host of other tests in this process; this one has no timers
    assert set(found) <= {"metrics.calls", "metrics.refusals"}
    assert found.total() <= 2 * len(STRANGERS), (
        "the lines of the report at the end, not of 140 requests"
    )


@pytest.mark.parametrize("quota_gb", [1, 2, 10])
@pytest.mark.parametrize("instances", [40, 100, 1000])
def test_strangers_leave_a_quarter_of_the_quota_for_alerts(quota_gb: int, instances: int) -> None:
    """Even if unauthenticated clients flood every instance all day, they fill at most 76 % of the quota,
    for every number of instances that the template allows.
    """
    requests = 86_400 * cost.sampled_per_second(quota_gb, instances)
    bursts = 24 * cost.BURSTS_PER_HOUR * cost.BURST_REQUESTS
    rows = requests + bursts * cost.sampled_share(quota_gb, instances)
    rows += 24 * cost.metric_lines_per_hour(quota_gb, instances)
    assert instances * rows * cost.ROW_BYTES <= 0.76e9 * quota_gb


def test_the_template_calculates_as_the_cost_table_does() -> None:
    """The template derives the three limits of an instance by the formulas of bench/cost.py; host.json
    has the results for the default parameters.
    """
    rows_per_hour = 1e9 * cost.SHARE / cost.ROW_BYTES / 24
    assert "* 8680 / 225000)" in SETTINGS
    assert round(rows_per_hour / 10) == 868
    assert cost.BURST_REQUESTS * 100 == 225_000
    assert "* 2411 / 1000)" in SETTINGS
    assert round(rows_per_hour / 3.6) == 2411
    (shown,) = re.findall(r"LOG_LINES_PER_HOUR: string\((.*)\)", SETTINGS)
    assert shown == "max(1, min(3600, quotaPerInstance * 8680 / 1000000))"
    host = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))["logging"]
    sampling = host["applicationInsights"]["samplingSettings"]
    steady = cost.sampled_per_second(cost.QUOTA_GB, cost.MAX_INSTANCES)
    share = cost.sampled_share(cost.QUOTA_GB, cost.MAX_INSTANCES)
    assert sampling["maxTelemetryItemsPerSecond"] == round(steady, 3)
    assert sampling["maxSamplingPercentage"] == sampling["initialSamplingPercentage"]
    assert sampling["maxSamplingPercentage"] == int(share * 10_000) / 100
    assert sampling["evaluationInterval"] == "00:00:05"
    assert sampling["samplingPercentageIncreaseTimeout"] == "01:00:00"
    # 450 requests a second, all stored at the smallest share, are below the steady limit of 1,000 instances.
    assert 450 * sampling["minSamplingPercentage"] / 100 < 2 * cost.sampled_per_second(1, 1000)
    assert host["applicationInsights"]["enablePerformanceCountersCollection"] is False
    defaults = (ROOT / "infra/main.bicep").read_text(encoding="utf-8")
    assert f"param maximumInstanceCount int = {cost.MAX_INSTANCES}\n" in defaults
    assert f"param logDailyQuotaGb int = {cost.QUOTA_GB}\n" in defaults


def test_assumed_seconds_fit_into_the_billed_ones() -> None:
    """The assumed durations of a sync, and of a request with twice the average number of round trips, are
    at most the minimum that is billed for each.
    """
    assert cost.SYNC_SECONDS <= cost.BILLED_SECONDS
    request = 2 * cost.TRIPS_PER_REQUEST * cost.STORAGE_SECONDS + cost.PROCESSOR_SECONDS
    assert request <= cost.REQUEST_SECONDS + 1e-9


async def test_requests_make_as_many_round_trips_as_the_table_says(
    tables: CountingTables,
) -> None:
    """The creation of a user and Entra's matching filter, with and without a match, make on average at
    most TRIPS_PER_REQUEST round trips.
    """
    app = App(Settings.read({}), SystemClock(), tables)
    functions = functions_of(app, endpoints)
    directory, token = await create(app, operator_actor("account"), NewDirectory("Contoso"))
    async with running(functions) as host:
        base = f"{host.url}/scim/{directory.id}/v2/Users"
        headers = {"authorization": f"Bearer {token}", "content-type": "application/scim+json"}

        async def trips(method: str, url: str, body: bytes = b"") -> int:
            before = tables.count
            answer = await host.call(Request(method, url, headers, body))
            assert answer.status < 300, answer.body
            return tables.count - before

        await trips("GET", base)  # signs in
        schemas = b'"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"]'
        made = await trips("POST", base, b'{%b,"userName":"ada@example.com"}' % schemas)
        found = await trips("GET", f"{base}?filter=userName+eq+%22ada@example.com%22")
        missed = await trips("GET", f"{base}?filter=userName+eq+%22bob@example.com%22")
        counts = [made, found, missed]
    await app.background.drain()
    assert sum(counts) / len(counts) <= cost.TRIPS_PER_REQUEST


def test_batches_are_as_large_as_the_table_says() -> None:
    """The cost table assumes the largest number of tenants that the timer puts into one message."""
    assert cost.TENANTS_OF_A_BATCH == dispatch._MAX_TENANTS_OF_A_BATCH
