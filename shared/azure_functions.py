"""The edge to Azure Functions: registers a handler as an HTTP function and turns its errors into answers.

The host picks among routes by function name, answers 404 for a method that no function takes, and sorts nothing by how
exact a template is. So every function takes all methods, answers 405 itself, and templates never overlap.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import azure.functions as func

from shared import log
from shared.app import App
from shared.http import HttpError, Request, Response, problem, select_by_method
from shared.instrumentation import OperationScope
from shared.messages import Message
from shared.row_versions import UnsupportedRowVersion
from shared.tables.port import Cause, LimitExceeded, StorageUnavailable
from shared.tables.storage_faults import StorageFaults

Blueprint = func.Blueprint
Handler = Callable[[Request], Awaitable[Response]]
Failure = Callable[[Exception], Response]
MAX_SECONDS = 20.0  # of a request; clients and the platform's proxy wait longer
_RETRY_SECONDS = 5
_SENDABLE = "".join(map(chr, range(0x20, 0x7F)))  # characters of a header's value
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
# Headers of every answer unless it sets them: it is data, for its own site alone and for no cache
# (cheatsheetseries.owasp.org, "REST Security": security headers). Pages have a policy that lets them draw themselves.
_SECURITY = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
_OVER_TLS = _SECURITY | {
    "Strict-Transport-Security": "max-age=31536000"
}  # RFC 6797 section 7.2: over TLS alone

# The message by the cause of StorageUnavailable.
_CAUSES: dict[Cause, Message] = {
    "": Message("storage_unavailable"),
    "full": Message("storage_full"),
    "damaged": Message("storage_damaged"),
    "read_only": Message("storage_read_only"),
    "missing": Message("storage_missing"),
    "role": Message("storage_role"),
}


class _HeadersWithoutType(dict[str, str]):
    """Headers without Content-Type, which tell the converter of azure-functions that they have one."""

    def __contains__(self, name: object) -> bool:
        return name == "content-type" or super().__contains__(name)


class _EmptyResponse(func.HttpResponse):
    """A 204 or 304: without a body it has no Content-Type (RFC 9110 section 8.3), which azure-functions would add."""

    def __init__(self, status: int, headers: dict[str, str]) -> None:
        super().__init__(status_code=status)
        self._headers = _HeadersWithoutType(headers)

    @property
    def headers(self) -> Any:
        return self._headers


def sendable(value: str) -> str:
    """Return a header's value with every character that the host refuses percent-encoded as UTF-8.

    The host answers an empty 500 instead of a header with a character outside ASCII or a line end.
    """
    if value.isascii() and value.isprintable():
        return value
    return quote(value, safe=_SENDABLE, errors="replace")


def register_http(
    app: App,
    blueprint: func.Blueprint,
    name: str,
    route: str,
    handler: Handler,
    failure: Failure | None = None,
) -> None:
    """Register `handler` as the HTTP function `name` at the template `route`, for all methods, anonymous.

    Anonymous to the host: SCIM clients cannot send function keys, and people are signed in by the platform in front.
    A request that isn't answered after 20 seconds is answered with 503.
    """
    answer = failure or problem_response
    limited = within(app, MAX_SECONDS, handler)

    async def main(req: func.HttpRequest) -> func.HttpResponse:
        with OperationScope(app, name, req.route_params.get("directoryId", "")) as call:
            request = Request(req.method, req.url, req.headers, req.get_body(), req.route_params)
            response = await _answer(call, limited, request, answer)
            if request.method == "HEAD":
                response.body = b""
            call.status = response.status
        headers = {
            **(_OVER_TLS if request.url.startswith("https:") else _SECURITY),
            **{name: sendable(value) for name, value in response.headers.items()},
        }
        if response.status in (204, 304) and "Set-Cookie" not in headers:
            return _EmptyResponse(response.status, headers)
        return func.HttpResponse(response.body, status_code=response.status, headers=headers)

    registered = blueprint.route(route=route, methods=METHODS, auth_level=func.AuthLevel.ANONYMOUS)(
        main
    )
    blueprint.function_name(name)(registered)


async def _answer(
    call: OperationScope, handler: Handler, request: Request, failure: Failure
) -> Response:
    try:
        response = await call.processor.measure(handler(request))
    except Exception as error:
        response = failure(error)
    if response.status in (429, 503):  # RFC 9110 section 10.2.3
        response.headers.setdefault("Retry-After", str(_RETRY_SECONDS))
    return response


def within(app: App, seconds: float, handler: Handler) -> Handler:
    """Return a handler that raises StorageUnavailable after `seconds`, whatever `handler` is doing."""

    async def handle(request: Request) -> Response:
        try:
            async with asyncio.timeout(seconds) as limit:
                return await handler(request)
        except TimeoutError:
            if not limit.expired():
                raise
            reason = f"a request was not answered within {seconds:g} seconds"
            app.state(StorageFaults, lambda: StorageFaults(app.clock)).report(reason)
            raise StorageUnavailable(reason) from None

    return handle


def method_dispatcher(**handlers: Handler) -> Handler:
    """Return a handler that calls the one of the request's method: `method_dispatcher(GET=read)`."""

    async def dispatch(request: Request) -> Response:
        return await select_by_method(request, handlers)(request)

    return dispatch


def problem_response(error: Exception) -> Response:
    """Return the RFC 9457 problem for an error of a handler; an unexpected one is logged."""
    if isinstance(error, HttpError):
        return error.response
    status, message, headers = describe_failure(error)
    if status == 500:
        log.failure("http.error", error)
    response = problem(status, message)
    response.headers.update(headers)
    return response


def describe_failure(error: Exception) -> tuple[int, Message, dict[str, str]]:
    """Return status, message and headers for an error of the storage, or 500 for an unexpected one.

    The caller logs an unexpected error; the message has only the request's ID in the log.
    """
    match error:
        case UnsupportedRowVersion(retry_after=seconds):
            return 503, Message("newer_release"), {"Retry-After": str(seconds)}
        case StorageUnavailable(retry_after=seconds, cause=cause):
            return 503, _CAUSES[cause], {"Retry-After": str(seconds)}
        case LimitExceeded():
            return 413, Message("too_large_to_store"), {}
        case _:
            call = log.current()
            return 500, Message("internal_error", id=call.id if call else "-"), {}
