"""Latency and rate for a provisioning client, and the server's processor time per request.

    python -m bench.provisioning [--people 1000] [--engine sqlite|azurite] [--rounds 1] [--against CHECKOUT]

Starts `python -m local serve` in a process of its own on an empty store, adds a directory, sends homogeneous phases
over 8 connections and reads the server's CPU time. The figures to beat are the best in-memory peers' on such a machine.
With `--against`, another checkout of the product serves every second run, so that the two can be compared on a machine
that has other work. Of several rounds the medians are shown.
"""

import argparse
import asyncio
import contextlib
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median
from urllib.request import urlopen

import orjson

from local.entra import Options, measure
from local.entra.record import OperationSummary, Summary

_ROOT = Path(__file__).parent.parent
_PEERS = {
    "POST": 2.4,
    "GET by id": 1.2,
    "filter hit": 1.2,
    "filter miss": 0.4,
    "PATCH": 2.8,
    "page of 100": 26.0,
    "DELETE": 0.4,
}
_WARM_UP = 100  # people: work once per instance, as importing phonenumbers (0.1 s), is not measured


@contextlib.contextmanager
def serving(root: Path, tables: str, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Yield the product of the checkout `root`, ready to answer, in a process of its own."""
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
    """Return a new directory with its token."""
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
    """Yield the setting TABLES for an empty store."""
    if name == "azurite":
        from tests import emulator

        with emulator.running() as tables:
            yield tables
    else:
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/bench.db"


def run(root: Path, engine_name: str, people: int) -> Summary:
    """One run of the checkout `root` on an empty store."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with engine(engine_name) as tables, serving(root, tables, port) as server:
        made = directory(root, tables, port)
        # Older checkouts name it otherwise.
        base_url = made.get("scimBaseUrl") or made["scim_base_url"]
        options = Options(base_url, made["token"], people=people)
        asyncio.run(measure(replace(options, people=_WARM_UP)))
        return asyncio.run(measure(options, lambda _: None, server.pid))


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--engine", choices=("sqlite", "azurite"), default="sqlite")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--against", type=Path, metavar="CHECKOUT")
    arguments = parser.parse_args()
    roots = [_ROOT, arguments.against] if arguments.against else [_ROOT]
    runs: dict[Path, list[Summary]] = {root: [] for root in roots}
    for turn in range(arguments.rounds):
        for root in roots[:: 1 if turn % 2 else -1]:
            runs[root].append(run(root, arguments.engine, arguments.people))
    print(
        f"{arguments.engine}, {arguments.people} people, 8 connections, {arguments.rounds} rounds"
    )
    other = f"{'other':>9}{'ratio':>8}" if arguments.against else ""
    print(
        f"{'operation':<14}{'/s':>8}{'p50 ms':>9}{'p95 ms':>9}{'CPU ms':>9}{'peers':>8}{'ratio':>8}{other}"
    )
    for name in runs[_ROOT][0].operations:
        _line(name, *([each.operations[name] for each in runs[root]] for root in roots))
    print(f"{sum(each.error_count for found in runs.values() for each in found)} errors")


def _line(
    name: str, ours: list[OperationSummary], others: list[OperationSummary] | None = None
) -> None:
    cpu = median(row.cpu_ms or 0.0 for row in ours)
    if not cpu:
        return
    rate = median(row.requests_per_second or 0.0 for row in ours)
    p50, p95 = median(row.p50_ms for row in ours), median(row.p95_ms for row in ours)
    against = f"{_PEERS[name]:8}{cpu / _PEERS[name]:8.2f}" if name in _PEERS else f"{'':16}"
    before = median(row.cpu_ms or 0.0 for row in others) if others else 0.0
    other = f"{before:9.2f}{cpu / before:8.2f}" if before else ""
    print(f"{name:<14}{rate:8.0f}{p50:9.1f}{p95:9.1f}{cpu:9.2f}{against}{other}")


if __name__ == "__main__":
    main()
