"""What the app writes into the log, counted: the cost table of docs/operations.md reckons with these numbers."""

import json
import logging
from collections import Counter

import pytest

from bench import cost
from directories import maintenance
from presence.sync import dispatch
from shared import log
from shared.instrumentation import OperationScope
from tests.presence.world import World

MINUTES = 10


def _counted(caplog: pytest.LogCaptureFixture) -> Counter[str]:
    lines = (json.loads(one.getMessage()) for one in caplog.records if one.name == log.NAME)
    return Counter(str(line["event"]) for line in lines)


async def test_lines_of_ticks_and_syncs(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """While nothing is wrong: one line a tick, none a sync, three of metrics a minute; each function is a call."""
    await world.linked(50)
    await world.interval()
    caplog.set_level(logging.INFO, log.NAME)
    ticks = syncs = 0
    for _ in range(MINUTES * 60 // cost.TICK):
        world.clock.advance(cost.TICK)
        with OperationScope(world.app, "presence_timer") as call:
            messages = await dispatch.due(world.app)
            call.status = 200
        ticks += 1
        for message in messages:
            with OperationScope(world.app, "presence_sync") as call:
                if await dispatch.handle(world.app, message.encode()) == "synced":
                    syncs += 1
                call.status = 200
    found = _counted(caplog)
    assert ticks == 20
    assert syncs >= ticks - 1
    metrics = found["metrics.calls"] + found["metrics.presence"]
    assert found.pop("timer.run") == ticks * cost.LINES_PER_TICK
    assert metrics <= MINUTES * cost.METRIC_LINES_PER_MINUTE
    assert set(found) <= {"metrics.calls", "metrics.presence"}
    assert cost.LINES_PER_SYNC == 0


async def test_lines_of_the_hourly_maintenance(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Two, whatever the number of directories."""
    caplog.set_level(logging.INFO, log.NAME)
    await maintenance.run(world.app, world.app.clock.monotonic() + 60)
    assert _counted(caplog).total() == cost.LINES_PER_HOUR


def test_batches_are_as_large_as_the_table_says() -> None:
    """The table counts the messages that the timer sends."""
    assert cost.TENANTS_OF_A_BATCH == dispatch._MAX_TENANTS_OF_A_BATCH
