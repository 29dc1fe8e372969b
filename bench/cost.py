"""Estimate the monthly cost of a deployment: `python -m bench.cost` prints the tables of docs/operations.md.

The cost is counted work times unit prices. Prices are assumptions: each has its source and date, or
is marked as unverified. Flex Consumption bills an instance's active time, at least a second each
time. Messages of one tick can share an instance, so the billed time is between two bounds: all of
them together, and each of them alone.
"""

import sys
from dataclasses import dataclass
from math import ceil

MONTH = 730 * 3600  # seconds
TICK = 30  # seconds between two presence syncs
BATCH = 16  # messages that an instance handles at once (host.json)
TENANTS_OF_A_BATCH = 32  # tenants that the timer puts into one message (presence/sync/dispatch.py)
POLL_SECONDS = 2.0  # between two polls of an empty queue (host.json: maxPollingInterval)
SENT_PER_SECOND = (
    150  # queue messages that the host sends, one after the other: assumed 6 to 7 ms each
)
# Round trips to tables, and Graph requests, counted by tests/infra/test_log_volume.py. Their
# durations are assumed.
TRIPS_PER_TICK, TRIPS_OF_MESSAGES = 2, 1
TRIPS_PER_SYNC, GRAPH_CALLS_PER_SYNC = 4, 1  # if nothing changed, for up to 650 people
TRIPS_PER_REQUEST = 2  # on average
SWEEP_SECONDS, TRIPS_PER_SWEEP = (
    600,
    16,
)  # of the message that compares connections with directories
STORAGE_SECONDS = 0.02  # per round trip
GRAPH_SECONDS = 0.3  # per request
PROCESSOR_SECONDS = 0.02  # CPU time per request, tick or sync on an instance with a part of a core
SYNC_SECONDS = (
    TRIPS_PER_SYNC * STORAGE_SECONDS + GRAPH_CALLS_PER_SYNC * GRAPH_SECONDS + PROCESSOR_SECONDS
)
BILLED_SECONDS = 1.0  # the minimum each time that an instance becomes active
AGENT_REQUESTS = 612  # per hour and agent at work (bench.requests_per_hour)
WORKING_SECONDS = 8 * 21 * 3600  # per month
# CPU seconds of a small request, in host and worker, measured on the real host
# (docs/PERFORMANCE.md), and an instance's cores by its memory in MB
# (learn.microsoft.com/azure/azure-functions/flex-consumption-plan, instance sizes).
PROCESSOR_OF_REQUEST = 0.0022
CORES = {512: 0.25, 2048: 1.0, 4096: 2.0}
UTILISATION = 0.6  # of the cores; above it, requests wait
REQUEST_SECONDS = 0.1  # billed for a request on a warm instance: at least 100 ms of active time
# Rows of the log, counted by tests/infra/test_log_volume.py.
LINES_PER_TICK = 1  # timer.run
LINES_PER_SYNC = 0  # if nothing is wrong
LINES_PER_HOUR = 2  # maintenance.done, timer.run
METRIC_LINES_PER_MINUTE = 3  # metrics.calls of timer and sync, metrics.presence
REQUEST_METRIC_LINES = 5  # metrics.calls of pages and SCIM, per instance and minute with traffic
COLUMN_BYTES = (
    800  # assumed size of a stored row without its message: IDs, times, the host's properties
)
ROW_BYTES = 1_200  # size of a stored trace or request; a test measures the messages
# The share of the daily quota that strangers may fill (infra/modules/settings.bicep), for any
# number of instances.
QUOTA_GB, MAX_INSTANCES = 1, 100  # LOG_DAILY_QUOTA_GB, MAXIMUM_INSTANCE_COUNT: the defaults
SHARE = 0.25  # each: requests under steady load, bursts of requests, metric lines
BURST_REQUESTS = (
    5 * 450
)  # host.json: evaluationInterval; 450 requests per second use an instance fully
BURSTS_PER_HOUR = 1  # host.json: samplingPercentageIncreaseTimeout
INSTANCES = 3  # one each for HTTP, timers and queue


@dataclass(frozen=True, slots=True)
class Price:
    """The price of one unit in dollars, for East US, without discounts or taxes."""

    dollars: float
    unit: str
    source: str


