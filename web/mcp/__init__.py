"""An MCP server (Model Context Protocol) for AI receptionists and bots: `POST /mcp`.

It doesn't use the official SDK, because that takes more than a second to import and needs twenty
further packages, while a server without sessions and streams needs only a few modules. The tests
use the SDK as their client.
"""
