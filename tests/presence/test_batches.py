"""A timer run with many tenants puts batches into the queue, which queue functions split."""

import asyncio
from pathlib import Path

import orjson
import pytest

from directories.audit import operator_actor
from local.host.host import HostOptions
from local.host.running import ROOT, running
from presence import tenant_links
from presence.sync import dispatch
from presence.tenant_links import DirectoryLink
from shared.settings import Settings
from shared.tables.open import open_tables
from tests.presence.world import World


def _tenant(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


async def _link(world: World, count: int) -> None:
    for number in range(count):
        link = DirectoryLink(
            directory_id=f"d{number}", tenant_id=_tenant(number), account="account"
        )
        await world.link(link.directory_id, link.tenant_id, consent=False)


@pytest.mark.parametrize(("tenants", "most"), [(3, 4), (32, 33), (33, 3), (100, 5)])
async def test_a_timer_run_sends_few_messages(world: World, tenants: int, most: int) -> None:
    """The host sends messages one after the other. After the batches are split, each tenant has
    exactly one message.
    """
    await _link(world, tenants)
    messages = await dispatch.due(world.app)
    assert len(messages) <= most
    divided = [
        one for message in messages for one in dispatch.expand(message.encode()) or [message]
    ]
    ids = [orjson.loads(one)["tenant_id"] for one in divided]
    assert sorted(filter(None, ids)) == [_tenant(number) for number in range(tenants)]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"tenant_id":"x","at":1}',
        b'{"tenant_ids":"x","at":1}',
        b'{"tenant_ids":[1],"at":1}',
    ],
)
def test_only_a_batch_is_split(body: bytes) -> None:
    """Any other message stays one message."""
    assert dispatch.expand(body) == []


async def test_every_tenant_of_a_batch_is_synced_on_the_host(tmp_path: Path) -> None:
    """Timer and queue run in the simulated host: 40 tenants in two batches."""
    tables = f"sqlite:///{tmp_path}/x.db"
    storage = open_tables(Settings(tables=tables))
    world_tenants = [_tenant(number) for number in range(40)]
    from presence.consent import linking
    from shared.app import App
    from shared.clock import SystemClock

    app = App(Settings(tables=tables), SystemClock(), storage)
    for number, tenant in enumerate(world_tenants):
        await linking.connect(
            app,
            DirectoryLink(directory_id=f"d{number}", tenant_id=tenant, account="account"),
            operator_actor("account"),
        )
    settings = {
        "TABLES": tables,
        "PRESENCE_INTERVAL_SECONDS": "10",
        "LOGIN_URL": "http://127.0.0.1:9",
    }
    async with running(ROOT / "function_app.py", settings, options=HostOptions(timers=True)):
        for _ in range(600):
            rows = [await storage.get("presence", tenant, "head") for tenant in world_tenants]
            if all(rows):
                break
            await asyncio.sleep(0.1)
    assert len(await tenant_links.tenants(storage)) == 40
    assert [tenant for tenant, row in zip(world_tenants, rows, strict=True) if row is None] == []
    await app.close()
