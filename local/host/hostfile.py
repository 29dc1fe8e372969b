"""The settings of `host.json` that the local host uses.

Source: learn.microsoft.com/azure/azure-functions/functions-host-json.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from local.host.errors import HostError


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFile:
    """Settings of the HTTP and queue extensions; times are in seconds."""

    route_prefix: str = "api"
    batch_size: int = 16
    new_batch_threshold: int = 8
    max_dequeue_count: int = 5
    visibility_timeout: float = 0.0


def read_host_file(path: Path) -> HostFile:
    """Return the settings in the file, with the platform's defaults for missing ones.

    Raises:
        HostError: The file can't be read or isn't valid.
    """
    try:
        content = orjson.loads(path.read_bytes())
        return _host_file(content.get("extensions", {}))
    except OSError as error:
        raise HostError(f"{path} can't be read: {error.strerror}.") from None
    except (orjson.JSONDecodeError, AttributeError, ValueError, TypeError) as error:
        raise HostError(f"{path} is not a host.json that can be used: {error}.") from None


def _host_file(extensions: dict[str, Any]) -> HostFile:
    http, queues = extensions.get("http", {}), extensions.get("queues", {})
    batch = int(queues.get("batchSize", 16))
    return HostFile(
        route_prefix=str(http.get("routePrefix", "api")).strip("/"),
        batch_size=batch,
        new_batch_threshold=int(queues.get("newBatchThreshold", batch // 2)),
        max_dequeue_count=int(queues.get("maxDequeueCount", 5)),
        visibility_timeout=_seconds(str(queues.get("visibilityTimeout", "00:00:00"))),
    )


def _seconds(text: str) -> float:
    hours, minutes, seconds = text.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
