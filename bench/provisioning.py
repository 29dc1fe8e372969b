"""Measure latency and rate for a provisioning client, and the server's CPU time per request.

    python -m bench.provisioning [--people 1000] [--engine sqlite|azurite] [--rounds 1] [--peers]
        [--against CHECKOUT]

Starts `python -m local serve` in a process of its own on an empty store, adds a directory, sends
one kind of request after the other on 8 connections, and reads the server's CPU time. With
`--peers`, the SCIM servers of `bench.peers` and the lower bound of `bench.bare` take turns with the
product in each round, and each figure is also shown as a ratio to the best peer's. With
`--against`, another checkout of the product takes turns. The figures are medians of the rounds.
"""

import argparse
import asyncio
import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from statistics import median
from urllib.request import urlopen

import orjson

from bench import bare, peers
from local.entra import Options, measure
from local.entra.record import Summary
from local.entra.simulator import silent
from tests import emulator

_ROOT = Path(__file__).parent.parent
OURS, OTHER = "ours", "other"
# Per operation, the highest ratio to the best peer that is acceptable.
AIMS = {
    "POST": 0.5,
    "GET by id": 0.3,
    "filter hit": 0.3,
    "filter miss": 0.5,
    "PATCH": 0.5,
    "page of 100": 0.3,
    "DELETE": 1.5,
}
_WARM_UP = 100  # people, so that an instance's one-time work, such as imports, isn't measured


@contextlib.contextmanager
def serving(root: Path, tables: str, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run the product of the checkout `root` in a process of its own inside the block.

    Yield the process when the product is ready to serve.
    """
    command = [
        sys.executable,
        "-m",
        "local",
        "serve",
        "--port",
        str(port),
        "--tables",
        tables,
        "--no-timers",
    ]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        urlopen(f"http://127.0.0.1:{port}/health", timeout=30).close()
        try:
            yield process
        finally:
            process.terminate()


def directory(root: Path, tables: str, port: int) -> dict[str, str]:
    """Create a directory with the checkout `root`; return its ID, SCIM base URL and token."""
    command = [
        sys.executable,
        "-m",
        "local",
        "directory",
        "add",
        "--tables",
        tables,
        "--name",
        "bench",
    ]
    made = subprocess.run(
        [*command, "--url", f"http://127.0.0.1:{port}"], cwd=root, capture_output=True, check=True
    )
    found: dict[str, str] = orjson.loads(made.stdout)
    return found


@contextlib.contextmanager
def engine(name: str) -> Iterator[str]:
    """Yield the setting TABLES for an empty store of this engine."""
    if name == "azurite":
        with emulator.running() as tables:
            yield tables
    else:
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/bench.db"


def run(root: Path, engine_name: str, people: int) -> Summary:
    """Measure the product of the checkout `root` on an empty store."""
    port = emulator.free_port()
    with engine(engine_name) as tables, serving(root, tables, port) as server:
        made = directory(root, tables, port)
        # Older checkouts print another name.
        base_url = made.get("scimBaseUrl") or made["scim_base_url"]
        return _measured(Options(base_url, made["token"], people=people), server.pid)


def run_peer(peer: peers.Peer, people: int) -> Summary:
    """Measure a peer on an empty store."""
    port = emulator.free_port()
    with peers.serving(peer, port) as server:
        options = Options(f"http://127.0.0.1:{port}{peer.base}", peers.TOKEN, people=people)
        return _measured(options, server.pid)


def _measured(options: Options, server_pid: int) -> Summary:
    asyncio.run(measure(replace(options, people=_WARM_UP)))
    return asyncio.run(measure(options, silent, server_pid))


@dataclass(slots=True)
class Runs:
    """The measured runs by server, and the lower bound of a POST per round."""

    of: dict[str, list[Summary]] = field(default_factory=dict)
    bare: list[float] = field(default_factory=list)

    def cpu(self, server: str, operation: str) -> float | None:
        """Return the median CPU milliseconds per request, or None if the server refused this kind of request."""
        found = [run.operations[operation] for run in self.of[server]]
        if any(row.count == 0 or row.cpu_ms is None for row in found):
            return None
        if any(_is_refused(run, operation) for run in self.of[server]):
            return None
        return median(row.cpu_ms or 0.0 for row in found)


def _is_refused(run: Summary, operation: str) -> bool:
    """Return whether the server refused most requests of a kind.

    Their CPU time is then not comparable, because an error costs less than the work.
    """
    wrong = sum(each.count for each in run.errors if each.request.split()[0] == operation)
    return wrong > run.operations[operation].count / 2


def measured(arguments: argparse.Namespace) -> Runs:
    """Run each server in each round, in turns; the order is reversed in every second round."""
    servers: dict[str, Callable[[], Summary]] = {
        OURS: lambda: run(_ROOT, arguments.engine, arguments.people)
    }
    if arguments.against:
        servers[OTHER] = lambda: run(arguments.against, arguments.engine, arguments.people)
    if arguments.peers:
        peers.set_up()
        for peer in peers.PEERS:
            servers[peer.name] = partial(run_peer, peer, arguments.people)
    runs = Runs({name: [] for name in servers})
    for turn in range(arguments.rounds):
        for name in list(servers)[:: 1 if turn % 2 else -1]:
            runs.of[name].append(servers[name]())
        if arguments.peers:
            runs.bare.append(asyncio.run(bare.milliseconds(arguments.engine, arguments.people)))
    return runs


def show(runs: Runs, arguments: argparse.Namespace) -> int:
    """Print the table; return the number of aims that were missed."""
    print(
        f"{arguments.engine}, {arguments.people} people, 8 connections, {arguments.rounds} rounds;"
        " CPU ms a request"
    )
    others = [name for name in runs.of if name != OURS]
    head = "".join(f"{name:>14}" for name in others)
    print(
        f"{'operation':<13}{'/s':>7}{'p50 ms':>8}{'p95 ms':>8}{'ours':>8}{head}{'best':>8}{'aim':>6}"
    )
    missed = 0
    for operation, aim in AIMS.items():
        rows = [each.operations[operation] for each in runs.of[OURS]]
        ours = runs.cpu(OURS, operation) or 0.0
        rate = median(row.requests_per_second or 0.0 for row in rows)
        p50, p95 = median(row.p50_ms for row in rows), median(row.p95_ms for row in rows)
        found = {name: runs.cpu(name, operation) for name in others}
        cells = "".join(
            f"{'-' if cpu is None else format(cpu, '.2f'):>14}" for cpu in found.values()
        )
        best = min((cpu for cpu in found.values() if cpu is not None), default=0.0)
        ratio = f"{ours / best:8.2f}" if best else f"{'':8}"
        print(f"{operation:<13}{rate:7.0f}{p50:8.1f}{p95:8.1f}{ours:8.2f}{cells}{ratio}{aim:6.1f}")
        missed += bool(arguments.peers and best and ours / best > aim)
    if runs.bare:
        limit, ours = median(runs.bare), runs.cpu(OURS, "POST") or 1.0
        print(f"the rows of a POST alone: {limit:.2f} ms, {limit / ours:.0%} of ours")
    for name, summaries in runs.of.items():
        print(f"{name}: {sum(each.error_count for each in summaries)} errors")
    return missed


def main() -> int:
    """Print the table; return 1 if an aim was missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--engine", choices=("sqlite", "azurite"), default="sqlite")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--against", type=Path, metavar="CHECKOUT")
    parser.add_argument("--peers", action="store_true")
    arguments = parser.parse_args()
    return int(show(measured(arguments), arguments) > 0)


if __name__ == "__main__":
    sys.exit(main())
