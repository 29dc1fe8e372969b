"""A signed-in person who asks for too much: 429 at every door, and the others are served."""

import pytest

from directories import rate_limits
from tests.openapi.conftest import Deployed
from tests.reach.test_reach import ADMINS, GUARDED, ask


@pytest.mark.parametrize("role", ["Admin", "Reader"])
async def test_who_is_overdrawn_waits_at_every_door(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, role: str
) -> None:
    """429 with Retry-After, from API and pages alike.

    Except for MCP, whose clients read a limit from the result of a tool (tests/mcp).
    """
    monkeypatch.setattr(rate_limits, "USER_BURST", 1.0)
    calls = [call for call in GUARDED if role == "Admin" or call not in ADMINS]
    for method, path in [call for call in calls if call[1] != "/mcp"]:
        answer = await ask(deployed, method, path, role)
        assert (answer.status, answer.headers["retry-after"]) == (429, "1"), path
