"""The command `python -m local graph`, in a process of its own."""

import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture
def announced() -> Iterator[dict[str, str]]:
    """Yield the settings that the running command prints; it was started with two further tenants."""
    command = [
        sys.executable,
        "-m",
        "local",
        "graph",
        "--port",
        "0",
        "--latency",
        "100",
        "--consented",
    ]
    command += ["--people", "7", "--tenants", "big.example:100000", "1"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        lines = [process.stdout.readline().strip() for _ in range(5)]
        yield dict(line.split("=", 1) for line in lines)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0


def test_the_command_serves_the_given_tenants(announced: dict[str, str]) -> None:
    """The options --tenants, --people, --latency and --consented apply, and the port is printed
    with the product's settings.
    """
    assert announced["LOGIN_URL"] == announced["GRAPH_URL"]
    with urllib.request.urlopen(announced["GRAPH_URL"] + "/control/state", timeout=20) as answer:
        state: dict[str, Any] = json.load(answer)
    assert state["options"]["latency"] == 0.1
    crowds = {tenant["domain"]: tenant["crowd"] for tenant in state["tenants"]}
    assert (crowds["big.example"], crowds["tenant-0001.example"]) == (100_000, 7)
    consents = {tenant["domain"]: list(tenant["consents"].values()) for tenant in state["tenants"]}
    assert (consents["big.example"], consents["contoso.example"]) == (["granted"], [])


def test_a_port_that_cannot_be_used_is_reported(announced: dict[str, str]) -> None:
    """The exit code is 1, and the output has the remedy and no traceback."""
    port = announced["GRAPH_URL"].rsplit(":", 1)[1]
    command = [sys.executable, "-m", "local", "graph", "--port", port]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"port {port} cannot be used")
    assert done.stderr.endswith("--port.\n")
