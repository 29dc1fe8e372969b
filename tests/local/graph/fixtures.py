"""The fixture `graph_simulator`: a simulator of Microsoft's sign-in service and of Graph.

A conftest.py imports both names: `from tests.local.graph.fixtures import graph_simulator,
served_simulator`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from local.graph.server import running
from local.graph.simulator import Simulator
from shared.clock import SystemClock


@dataclass(frozen=True, slots=True)
class RunningSimulator:
    """A simulator with its server; `url` is the address of Graph, `login_url` that of the sign-in service."""

    simulator: Simulator
    url: str

    @property
    def login_url(self) -> str:
        return self.url


@pytest.fixture(scope="session")
def served_simulator() -> Iterator[RunningSimulator]:
    """Yield one server for the whole test run; tests use `graph_simulator`, which resets it."""
    simulator = Simulator()
    with running(simulator) as url:
        yield RunningSimulator(simulator, url)


@pytest.fixture
def graph_simulator(served_simulator: RunningSimulator) -> Iterator[RunningSimulator]:
    """Yield the simulator, reset for each test; set `simulator.clock` to control its time."""
    served_simulator.simulator.reset()
    served_simulator.simulator.clock = SystemClock()
    yield served_simulator
    served_simulator.simulator.faults.off()
