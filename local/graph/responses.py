"""Responses that both services send, and the responses of simulated faults."""

import asyncio
from collections.abc import Mapping
from urllib.parse import parse_qsl
from uuid import uuid4

import orjson
from starlette.requests import Request
from starlette.responses import Response

from local.graph.faults import Fault
from local.graph.login_errors import LoginError
from local.graph.simulator import Simulator


def json(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a JSON response with `Cache-Control: no-store`."""
    return Response(
        orjson.dumps(value),
        status,
        {"Cache-Control": "no-store", **(headers or {})},
        "application/json",
    )


def login_error(
    simulator: Simulator, error: LoginError, correlation_id: str = "", word: str = ""
) -> Response:
    """Return an error response of the token endpoint; `word` replaces the usual value of `error`."""
    wait = error.kind.retry_after
    headers = {"Retry-After": str(wait)} if wait else {}
    body = error.body(simulator.clock.now(), correlation_id)
    return json(body | ({"error": word} if word else {}), error.kind.status, headers)


def graph_error(
    simulator: Simulator, status: int, code: str, message: str, retry_after: int = 0
) -> Response:
    """Return an error response of Graph (learn.microsoft.com/graph/errors)."""
    request_id = str(uuid4())
    inner = {
        "date": f"{simulator.clock.now():%Y-%m-%dT%H:%M:%S}",
        "request-id": request_id,
        "client-request-id": request_id,
    }
    headers = {"request-id": request_id}
    if retry_after:
        headers["Retry-After"] = str(retry_after)
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="", error="invalid_token"'
    return json({"error": {"code": code, "message": message, "innerError": inner}}, status, headers)


async def form(request: Request) -> dict[str, str]:
    """Parse an application/x-www-form-urlencoded body."""
    return dict(
        parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True)
    )


# The metadata endpoint has its own value of `error` for an unknown tenant.
METADATA_WORDS = {90002: "invalid_tenant"}
_WORDS = {
    400: ("BadRequest", "Bad Request"),
    401: ("InvalidAuthenticationToken", "Access token validation failure."),
    403: ("Forbidden", "Missing role permissions on the request."),
    404: ("NotFound", "Resource not found."),
    429: ("TooManyRequests", "Too many requests."),
    500: ("InternalServerError", "An internal error occurred."),
    502: ("BadGateway", "Bad gateway."),
    503: ("ServiceUnavailable", "The service is temporarily unavailable."),
    504: ("GatewayTimeout", "The request timed out."),
}


async def faulty(
    simulator: Simulator, fault: Fault, request: Request, *, tenant: str = ""
) -> Response | None:
    """Return the response of a fault.

    A fault that lets requests hang waits until it is switched off and then returns None; the
    request must then be served as usual.
    """
    if fault.code is not None:
        error = LoginError(fault.code, client="the application", tenant=tenant)
        return login_error(simulator, error, word=METADATA_WORDS.get(fault.code, ""))
    endpoint, kind = fault.name.split(".")
    if kind == "hang":
        while simulator.faults.is_on(fault) and not await request.is_disconnected():
            await asyncio.sleep(0.01)
        return None
    if kind == "drop":
        return _Broken()
    if kind == "garbage":
        return Response("<html><body>A proxy's page</body></html>", 200, media_type="text/html")
    status = int(kind)
    retry_after = (fault.retry_after or 0) if status in (429, 503) else 0
    if endpoint == "graph":
        return graph_error(simulator, status, *_WORDS[status], retry_after=retry_after)
    headers = {"Retry-After": str(retry_after)} if retry_after else {}
    return json(
        {"error": "temporarily_unavailable", "error_description": _WORDS[status][1]},
        status,
        headers,
    )


class _Broken(Response):
    """A response with a shorter body than announced, after which the server closes the connection."""

    def __init__(self) -> None:
        super().__init__(b"{", 200, {"Content-Length": "1000"}, "application/json")
