"""A base URL that was copied without its end."""

import pytest

from directories.provisioning_log import read
from local.host.host import Host
from shared.http import Request
from tests.scim.client import ScimClient


@pytest.mark.parametrize("collection", ["Users", "Groups"])
async def test_a_base_url_without_v2_is_told_so(host: Host, scim: ScimClient, collection: str) -> None:
    """The client's log has the remedy, and the administrator sees the call on the directory's page."""
    url = f"https://app.example/scim/{scim.directory_id}/{collection}?filter=x"
    response = await host.call(Request("GET", url, {"authorization": f"Bearer {scim.token}"}))
    assert response.status == 404
    assert b"/v2" in response.body
    (line,) = (await read(scim.services, scim.directory_id, limit=1)).lines
    assert "/v2" in line.event.detail


async def test_a_stranger_is_told_nothing_there_either(host: Host, scim: ScimClient) -> None:
    """The same 401 as everywhere."""
    response = await host.call(Request("GET", f"https://app.example/scim/{scim.directory_id}/Users", {}))
    assert (response.status, response.headers["www-authenticate"]) == (401, 'Bearer realm="SCIM"')
