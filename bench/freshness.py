"""Measure how long it takes until an agent's client sees a status that changed in Teams, end to end.

    python -m bench.freshness [--minutes 3] [--interval 30] [--people 200] [--every 0.5] [--limits]

The function app runs in a process of its own (`python -m local serve`) with its real timer and
queue; Microsoft is the simulator. The company is provisioned and connected over HTTP, as its
administrators would do it. Then people change status at random times (`PUT /control/…/presence/…`),
each time to a new status, and a reader requests `GET /api/contacts?limit=200` every half second.
The measured time is between a change and the first response that shows it. *background* is without
requests for fresh presence, and its limit is the interval + 2 s; *on demand* is with
`presence=fresh`, and its limit is 12 s. Changes that were overwritten before any response showed
them are not counted. `--limits` makes the exit code 1 if a limit is exceeded.
"""

import argparse
import asyncio
import contextlib
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from local.demo import company
from local.graph.server import running
from local.graph.simulator import CLIENT_ID, CLIENT_SECRET, CONTOSO, HOME_TENANT_ID, Simulator
from local.host.sign_in import ACCOUNT, COOKIE

_ROOT = Path(__file__).parent.parent
_CHANGES = 1.0  # per second, on average
_READER = {"Cookie": f"{COOKIE}=reader.{ACCOUNT}"}


@dataclass(slots=True, kw_only=True)
class Watch:
    """The changes of status, and how late a reader saw them.

    `waiting` has the time of each change that no response has shown yet, by status; `seconds` has the delays of
    the others. `current` is the last status of each person, `overwritten` counts changes that no response showed,
    and `asked` has the durations of the reader's requests.
    """

    waiting: dict[str, float] = field(default_factory=dict)
    current: dict[str, str] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    overwritten: int = 0
    asked: list[float] = field(default_factory=list)

    def changed(self, object_id: str, status: str) -> None:
        """Record that a person has another status from now on."""
        if self.waiting.pop(self.current.get(object_id, ""), None) is not None:
            self.overwritten += 1
        self.current[object_id] = status
        self.waiting[status] = time.monotonic()

    def seen(self, statuses: set[str]) -> None:
        """Record that a response shows these statuses."""
        now = time.monotonic()
        self.seconds += [
            now - self.waiting.pop(status) for status in statuses & self.waiting.keys()
        ]


