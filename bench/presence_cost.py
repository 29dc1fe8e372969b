"""Estimate the monthly cost of one company's steady presence, from counted operations and assumed prices.

    python -m bench.presence_cost [--memory 2048] [--interval 30] [--no-grants]

`tests/presence/test_cost.py` counts the operations; the prices are the assumptions of
`bench/cost.py`. Instances are billed while they execute, at least a second each time; timer and
queue have instances of their own.
"""

import argparse
from dataclasses import dataclass

from bench.cost import FREE_EXECUTIONS, FREE_GB_SECONDS, MONTH, POLL_SECONDS, price

# Counted per interval; a sync's operations don't depend on the number of people.
TIMER_OPERATIONS, MESSAGE_OPERATIONS, SYNC_OPERATIONS = 2, 1, 4
OTHERS_AN_HOUR = 36  # per hour, at most: compaction, and the check of connections every ten minutes
QUEUE_OPERATIONS = 3  # per message: put, get, delete
MIN_SECONDS = 1.0  # the minimum that an execution is billed
# Seconds per sync by number of people, with Graph at 100 ms per response (bench.presence).
SYNCS = {100: 0.2, 10_000: 0.5, 100_000: 3.1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """How many operations a month of presence needs, and for how many GB-seconds its instances are billed."""

    graph_calls: int
    table_operations: int
    queue_operations: int
    executions: int
    gb_seconds: float

    def dollars(self, *, with_grants: bool) -> dict[str, float]:
        """Return the price by kind of usage; `with_grants` subtracts the free monthly amounts."""
        granted = (FREE_GB_SECONDS, FREE_EXECUTIONS) if with_grants else (0, 0)
        return {
            "compute": max(0.0, self.gb_seconds - granted[0]) * price("on demand"),
            "executions": max(0, self.executions - granted[1]) * price("executions"),
            "tables": self.table_operations * price("table operations"),
            "queues": self.queue_operations * price("queue operations"),
        }


def usage(people: int, interval: int, memory: int) -> Usage:
    """Return the monthly usage of one company of this many people, alone in a deployment.

    `interval` is in seconds, `memory` in MB.
    """
    ticks = MONTH // interval
    busy = ticks * (MIN_SECONDS + max(MIN_SECONDS, SYNCS[people]))
    return Usage(
        graph_calls=ticks * -(-people // 650),
        table_operations=ticks * (TIMER_OPERATIONS + MESSAGE_OPERATIONS + SYNC_OPERATIONS)
        + MONTH // 3600 * OTHERS_AN_HOUR,
        queue_operations=ticks * QUEUE_OPERATIONS + int(MONTH / POLL_SECONDS),
        executions=2 * ticks,
        gb_seconds=busy * memory / 1024,
    )


def main() -> None:
    """Print a line per company size."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--memory", type=int, default=2048, help="INSTANCE_MEMORY_MB (2048)")
    parser.add_argument("--interval", type=int, default=30, help="PRESENCE_INTERVAL_SECONDS (30)")
    parser.add_argument(
        "--no-grants", action="store_true", help="the subscription's free grants are used up"
    )
    given = parser.parse_args()
    for people in SYNCS:
        found = usage(people, given.interval, given.memory)
        parts = found.dollars(with_grants=not given.no_grants)
        print(
            f"{people:>7} people: {sum(parts.values()):6.2f} dollars a month ("
            + ", ".join(f"{name} {dollars:.2f}" for name, dollars in parts.items())
            + f"); {found.graph_calls:,} Graph calls, {found.table_operations:,} table and"
            f" {found.queue_operations:,} queue operations, {found.executions:,} executions,"
            f" {found.gb_seconds:,.0f} GB-seconds"
        )


if __name__ == "__main__":
    main()
