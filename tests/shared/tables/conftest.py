"""A partition of its own for each test: the emulator is one for the whole session."""

from uuid import uuid4

import pytest


@pytest.fixture
def partition() -> str:
    """A partition that no other test uses."""
    return uuid4().hex
