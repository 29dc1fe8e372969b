"""Two Apps in one process share only their storage."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import NamedTuple

import orjson
import pytest

from directories import rate_limits, service
from directories.audit import operator_actor
from directories.service import NewDirectory
from local.counting_tables import CountingTables
from presence.instance import runtime_of
from shared.app import App
from shared.settings import Settings
from tests.clock import FixedClock
from tests.openapi.conftest import ACCOUNT, TOKEN, Deployed, host_of


class Pair(NamedTuple):
    """Two Apps with different settings."""

    first: Deployed
    second: Deployed
    tables: CountingTables


def _settings(name: str) -> Settings:
    return Settings(
        product_name=name,
        platform_sign_in=True,
        graph_url=f"https://graph.{name}.example",
        login_url=f"https://login.{name}.example",
    )


@pytest.fixture
async def pair(tables: CountingTables) -> AsyncIterator[Pair]:
    """Yield two Apps with different settings and clocks over the same tables."""
    first = App(_settings("first"), FixedClock(), tables)
    second = App(_settings("second"), FixedClock(), tables)
    await service.create(
        first, operator_actor(ACCOUNT), NewDirectory("Contoso", id="contoso", token=TOKEN)
    )
    found = Pair(Deployed(host_of(first), first), Deployed(host_of(second), second), tables)
    yield found
    for deployed in (found.first, found.second):
        await deployed.host.stop()
        await deployed.app.background.close()
        await runtime_of(deployed.app).close()


USERS = "/scim/contoso/v2/Users?filter=userName%20eq%20%22anna%22"


async def _round_trips(pair: Pair, deployed: Deployed) -> int:
    await pair.first.app.background.drain()
    await pair.second.app.background.drain()
    with pair.tables.measured() as calls:
        await deployed.json("GET", USERS)
        await deployed.app.background.drain()
        return len(calls)


async def test_caches_are_not_shared(pair: Pair) -> None:
    """A directory that the first App has cached is read by the second one."""
    cold = await _round_trips(pair, pair.first)
    warm = await _round_trips(pair, pair.first)
    assert warm < cold
    assert await _round_trips(pair, pair.second) > warm


async def test_rate_limits_are_not_shared(pair: Pair) -> None:
    """A directory that exceeds the limit of one App is served by the other."""
    assert (await pair.first.call("GET", USERS)).status == 200
    rate_limits.charge_work(pair.first.app, "contoso", 100_000)
    assert (await pair.first.call("GET", USERS)).status == 429
    assert (await pair.second.call("GET", USERS)).status == 200


async def test_settings_are_not_shared(pair: Pair) -> None:
    """Each App has its own Graph client, sign-in service and product name."""
    for name, deployed in (("first", pair.first), ("second", pair.second)):
        runtime = runtime_of(deployed.app)
        assert runtime.graph.url.startswith(f"https://graph.{name}.example")
        page = await deployed.call("GET", "/")
        assert name in page.body.decode()


async def test_metrics_are_not_shared(pair: Pair, caplog: pytest.LogCaptureFixture) -> None:
    """Each App counts its own invocations, by its own clock."""
    caplog.set_level(logging.INFO, "external_directories")
    await pair.first.json("GET", USERS)
    await pair.second.json("GET", USERS)
    await pair.second.json("GET", USERS)
    caplog.clear()

    def counted(app: App) -> list[int]:
        caplog.clear()
        app.metrics.report()
        lines = [orjson.loads(record.getMessage()) for record in caplog.records]
        return [line["calls"] for line in lines if line["event"] == "metrics.calls"]

    assert counted(pair.first.app) == [1]
    assert counted(pair.second.app) == [2]


async def test_background_tasks_are_not_shared(pair: Pair) -> None:
    """Closing an App doesn't wait for another App's tasks."""
    gate = asyncio.Event()

    async def wait() -> None:
        await gate.wait()

    task = pair.second.app.background.start(wait(), "test")
    await pair.first.app.background.close()
    assert not task.done()
    gate.set()
    await pair.second.app.background.drain()
    assert task.done()
