"""Every captured shape of a real client, and Microsoft's two validation suites, against the service provider."""

from pathlib import Path

import pytest

from shared.http import Request
from tests.scim.client import ScimClient
from tests.shapes.player import CLIENTS, PAYLOADS, Mismatch, Send, load, play


def _sender(scim: ScimClient) -> Send:
    async def send(method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        url = (
            f"https://app.example/scim/{scim.directory_id}/{path.lstrip('/')}"
            if path.startswith("/../")
            else (f"https://app.example/scim/{scim.directory_id}/v2{path}")
        )
        sent = {name.lower(): value for name, value in headers.items()}
        if body:
            sent["content-length"] = str(len(body))
        response = await scim.host.call(Request(method, url, sent, body))
        return response.status, response.headers, response.body

    return send


async def _mismatches(scim: ScimClient, path: Path) -> list[Mismatch]:
    return await play(load(path), _sender(scim), headers={"Authorization": f"Bearer {scim.token}"})


@pytest.mark.parametrize("path", CLIENTS, ids=lambda path: path.stem)
async def test_a_clients_life_of_a_user_and_a_group(scim: ScimClient, path: Path) -> None:
    """Each step is answered as that client, or that suite, needs it; the file names each step's source."""
    found = await _mismatches(scim, path)
    assert not found, "\n".join(map(str, found))


@pytest.mark.parametrize("path", PAYLOADS, ids=lambda path: path.stem)
async def test_a_request_shape(scim: ScimClient, path: Path) -> None:
    """Each shape of a request is accepted or refused as its file says, with the resource that results."""
    found = await _mismatches(scim, path)
    assert not found, "\n".join(map(str, found))
