"""Measure latency and rate for a provisioning client, and the server's CPU time per request.

    python -m bench.provisioning [--people 1000] [--engine sqlite|azurite] [--rounds 1] [--peers]
        [--against CHECKOUT]

Starts `python -m local serve` in a process of its own on an empty store, adds a directory, sends
one kind of request after the other on 8 connections, and reads the CPU time of the server, of all
its threads and of its child processes. With `--peers`, the SCIM servers of `bench.peers`, an empty
function on the product's own host, and the lower bound of `bench.bare` take turns with the product
in each round, and each figure is also shown as a ratio to the best peer's. With `--against`, another
checkout of the product takes turns. The figures are medians of the rounds.

Every server gets the same client, people, connections, and requests to warm up, and is checked by
`bench.correctness` in each round. An operation that a server doesn't carry out, or during which
one of its answers was wrong, has no figure.
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
from bench.correctness import Verdict, check
from bench.processes import end_blocks_on_sigterm, process_group
from local.entra import Options, measure
from local.entra.measure import measure_gets
from local.entra.record import Summary
from local.entra.simulator import silent
from tests import emulator

_ROOT = Path(__file__).parent.parent
_EMPTY = Path(__file__).parent / "empty/function_app.py"
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
# Requests of each kind before those that are measured: imports are over by then, and Node.js has
# compiled what runs often. Reads are so quick that each person is read several times.
_WARM_UP, _WARM_READS = 100, 5
_READS = 3


@contextlib.contextmanager
def serving(
    root: Path, tables: str, port: int, app: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run the product of the checkout `root` in a process of its own inside the block.

    `app` is the file of another function app to serve in its place. Yield the process when it is
    ready to serve.
    """
    command: list[str | Path] = [sys.executable, "-m", "local", "serve", "--port", str(port)]
    command += ["--tables", tables, "--no-timers"]
    if app is not None:
        command += ["--app", app]
    with process_group(command, cwd=root, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        urlopen(f"http://127.0.0.1:{port}/health", timeout=30).close()
        yield process


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


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one server: its figures, and whether its answers are right."""

    summary: Summary
    verdict: Verdict

    def cpu(self, operation: str) -> float | None:
        """Return the CPU milliseconds per request, or None if the server's answers were wrong."""
        row = self.summary.operations[operation]
        if self.verdict.faults.get(operation) or not row.count:
            return None
        if any(each.operation == operation for each in self.summary.errors):
            return None
        return row.cpu_ms


def run(root: Path, engine_name: str, people: int) -> Run:
    """Measure the product of the checkout `root` on an empty store."""
    port = emulator.free_port()
    with engine(engine_name) as tables, serving(root, tables, port) as server:
        made = directory(root, tables, port)
        # Older checkouts print another name.
        base_url = made.get("scimBaseUrl") or made["scim_base_url"]
        return _measured(Options(base_url, made["token"], people=people), server.pid)


def run_peer(peer: peers.Peer, people: int) -> Run:
    """Measure a peer on an empty store."""
    port = emulator.free_port()
    with peers.serving(peer, port) as server:
        options = Options(f"http://127.0.0.1:{port}{peer.base}", peers.TOKEN, people=people)
        return _measured(options, server.pid)


def run_empty(people: int) -> float:
    """Return the CPU milliseconds of an empty function on the product's host: the least that any GET takes."""
    port = emulator.free_port()
    with serving(_ROOT, "sqlite:///unused.db", port, _EMPTY) as server:
        options = Options(f"http://127.0.0.1:{port}/scim/v2", peers.TOKEN)
        asyncio.run(measure_gets(options, "/Users", _WARM_UP * _WARM_READS, server.pid))
        return asyncio.run(measure_gets(options, "/Users", people * _READS, server.pid))


def _measured(options: Options, server_pid: int) -> Run:
    verdict = asyncio.run(check(options))
    asyncio.run(measure(replace(options, people=_WARM_UP), reads=_WARM_READS))
    return Run(asyncio.run(measure(options, silent, server_pid, reads=_READS)), verdict)


@dataclass(slots=True)
class Runs:
    """The runs by server, and per round the lower bounds: of a POST's rows, and of any GET."""

    of: dict[str, list[Run]] = field(default_factory=dict)
    bare: list[float] = field(default_factory=list)
    empty: list[float] = field(default_factory=list)

    def cpu(self, server: str, operation: str) -> float | None:
        """Return the median CPU milliseconds per request, or None if an answer of the server was wrong."""
        found = [each.cpu(operation) for each in self.of[server]]
        counted = [cpu for cpu in found if cpu is not None]
        return median(counted) if counted and len(counted) == len(found) else None


def measured(arguments: argparse.Namespace) -> Runs:
    """Run each server in each round, in turns; the order is reversed in every second round."""
    servers: dict[str, Callable[[], Run]] = {
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
            runs.empty.append(run_empty(arguments.people))
            runs.bare.append(asyncio.run(bare.milliseconds(arguments.engine, arguments.people)))
    return runs


def show(runs: Runs, arguments: argparse.Namespace) -> int:
    """Print the table; return the number of aims that were missed."""
    print(
        f"{arguments.engine}, {arguments.people} people, 8 connections, {arguments.rounds} rounds;"
        " CPU ms a request; - if an answer was wrong"
    )
    others = [name for name in runs.of if name != OURS]
    compared = [name for name in others if name != OTHER] or others
    head = "".join(f"{name:>14}" for name in others)
    print(
        f"{'operation':<13}{'/s':>7}{'p50 ms':>8}{'p95 ms':>8}{'ours':>8}{head}{'best':>8}{'aim':>6}"
    )
    missed = sum(_show_operation(runs, operation, others, compared) for operation in AIMS)
    if runs.bare:
        ours = runs.cpu(OURS, "POST") or 1.0
        limit = median(runs.bare)
        print(f"the rows of a POST alone: {limit:.2f} ms, {limit / ours:.0%} of ours")
    if runs.empty:
        print(_bound(median(runs.empty), runs, compared))
    for name, found in runs.of.items():
        print(f"{name}: {found[0].verdict}")
        for line in _faults(found):
            print(f"  {line}")
    return missed if arguments.peers else 0


def _show_operation(runs: Runs, operation: str, others: list[str], compared: list[str]) -> bool:
    """Print the line of an operation; return whether its aim, a ratio to the best of `compared`, was missed."""
    rows = [each.summary.operations[operation] for each in runs.of[OURS]]
    rate = median(row.requests_per_second or 0.0 for row in rows)
    p50, p95 = median(row.p50_ms for row in rows), median(row.p95_ms for row in rows)
    ours, best = runs.cpu(OURS, operation), _best(runs, operation, compared)
    cells = "".join(f"{_cell(runs.cpu(name, operation)):>14}" for name in others)
    ratio = ours / best if ours and best else None
    print(
        f"{operation:<13}{rate:7.0f}{p50:8.1f}{p95:8.1f}{_cell(ours):>8}{cells}"
        f"{_cell(ratio):>8}{AIMS[operation]:6.1f}"
    )
    return ours is None or (ratio is not None and ratio > AIMS[operation])


def _best(runs: Runs, operation: str, compared: list[str]) -> float | None:
    found = [runs.cpu(name, operation) for name in compared]
    return min((cpu for cpu in found if cpu is not None), default=None)


def _bound(empty: float, runs: Runs, compared: list[str]) -> str:
    """Return a line with the cost of an empty function, and what share of the best peer's cost that is."""
    shares = list[str]()
    for operation in ("GET by id", "filter hit", "filter miss"):
        if best := _best(runs, operation, compared):
            shares.append(f"{empty / best:.2f} of the best {operation}")
    return f"an empty function on the product's host: {empty:.2f} ms, {', '.join(shares)}"


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _faults(found: list[Run]) -> list[str]:
    """Return each kind of wrong answer once, with its operation."""
    lines = list[str]()
    for each in found:
        for operation, reasons in each.verdict.faults.items():
            lines += [f"{operation}: {reason}" for reason in reasons]
        lines += [f"{error.operation}: {error.reason}" for error in each.summary.errors]
    return list(dict.fromkeys(lines))


def main() -> int:
    """Print the table; return 1 if an aim was missed."""
    end_blocks_on_sigterm()
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
