"""An MCP server (Model Context Protocol) for AI receptionists and bots: `POST /mcp`.

Our own, because the official SDK takes more than a second to import and twenty further packages to run,
while a server without sessions and streams is two modules. Clients of the SDK are its tests.
"""
