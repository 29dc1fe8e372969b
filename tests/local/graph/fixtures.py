"""A simulator of the login service and of Graph for tests: `graph_simulator`.

A folder's conftest.py imports both names: `from tests.local.graph.fixtures import graph_simulator, served_simulator`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from local.graph.server import running
from local.graph.simulator import Simulator
from shared.clock import SystemClock


@dataclass(frozen=True, slots=True)
class RunningSimulator:
    """A simulator that is being served. `url` is Graph's address, `login_url` the login service's."""

    simulator: Simulator
    url: str

    @property
    def login_url(self) -> str:
        return self.url


@pytest.fixture(scope="session")
def served_simulator() -> Iterator[RunningSimulator]:
    """One server for the whole run; use `graph_simulator`."""
    simulator = Simulator()
    with running(simulator) as url:
        yield RunningSimulator(simulator, url)


@pytest.fixture
def graph_simulator(served_simulator: RunningSimulator) -> Iterator[RunningSimulator]:
    """The simulator on a free port, fresh for each test; set `simulator.clock` to move time by hand."""
    served_simulator.simulator.reset()
    served_simulator.simulator.clock = SystemClock()
    yield served_simulator
    served_simulator.simulator.faults.off()
