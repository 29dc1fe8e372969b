"""The public conformance suite of python-scim (scim2-tester) over real HTTP."""

import asyncio

import httpx2
import pytest
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server
from scim2_tester.utils import CheckResult

from local.counting_tables import CountingTables
from local.host.running import running
from scim import endpoints
from shared.app import App
from shared.clock import SystemClock
from shared.settings import Settings
from tests.hosts import functions_of
from tests.scim.conftest import client_of


@pytest.mark.slow
async def test_scim2_tester_finds_no_fault(tables: CountingTables) -> None:
    """Every check of the suite passes."""
    app = App(Settings.read({}), SystemClock(), tables)
    functions = functions_of(app, endpoints)
    async with running(functions) as host:
        scim = await client_of(host.host, app, "conformance")
        results = await asyncio.to_thread(
            _check, f"{host.url}/scim/{scim.directory_id}/v2", scim.token
        )
    faults = [result for result in results if result.status in (Status.ERROR, Status.CRITICAL)]
    assert not faults, "\n".join(
        f"{fault.title}: {fault.reason} ({fault.data})" for fault in faults
    )
    assert len([result for result in results if result.status == Status.SUCCESS]) > 20


def _check(base: str, token: str) -> list[CheckResult]:
    with httpx2.Client(base_url=base, headers={"Authorization": f"Bearer {token}"}) as http:
        return list(check_server(SyncSCIMClient(http)))
