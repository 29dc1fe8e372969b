"""Fixtures: a product with people who are free, busy and away, and a client that sends MCP
messages.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest

from local.host.sign_in import ACCOUNT, COOKIE
from tests.browser.world import World, world
from tests.local.host.wire import Reply, ask

META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
NUMBER = "+442079460958"


@dataclass(frozen=True, slots=True)
class Server:
    """The MCP endpoint of a running product."""

    world: World
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Return the URL of the endpoint."""
        return f"{self.world.url}/mcp"

    async def post(self, body: bytes, headers: dict[str, str] | None = None) -> Reply:
        """Send a body unchanged and return the response."""
        port = int(self.world.url.rpartition(":")[2])
        sent = {"Content-Type": "application/json", **self.headers, **(headers or {})}
        return await ask(port, "/mcp", method="POST", headers=sent, body=body)

    async def call(self, method: str, params: dict[str, Any] | None = None, **headers: str) -> Any:
        """Send a request of the revision 2026-07-28; return status and JSON. `headers` replace the
        required ones.
        """
        params = {"_meta": META, **(params or {})}
        needed = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method}
        if "name" in params:
            needed["Mcp-Name"] = str(params["name"])
        needed |= {name.replace("_", "-"): value for name, value in headers.items()}
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        reply = await self.post(orjson.dumps(body), {k: v for k, v in needed.items() if v})
        return reply.status, orjson.loads(reply.body)

    async def legacy(self, method: str, params: dict[str, Any] | None = None) -> Any:
        """Send a request of the revision 2025-11-25; return status and JSON."""
        body = {"jsonrpc": "2.0", "id": "a", "method": method, "params": params or {}}
        reply = await self.post(orjson.dumps(body), {"MCP-Protocol-Version": "2025-11-25"})
        return reply.status, orjson.loads(reply.body)

    async def tool(self, name: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool and return its result."""
        status, answer = await self.call("tools/call", {"name": name, "arguments": arguments})
        assert status == 200, answer
        result: dict[str, Any] = answer["result"]
        return result


def as_role(role: str) -> dict[str, str]:
    """Return the headers of a browser in which a user with this role is signed in."""
    return {"Cookie": f"{COOKIE}={role}.{ACCOUNT}", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Yield the endpoint of a product with 30 people from Entra, their statuses, and one person
    with a known number.
    """
    folder = tmp_path_factory.mktemp("mcp")
    with world(f"sqlite:///{folder}/product.db") as running:
        made = running.add("Brightwater UK")
        assert running.provision(made.base, made.token, 30).ok
        running.connect_presence(made)
        other = running.add("Northwind", "other")
        numbers = [{"type": "work", "value": NUMBER}]
        running.person(other, 1, displayName="Anna Adams", phoneNumbers=numbers, title="Guide")
        yield Server(running)
