"""A signed-in user who sends too many requests gets 429 at every address."""

import pytest

from directories import rate_limits
from tests.openapi.conftest import Deployed
from tests.reach.test_reach import ADMINS, GUARDED, ask


@pytest.mark.parametrize("role", ["Admin", "Reader"])
async def test_a_user_beyond_the_rate_limit_gets_a_429_at_every_address(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, role: str
) -> None:
    """With Retry-After, from API and pages alike.

    MCP is the exception, because its clients read the limit from a tool's result (tests/mcp).
    """
    monkeypatch.setattr(rate_limits, "USER_BURST", 1.0)
    calls = [call for call in GUARDED if role == "Admin" or call not in ADMINS]
    for method, path in [call for call in calls if call[1] != "/mcp"]:
        answer = await ask(deployed, method, path, role)
        assert (answer.status, answer.headers["retry-after"]) == (429, "1"), path
