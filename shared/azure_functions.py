"""The edge to Azure Functions: registers handlers as functions, turns errors into answers, and measures each call.

A call is a request, a timer's tick or a queue message. Its log lines belong together, the App's metrics count it, and
OpenTelemetry shows it as a span.

The host picks among routes by function name, answers 404 for a method that no function takes, and sorts nothing by how
exact a template is. So every function takes all methods, answers 405 itself, and templates never overlap.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import wraps
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
P = ParamSpec("P")
R = TypeVar("R")


class _Headers(dict[str, str]):
    """Headers that tell the converter of azure-functions that they have a Content-Type."""

    def __contains__(self, name: object) -> bool:
        return name == "content-type" or super().__contains__(name)


class _Answer(func.HttpResponse):
    """An answer without cookies, whose headers are a plain dict: azure-functions checks each of its own for five times the work.

    A 204 or 304, which has no body, has no Content-Type (RFC 9110 section 8.3), which azure-functions would add.
    """

    def __init__(self, body: bytes, status: int, headers: dict[str, str]) -> None:
        super().__init__(body, status_code=status)
        self._headers = _Headers(headers)

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


class OperationScope:
    """`with OperationScope(app, operation) as call:` around the work; the caller sets `call.status`."""

    __slots__ = ("_app", "_call", "_operation", "_span", "_started", "status")

    def __init__(self, app: App, operation: str, directory_id: str = "") -> None:
        self._app, self._operation, self.status = app, operation, 500
        self._started = app.clock.monotonic()
        # With OpenTelemetry the App sends its lines itself, at any time.
        late = None if app.telemetry else app.late_lines
        self._call = log.begin(operation, directory_id, late, app.random.hex(8))
        self._span = app.telemetry.begin(operation) if app.telemetry else None

    @property
    def processor(self) -> ProcessorTime:
        """Return the processor time of the call so far."""
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
    """Register `handler` as the HTTP function `name` at the template `route`, for all methods, anonymous.

    Anonymous to the host: SCIM clients cannot send function keys, and App Service Authentication signs people in.
    A request that isn't answered after 20 seconds is answered with 503.
    """
    answer = failure or problem_response
    limited = within(app, MAX_SECONDS, handler)

    async def main(req: func.HttpRequest) -> func.HttpResponse:
        with OperationScope(app, name, req.route_params.get("directoryId", "")) as call:
            request = Request(
                req.method, req.url, req.headers, req.get_body(), route=req.route_params
            )
            response = await _answer(call, limited, request, answer)
            if request.method == "HEAD":
                response.body = b""
            call.status = response.status
        headers = {
            **(_OVER_TLS if request.url.startswith("https:") else _SECURITY),
            **{name: sendable(value) for name, value in response.headers.items()},
        }
        is_typed = "Content-Type" in headers or response.status in (204, 304)
        if is_typed and "Set-Cookie" not in headers:
            return _Answer(response.body, response.status, headers)
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
    failure = describe_failure(error)
    if failure.status == 500:
        log.failure("http.error", error)
    response = problem(failure.status, failure.message)
    response.headers.update(failure.headers)
    return response


@dataclass(frozen=True, slots=True)
class FailureDescription:
    """How an error is answered."""

    status: int
    message: Message
    headers: dict[str, str] = field(default_factory=dict)


def describe_failure(error: Exception) -> FailureDescription:
    """Return status, message and headers for an error of the storage, or 500 for an unexpected one.

    The caller logs an unexpected error; the message has only the request's ID in the log.
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
    """The function of a timer or queue failed.

    Azure Functions logs the exception that such a function raises, and its text may hold personal
    data. This one has the name of its type as text, and its traceback.
    """


def job(
    app: App, operation: str
) -> Callable[[Callable[P, Awaitable[R]]], Callable[P, Awaitable[R]]]:
    """Decorate the function of a timer or queue as a call.

    It counts as status 200, or as 500 if it raises an exception, which becomes JobFailed.
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
