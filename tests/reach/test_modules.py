"""How many modules a request enters: each one is a file that a reader of the request has to open."""

import pytest

from bench.modules import FLOWS

# The figures of `python -m bench.modules`; lower one when it falls. The aims are 25, 30 and 22.
MOST = {"POST /Users": 38, "Organisation page": 32, "steady presence sync": 22}


@pytest.mark.parametrize("flow", FLOWS)
async def test_a_flow_enters_no_more_modules_than_before(flow: str) -> None:
    """A warm request, counted with a profiler: code that moves to a new module must be worth the file."""
    found = await FLOWS[flow]()
    assert len(found) <= MOST[flow], sorted(found)
