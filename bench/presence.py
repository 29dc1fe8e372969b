"""Measure presence at scale against the simulator: one tenant of 100,000 people, and 1,000 tenants of 100.

    python -m bench.presence [--people N] [--tenants N] [--latency SECONDS]

The simulator runs in a process of its own and responds to each request after 100 ms. Printed are:
how long the requests alone take at the same concurrency, how long a sync takes and the ratio of
both, storage operations, and this process's CPU seconds and peak memory.
"""

import argparse
import asyncio
import multiprocessing
import resource
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from uuid import UUID, uuid5

import aiohttp
import orjson

from directories.audit import operator_actor
from local.counting_tables import CountingTables
from local.graph.server import running
from local.graph.simulator import CLIENT_ID, CLIENT_SECRET, HOME_TENANT_ID, Simulator
from presence.consent import linking
from presence.graph.batching import CONCURRENCY
from presence.graph.client import MAX_IDS_PER_CALL
from presence.instance import runtime_of
from presence.sync import dispatch
from presence.sync.sync_tenant import sync
from presence.tenant_links import DirectoryLink
from scim.resource_rows import ACTIVE
from shared.app import App
from shared.clock import SystemClock
from shared.settings import Settings
from shared.tables.open import open_tables
from shared.tables.port import Upsert
from shared.tables.schema.base import CONTACTS
from shared.tables.schema.contacts import EXTERNAL_ID

QUEUE_CONCURRENCY = 16  # host.json: extensions.queues.batchSize
_NAMESPACE = UUID("7d0c6d6e-4a3e-4f57-8a3c-1f2a9d6b0000")


@dataclass(frozen=True, slots=True)
class Size:
    """The size of the simulated deployment: tenants, people per tenant, and Graph's latency in seconds."""

    tenants: int
    people: int
    latency: float


def tenant_ids(size: Size) -> list[str]:
    """Return the IDs of the tenants."""
    return [str(uuid5(_NAMESPACE, str(number))) for number in range(size.tenants)]


def serve(size: Size, pipe: Connection) -> None:
    """Run the simulator in this process until the pipe receives a message."""
    simulator = Simulator()
    simulator.options.latency = size.latency
    for number, tenant_id in enumerate(tenant_ids(size)):
        simulator.add_tenant(
            f"Tenant {number}", f"t{number}.example", tenant_id=tenant_id, crowd=size.people
        )
        simulator.consent(tenant_id)
    with running(simulator) as url:
        pipe.send(url)
        pipe.recv()


@contextmanager
def simulated(size: Size) -> Iterator[str]:
    """Run a simulator in a process of its own inside the block; yield its address."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=serve, args=(size, there), daemon=True
    )
    process.start()
    try:
        yield here.recv()
    finally:
        here.send("stop")
        process.join(10)


def people_of(tenant_id: str, count: int) -> list[str]:
    """Return the object IDs of the tenant's first `count` people."""
    from local.graph.people import Tenant

    return Tenant(tenant_id=tenant_id, domain="", name="", crowd=count).object_ids()


async def prepare(app: App, size: Size) -> None:
    """Store one directory with people per tenant, and connect it with the tenant."""
    for tenant_id in tenant_ids(size):
        directory_id = f"d-{tenant_id}"
        rows = [
            Upsert(EXTERNAL_ID.key(one, one), ACTIVE[True])
            for one in people_of(tenant_id, size.people)
        ]
        batches = [rows[at : at + 100] for at in range(0, len(rows), 100)]
        await asyncio.gather(
            *(app.tables.transact(CONTACTS, directory_id, batch) for batch in batches)
        )
        await linking.connect(
            app,
            DirectoryLink(directory_id=directory_id, tenant_id=tenant_id, account="account"),
            operator_actor("account"),
        )


async def bare_calls(app: App, url: str, tenant_id: str, people: int) -> float:
    """Return the seconds that the Graph requests of a sync take alone, with the same chunks and concurrency.

    The responses are read and discarded.
    """
    token = await runtime_of(app).credential.token(tenant_id)
    ids = people_of(tenant_id, people)
    chunks = [ids[at : at + MAX_IDS_PER_CALL] for at in range(0, len(ids), MAX_IDS_PER_CALL)]
    address = f"{url}/v1.0/communications/getPresencesByUserId"
    headers = {"Authorization": f"Bearer {token.value}", "Content-Type": "application/json"}
    gate = asyncio.Semaphore(CONCURRENCY)
    async with aiohttp.ClientSession() as session:

        async def one(chunk: list[str]) -> None:
            body = orjson.dumps({"ids": chunk})
            async with gate, session.post(address, data=body, headers=headers) as response:
                await response.read()

        began = time.monotonic()
        await asyncio.gather(*map(one, chunks))
        return time.monotonic() - began


