"""The fixture `graph_simulator` for this folder."""

from tests.local.graph.fixtures import graph_simulator, served_simulator

__all__ = ["graph_simulator", "served_simulator"]
