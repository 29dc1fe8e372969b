"""Structured log lines: one JSON object a line with a name and dimensions, never a secret or personal data.

`docs/operations.md` lists every event with its dimensions; a test keeps that list true. Where a line belongs to a
call, it also has the call's id, its operation (the function's name) and its directory.
"""

import logging
import secrets
import traceback
from contextvars import ContextVar
from dataclasses import dataclass, field

import orjson

from shared.processor_time import ProcessorTime

Dimension = str | int | float | bool | None
NAME = "external_directories"
_logger = logging.getLogger(NAME)
_MAX_ID = 64


@dataclass(slots=True)
class Call:
    """A request, a timer's tick or a message that is being handled.

    `round_trips` counts calls to storage, `processor` the time that its own code computes.
    """

    operation: str
    directory_id: str = ""
    round_trips: int = 0
    processor: ProcessorTime = field(default_factory=ProcessorTime)
    id: str = field(default_factory=lambda: secrets.token_hex(8))


_call: ContextVar[Call | None] = ContextVar("call", default=None)


def begin(operation: str, directory_id: str = "") -> Call:
    """From here on, lines of this task and of those it starts belong to a new call.

    The id of a directory comes out of a URL: what can't be one is not logged.
    """
    plausible = (
        len(directory_id) <= _MAX_ID
        and directory_id.isascii()
        and directory_id.replace("-", "").isalnum()
    )
    call = Call(operation, directory_id if plausible else "")
    _call.set(call)
    return call


def end() -> None:
    """The call is answered; tasks that it started keep belonging to it."""
    _call.set(None)


def current() -> Call | None:
    """The call that is being handled."""
    return _call.get()


def event(name: str, *, level: int = logging.INFO, **dimensions: Dimension) -> None:
    """Log the event `name`; dimensions are ids, counts and durations, never names, numbers or tokens."""
    if _logger.isEnabledFor(level):
        _logger.log(level, "%s", orjson.dumps({"event": name, **_of_call(), **dimensions}).decode())


def measurement(name: str, **dimensions: Dimension) -> None:
    """Log what was counted over many calls."""
    if _logger.isEnabledFor(logging.INFO):
        _logger.info("%s", orjson.dumps({"event": name, **dimensions}).decode())


def failure(name: str, error: BaseException, **dimensions: Dimension) -> None:
    """Log an unexpected error by type and place; its message may hold personal data, so it is left out."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [
        f"{frame.filename.rsplit('/', 2)[-1]}:{frame.lineno} {frame.name}" for frame in frames[-6:]
    ]
    event(
        name,
        level=logging.ERROR,
        error=type(error).__name__,
        at=" < ".join(reversed(places)),
        **dimensions,
    )


def _of_call() -> dict[str, str]:
    call = _call.get()
    if call is None:
        return {}
    place = {"directory_id": call.directory_id} if call.directory_id else {}
    return {"request_id": call.id, "operation": call.operation, **place}
