"""`measure` sends requests of one kind at a time, and measures the server's CPU time."""

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
    """The result has requests per second, p50 and p95 of each operation, and the server's data is the same
    afterwards.
    """
    summary = await measure(options)
    assert summary.errors == []
    assert list(summary.operations) == OPERATIONS
    for name, operation in summary.operations.items():
        assert operation.count == (50 if name == "page of 100" else 40)
        assert 0 < operation.p50_ms <= operation.p95_ms <= operation.max_ms
        assert operation.requests_per_second
        assert operation.cpu_ms is None
    assert strict.resources["Users"] == {}


async def test_a_measurement_creates_users_of_its_own(
    options: Options, strict: StrictServer
) -> None:
    """The users created for the measurement are none of the existing ones."""
    await run(options)
    before = set(strict.resources["Users"])
    summary = await measure(options)
    assert summary.errors == []
    assert set(strict.resources["Users"]) == before


async def test_cpu_time_is_divided_by_the_number_of_requests(options: Options) -> None:
    """The CPU time per request is that of the server's process, which in this test is the test's own."""
    summary = await measure(options, server_pid=os.getpid())
    assert all(operation.cpu_ms is not None for operation in summary.operations.values())
    assert sum(operation.cpu_ms or 0.0 for operation in summary.operations.values()) > 0


async def test_a_wrong_response_under_load_is_an_error(
    options: Options, strict: StrictServer
) -> None:
    """A wrong response is counted as an error, because a fast rejection is no throughput."""

    def fault(request: object, reply: object) -> None:
        return None

    strict.fault = fault
    summary = await measure(options)
    assert not summary.ok


def test_cpu_time_includes_child_processes() -> None:
    """The CPU time includes that of child processes, running or finished."""
    before = cpu_seconds(os.getpid())
    subprocess.run([sys.executable, "-c", "sum(range(3_000_000))"], check=True)
    assert cpu_seconds(os.getpid()) > before


def test_an_unknown_process_is_an_error() -> None:
    """For an unknown process ID an error names it."""
    with pytest.raises(ProcessTimeError, match="4194305"):
        cpu_seconds(4194305)


def test_percentiles_exist_for_any_number_of_values() -> None:
    """Both percentiles are 0 without values, the value itself for one, and the 50th and 95th for many."""
    from array import array

    assert percentiles(array("d")) == (0.0, 0.0)
    assert percentiles(array("d", [3.0])) == (3.0, 3.0)
    assert percentiles(array("d", range(1, 101))) == (50.5, 95.05)
