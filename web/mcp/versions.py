"""The supported revisions of the protocol, and how a request names its revision.

*Modern* (2026-07-28): each request carries its revision and the client's capabilities, and its
headers repeat the method and the tool's name. *Legacy* (up to 2025-11-25): the client sends
`initialize` first, and later requests name the negotiated revision in the header
`MCP-Protocol-Version`. Both work without sessions, so any instance can respond
(modelcontextprotocol.io/specification/2026-07-28/basic/versioning, .../transports/streamable-http).
"""

import base64
import binascii
from typing import Any

from shared.http import Request
from shared.messages import Message
from web.mcp.json_rpc import (
    HEADER_MISMATCH,
    INVALID_PARAMS,
    UNSUPPORTED_VERSION,
    Call,
    RpcError,
)

MODERN = "2026-07-28"
LEGACY = ("2025-11-25", "2025-06-18", "2025-03-26")
_META = "io.modelcontextprotocol/"
_PREFIX, _SUFFIX = "=?base64?", "?="


def is_modern(request: Request, call: Call) -> bool:
    """Return whether a request uses the modern revision, after validating the revision it names.

    Raises:
        RpcError: The request lacks something that its revision requires, or the revision is not
            supported.
    """
    version = request.headers.get("mcp-protocol-version", "")
    meta = call.params.get("_meta")
    is_enveloped = isinstance(meta, dict) and f"{_META}protocolVersion" in meta
    if is_enveloped or version == MODERN:
        if call.id is not None:
            _check_envelope(request, call, version, meta if isinstance(meta, dict) else {})
        return True
    if version and version not in LEGACY:
        raise _unsupported(version)
    return False


def negotiated(call: Call) -> str:
    """Return the revision for a legacy client's `initialize`: the requested one if supported, else the newest."""
    requested = call.params.get("protocolVersion")
    return requested if requested in LEGACY else LEGACY[0]


def _check_envelope(request: Request, call: Call, version: str, meta: dict[str, Any]) -> None:
    named = meta.get(f"{_META}protocolVersion")
    if not isinstance(named, str) or not isinstance(meta.get(f"{_META}clientCapabilities"), dict):
        raise RpcError(INVALID_PARAMS, Message("mcp_meta"))
    expected = {"mcp-protocol-version": named, "mcp-method": call.method}
    if call.method == "tools/call":
        expected["mcp-name"] = str(call.params.get("name", ""))
    for name, value in expected.items():
        sent = version if name == "mcp-protocol-version" else request.headers.get(name)
        if _decoded(sent) != value:
            raise RpcError(HEADER_MISMATCH, Message("mcp_header", name=name))
    if named != MODERN:
        raise _unsupported(named)


def _decoded(value: str | None) -> str | None:
    """Return a header's value, decoded if it is marked as Base64; None without a header or if decoding fails."""
    if value is None or not (value.startswith(_PREFIX) and value.endswith(_SUFFIX)):
        return value
    try:
        return base64.b64decode(value[len(_PREFIX) : -len(_SUFFIX)], validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def _unsupported(version: str) -> RpcError:
    data = {"supported": [MODERN, *LEGACY], "requested": version[:40]}
    return RpcError(UNSUPPORTED_VERSION, Message("mcp_version"), data)
