"""The adapter to Azure Functions: registers handlers as functions, converts errors to responses, and measures calls.

A *call* is one HTTP request, one tick of a timer or one queue message. All of its log lines have
its ID, the App's metrics count it, and OpenTelemetry shows it as a span.

The host chooses between overlapping route templates by function name, not by the more specific
template, and it responds with 404 to a method that no function has registered. So no two templates
overlap, and every function is registered for all methods and responds with 405 itself.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from traceback import walk_tb
from types import TracebackType
from typing import Any, ParamSpec, TypeVar
from urllib.parse import quote

import azure.functions as func

from shared import log
from shared.app import App
from shared.clock import ProcessorTime
from shared.http import HttpError, Request, Response, problem, select_by_method
from shared.messages import Message
from shared.row_versions import UnsupportedRowVersion
from shared.tables.metered import StorageFaults
from shared.tables.port import Cause, LimitExceeded, StorageUnavailable

Blueprint = func.Blueprint
Handler = Callable[[Request], Awaitable[Response]]
Failure = Callable[[Exception], Response]
MAX_SECONDS = 20.0  # per request; clients and the platform's proxy wait longer
_RETRY_SECONDS = 5
_PACKAGES = ("contacts", "directories", "presence", "scim", "shared", "web")
_SENDABLE = "".join(map(chr, range(0x20, 0x7F)))  # the characters that a header's value may have
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
# Default headers of every response: no cache stores it, no other site reads it, and a browser executes nothing in it
# (cheatsheetseries.owasp.org, "REST Security": security headers). Pages set a policy of their own.
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
P = ParamSpec("P")
R = TypeVar("R")


class _Headers(dict[str, str]):
    """Headers that claim to contain a Content-Type, so that azure-functions doesn't add one."""

    def __contains__(self, name: object) -> bool:
        return name == "content-type" or super().__contains__(name)


class _PlainResponse(func.HttpResponse):
    """An HttpResponse with a plain dict of headers, and without cookies.

    azure-functions checks each header of its own class, which takes five times as long. It also
    adds a Content-Type to a response without a body (204 or 304), which must have none (RFC 9110
    section 8.3).
    """

    def __init__(self, body: bytes, status: int, headers: dict[str, str]) -> None:
        super().__init__(body, status_code=status)
        self._headers = _Headers(headers)

    @property
    def headers(self) -> Any:
        return self._headers


def sendable(value: str) -> str:
    """Return a header's value with every character that the host refuses percent-encoded as UTF-8.

    If a header has a line end or a character outside ASCII, the host sends an empty 500 in place of
    the response.
    """
    if value.isascii() and value.isprintable():
        return value
    return quote(value, safe=_SENDABLE, errors="replace")


class OperationScope:
    """A context manager that logs, counts and traces one call: `with OperationScope(app, operation) as call:`.

    Set `call.status` inside the block; otherwise the call is counted with status 500.
    """

    __slots__ = ("_app", "_call", "_operation", "_span", "_started", "status")

    def __init__(self, app: App, operation: str, directory_id: str = "") -> None:
        self._app, self._operation, self.status = app, operation, 500
        self._started = app.clock.monotonic()
        # With OpenTelemetry the App exports its lines itself, so they need no running invocation.
        late = None if app.telemetry else app.late_lines
        self._call = log.begin(operation, directory_id, late, app.random.hex(8))
        self._span = app.telemetry.begin(operation) if app.telemetry else None

    @property
    def processor(self) -> ProcessorTime:
        """Return the measurement of the processor time that the call has used so far."""
        return self._call.processor

    def __enter__(self) -> "OperationScope":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        app, call = self._app, self._call
        seconds = app.clock.monotonic() - self._started
        app.metrics.called(self._operation, self.status, seconds, call.round_trips)
        if app.telemetry is not None and self._span is not None:
            app.telemetry.end(
                self._span,
                {
                    "request_id": call.id,
                    "directory_id": call.directory_id,
                    "round_trips": call.round_trips,
                    "status": self.status,
                },
                failed=self.status >= 500,
            )
        log.end()


