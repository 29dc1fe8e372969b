"""Ask the MCP endpoint as an AI receptionist would: `python mcp_client.py https://<your app>/mcp +442079460958`.

Needs `pip install mcp==2.3.0`. The environment variable TOKEN has the access token of an application with the app role
Directory.Reader (docs/mcp.md says how to get one).
"""

import asyncio
import os
import sys

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client


async def main(url: str, number: str) -> None:
    """Print the tools, who has the number, and who is free to take the call."""
    headers = {"Authorization": f"Bearer {os.environ['TOKEN']}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=30) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        tools = await client.list_tools()
        print("Tools:", ", ".join(tool.name for tool in tools.tools))

        caller = await client.call_tool("whose_number", {"number": number})
        print(caller.content[0].text)
        if caller.structured_content["outcome"] == "person":
            print("Put through:", caller.structured_content["person"]["displayName"])

        free = await client.call_tool("who_is_free", {"query": "", "limit": 3})
        print(free.content[0].text)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