def memory() -> str:
    """Return this process's peak memory so far, as text."""
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB"


def services_for(url: str, folder: str) -> tuple[App, CountingTables]:
    """Return an app on the embedded engine in `folder`, and its tables, which count round trips."""
    settings = Settings.read(
        {
            "TABLES": f"sqlite:///{folder}/bench.db",
            "LOGIN_URL": url,
            "GRAPH_URL": url,
            "PRESENCE_CLIENT_ID": CLIENT_ID,
            "PRESENCE_CLIENT_SECRET": CLIENT_SECRET,
            "HOME_TENANT_ID": HOME_TENANT_ID,
        }
    )
    tables = CountingTables(open_tables(settings))
    return App(settings, SystemClock(), tables), tables


async def one_large(url: str, size: Size, folder: str) -> None:
    """Measure one tenant: the first sync, then steady ones, each compared with its Graph requests alone."""
    app, tables = services_for(url, folder)
    (tenant_id,) = tenant_ids(size)
    await prepare(app, size)
    before = memory()
    for turn in ("first", "second", "third", "fourth", "fifth", "sixth"):
        await asyncio.sleep(
            5
        )  # without a pause between syncs, the limit on Graph requests would delay them
        bare = await bare_calls(app, url, tenant_id, size.people)
        cpu, began = time.process_time(), time.monotonic()
        with tables.measured() as calls:
            outcome = await sync(app, tenant_id, now_due=True)
        seconds, cpu = time.monotonic() - began, time.process_time() - cpu
        counted = dict(Counter(calls))
        print(
            f"{turn:>6} sync: {outcome} {seconds:.2f} s (CPU {cpu:.2f} s), calls alone {bare:.2f} s,"
            f" ratio {seconds / bare:.2f}, storage {len(calls)}: {counted}"
        )
    print(f"memory before {before}, peak {memory()}")
    await app.close()


async def many_small(url: str, size: Size, folder: str) -> None:
    """Measure many tenants: the messages of each interval, handled as one instance does."""
    app, tables = services_for(url, folder)
    await prepare(app, size)
    for turn in ("first", "second", "third"):
        messages = await dispatch.due(app)
        gate = asyncio.Semaphore(QUEUE_CONCURRENCY)
        latencies: list[float] = []

        async def handle(
            body: str, gate: asyncio.Semaphore = gate, into: list[float] = latencies
        ) -> str | None:
            async with gate:
                began = time.monotonic()
                outcome = await dispatch.handle(app, body.encode())
                into.append(time.monotonic() - began)
                return outcome

        await asyncio.sleep(app.settings.presence_interval / 2 if turn != "first" else 0)
        cpu, began = time.process_time(), time.monotonic()
        with tables.measured() as calls:
            outcomes = Counter(await asyncio.gather(*map(handle, messages)))
        seconds, cpu = time.monotonic() - began, time.process_time() - cpu
        print(
            f"{turn:>6} interval: {dict(outcomes)} in {seconds:.1f} s (CPU {cpu:.1f} s),"
            f" median of a tenant {statistics.median(latencies) * 1000:.0f} ms, storage {len(calls)}"
        )
    print(f"peak memory {memory()}")
    await app.close()


def main() -> None:
    """Run both benchmarks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--people", type=int, default=100_000, help="people of the large tenant (0: leave it out)"
    )
    parser.add_argument(
        "--tenants", type=int, default=1000, help="tenants of 100 people (0: leave them out)"
    )
    parser.add_argument("--latency", type=float, default=0.1, help="seconds that each call takes")
    arguments = parser.parse_args()
    for work, size in (
        (one_large, Size(1, arguments.people, arguments.latency)),
        (many_small, Size(arguments.tenants, 100, arguments.latency)),
    ):
        if size.people and size.tenants:
            print(
                f"{size.tenants} tenants of {size.people} people, calls of {size.latency * 1000:.0f} ms"
            )
            with simulated(size) as url, tempfile.TemporaryDirectory() as folder:
                asyncio.run(work(url, size, folder))


if __name__ == "__main__":
    main()