UNVERIFIED = "unverified"
PRICES = {
    "on demand": Price(
        26e-6, "GB-second; the first 100,000 a month are free", "modal.com/blog, 22 May 2025"
    ),
    "executions": Price(
        0.40e-6, "execution; the first 250,000 on demand are free", "modal.com/blog, 22 May 2025"
    ),
    "always ready": Price(4e-6, "GB-second that an always-ready instance waits", UNVERIFIED),
    "always ready, working": Price(16e-6, "GB-second that it works", UNVERIFIED),
    "table operations": Price(0.036e-6, "operation", UNVERIFIED),
    "queue operations": Price(0.4e-6, "operation", UNVERIFIED),
    "table space": Price(0.0563, "GB and month, zone-redundant", UNVERIFIED),
    "logs": Price(2.30, "GB; the first 5 a month are free", "monitoringcost.com, 2026"),
    "alert, 5 minutes": Price(1.50, "rule and month", UNVERIFIED),
    "alert, 15 minutes": Price(0.50, "rule and month", UNVERIFIED),
    "private endpoint": Price(
        0.01, "hour; four of them", "c3x.dev; oneuptime.com/blog, 16 February 2026"
    ),
}
FREE_GB_SECONDS, FREE_EXECUTIONS, FREE_LOG_GB = 100_000, 250_000, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """The assumptions about a deployment; `requests` per month, and `tick` is the seconds between two syncs."""

    name: str
    requests: int
    people: int
    tenants: int = 0
    tick: int = TICK
    memory_gb: float = 2.0


# Idle: only presence, and no status changes. Busy: per tenant 20 agents with the Organisation page
# open, 8 hours on 21 days, and 50 SCIM requests.
_AGENTS = 20 * AGENT_REQUESTS * 8 * 21
_BUSY = _AGENTS + 50
DEPLOYMENTS = (
    Deployment(name="no presence, 20 agents", requests=_AGENTS, people=5_000),
    Deployment(name="1 tenant, idle", requests=0, people=500, tenants=1),
    Deployment(name="1 tenant, busy", requests=_BUSY, people=500, tenants=1),
    Deployment(name="100 tenants, idle", requests=0, people=50_000, tenants=100),
    Deployment(name="100 tenants, busy", requests=100 * _BUSY, people=50_000, tenants=100),
    Deployment(
        name="100 tenants, busy, 512 MB",
        requests=100 * _BUSY,
        people=50_000,
        tenants=100,
        memory_gb=0.5,
    ),
    Deployment(
        name="1,000 tenants a minute, idle", requests=0, people=500_000, tenants=1_000, tick=60
    ),
    Deployment(
        name="1,000 tenants a minute, busy",
        requests=1_000 * _BUSY,
        people=500_000,
        tenants=1_000,
        tick=60,
    ),
)


def _rows_per_day(quota_gb: int, instances: int) -> float:
    """Return how many rows an instance may store per day for one purpose.

    The purposes are requests under steady load, bursts of requests, and metric lines. Each may use
    the part `SHARE` of the daily quota, divided among all instances.
    """
    return quota_gb * 1e9 * SHARE / ROW_BYTES / instances


def sampled_per_second(quota_gb: int, instances: int) -> float:
    """Return how many requests and exceptions an instance may store per second in steady load."""
    return min(0.5, _rows_per_day(quota_gb, instances) / 86_400)


def traced_per_second(quota_gb: int, instances: int) -> float:
    """Return how many traces per second an instance may send at most.

    All traces together, of three rows each, may use half of the daily quota; each instance gets an
    equal part of that, and at most 0.5 traces per second.
    """
    rows_per_day = quota_gb * 1e9 * 0.5 / ROW_BYTES / instances
    return min(0.5, rows_per_day / 3 / 86_400)


def sampled_share(quota_gb: int, instances: int) -> float:
    """Return the largest fraction, from 0 to 1, of its requests that an instance may store."""
    per_hour = _rows_per_day(quota_gb, instances) / 24
    return min(1.0, per_hour / (BURST_REQUESTS * BURSTS_PER_HOUR))


def metric_lines_per_hour(quota_gb: int, instances: int) -> float:
    """Return the largest number of metric lines that an instance logs per hour."""
    return min(3600.0, _rows_per_day(quota_gb, instances) / 24)


