"""The cost of an hour without events, counted: the figures in docs/presence.md and of `python -m
bench.presence_cost`.
"""

import pytest

from bench import presence_cost as cost
from bench.cost import MONTH, price
from tests.presence.browser import Browser
from tests.presence.world import World


@pytest.mark.parametrize("people", [100, 700])
async def test_an_hour_costs_the_operations_that_the_price_assumes(
    world: World, browser: Browser, people: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Timer, its row, syncs, compaction and the check of connections, by the real timer and queue
    functions.
    """
    monkeypatch.setitem(cost.SYNCS, people, 0.2)  # how long a sync takes is not counted here
    await world.linked(people)
    await world.interval()
    await world.interval()
    calls = world.calls()
    with world.tables.measured() as counted:
        outcomes = [outcome for _ in range(120) for outcome in await world.interval()]
    assert outcomes.count("synced") == 120
    each = cost.TIMER_OPERATIONS + cost.MESSAGE_OPERATIONS + cost.SYNC_OPERATIONS
    assert 120 * each <= len(counted) <= 120 * each + cost.OTHERS_AN_HOUR
    assert world.calls() - calls == 120 * cost.usage(people, 30, 2048).graph_calls // (MONTH // 30)


def test_only_graphs_calls_grow_with_the_people() -> None:
    """Storage operations and executions are the same for 100 and for 100,000 people."""
    small, large = cost.usage(100, 30, 2048), cost.usage(100_000, 30, 2048)
    assert (small.table_operations, small.executions) == (large.table_operations, large.executions)
    assert large.graph_calls == 154 * 87_600


def test_the_price_follows_its_assumptions() -> None:
    """docs/presence.md: 2 GB for one second of the timer and one of the sync, every 30 seconds."""
    found = cost.usage(100, 30, 2048).dollars(with_grants=False)
    assert found["compute"] == pytest.approx(87_600 * 2 * 2 * price("on demand"))
    assert found["executions"] == pytest.approx(175_200 * price("executions"))
    granted = cost.usage(100, 30, 512).dollars(with_grants=True)
    assert (granted["compute"], granted["executions"]) == (0, 0)
