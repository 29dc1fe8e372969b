"""Sends and receives HTTP/1.1 over a socket, so that tests can compare the exact bytes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import NamedTuple


class Reply(NamedTuple):
    """A response; `headers` has names as sent, in order."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        """Return every value of a header."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def one(self, name: str) -> str:
        """Return the value of a header; fail unless it occurs exactly once."""
        (value,) = self.all(name)
        return value


class Connection:
    """One TCP connection to the host."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self._reader, self.writer = reader, writer

    async def send(self, data: bytes) -> None:
        """Send bytes unchanged."""
        self.writer.write(data)
        await self.writer.drain()

    async def reply(self, method: str = "GET") -> Reply:
        """Return the next response; `method` is that of its request, because HEAD has no body."""
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.rstrip().split("\r\n")
        headers = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
        length = next(
            (int(value) for name, value in headers if name.lower() == "content-length"), 0
        )
        body = b"" if method == "HEAD" else await self._reader.readexactly(length)
        return Reply(int(first.split()[1]), headers, body)

    async def at_end(self) -> bool:
        """Return whether the server closes the connection without sending more."""
        return await self._reader.read() == b""


@contextlib.asynccontextmanager
async def connect(port: int) -> AsyncIterator[Connection]:
    """Yield a connection to the host at `port`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Connection(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def ask(
    port: int,
    target: str,
    *,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    body: bytes = b"",
) -> Reply:
    """Send one request on a connection of its own, and return the response."""
    given = {
        "Host": f"127.0.0.1:{port}",
        **({"Content-Length": str(len(body))} if body else {}),
        **(headers or {}),
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    async with connect(port) as connection:
        await connection.send(f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode() + body)
        return await connection.reply(method)