def price(name: str) -> float:
    """Return the price of one unit in dollars."""
    return PRICES[name].dollars


def capacity(memory_mb: int) -> float:
    """Return how many small requests an instance with this memory can serve per second."""
    return CORES[memory_mb] * UTILISATION / PROCESSOR_OF_REQUEST


def instances(it: Deployment) -> int:
    """Return how many HTTP instances are needed during working hours."""
    per_second = it.requests / WORKING_SECONDS
    return max(1, ceil(per_second / capacity(round(it.memory_gb * 1024))))


def always_ready(it: Deployment) -> float:
    """Return the monthly price of HTTP: the always-ready instance, further ones during working hours, and executions.

    The always-ready instance costs more while it serves requests. That time is estimated as the sum of
    the requests' durations, at most all working hours.
    """
    alone = it.requests * REQUEST_SECONDS
    working = min(alone, WORKING_SECONDS) * price("always ready, working")
    waiting = (MONTH - min(alone, WORKING_SECONDS)) * price("always ready")
    joining = (instances(it) - 1) * WORKING_SECONDS * price("on demand")
    return it.memory_gb * (working + waiting + joining) + it.requests * price("executions")


def executions(it: Deployment) -> float:
    """Return the function calls per month: requests, ticks, the hourly maintenance, and each tenant's syncs."""
    ticks = MONTH / it.tick
    sweeps = MONTH / SWEEP_SECONDS * bool(it.tenants)
    return it.requests + ticks + MONTH / 3600 + ticks * (it.tenants + _batches(it)) + sweeps


def timer_seconds(it: Deployment) -> float:
    """Return the billed seconds of a tick: those needed to send its messages, at least one."""
    own = TRIPS_PER_TICK * STORAGE_SECONDS + PROCESSOR_SECONDS
    return max(BILLED_SECONDS, own + _batches(it) / SENT_PER_SECOND)


def _batches(it: Deployment) -> int:
    """Return how many messages of a tick are batches of tenants, each split later; 0 for few tenants."""
    return ceil(it.tenants / TENANTS_OF_A_BATCH) if it.tenants > TENANTS_OF_A_BATCH else 0


def gb_seconds(it: Deployment, *, alone: bool) -> float:
    """Return the billed GB-seconds of timers and syncs per month; `alone` bills each message on its own."""
    ticks = MONTH / it.tick
    batches = it.tenants if alone else ceil(it.tenants / BATCH)
    syncs = batches * max(BILLED_SECONDS, SYNC_SECONDS)
    return (ticks * (timer_seconds(it) + syncs) + MONTH / 3600) * it.memory_gb


def on_demand(it: Deployment, *, alone: bool) -> float:
    """Return the monthly price of timers and syncs; `alone` bills each message on its own."""
    billed = max(0.0, gb_seconds(it, alone=alone) - FREE_GB_SECONDS)
    calls = max(0.0, executions(it) - it.requests - FREE_EXECUTIONS)
    return billed * price("on demand") + calls * price("executions")


def table_operations(it: Deployment) -> float:
    """Return the round trips to tables per month."""
    of_tick = TRIPS_PER_TICK + TRIPS_OF_MESSAGES * bool(it.tenants) + TRIPS_PER_SYNC * it.tenants
    sweeps = MONTH / SWEEP_SECONDS * TRIPS_PER_SWEEP * bool(it.tenants)
    return MONTH / it.tick * of_tick + sweeps + TRIPS_PER_REQUEST * it.requests


def queue_operations(it: Deployment) -> float:
    """Return the queue operations per month: put, get and delete each message, and poll the empty queue."""
    messages = it.tenants + _batches(it)
    return 3 * MONTH / it.tick * messages + MONTH / POLL_SECONDS


def storage(it: Deployment) -> float:
    """Return the monthly price of table and queue operations, and of 20 kB per person."""
    operations = table_operations(it) * price("table operations")
    messages = queue_operations(it) * price("queue operations")
    return operations + messages + it.people * 20e-6 * price("table space")


