"""Measure how the cost of provisioning grows with a directory's size.

    python -m bench.growth [--people 500] [--stock 100000]

Sends the requests of `bench.provisioning` to a directory of 1,000 people and to one of `--stock`
people, in turns. The aim is that a request to the large one costs at most 1.3 times the CPU time.
Then it reads pages while another client imports people. The aim is that a page costs at most twice
its cost at rest; its cost is the CPU time of the import with the pages, less the CPU time of the
same import alone.
"""

import argparse
import asyncio
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import httpx

from bench.provisioning import AIMS, serving
from bench.search import filled
from directories.audit import operator_actor
from directories.credentials import issue
from local.entra import Options, mapping, measure
from local.entra.people import Company
from local.entra.process_time import cpu_seconds
from local.entra.simulator import silent
from shared.app import App
from shared.clock import SystemClock
from shared.settings import Settings
from shared.tables.sqlite import SqliteTables
from tests import emulator

AIM_AT_REST, AIM_IMPORTING = 1.3, 2.0
_SMALL = 1000
_ACCOUNT = "bench"
_PAGES = 50


@dataclass(frozen=True, slots=True)
class Target:
    """A directory of a running server."""

    base: str
    token: str
    server_pid: int


async def stocked(file: Path, people: int) -> tuple[str, str]:
    """Store a directory with this many people in the file; return the path of its SCIM base URL, and its token."""
    app = App(Settings(tables=f"sqlite:///{file}"), SystemClock(), SqliteTables(file))
    directory = await filled(app, people, _ACCOUNT)
    token = (await issue(app, operator_actor(_ACCOUNT), directory.id, "tokens")).plain
    await app.close()
    return f"/scim/{directory.id}/v2", token


async def at_rest(target: Target, people: int) -> dict[str, float]:
    """Return the server's CPU milliseconds per request, by kind of request."""
    options = Options(target.base, target.token, people=people)
    summary = await measure(options, silent, target.server_pid)
    return {name: row.cpu_ms or 0.0 for name, row in summary.operations.items()}


async def while_importing(target: Target, people: int, turn: int, pages: int) -> float:
    """Import people and read pages at the same time; return the server's CPU milliseconds for both.

    `turn` and `pages` are parts of the people's domain, so that each import has new people.
    """
    company = Company(2, subdomain=f"imported{turn}-{pages}")
    bodies = [
        mapping.post_body(mapping.target_attributes(each)) for each in company.people(0, people)
    ]
    headers = {"Authorization": f"Bearer {target.token}"}
    async with httpx.AsyncClient(headers=headers, timeout=60) as client:

        async def add(part: int) -> None:
            for body in bodies[part::4]:
                (await client.post(f"{target.base}/Users", json=body)).raise_for_status()

        async def read() -> None:
            for page in range(pages):
                parameters = {"startIndex": 1 + page * 100 % _SMALL, "count": 100}
                response = await client.get(f"{target.base}/Users", params=parameters)
                response.raise_for_status()

        before = cpu_seconds(target.server_pid)
        await asyncio.gather(*map(add, range(4)), read())
        return (cpu_seconds(target.server_pid) - before) * 1000


def main() -> int:
    """Print the tables; return 1 if an aim was missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=500)
    parser.add_argument("--stock", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        small = asyncio.run(stocked(Path(folder) / "small.db", _SMALL))
        large = asyncio.run(stocked(Path(folder) / "large.db", options.stock))
        ports = emulator.free_port(), emulator.free_port()
        with (
            serving(Path.cwd(), f"sqlite:///{folder}/small.db", ports[0]) as one,
            serving(Path.cwd(), f"sqlite:///{folder}/large.db", ports[1]) as other,
        ):
            targets = [
                Target(f"http://127.0.0.1:{port}{path}", token, server.pid)
                for port, (path, token), server in zip(
                    ports, (small, large), (one, other), strict=True
                )
            ]
            return _compared(targets, options)


def _compared(targets: list[Target], options: argparse.Namespace) -> int:
    runs: list[list[dict[str, float]]] = [[], []]
    for target in targets:
        asyncio.run(at_rest(target, 100))  # warm
    for turn in range(options.rounds):
        for which in (0, 1)[:: 1 if turn % 2 else -1]:
            runs[which].append(asyncio.run(at_rest(targets[which], options.people)))
    print(f"{'CPU ms a request':<18}{_SMALL:>9,}{options.stock:>9,}{'ratio':>7}{'aim':>6}")
    missed = 0
    for name in AIMS:
        few, many = (median(each[name] for each in found) for found in runs)
        print(f"{name:<18}{few:9.2f}{many:9.2f}{many / few:7.2f}{AIM_AT_REST:6.1f}")
        missed += many / few > AIM_AT_REST
    alone, both = list[float](), list[float]()
    for turn in range(2 * options.rounds):
        alone.append(asyncio.run(while_importing(targets[0], options.people, turn, 0)))
        both.append(asyncio.run(while_importing(targets[0], options.people, turn, _PAGES)))
    rest = median(each["page of 100"] for each in runs[0])
    page = (median(both) - median(alone)) / _PAGES
    print(f"a page during an import: {page:.2f} ms, {page / rest:.2f} times (aim {AIM_IMPORTING})")
    return int(missed > 0 or page / rest > AIM_IMPORTING)


if __name__ == "__main__":
    sys.exit(main())
