"""The methods of the server: an HTTP request in, a JSON-RPC answer out.

An error that a model can mend, such as a wrong argument or a limit, is a result with `isError` and the
remedy. A fault that only a programmer can mend is an error of the protocol
(modelcontextprotocol.io/specification/2026-07-28/server/tools, "Error Handling").
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
    read_call,
    result_response,
)
from web.mcp.models import INSTRUCTIONS
from web.mcp.tools import TOOLS
from web.mcp.versions import LEGACY, MODERN, is_modern, negotiated

Json = dict[str, Any]
_KEPT_MS = 300_000  # milliseconds that clients may keep the list of tools


async def answer(app: App, request: Request) -> Response:
    """Return the answer to one message of a signed-in person or program.

    Raises:
        HttpError: 401 or 403 without the role of an agent, 403 for another site's page, 411, 413, 429.
    """
    person = require_reader(request, app.settings)
    check_same_origin(request, app.settings.public_url)
    try:
        call = read_call(request)
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
    """Return the HTTP status of an error: legacy clients read errors of the protocol from a 200."""
    if error.code == INTERNAL_ERROR:
        return 500
    if not modern:
        return 200
    return 404 if error.code == METHOD_NOT_FOUND else 400


async def _result(
    app: App, person: Principal, call: Call, *, modern: bool
) -> tuple[Json, dict[str, str]]:
    """Return the result of a request, and headers for it."""
    match call.method:
        case "tools/call":
            return await _called(app, person, call)
        case "tools/list":
            tools = [tool.described() for tool in TOOLS.values()]
            kept: Json = {"ttlMs": _KEPT_MS, "cacheScope": "public"} if modern else {}
            return {"tools": tools, **kept}, {}
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
    """Call a tool within the person's limits."""
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
    """Return the fault, its remedy, and headers; an unexpected error is one of the protocol."""
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
