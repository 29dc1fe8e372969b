"""What a provisioning client sees of the product, and what each request costs the server's processor.

    python -m bench.provisioning [--people 1000] [--engine sqlite|azurite]

Starts `python -m local serve` in a process of its own on an empty store, adds a directory, sends homogeneous phases
over 8 connections and reads the server's CPU time. The figures to beat are the best in-memory peers' on such a machine.
"""

import argparse
import asyncio
import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import orjson

from local.entra import Options, measure

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
_PORT = 7390


@contextlib.contextmanager
def serving(tables: str, port: int = _PORT) -> Iterator[subprocess.Popen[bytes]]:
    """The product in a process of its own, ready to answer."""
    command = [sys.executable, "-m", "local", "serve", "--port", str(port), "--tables", tables, "--no-timers"]
    with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        urlopen(f"http://127.0.0.1:{port}/health", timeout=30).close()
        try:
            yield process
        finally:
            process.terminate()


def directory(tables: str, port: int = _PORT) -> dict[str, str]:
    """A new directory with its token."""
    command = [sys.executable, "-m", "local", "directory", "add", "--tables", tables, "--name", "bench"]
    made = subprocess.run([*command, "--url", f"http://127.0.0.1:{port}"], cwd=_ROOT, capture_output=True, check=True)
    found: dict[str, str] = orjson.loads(made.stdout)
    return found


@contextlib.contextmanager
def engine(name: str) -> Iterator[str]:
    """The setting TABLES for an empty store."""
    if name == "azurite":
        from tests import emulator

        with emulator.running() as tables:
            yield tables
    else:
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/bench.db"


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--engine", choices=("sqlite", "azurite"), default="sqlite")
    arguments = parser.parse_args()
    with engine(arguments.engine) as tables, serving(tables) as server:
        made = directory(tables)
        options = Options(made["scim_base_url"], made["token"], people=arguments.people)
        summary = asyncio.run(measure(options, lambda _: None, server.pid))
    print(f"{arguments.engine}, {arguments.people} people, 8 connections")
    print(f"{'operation':<14}{'/s':>8}{'p50 ms':>9}{'p95 ms':>9}{'CPU ms':>9}{'peers':>8}{'ratio':>8}")
    for name, row in summary.operations.items():
        if row.cpu_ms is None:
            continue
        against = f"{_PEERS[name]:8}{row.cpu_ms / _PEERS[name]:8.2f}" if name in _PEERS else ""
        rate = row.requests_per_second or 0.0
        print(f"{name:<14}{rate:8.0f}{row.p50_ms:9.1f}{row.p95_ms:9.1f}{row.cpu_ms:9.2f}{against}")
    print(f"{summary.error_count} errors")


if __name__ == "__main__":
    main()