@contextlib.contextmanager
def serving(simulator: Simulator, interval: int) -> Iterator[str]:
    """Run the product in a process of its own, on an empty store and with timers; yield its address."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "TABLES": f"sqlite:///{folder}/bench.db",
            "LOGIN_URL": simulator.url,
            "GRAPH_URL": simulator.url,
            "PRESENCE_CLIENT_ID": CLIENT_ID,
            "PRESENCE_CLIENT_SECRET": CLIENT_SECRET,
            "HOME_TENANT_ID": HOME_TENANT_ID,
            "PRESENCE_INTERVAL_SECONDS": str(interval),
        }
        command = [sys.executable, "-m", "local", "serve", "--port", "0"]
        with subprocess.Popen(
            command,
            cwd=_ROOT,
            env=os.environ | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:
            assert process.stdout is not None
            found = re.search(rb"http://\S+", process.stdout.readline())
            if found is None:
                raise SystemExit("the product did not start")
            try:
                yield found[0].decode()
            finally:
                process.terminate()


async def connected(url: str, simulator: Simulator, people: int) -> list[str]:
    """Provision a company and connect its presence over HTTP; return the object IDs of its people."""
    with tempfile.TemporaryDirectory() as folder:
        async with aiohttp.ClientSession(
            url, cookie_jar=aiohttp.CookieJar(unsafe=True)
        ) as administrator:
            made = await company.directory(administrator, Path(folder) / "directory.json")
            await company.people(made, people, lambda progress: None)
            await company.presence(administrator, made, simulator)
    simulator.tenants[CONTOSO].moving = False
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {made.token}"}) as client:
        address = f"{made.scim_base_url}/Users?count={people}&attributes=externalId"
        async with client.get(address) as response:
            users = (await response.json(content_type=None))["Resources"]
    return [str(user["externalId"]).lower() for user in users]


async def change(simulator: Simulator, ids: list[str], watch: Watch, until: float) -> None:
    """Change the status of random people at random times, until `until`.

    The changes go through the simulator's control API.
    """
    async with aiohttp.ClientSession(simulator.url) as control:
        while time.monotonic() < until:
            await asyncio.sleep(random.expovariate(_CHANGES))
            object_id, status = random.choice(ids), f"Status-{random.getrandbits(48):x}"
            path = f"/control/tenants/{CONTOSO}/presence/{object_id}"
            async with control.put(
                path, json={"availability": status, "activity": status}
            ) as response:
                response.raise_for_status()
            watch.changed(object_id, status)


async def read(url: str, query: str, watch: Watch, every: float, until: float) -> None:
    """Request all people as a reader every `every` seconds, until the time `until`."""
    async with aiohttp.ClientSession(url, headers=_READER) as reader:
        while time.monotonic() < until:
            began = time.monotonic()
            async with reader.get(f"/api/contacts?limit=200{query}") as response:
                response.raise_for_status()
                contacts = (await response.json(content_type=None))["contacts"]
            watch.seen({one["presence"]["availability"] for one in contacts if one.get("presence")})
            watch.asked.append(time.monotonic() - began)
            await asyncio.sleep(max(0.0, every - (time.monotonic() - began)))


async def phase(
    url: str, simulator: Simulator, ids: list[str], query: str, arguments: argparse.Namespace
) -> Watch:
    """Change and read statuses for the minutes in the arguments; return the recorded changes."""
    watch, until = Watch(), time.monotonic() + 60 * arguments.minutes
    last = until + arguments.interval + 5
    reading = asyncio.create_task(read(url, query, watch, arguments.every, last))
    await change(simulator, ids, watch, until)
    await reading
    return watch


def report(name: str, watch: Watch, limit: float) -> bool:
    """Print the figures; return whether 95 % of the changes kept the limit and all were seen."""
    ages = sorted(watch.seconds)
    p50, p95 = statistics.quantiles(ages, n=100)[49], statistics.quantiles(ages, n=100)[94]
    print(
        f"{name:11} changes seen {len(ages)}, overwritten {watch.overwritten}, not seen {len(watch.waiting)};"
        f" p50 {p50:.1f} s, p95 {p95:.1f} s, max {ages[-1]:.1f} s (p95 at most {limit:.0f} s);"
        f" an answer takes {statistics.median(watch.asked) * 1000:.0f} ms",
        flush=True,
    )
    return p95 <= limit and not watch.waiting


async def measure(url: str, simulator: Simulator, arguments: argparse.Namespace) -> bool:
    """Measure both ways of reading, one after the other; return whether both kept their limits."""
    ids = await connected(url, simulator, arguments.people)
    print(
        f"{len(ids)} people, timer every {arguments.interval} s, reader every {arguments.every} s",
        flush=True,
    )
    background = await phase(url, simulator, ids, "", arguments)
    is_well = report("background", background, arguments.interval + 2)
    on_demand = await phase(url, simulator, ids, "&presence=fresh", arguments)
    return report("on demand", on_demand, 12) and is_well


def main() -> int:
    """Run the benchmark; with `--limits`, return 1 if a limit was exceeded."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--minutes", type=float, default=3.0, help="of changes for each way of reading (3)"
    )
    parser.add_argument("--interval", type=int, default=30, help="PRESENCE_INTERVAL_SECONDS (30)")
    parser.add_argument(
        "--people", type=int, default=200, help="in the company, at most 200 (one page)"
    )
    parser.add_argument(
        "--every", type=float, default=0.5, help="seconds between two questions of the reader (0.5)"
    )
    parser.add_argument("--limits", action="store_true", help="exit code 1 above the limits")
    arguments = parser.parse_args()
    simulator = Simulator()
    with running(simulator), serving(simulator, arguments.interval) as url:
        is_well = asyncio.run(measure(url, simulator, arguments))
    return int(arguments.limits and not is_well)


if __name__ == "__main__":
    sys.exit(main())
