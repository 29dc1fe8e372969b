"""A client whose base URL lacks `/v2`."""

import pytest

from directories import store
from directories.provisioning_log import read
from directories.status import DirectoryStatus, glance
from local.host.host import Host
from shared.http import Request
from tests.clock import FixedClock
from tests.scim.client import ScimClient


@pytest.mark.clause("7644/3.13")
@pytest.mark.parametrize("collection", ["Users", "Groups"])
async def test_a_base_url_without_v2_gets_the_remedy(
    host: Host, scim: ScimClient, collection: str
) -> None:
    """RFC 7644 section 3.13. The response names `/v2`, and so does the provisioning log."""
    url = f"https://app.example/scim/{scim.directory_id}/{collection}?filter=x"
    response = await host.call(Request("GET", url, {"authorization": f"Bearer {scim.token}"}))
    assert response.status == 404
    assert b"/v2" in response.body
    (line,) = (await read(scim.app, scim.directory_id, limit=1)).lines
    assert "/v2" in line.event.detail


@pytest.mark.clause("7644/6.1")
async def test_a_base_url_without_v2_needs_a_token(host: Host, scim: ScimClient) -> None:
    """Without a token the response is the same 401 as elsewhere."""
    response = await host.call(
        Request("GET", f"https://app.example/scim/{scim.directory_id}/Users", {})
    )
    assert (response.status, response.headers["www-authenticate"]) == (401, 'Bearer realm="SCIM"')


async def _live_line(scim: ScimClient) -> DirectoryStatus:
    await scim.app.background.drain()
    directory = await store.get(scim.app.tables, scim.directory_id)
    assert directory is not None
    return await glance(scim.app, directory)


@pytest.mark.parametrize("path", ["/Users", "/v2/Userz"])
async def test_the_connection_is_shown_as_working_after_a_correct_request_only(
    host: Host, scim: ScimClient, clock: FixedClock, path: str
) -> None:
    """A valid token at a wrong path is shown as a refusal with its reason until a request
    succeeds.
    """
    url, headers = (
        f"https://app.example/scim/{scim.directory_id}{path}",
        {"authorization": f"Bearer {scim.token}"},
    )
    assert (await host.call(Request("GET", url, headers))).status == 404
    shown = await _live_line(scim)
    assert (shown.stage, shown.last_refusal is None) == ("waiting", False)
    clock.advance(1)
    assert (await scim.get("/Users", filter='userName eq "test"')).status == 200
    shown = await _live_line(scim)
    assert (shown.stage, shown.last_refusal) == ("connected", None)
    clock.advance(120)  # the same refusal again is logged once a minute
    await host.call(Request("GET", url, headers))
    assert (await _live_line(scim)).last_refusal is not None
    clock.advance(1)
    await scim.get("/Users", filter='userName eq "test"')
    assert (await _live_line(scim)).last_refusal is None


async def test_a_success_just_after_a_refusal_clears_it(
    host: Host, scim: ScimClient, clock: FixedClock
) -> None:
    """A success, a refusal and a success within seconds, and no further request: no refusal is
    shown.
    """
    url, headers = (
        f"https://app.example/scim/{scim.directory_id}/Users",
        {"authorization": f"Bearer {scim.token}"},
    )
    await scim.get("/Users", filter='userName eq "test"')
    clock.advance(2)
    await host.call(Request("GET", url, headers))
    assert (await _live_line(scim)).last_refusal is not None
    clock.advance(2)
    await scim.get("/Users", filter='userName eq "test"')
    assert (await _live_line(scim)).last_refusal is None
