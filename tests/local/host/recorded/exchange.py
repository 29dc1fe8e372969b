"""Sends a raw request and compares the response with the recorded one."""

import base64
import contextlib
import json
import socket
from typing import Any

# The web server writes these itself.
_FRAMING = {"date", "server", "transfer-encoding", "content-length", "connection"}


def send(port: int, raw: bytes) -> dict[str, Any]:
    """Return the response in the form of `answers.json`: status line, headers, and JSON or body.

    The body is the base64 of its first 2,000 octets; `length` counts all of them.
    """
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        with contextlib.suppress(OSError):  # refused before the body was read
            connection.sendall(raw)
        with contextlib.suppress(ConnectionError):
            while chunk := connection.recv(65536):
                received += chunk
    while received.startswith(b"HTTP/1.1 1"):
        received = received.partition(b"\r\n\r\n")[2]
    head, _, body = received.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = [[name, value.strip()] for name, _, value in (line.partition(":") for line in lines)]
    answer: dict[str, Any] = {"status": status, "headers": headers, "length": len(body)}
    try:
        answer["json"] = json.loads(body)
    except ValueError:
        answer["body"] = base64.b64encode(body[:2000]).decode()
    return answer


def differs(recorded: dict[str, Any], now: dict[str, Any]) -> str:
    """Return the first difference in status, body or headers; "" if there is none."""
    if _status(recorded) != _status(now):
        return f"status {recorded['status']!r}, now {now['status']!r}"
    for part in ("json", "body", "length"):
        if recorded.get(part) != now.get(part):
            return f"{part} {recorded.get(part)!r:.400}, now {now.get(part)!r:.400}"
    if _headers(recorded) != _headers(now):
        return f"headers {_headers(recorded)}, now {_headers(now)}"
    return ""


def _status(answer: dict[str, Any]) -> str:
    return str(answer["status"]).split(" ")[1] if " " in answer["status"] else ""


def _headers(answer: dict[str, Any]) -> list[tuple[str, str]]:
    pairs = ((name.lower(), value) for name, value in answer["headers"])
    return sorted(pair for pair in pairs if pair[0] not in _FRAMING)
