"""A call: a request, a timer's tick or a message, from its beginning to its end. Its log lines belong together, it is
counted, and with OpenTelemetry it is a span."""

from collections.abc import Awaitable, Callable
from functools import wraps
from types import TracebackType
from typing import ParamSpec, TypeVar

from shared import log, telemetry
from shared.clock import SystemClock
from shared.metrics import metrics

_seconds = SystemClock().monotonic
P = ParamSpec("P")
R = TypeVar("R")


class OperationScope:
    """`with Handling(operation) as call:` around whatever handles it; the caller sets `status` when it is known."""

    __slots__ = ("_call", "_opened", "_operation", "_started", "status")

    def __init__(self, operation: str, directory_id: str = "") -> None:
        self._operation, self._started, self.status = operation, _seconds(), 500
        self._call = log.begin(operation, directory_id)
        self._opened = telemetry.begin(operation)

    def __enter__(self) -> "OperationScope":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        place: TracebackType | None,
    ) -> None:
        call = self._call
        metrics.called(self._operation, self.status, _seconds() - self._started, call.round_trips)
        if self._opened is not None:
            telemetry.end(
                self._opened,
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
    """A timer's or queue's function failed. The platform logs what such a function raises, and an error's own text may
    hold personal data: this one has the type for its text, and the place in its traceback."""


def job(operation: str) -> Callable[[Callable[P, Awaitable[R]]], Callable[P, Awaitable[R]]]:
    """A timer's or queue's function as a call; it counts as 200, or as 500 where it raises, which is JobFailed then."""

    def around(function: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
        @wraps(function)
        async def handle(*arguments: P.args, **named: P.kwargs) -> R:
            with OperationScope(operation) as call:
                try:
                    result = await function(*arguments, **named)
                except Exception as error:
                    raise JobFailed(type(error).__name__).with_traceback(
                        error.__traceback__
                    ) from None
                call.status = 200
                return result

        return handle

    return around
