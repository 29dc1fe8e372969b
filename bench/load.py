"""A minimal HTTP/1.1 client that repeats one request on several connections.

It costs little CPU time, so that the measured figures are the server's.
"""

import asyncio
import os
import time
from dataclasses import dataclass
from typing import cast

_WARM_UP = 300  # requests per connection


@dataclass(frozen=True, slots=True)
class Figures:
    """The result of a run: requests per second, CPU time per request, and latencies.

    Times are in microseconds; `cpu` is the server's time.
    """

    per_second: float
    cpu: float
    p50: float
    p95: float


class _Connection(asyncio.Protocol):
    def __init__(self, request: bytes, count: int, done: "asyncio.Future[list[float]]") -> None:
        self._request, self._count, self._done = request, count, done
        self._buffer = b""
        self._times: list[float] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(
            asyncio.Transport, transport
        )  # uvloop's class isn't a subclass of asyncio.Transport
        self._send()

    def _send(self) -> None:
        self._sent = time.perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return
        _, _, length = head.lower().partition(b"content-length:")
        if len(rest) < int(length.split(b"\r\n")[0] or 0):
            return
        assert head.startswith(b"HTTP/1.1 200"), head
        self._buffer = b""
        self._times.append(time.perf_counter() - self._sent)
        if len(self._times) < self._count:
            self._send()
        else:
            self._transport.close()
            self._done.set_result(self._times)


async def measure(
    port: int, pid: int, request: bytes, *, connections: int, requests: int
) -> Figures:
    """Send the request repeatedly to the server with process ID `pid`, and return the figures.

    Every response must have status 200.
    """
    await _run(port, request, connections, _WARM_UP)
    cpu, started = cpu_seconds(pid), time.perf_counter()
    times = sorted(await _run(port, request, connections, requests // connections))
    elapsed, used = time.perf_counter() - started, cpu_seconds(pid) - cpu
    count = len(times)
    micro = 1e6
    return Figures(
        count / elapsed,
        used / count * micro,
        times[count // 2] * micro,
        times[int(count * 0.95)] * micro,
    )


async def _run(port: int, request: bytes, connections: int, count: int) -> list[float]:
    loop = asyncio.get_running_loop()
    waiting: list[asyncio.Future[list[float]]] = [loop.create_future() for _ in range(connections)]
    for done in waiting:
        await loop.create_connection(
            lambda done=done: _Connection(request, count, done),  # type: ignore[misc]
            "127.0.0.1",
            port,
        )
    return [each for times in await asyncio.gather(*waiting) for each in times]


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used, user and system (Linux: /proc/PID/stat)."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
