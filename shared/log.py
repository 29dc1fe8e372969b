"""Structured log lines: one JSON object a line with a name and dimensions, never a secret or personal data."""

import logging
import traceback
from contextvars import ContextVar

import orjson

request_id: ContextVar[str] = ContextVar("request_id", default="")
_logger = logging.getLogger("external_directories")


def event(name: str, *, level: int = logging.INFO, **dimensions: str | int | float | bool | None) -> None:
    """Log the event `name`; dimensions are ids, counts and durations, never names, numbers or tokens."""
    if not _logger.isEnabledFor(level):
        return
    identifier = request_id.get()
    line = {"event": name, **({"request_id": identifier} if identifier else {}), **dimensions}
    _logger.log(level, "%s", orjson.dumps(line).decode())


def failure(name: str, error: BaseException, **dimensions: str | int | float | bool | None) -> None:
    """Log an unexpected error by type and place; its message may hold personal data, so it is left out."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{frame.filename.rsplit('/', 2)[-1]}:{frame.lineno} {frame.name}" for frame in frames[-6:]]
    event(name, level=logging.ERROR, error=type(error).__name__, at=" < ".join(reversed(places)), **dimensions)
