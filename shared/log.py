"""Structured log lines: one JSON object with name and dimensions, no secret or personal data.

`docs/operations.md` lists every event with its dimensions; a test keeps that list true. If a line
belongs to a call, it also has the call's id, its operation (the function's name) and its directory.
"""

import asyncio
import logging
import secrets
import traceback
from collections import deque
from contextvars import ContextVar
from dataclasses import dataclass, field

import orjson

from shared.clock import ProcessorTime

Dimension = str | int | float | bool | None
NAME = "external_directories"
_logger = logging.getLogger(NAME)
_MAX_ID = 64
_MAX_LATE_LINES = 200


class LateLines:
    """Lines of work that has outlived its call, until the next call of the App writes them.

    The host takes a line only while the invocation that it belongs to runs (azure-functions-host,
    GrpcWorkerChannel.cs, `IgnoringRpcLog`), and the worker for Python 3.13 loses what a thread logs
    (azure-functions-python-worker, issue 1860). Of more than 200 lines the newest remain.
    """

    def __init__(self) -> None:
        self._lines: deque[tuple[int, str]] = deque(maxlen=_MAX_LATE_LINES)

    def add(self, level: int, text: str) -> None:
        """Keep a line. May be called from any thread."""
        self._lines.append((level, text))

    def write(self) -> None:
        """Log the kept lines, as part of the current call."""
        while self._lines:
            _logger.log(self._lines[0][0], "%s", self._lines[0][1])
            self._lines.popleft()


@dataclass(slots=True, kw_only=True)
class Call:
    """A request, a timer's tick or a message that is being handled.

    `round_trips` counts calls to storage, `processor` the time that its own code computes.
    """

    operation: str
    directory_id: str = ""
    round_trips: int = 0
    processor: ProcessorTime = field(default_factory=ProcessorTime)
    id: str = ""
    late: LateLines | None = None  # None: lines reach the log whenever they are written
    has_ended: bool = False


_call: ContextVar[Call | None] = ContextVar("call", default=None)


def begin(
    operation: str, directory_id: str = "", late: LateLines | None = None, call_id: str = ""
) -> Call:
    """Begin a call: from here on, lines of this task and of those it starts belong to it.

    The id of a directory comes out of a URL: text that can't be one is not logged. `late` is the
    App's: its lines are written now, and those that come after the call's end or from a thread go
    there.
    """
    plausible = (
        len(directory_id) <= _MAX_ID
        and directory_id.isascii()
        and directory_id.replace("-", "").isalnum()
    )
    call = Call(
        operation=operation,
        directory_id=directory_id if plausible else "",
        id=call_id or secrets.token_hex(8),
        late=late,
    )
    _call.set(call)
    if late is not None:
        late.write()
    return call


def end() -> None:
    """End the call; tasks that it started keep belonging to it."""
    if (call := _call.get()) is not None:
        if call.late is not None:
            call.late.write()
        call.has_ended = True
    _call.set(None)


def current() -> Call | None:
    """Return the call that is being handled."""
    return _call.get()


def event(name: str, *, level: int = logging.INFO, **dimensions: Dimension) -> None:
    """Log the event `name`; dimensions are ids, counts and durations, never names, numbers or tokens."""
    if _logger.isEnabledFor(level):
        _write(level, orjson.dumps({"event": name, **_of_call(), **dimensions}).decode())


def measurement(name: str, **dimensions: Dimension) -> None:
    """Log a total of many calls."""
    if _logger.isEnabledFor(logging.INFO):
        _write(logging.INFO, orjson.dumps({"event": name, **dimensions}).decode())


def failure(
    name: str, error: BaseException, *, late: LateLines | None = None, **dimensions: Dimension
) -> None:
    """Log an unexpected error by type and place; its message may hold personal data, so it is left out.

    With `late`, which is for the time before the first call, the line waits there.
    """
    frames = traceback.extract_tb(error.__traceback__)
    places = [
        f"{frame.filename.rsplit('/', 2)[-1]}:{frame.lineno} {frame.name}" for frame in frames[-6:]
    ]
    details = {"error": type(error).__name__, "at": " < ".join(reversed(places)), **dimensions}
    if late is not None:
        late.add(logging.ERROR, orjson.dumps({"event": name, **details}).decode())
    else:
        event(name, level=logging.ERROR, **details)


def _write(level: int, text: str) -> None:
    call = _call.get()
    late = call.late if call is not None else None
    if late is not None and call is not None and (call.has_ended or _is_in_thread()):
        late.add(level, text)
    else:
        _logger.log(level, "%s", text)


def _is_in_thread() -> bool:
    """Return whether this is a thread that a call uses, and not the event loop's own."""
    return asyncio._get_running_loop() is None


def _of_call() -> dict[str, str]:
    call = _call.get()
    if call is None:
        return {}
    place = {"directory_id": call.directory_id} if call.directory_id else {}
    return {"request_id": call.id, "operation": call.operation, **place}