def register_http(
    app: App,
    blueprint: func.Blueprint,
    name: str,
    route: str,
    handler: Handler,
    failure: Failure | None = None,
) -> None:
    """Register `handler` as the HTTP function `name` at the route template `route`, for all methods.

    The host lets anonymous requests in, because SCIM clients can't send function keys and App
    Service Authentication signs users in. `failure` converts an exception of the handler to the
    response, `problem_response` by default. A handler that takes more than 20 seconds is cancelled,
    and the response is 503.
    """
    answer = failure or problem_response
    limited = within(app, MAX_SECONDS, handler)

    async def main(req: func.HttpRequest) -> func.HttpResponse:
        with OperationScope(app, name, req.route_params.get("directoryId", "")) as call:
            request = Request(
                req.method, req.url, req.headers, req.get_body(), route=req.route_params
            )
            response = await _respond(call, limited, request, answer)
            if request.method == "HEAD":
                response.body = b""
            call.status = response.status
        headers = {
            **(_OVER_TLS if request.url.startswith("https:") else _SECURITY),
            **{name: sendable(value) for name, value in response.headers.items()},
        }
        is_typed = "Content-Type" in headers or response.status in (204, 304)
        if is_typed and "Set-Cookie" not in headers:
            return _PlainResponse(response.body, response.status, headers)
        return func.HttpResponse(response.body, status_code=response.status, headers=headers)

    registered = blueprint.route(route=route, methods=METHODS, auth_level=func.AuthLevel.ANONYMOUS)(
        main
    )
    blueprint.function_name(name)(registered)


async def _respond(
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
    """Return a handler that cancels `handler` after `seconds`, and then raises StorageUnavailable."""

    async def handle(request: Request) -> Response:
        try:
            async with asyncio.timeout(seconds) as limit:
                return await handler(request)
        except TimeoutError as error:
            if not limit.expired():
                raise
            reason = f"a request was not answered within {seconds:g} seconds, at {_innermost_line(error)}"
            app.state(StorageFaults).report(reason)
            raise StorageUnavailable(reason) from None

    return handle


def _innermost_line(error: BaseException) -> str:
    """Return the innermost line of the product's code that a cancelled call waited at, such as `sqlite.py:128`."""
    position = "an unknown line"
    cancelled = error.__cause__ or error
    for frame, line in walk_tb(cancelled.__traceback__):
        module = frame.f_globals.get("__name__", "")
        # The innermost frame is that of ProcessorTime, which drives every call: it is not the line.
        if module.partition(".")[0] in _PACKAGES and module != ProcessorTime.__module__:
            position = f"{Path(frame.f_code.co_filename).name}:{line}"
    return position


def method_dispatcher(**handlers: Handler) -> Handler:
    """Return a handler that calls the one for the request's method, as in `method_dispatcher(GET=read)`.

    For other methods it raises HttpError 405.
    """

    async def dispatch(request: Request) -> Response:
        return await select_by_method(request, handlers)(request)

    return dispatch


def problem_response(error: Exception) -> Response:
    """Return the response with an RFC 9457 problem for an exception of a handler; log an unexpected exception."""
    if isinstance(error, HttpError):
        return error.response
    failure = describe_failure(error)
    if failure.status == 500:
        log.failure("http.error", error)
    response = problem(failure.status, failure.message)
    response.headers.update(failure.headers)
    return response


@dataclass(frozen=True, slots=True)
class FailureDescription:
    """The status, message and headers of the response to a request that failed."""

    status: int
    message: Message
    headers: dict[str, str] = field(default_factory=dict)


def describe_failure(error: Exception) -> FailureDescription:
    """Return the response's status, message and headers: 503 or 413 for an error of the storage, 500 for any other.

    This function logs nothing: the caller logs an unexpected error. The message of a 500 names only
    the request's ID, by which the log line is found.
    """
    match error:
        case UnsupportedRowVersion(retry_after=seconds):
            retry_after = {"Retry-After": str(seconds)}
            return FailureDescription(503, Message("newer_release"), retry_after)
        case StorageUnavailable(retry_after=seconds, cause=cause):
            return FailureDescription(503, _CAUSES[cause], {"Retry-After": str(seconds)})
        case LimitExceeded():
            return FailureDescription(413, Message("too_large_to_store"))
        case _:
            call = log.current()
            return FailureDescription(500, Message("internal_error", id=call.id if call else "-"))


class JobFailed(Exception):
    """Raised in place of the exception of a timer's or queue's function.

    Azure Functions logs the text of the exception that such a function raises, which may hold
    personal data. The text of this one is the name of the original exception's type; its traceback
    is the original traceback.
    """


def job(
    app: App, operation: str
) -> Callable[[Callable[P, Awaitable[R]]], Callable[P, Awaitable[R]]]:
    """Return a decorator for a timer's or queue's function that logs, counts and traces its call.

    The status of the call is 200, or 500 if the function raises an exception, which becomes
    JobFailed.
    """

    def decorate(function: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
        @wraps(function)
        async def handle(*arguments: P.args, **named: P.kwargs) -> R:
            with OperationScope(app, operation) as call:
                try:
                    result = await function(*arguments, **named)
                except Exception as error:
                    raise JobFailed(type(error).__name__).with_traceback(
                        error.__traceback__
                    ) from None
                call.status = 200
                return result

        return handle

    return decorate
