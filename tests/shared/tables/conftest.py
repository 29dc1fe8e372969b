"""A partition of its own for each test, because the emulator serves the whole session."""

from uuid import uuid4

import pytest


@pytest.fixture
def partition() -> str:
    """Return a partition that no other test uses."""
    return uuid4().hex
