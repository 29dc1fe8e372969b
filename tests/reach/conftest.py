"""Fixtures: the whole app's HTTP functions in the simulated host, with a directory that other
accounts try to reach.
"""

from tests.openapi.conftest import deployed, description

__all__ = ["deployed", "description"]
