"""Measure how long requests wait if other threads are busy: `python -m bench.busy`.

    python -m bench.busy [--requests 200] [--rounds 5] [--threads 3] [--share 0.25] [--limits]

The function app runs in this process on SQLite and is called by 8 clients at once, without HTTP.
Other threads hold the GIL for 0.2 ms at a time, each for `share` of the time. The kinds of requests
take turns, and one of them calls an empty function, which returns the same headers. The table shows
per kind: the median wait of a client, the CPU time of the event loop's thread per request, how
often per request the loop released the GIL (voluntary context switches of that thread), and the
estimated cost in Azure as a multiple of an empty function's cost. There, an empty function takes
1.7 ms of host and worker (docs/PERFORMANCE.md), and the estimate adds the CPU time that the request
takes beyond the empty function. CPU time grows with the load of the machine, so compare only rows
of the same run.
"""

import argparse
import asyncio
import json
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from typing import NamedTuple

import azure.functions as func

from directories.audit import operator_actor
from directories.service import NewDirectory, create
from scim import endpoints
from shared.app import App
from shared.clock import SystemClock
from shared.settings import Settings
from shared.tables.sqlite import SqliteTables

CLIENTS = 8
PLATFORM_MS = 1.7
LIMITS = {"POST": 1.6, "PATCH": 1.6, "GET": 1.1}
_HELD_SECONDS = 0.0002
_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
_HEADERS = {
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}
_PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class Busy:
    """Threads that hold the GIL for a share of the time, while the `with` block runs."""

    def __init__(self, count: int, share: float) -> None:
        self._pause = _HELD_SECONDS / share - _HELD_SECONDS
        self._ends = threading.Event()
        self._threads = [threading.Thread(target=self._work) for _ in range(count)]

    def _work(self) -> None:
        while not self._ends.is_set():
            until = time.thread_time() + _HELD_SECONDS
            while time.thread_time() < until:
                pass
            time.sleep(self._pause)

    def __enter__(self) -> "Busy":
        for one in self._threads:
            one.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        for one in self._threads:
            one.join()


class Product:
    """The SCIM functions of an App on SQLite, called as the Python worker calls them."""

    def __init__(self, folder: Path) -> None:
        settings = Settings.read({"PUBLIC_URL": "https://bench"})  # as in Azure
        self.app = App(settings, SystemClock(), SqliteTables(folder / "busy.db"))
        functions = func.FunctionApp()
        functions.register_functions(endpoints.blueprint(self.app))
        self._functions = {one.get_function_name(): one for one in functions.get_functions()}
        self._ids: dict[int, str] = {}
        self._directory = self._token = ""
        self.first = 0  # the number of this round's first person

    async def begin(self) -> None:
        """Create a directory for the requests."""
        made, self._token = await create(self.app, operator_actor("bench"), NewDirectory("busy"))
        self._directory = made.id

    async def _call(self, name: str, method: str, body: object = None, **route: str) -> str:
        path = f"https://bench/scim/{self._directory}/v2/Users" + (
            f"/{route['id']}" if route else ""
        )
        request = func.HttpRequest(
            method,
            path,
            headers={
                "authorization": f"Bearer {self._token}",
                "content-type": "application/scim+json",
            },
            route_params={"directoryId": self._directory, **route},
            body=json.dumps(body).encode() if body else b"",
        )
        function = self._functions[name].get_user_function() if name else _empty
        response: func.HttpResponse = await function(request)
        if response.status_code >= 300:
            raise SystemExit(f"{method}: {response.status_code} {response.get_body()!r}")
        return response.get_body().decode()

    async def empty(self, number: int) -> None:
        """Call the empty function with a GET request."""
        await self._call("", "GET", id=str(number))

    async def post(self, number: int) -> None:
        """Create a person with this number."""
        number += self.first
        person = {
            "schemas": [_USER],
            "userName": f"p{number}@example.com",
            "displayName": f"Ada {number} Lovelace",
            "emails": [{"type": "work", "value": f"p{number}@example.com"}],
            "phoneNumbers": [{"type": "work", "value": f"+44 20 7946 {number % 10000:04}"}],
        }
        self._ids[number] = json.loads(await self._call("scim_users", "POST", person))["id"]

    async def get(self, number: int) -> None:
        """Read the person with this number."""
        await self._call("scim_user", "GET", id=self._ids[self.first + number])

    async def patch(self, number: int) -> None:
        """Change the title of the person with this number."""
        change = {"op": "replace", "path": "title", "value": f"Engineer {number}"}
        body = {"schemas": [_PATCH], "Operations": [change]}
        await self._call("scim_user", "PATCH", body, id=self._ids[self.first + number])


async def _empty(_: func.HttpRequest) -> func.HttpResponse:
    """Return a small response with the headers that every response of the product has."""
    await asyncio.sleep(0)
    return func.HttpResponse(b"{}", status_code=200, headers=_HEADERS)


class Measured(NamedTuple):
    """The figures of one kind of request: median wait, and per request the loop's CPU time and context switches."""

    wait_ms: float
    processor_ms: float
    switches: float


async def measure(send: Callable[[int], Awaitable[None]], count: int) -> Measured:
    """Send `count` requests from `CLIENTS` clients and return the figures."""
    waits = list[float]()
    numbers = iter(range(count))

    async def client() -> None:
        for number in numbers:
            began = time.perf_counter()
            await send(number)
            waits.append(time.perf_counter() - began)

    before, processor = resource.getrusage(resource.RUSAGE_THREAD), time.thread_time()
    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    after, used = resource.getrusage(resource.RUSAGE_THREAD), time.thread_time() - processor
    switches = after.ru_nvcsw - before.ru_nvcsw
    return Measured(median(waits) * 1000, used * 1000 / count, switches / count)


async def _run(given: argparse.Namespace) -> int:
    rounds: dict[str, list[Measured]] = {}
    with tempfile.TemporaryDirectory() as folder:
        product = Product(Path(folder))
        await product.begin()
        for number in range(100):
            await product.post(-number - 1)  # so that an instance's one-time work isn't measured
        kinds = {
            "empty": product.empty,
            "POST": product.post,
            "GET": product.get,
            "PATCH": product.patch,
        }
        with Busy(given.threads, given.share):
            for turn in range(given.rounds):
                product.first = turn * given.requests
                for name, send in kinds.items():
                    rounds.setdefault(name, []).append(await measure(send, given.requests))
        await product.app.close()
    print("| request | wait p50 ms | loop CPU ms | GIL waits | in Azure, times an empty one |")
    print("|---|---|---|---|---|")
    failed, empty = 0, median(processor for _, processor, _ in rounds["empty"])
    for name, found in rounds.items():
        wait, processor, switches = (median(column) for column in zip(*found, strict=True))
        ratio = (PLATFORM_MS + processor - empty) / PLATFORM_MS
        failed |= ratio > LIMITS.get(name, ratio)
        print(f"| {name} | {wait:.1f} | {processor:.2f} | {switches:.1f} | {ratio:.2f} |")
    return failed if given.limits else 0


def main() -> int:
    """Measure; return 1 if a limit is exceeded."""
    summary = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m bench.busy", description=summary)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=3)
    parser.add_argument("--share", type=float, default=0.25)
    parser.add_argument("--limits", action="store_true")
    return asyncio.run(_run(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
