"""Fixtures: a strict SCIM server to provision into, and the options for a small company."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from local.entra import Options, Summary, run
from tests.local.entra.strict_server import TOKEN, StrictServer

Provision = Callable[..., Awaitable[Summary]]


@pytest.fixture
def strict() -> StrictServer:
    """Return the server's state, to which a test may add a fault."""
    return StrictServer()


@pytest.fixture
async def options(strict: StrictServer) -> AsyncIterator[Options]:
    """Yield the options of a job for the running server, without retries of temporary faults."""
    server = TestServer(strict.application(), host="127.0.0.1")
    await server.start_server()
    base = str(server.make_url(strict.prefix))
    yield Options(base, TOKEN, people=40, connections=4, groups=2, patience=0, pause=0)
    await server.close()


@pytest.fixture
def provision(options: Options) -> Provision:
    """Return a function that runs the job with these options, of which its arguments replace some."""

    async def job(**changes: Any) -> Summary:
        return await run(replace(options, **changes))

    return job