def log_rows(it: Deployment) -> float:
    """Return the log rows stored per month: the app's own lines, and requests, sampled on each instance.

    It assumes the default quota and number of instances.
    """
    minutes, ticks = MONTH / 60, MONTH / it.tick
    own = ticks * (LINES_PER_TICK + LINES_PER_SYNC * it.tenants) + MONTH / 3600 * LINES_PER_HOUR
    most = metric_lines_per_hour(QUOTA_GB, MAX_INSTANCES) / 60
    own += minutes * min(METRIC_LINES_PER_MINUTE, 2 * most) * bool(it.tenants)
    own += min(REQUEST_METRIC_LINES, most) * min(minutes, it.requests)
    steady = sampled_per_second(QUOTA_GB, MAX_INSTANCES) * MONTH * INSTANCES
    return own + min(executions(it) * sampled_share(QUOTA_GB, MAX_INSTANCES), steady)


def log_gb(it: Deployment) -> float:
    """Return the size of the log rows stored per month, in GB."""
    return log_rows(it) * ROW_BYTES / 1e9


def watching(it: Deployment) -> float:
    """Return the monthly price of logs and of the nine alert rules.

    `PRICES` has no price for the rule that runs hourly; the price of a 15-minute rule is used.
    """
    logs = max(0.0, log_gb(it) - FREE_LOG_GB) * price("logs")
    return logs + 4 * price("alert, 5 minutes") + 5 * price("alert, 15 minutes")


def tables() -> str:
    """Return unit prices, counted work, and the cost of each deployment, as Markdown tables."""
    lines = ["| price | dollars | for one | source |", "| --- | --- | --- | --- |"]
    lines += [
        f"| {name} | {_plain(it.dollars)} | {it.unit} | {it.source} |"
        for name, it in PRICES.items()
    ]
    lines += ["", *_work(), "", *_dollars(), "", *_sizes()]
    return "\n".join(lines)


def _work() -> list[str]:
    heads = ["executions", "GB-s on demand", "table operations", "queue operations", "log rows"]
    heads.append("log GB")
    lines = [f"| work in a month | {' | '.join(heads)} |", "|" + " --- |" * (len(heads) + 1)]
    for it in DEPLOYMENTS:
        counts = [
            f"{executions(it):,.0f}",
            _between(gb_seconds(it, alone=False), gb_seconds(it, alone=True)),
            f"{table_operations(it):,.0f}",
            f"{queue_operations(it):,.0f}",
            f"{log_rows(it):,.0f}",
            f"{log_gb(it):.1f}",
        ]
        lines.append(f"| {it.name} | {' | '.join(counts)} |")
    return lines


def _dollars() -> list[str]:
    heads = ["always ready", "on demand", "storage", "watching", "all"]
    lines = [f"| dollars in a month | {' | '.join(heads)} |", "|" + " --- |" * (len(heads) + 1)]
    for it in DEPLOYMENTS:
        low, high = on_demand(it, alone=False), on_demand(it, alone=True)
        rest = always_ready(it) + storage(it) + watching(it)
        parts = [
            f"{always_ready(it):,.0f}",
            _between(low, high),
            f"{storage(it):,.2f}",
            f"{watching(it):,.0f}",
            _between(rest + low, rest + high),
        ]
        lines.append(f"| {it.name} | {' | '.join(parts)} |")
    return lines


def _sizes() -> list[str]:
    """Return a Markdown table with capacity and price of HTTP for 1,000 agents, by the memory of an instance."""
    requests = 1_000 * AGENT_REQUESTS * 8 * 21
    heads = "memory | cores | requests a second | agents | instances for 1,000 agents | dollars a month for them"
    lines = [f"| {heads} |", "|" + " --- |" * 6]
    for memory, cores in CORES.items():
        it = Deployment(name="", requests=requests, people=0, memory_gb=memory / 1024)
        agents = capacity(memory) * 3600 / AGENT_REQUESTS
        lines.append(
            f"| {memory} MB | {cores:g} | {capacity(memory):.0f} | {agents:,.0f} | {instances(it)} | {always_ready(it):.0f} |"
        )
    return lines


def _between(low: float, high: float) -> str:
    return f"{low:,.0f}" if round(low) == round(high) else f"{low:,.0f} to {high:,.0f}"


def _plain(dollars: float) -> str:
    return f"{dollars:.9f}".rstrip("0") if dollars < 0.01 else f"{dollars:g}"


if __name__ == "__main__":
    print(tables())
    sys.exit(0)
