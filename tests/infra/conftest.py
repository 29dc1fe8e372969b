"""Fixtures for the tests of queries: a deployment that syncs presence from the Graph simulator."""

from tests.local.graph.fixtures import graph_simulator, served_simulator
from tests.presence.conftest import world

__all__ = ["graph_simulator", "served_simulator", "world"]
