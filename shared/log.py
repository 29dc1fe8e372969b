"""Structured log lines: JSON objects with an event's name and its dimensions, without secrets and personal data.

`docs/operations.md` lists every event with its dimensions, and a test compares that list with the
code. A line that is logged during a call also has the call's ID, operation (the function's name)
and directory.
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
    """Log lines of work that continues after its call ended; the next call of the App writes them.

    The host accepts lines only while the invocation that they belong to runs (azure-functions-host,
    GrpcWorkerChannel.cs, `IgnoringRpcLog`), and the worker for Python 3.13 loses lines that a
    thread logs (azure-functions-python-worker, issue 1860). At most 200 lines are kept, the newest.
    """

    def __init__(self) -> None:
        self._lines: deque[tuple[int, str]] = deque(maxlen=_MAX_LATE_LINES)

    def add(self, level: int, text: str) -> None:
        """Keep a line for the next call to write. May be called from any thread."""
        self._lines.append((level, text))

    def write(self) -> None:
        """Log the kept lines during the current call, and remove them."""
        while self._lines:
            _logger.log(self._lines[0][0], "%s", self._lines[0][1])
            self._lines.popleft()


@dataclass(slots=True, kw_only=True)
class Call:
    """A call that is being handled: an HTTP request, a timer's tick or a queue message.

    `round_trips` is the number of its requests to storage; `processor` measures the processor time that it uses.
    """

    operation: str
    directory_id: str = ""
    round_trips: int = 0
    processor: ProcessorTime = field(default_factory=ProcessorTime)
    id: str = ""
    late: LateLines | None = None  # None: a line may be logged at any time
    has_ended: bool = False


_call: ContextVar[Call | None] = ContextVar("call", default=None)


def begin(
    operation: str, directory_id: str = "", late: LateLines | None = None, call_id: str = ""
) -> Call:
    """Begin a call and return it: the log lines of this task and of tasks that it starts belong to the call.

    `directory_id` comes from a URL, so a text that can't be an ID is left out of the lines. The
    lines that the App has kept in `late` are written now; the call's lines after its end, or from a
    thread, are added to it.
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
    """End the current call; tasks that it started and that still run continue to belong to it."""
    if (call := _call.get()) is not None:
        if call.late is not None:
            call.late.write()
        call.has_ended = True
    _call.set(None)


def current() -> Call | None:
    """Return the call that is being handled, or None outside of calls."""
    return _call.get()


def event(name: str, *, level: int = logging.INFO, **dimensions: Dimension) -> None:
    """Log the event `name`. Dimensions are IDs, counts and durations, never people's names, numbers or tokens."""
    if _logger.isEnabledFor(level):
        _write(level, orjson.dumps({"event": name, **_of_call(), **dimensions}).decode())


def measurement(name: str, **dimensions: Dimension) -> None:
    """Log a total of many calls, without the ID and operation of the current call."""
    if _logger.isEnabledFor(logging.INFO):
        _write(logging.INFO, orjson.dumps({"event": name, **dimensions}).decode())


def failure(
    name: str, error: BaseException, *, late: LateLines | None = None, **dimensions: Dimension
) -> None:
    """Log the type and the code lines of an unexpected error, without its message, which may hold personal data.

    If `late` is given, the line is kept there: used before the first call, because the host drops
    lines then.
    """
    frames = traceback.extract_tb(error.__traceback__)
    positions = [
        f"{frame.filename.rsplit('/', 2)[-1]}:{frame.lineno} {frame.name}" for frame in frames[-6:]
    ]
    details = {"error": type(error).__name__, "at": " < ".join(reversed(positions)), **dimensions}
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
    """Return whether the code runs in a thread that a call started, and not in the event loop's thread."""
    return asyncio._get_running_loop() is None


def _of_call() -> dict[str, str]:
    call = _call.get()
    if call is None:
        return {}
    directory = {"directory_id": call.directory_id} if call.directory_id else {}
    return {"request_id": call.id, "operation": call.operation, **directory}
