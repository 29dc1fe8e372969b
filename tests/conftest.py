"""Fixtures of all tests: the two engines, a clock that moves only when told to, no network beyond
loopback.
"""

import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.counting_tables import CountingTables
from shared import clock as clock_module
from shared.settings import Settings
from shared.tables import sqlite
from shared.tables.open import open_tables
from tests import emulator
from tests.clock import FixedClock
from tests.engine.present import HAS_ENGINE, MISSING

_SYNCHRONOUS = sqlite.SYNCHRONOUS
_CLAUSE = "clause"  # the property of a test report that names a clause
# Processes that tests start would compile the product each time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# Folders of tests are in memory if there is room: a disk that is busy with other things held up a test for 20 seconds.
_MEMORY = Path("/dev/shm")
_ROOM = 4 << 30  # octets; all tests together write less than one half of it
if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))
_LOOPBACK = ("127.0.0.1", "::1", "localhost", "0.0.0.0")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Report the clauses whose tests failed (the rows of docs/conformance.md that are no longer met), and a missing engine.

    It is in this file because with xdist only the root's conftest reports.
    """
    if not HAS_ENGINE:
        terminalreporter.section("engine of the platform", red=True, bold=True)
        terminalreporter.write_line(MISSING, red=True)
    failed = [*terminalreporter.getreports("failed"), *terminalreporter.getreports("error")]
    clauses = {
        clause
        for report in failed
        for name, clause in getattr(report, "user_properties", ())
        if name == _CLAUSE
    }
    if clauses:
        terminalreporter.section("clauses that are not met", red=True, bold=True)
        terminalreporter.write_line(" ".join(sorted(clauses)), red=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need Azurite, so that `make check-fast` can leave them out; give reports their clauses."""
    for item in items:
        for marker in item.iter_markers("clause"):
            item.user_properties += [(_CLAUSE, clause) for clause in marker.args]
        if "azurite_tables" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.needs_azurite)


@pytest.fixture(scope="session", autouse=True)
def _loopback_only() -> Iterator[None]:
    """Tests reach nothing outside this machine: any other address fails at once."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in _LOOPBACK:
            raise AssertionError(f"a test tried to reach {address[0]}")
        connect(self, address)

    socket.socket.connect = guarded  # type: ignore[method-assign,assignment]
    yield
    socket.socket.connect = connect  # type: ignore[method-assign]


@pytest.fixture(scope="session", autouse=True)
def _no_waiting_for_the_disk() -> Iterator[None]:
    """Databases of tests need not survive a loss of power; waiting for the disk was most of the time of many tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite, "SYNCHRONOUS", "OFF")
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_processor_time() -> Iterator[None]:
    """Requests cost no processor time unless a test sets it.

    Most tests have a clock that doesn't move, so a budget is never refilled, and on a slow machine
    it would be used up.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock_module, "processor_seconds", lambda: 0.0)
        yield


@pytest.fixture
def durable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The product's own setting, for the test of it."""
    monkeypatch.setattr(sqlite, "SYNCHRONOUS", _SYNCHRONOUS)


@pytest.fixture(scope="session")
def azurite_tables() -> Iterator[str]:
    """The setting TABLES for a real Azurite."""
    with emulator.running() as setting:
        yield setting


@pytest.fixture
def clock() -> FixedClock:
    """A clock that a test moves by hand."""
    return FixedClock()


@pytest.fixture
async def tables(tmp_path: Path) -> AsyncIterator[CountingTables]:
    """The embedded engine in a file of its own, counting round trips."""
    engine = CountingTables(open_tables(Settings(tables=f"sqlite:///{tmp_path}/test.db")))
    yield engine
    await engine.close()


@pytest.fixture(params=["sqlite", pytest.param("azurite", marks=pytest.mark.needs_azurite)])
async def any_tables(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[CountingTables]:
    """Each engine in turn: a test of the port claims the same of both."""
    where = (
        f"sqlite:///{tmp_path}/test.db"
        if request.param == "sqlite"
        else request.getfixturevalue("azurite_tables")
    )
    engine = CountingTables(open_tables(Settings(tables=where)))
    yield engine
    await engine.close()
