"""Fixtures: hosts that run the sample apps on a free port."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from local.host.hostfile import HostFile
from local.host.running import RunningHost, running

APPS = Path(__file__).parent / "apps"
NO_PREFIX = HostFile(route_prefix="")


@pytest.fixture
async def host() -> AsyncIterator[RunningHost]:
    """Yield the host of `sample_http.py`."""
    async with running(APPS / "sample_http.py", host_file=NO_PREFIX) as found:
        yield found


@pytest.fixture
async def routes() -> AsyncIterator[RunningHost]:
    """Yield the host of `sample_routes.py`."""
    async with running(APPS / "sample_routes.py", host_file=NO_PREFIX) as found:
        yield found
