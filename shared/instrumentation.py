"""Measure one call: a request, a timer's tick or a queue message.

The log lines of a call belong together, the App's metrics count it, and OpenTelemetry shows it as a
span.
"""

from collections.abc import Awaitable, Callable
from functools import wraps
from types import TracebackType
from typing import ParamSpec, TypeVar

from shared import log
from shared.app import App
from shared.clock import ProcessorTime

P = ParamSpec("P")
R = TypeVar("R")


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
