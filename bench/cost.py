"""What a deployment costs a month: `python -m bench.cost` prints the tables of docs/operations.md.

Counted work times unit prices. Prices are assumptions: each has its source and date, or is marked. Flex Consumption
bills an instance's active time, at least a second each time; messages of one tick share an instance, so what is billed
lies between all of them together and each of them alone.
"""

import sys
from dataclasses import dataclass
from math import ceil

MONTH = 730 * 3600  # seconds
TICK = 30  # seconds between two presence syncs
BATCH = 16  # messages that an instance handles at once (host.json)
POLL_SECONDS = 2.0  # host.json: maxPollingInterval, while the queue is empty


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars a unit, East US, without discounts or taxes."""

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
        0.01, "hour; three of them", "c3x.dev; oneuptime.com/blog, 16 February 2026"
    ),
}
FREE_GB_SECONDS, FREE_EXECUTIONS, FREE_LOG_GB = 100_000, 250_000, 5


@dataclass(frozen=True, slots=True)
class Deployment:
    """Assumptions about a deployment; `requests` in a month, `sync_seconds` that one batch of tenants takes."""

    name: str
    requests: int
    people: int
    tenants: int = 0
    sync_seconds: float = 1.0
    tick: int = TICK
    memory_gb: float = 2.0
    log_gb: float = 1.0


DEPLOYMENTS = (
    Deployment("no presence: 10 directories, 5,000 people, 20 agents", 100_000, 5_000),
    Deployment("presence of 10 tenants", 100_000, 5_000, tenants=10),
    Deployment("the same with 512 MB instances", 100_000, 5_000, tenants=10, memory_gb=0.5),
    Deployment(
        "1,000 tenants of 100 people every minute",
        2_000_000,
        100_000,
        1_000,
        0.2,
        tick=60,
        log_gb=10.0,
    ),
)


def price(name: str) -> float:
    """Dollars a unit."""
    return PRICES[name].dollars


def always_ready(it: Deployment) -> float:
    """The warm HTTP instance, and the requests, a second each."""
    waiting = it.memory_gb * MONTH * price("always ready")
    working = it.memory_gb * it.requests * price("always ready, working")
    return waiting + working + it.requests * price("executions")


def on_demand(it: Deployment, *, alone: bool) -> float:
    """Timers and syncs; `alone`: each message is billed its own second."""
    ticks = MONTH / it.tick
    batches = it.tenants if alone else ceil(it.tenants / BATCH)
    seconds = ticks + MONTH / 3600 + ticks * batches * max(1.0, it.sync_seconds)
    executions = ticks + MONTH / 3600 + ticks * it.tenants
    return max(0.0, seconds * it.memory_gb - FREE_GB_SECONDS) * price("on demand") + max(
        0.0, executions - FREE_EXECUTIONS
    ) * price("executions")


def storage(it: Deployment) -> float:
    """Operations (tests count them: 2 a tick, 1 for its messages, 4 a sync, 2 a request), and 20 kB a person.

    A message is put, taken and deleted; an empty queue is asked again and again.
    """
    ticks = MONTH / it.tick
    operations = ticks * (2 + bool(it.tenants) + 4 * it.tenants) + 2 * it.requests
    messages = (3 * ticks * it.tenants + MONTH / POLL_SECONDS) * price("queue operations")
    return (
        operations * price("table operations") + messages + it.people * 20e-6 * price("table space")
    )


def watching(it: Deployment) -> float:
    """Logs, and the six rules."""
    logs = max(0.0, it.log_gb - FREE_LOG_GB) * price("logs")
    return logs + 4 * price("alert, 5 minutes") + 2 * price("alert, 15 minutes")


def tables() -> str:
    """Unit prices, and what each deployment comes to, as Markdown."""
    lines = ["| price | dollars | for one | source |", "| --- | --- | --- | --- |"]
    lines += [
        f"| {name} | {_plain(it.dollars)} | {it.unit} | {it.source} |"
        for name, it in PRICES.items()
    ]
    lines += ["", "| deployment | always ready | on demand | storage | watching | a month |"]
    lines.append("| --- | --- | --- | --- | --- | --- |")
    for it in DEPLOYMENTS:
        low, high = on_demand(it, alone=False), on_demand(it, alone=True)
        rest = always_ready(it) + storage(it) + watching(it)
        parts = [
            f"{always_ready(it):.0f}",
            _between(low, high),
            f"{storage(it):.2f}",
            f"{watching(it):.0f}",
        ]
        lines.append(f"| {it.name} | {' | '.join(parts)} | {_between(rest + low, rest + high)} |")
    return "\n".join(lines)


def _between(low: float, high: float) -> str:
    return f"{low:.0f}" if round(low) == round(high) else f"{low:,.0f} to {high:,.0f}"


def _plain(dollars: float) -> str:
    return f"{dollars:.9f}".rstrip("0") if dollars < 0.01 else f"{dollars:g}"


if __name__ == "__main__":
    print(tables())
    sys.exit(0)
