"""The official SDK's client, and the example of docs/mcp.md, with the running product."""

import asyncio
import os
import sys

import pytest
from mcp import Client

from local.host.running import ROOT
from tests.mcp.conftest import NUMBER, Server


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_official_client_calls_the_tools(server: Server, mode: str) -> None:
    """In both revisions. The client validates each result by its output schema."""
    async with Client(server.url, mode=mode) as client:
        tools = await client.list_tools()
        assert len(tools.tools) == 3
        found = await client.call_tool("whose_number", {"number": NUMBER})
        assert found.structured_content is not None
        assert found.structured_content["outcome"] == "person"
        free = await client.call_tool("who_is_free", {})
        assert free.is_error is False
        wrong = await client.call_tool("find_person", {"query": ""})
        assert wrong.is_error is True


async def test_the_example_works(server: Server) -> None:
    """docs/examples/mcp_client.py runs as the document shows."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "docs/examples/mcp_client.py"),
        server.url,
        NUMBER,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "TOKEN": "any: the local host signs everyone in"},
    )
    output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    assert "Tools: find_person, who_is_free, whose_number" in output.decode()
    assert "Put through: Anna Adams" in output.decode()
