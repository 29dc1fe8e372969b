"""JSON-RPC 2.0 as the Model Context Protocol uses it: one message per HTTP request, no batches.

Source: modelcontextprotocol.io/specification/2026-07-28/basic, "Messages" and "Error Codes".
"""

from dataclasses import dataclass
from typing import Any

from shared.http import HttpError, Request, Response, json_body, json_response
from shared.messages import Message

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND = -32700, -32600, -32601
INVALID_PARAMS, INTERNAL_ERROR = -32602, -32603
HEADER_MISMATCH, UNSUPPORTED_VERSION = -32020, -32022
MAX_BODY = 64 * 1024  # bytes


class RpcError(Exception):
    """An error of the protocol: a JSON-RPC error code, a message, and optional data for the client."""

    def __init__(self, code: int, message: Message, data: Any = None) -> None:
        super().__init__(message.code)
        self.code = code
        self.message = message
        self.data = data


@dataclass(frozen=True, slots=True)
class Call:
    """A JSON-RPC request; with `id` None it is a notification, which gets no result."""

    id: str | int | None
    method: str
    params: dict[str, Any]


def parse_call(request: Request) -> Call:
    """Parse the body of an HTTP request as one JSON-RPC message.

    Raises:
        RpcError: The body isn't JSON, or isn't a single request or notification.
        HttpError: 411 without a length, 413 for a body over `MAX_BODY`.
    """
    try:
        body = json_body(request, MAX_BODY)
    except HttpError as error:
        if error.status != 400:
            raise
        raise RpcError(PARSE_ERROR, error.message) from None
    if not isinstance(body, dict) or body.get("jsonrpc") != "2.0":
        raise RpcError(INVALID_REQUEST, Message("mcp_one_message"))
    identifier, method, params = body.get("id"), body.get("method"), body.get("params", {})
    if not isinstance(method, str) or not isinstance(params, dict):
        raise RpcError(INVALID_REQUEST, Message("mcp_method"))
    if "id" in body and (isinstance(identifier, bool) or not isinstance(identifier, str | int)):
        raise RpcError(INVALID_REQUEST, Message("mcp_id"))
    return Call(identifier, method, params)


def result_response(call: Call, result: dict[str, Any]) -> Response:
    """Return the HTTP response with the result of a request."""
    return json_response({"jsonrpc": "2.0", "id": call.id, "result": result})


def error_response(call: Call | None, error: RpcError, status: int) -> Response:
    """Return the HTTP response with a JSON-RPC error.

    `call` is None if the request could not be parsed; then its ID is unknown and the response has
    `"id": null`.
    """
    content: dict[str, Any] = {"code": error.code, "message": error.message.text()}
    if error.data is not None:
        content["data"] = error.data
    identifier = call.id if call else None
    return json_response({"jsonrpc": "2.0", "id": identifier, "error": content}, status)
