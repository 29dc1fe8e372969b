"""The app itself refuses a body that is too large with 413, below the host's own limit."""

from pathlib import Path

import orjson
import pytest

from local.host.running import ROOT, running
from tests.local.host.wire import ask

LIMIT = 4 * 1024 * 1024  # FUNCTIONS_REQUEST_BODY_SIZE_LIMIT of infra/modules/settings.bicep
SAME_SITE = {"Sec-Fetch-Site": "same-origin"}
BODY = b'{"name":"' + b"x" * (LIMIT - 100) + b'"}'


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/api/directories", "application/json"),
        ("/api/contacts/lookup", "application/json"),
        ("/directories/new", "application/x-www-form-urlencoded"),
        ("/contacts/history", "application/x-www-form-urlencoded"),
    ],
)
async def test_a_body_above_the_products_limit_is_413(
    tmp_path: Path, path: str, media_type: str
) -> None:
    """RFC 9110 section 15.5.14. Above a higher limit the host returns an empty 500 that no alert
    counts.
    """
    settings = {
        "TABLES": f"sqlite:///{tmp_path}/x.db",
        "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": str(LIMIT),
    }
    async with running(ROOT / "function_app.py", settings) as host:
        headers = {**SAME_SITE, "Content-Type": media_type}
        reply = await ask(host.port, path, method="POST", headers=headers, body=BODY)
        assert reply.status == 413, reply.body[:200]


async def test_scim_refuses_a_large_body_with_a_scim_error(tmp_path: Path) -> None:
    """RFC 7644 section 3.12, table 8: 413."""
    settings = {
        "TABLES": f"sqlite:///{tmp_path}/x.db",
        "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": str(LIMIT),
    }
    async with running(ROOT / "function_app.py", settings) as host:
        headers = {**SAME_SITE, "Content-Type": "application/json"}
        made = orjson.loads(
            (
                await ask(
                    host.port,
                    "/api/directories",
                    method="POST",
                    headers=headers,
                    body=b'{"name":"B"}',
                )
            ).body
        )
        headers = {
            "Authorization": f"Bearer {made['token']}",
            "Content-Type": "application/scim+json",
        }
        path = f"/scim/{made['id']}/v2/Users"
        reply = await ask(host.port, path, method="POST", headers=headers, body=BODY)
    assert reply.status == 413
    assert orjson.loads(reply.body)["status"] == "413"
