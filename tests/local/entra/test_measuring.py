"""Homogeneous load and the server's CPU time."""

import os
import subprocess
import sys

import pytest

from local.entra import Options, measure, run
from local.entra.process_time import ProcessTimeError, cpu_seconds
from local.entra.record import percentiles
from tests.local.entra.strict_server import StrictServer

OPERATIONS = ["POST", "GET by id", "filter hit", "filter miss", "PATCH", "page of 100", "DELETE"]


async def test_every_operation_is_measured_alone(options: Options, strict: StrictServer) -> None:
    """Requests per second, p50 and p95 for each, and the server is left as it was."""
    summary = await measure(options)
    assert summary.errors == []
    assert list(summary.operations) == OPERATIONS
    for name, operation in summary.operations.items():
        assert operation.count == (50 if name == "page of 100" else 40)
        assert 0 < operation.p50_ms <= operation.p95_ms <= operation.max_ms
        assert operation.requests_per_second
        assert operation.cpu_ms is None
    assert strict.resources["Users"] == {}


async def test_a_directory_in_use_can_be_measured(options: Options, strict: StrictServer) -> None:
    """The people measured with are none of those provisioned."""
    await run(options)
    before = set(strict.resources["Users"])
    summary = await measure(options)
    assert summary.errors == []
    assert set(strict.resources["Users"]) == before


async def test_cpu_time_of_the_server_is_shared_out_among_its_requests(options: Options) -> None:
    """The server of this test is this very process."""
    summary = await measure(options, server_pid=os.getpid())
    assert all(operation.cpu_ms is not None for operation in summary.operations.values())
    assert sum(operation.cpu_ms or 0.0 for operation in summary.operations.values()) > 0


async def test_a_wrong_answer_under_load_is_an_error(
    options: Options, strict: StrictServer
) -> None:
    """A fast refusal is no performance."""

    def fault(request: object, reply: object) -> None:
        return None

    strict.fault = fault
    summary = await measure(options)
    assert not summary.ok


def test_children_of_the_process_count() -> None:
    """A server may work in child processes, alive or finished."""
    before = cpu_seconds(os.getpid())
    subprocess.run([sys.executable, "-c", "sum(range(3_000_000))"], check=True)
    assert cpu_seconds(os.getpid()) > before


def test_a_process_that_is_not_there_cannot_be_measured() -> None:
    """The message names the process."""
    with pytest.raises(ProcessTimeError, match="4194305"):
        cpu_seconds(4194305)


def test_percentiles_of_few_values() -> None:
    """Without values they are 0; one value is both; of many they are the 50th and 95th percentile."""
    from array import array

    assert percentiles(array("d")) == (0.0, 0.0)
    assert percentiles(array("d", [3.0])) == (3.0, 3.0)
    assert percentiles(array("d", range(1, 101))) == (50.5, 95.05)
