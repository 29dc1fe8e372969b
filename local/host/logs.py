"""The log on standard error, one line per record, as JSON or as readable text."""

import logging
import sys
from typing import Literal

import orjson

Format = Literal["json", "text"]


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        fields = (
            orjson.loads(message)
            if message.startswith("{")
            else {"event": "log", "message": message}
        )
        line = {
            "time": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            **fields,
        }
        return orjson.dumps(line).decode()


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        if message.startswith("{"):
            fields = orjson.loads(message)
            message = " ".join(
                [
                    str(fields.pop("event", "log")),
                    *(f"{name}={value}" for name, value in fields.items()),
                ]
            )
        return f"{self.formatTime(record, '%H:%M:%S')} {record.levelname.lower():7} {message}"


class _WithoutRoutine(logging.Filter):
    """Drops the lines that a timer logs every few seconds, because on a screen they would hide all others."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is logged."""
        return not record.getMessage().startswith('{"event":"timer.run"')


def configure(kind: Format) -> None:
    """Log to standard error: the app's records, and the libraries' records from level WARNING."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if kind == "json" else _Text())
    if kind == "text":
        handler.addFilter(_WithoutRoutine())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("external_directories").setLevel(logging.INFO)
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
