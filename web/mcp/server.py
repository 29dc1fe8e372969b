"""Handle MCP requests: parse the HTTP request, run the method, return a JSON-RPC response.

An error that a language model can correct, such as a wrong argument or an exceeded limit, is a
result with `isError` and the remedy. An error that only a programmer can correct is a JSON-RPC
error (modelcontextprotocol.io/specification/2026-07-28/server/tools, "Error Handling").
"""

from typing import Any

from directories.errors import DirectoryError
from directories.rate_limits import limit_user
from shared import log
from shared.app import App
from shared.azure_functions import describe_failure
from shared.easy_auth import Principal, require_reader
from shared.http import HttpError, Request, Response, check_same_origin
from shared.messages import Message
from shared.version import VERSION
from web.mcp.json_rpc import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    Call,
    RpcError,
    error_response,
    parse_call,
    result_response,
)
from web.mcp.models import INSTRUCTIONS
from web.mcp.tools import TOOLS
from web.mcp.versions import LEGACY, MODERN, is_modern, negotiated

Json = dict[str, Any]
_KEPT_MS = 300_000  # for how long clients may cache the list of tools


async def answer(app: App, request: Request) -> Response:
    """Return the HTTP response to one MCP message from a signed-in user or program.

    Raises:
        HttpError: 401 or 403 without the role of an agent, 403 for another site's page, 411,
            413, 429.
    """
    person = require_reader(request, app.settings)
    check_same_origin(request, app.settings.public_url)
    try:
        call = parse_call(request)
    except RpcError as error:
        return error_response(None, error, 400)
    try:
        modern = is_modern(request, call)
    except RpcError as error:
        return error_response(call, error, 400)
    if call.id is None:
        return Response(202)
    try:
        result, headers = await _result(app, person, call, modern=modern)
    except RpcError as error:
        return error_response(call, error, _status(error, modern=modern))
    if modern:
        result = {"resultType": "complete", **result, "_meta": _meta(app)}
    response = result_response(call, result)
    response.headers.update(headers)
    return response


def _status(error: RpcError, *, modern: bool) -> int:
    """Return the HTTP status for a JSON-RPC error.

    It is 200 for legacy clients except after an internal error, because they read JSON-RPC errors
    only from a 200.
    """
    if error.code == INTERNAL_ERROR:
        return 500
    if not modern:
        return 200
    return 404 if error.code == METHOD_NOT_FOUND else 400


async def _result(
    app: App, person: Principal, call: Call, *, modern: bool
) -> tuple[Json, dict[str, str]]:
    """Return the result of a request, and the HTTP headers to send with it.

    Raise RpcError for a method that this revision of the protocol doesn't have.
    """
    match call.method:
        case "tools/call":
            return await _called(app, person, call)
        case "tools/list":
            tools = [tool.described() for tool in TOOLS.values()]
            cache_hints: Json = {"ttlMs": _KEPT_MS, "cacheScope": "public"} if modern else {}
            return {"tools": tools, **cache_hints}, {}
        case "server/discover" if modern:
            about = {"supportedVersions": [MODERN, *LEGACY], **_about(app)}
            return {**about, "ttlMs": _KEPT_MS, "cacheScope": "public"}, {}
        case "initialize" if not modern:
            version = negotiated(call)
            return {"protocolVersion": version, **_about(app), "serverInfo": _server(app)}, {}
        case "ping" if not modern:
            return {}, {}
    raise RpcError(METHOD_NOT_FOUND, Message("mcp_no_method", name=call.method[:60]))


async def _called(app: App, person: Principal, call: Call) -> tuple[Json, dict[str, str]]:
    """Call a tool within the user's rate limits; return its result and the HTTP headers to send with it.

    Raise RpcError if there is no such tool or its arguments aren't a JSON object.
    """
    name, arguments = call.params.get("name"), call.params.get("arguments") or {}
    tool = TOOLS.get(name) if isinstance(name, str) else None
    if tool is None:
        known = ", ".join(TOOLS)
        message = Message("mcp_no_tool", name=str(name)[:60], known=known)
        raise RpcError(INVALID_PARAMS, message)
    if not isinstance(arguments, dict):
        raise RpcError(INVALID_PARAMS, Message("mcp_arguments"))
    try:
        with limit_user(app, person):
            found = await tool.call(app, person, arguments)
    except Exception as error:
        message, headers = _remedy(error)
        return {"content": [_text(message.text())], "isError": True}, headers
    return {
        "content": [_text(found.text)],
        "structuredContent": found.content,
        "isError": False,
    }, {}


def _remedy(error: Exception) -> tuple[Message, dict[str, str]]:
    """Return the message for a tool's error, with its remedy, and the error's HTTP headers.

    Raise RpcError for an unexpected error.
    """
    if isinstance(error, HttpError):
        return error.message, error.headers
    if isinstance(error, DirectoryError):
        return error.message, {}
    failure = describe_failure(error)
    if failure.status == 500:
        log.failure("http.error", error)
        raise RpcError(INTERNAL_ERROR, failure.message) from None
    return failure.message, failure.headers


def _text(text: str) -> Json:
    return {"type": "text", "text": text}


def _about(app: App) -> Json:
    return {"capabilities": {"tools": {}}, "instructions": INSTRUCTIONS}


def _server(app: App) -> Json:
    return {"name": "external-directories", "title": app.settings.product_name, "version": VERSION}


def _meta(app: App) -> Json:
    return {"io.modelcontextprotocol/serverInfo": _server(app)}
