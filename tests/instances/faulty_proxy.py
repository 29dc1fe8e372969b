"""A proxy for Azurite with the faults of networks and busy services, also after the commit."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from urllib.parse import urlsplit

from tests.listening import listening

# Fault and whether storage has carried out the request when it happens.
FAULTS = {
    "reset": False,
    "reset_after": True,
    "503": False,
    "503_after": True,
    "500_after": True,
    "truncated": True,
    "html": True,
    "slow": True,
}
_MAX_SLOW_SECONDS = 2.0


@dataclass(slots=True)
class Proxy:
    """Each request gets one of the `faults` with probability `share`, which may be changed at any
    time.
    """

    target: int
    faults: tuple[str, ...] = ()
    share: float = 0.0
    met: Counter[str] = field(default_factory=Counter)
    random: Random = field(default_factory=lambda: Random(1))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until a fault ends it."""
        storage = await asyncio.open_connection("127.0.0.1", self.target)
        try:
            while await self._exchange(reader, writer, *storage):
                pass
        finally:
            storage[1].close()

    async def _exchange(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        from_storage: asyncio.StreamReader,
        to_storage: asyncio.StreamWriter,
    ) -> bool:
        """Forward one request; return whether the connection stays open."""
        head, body = await _message(reader)
        is_hit = self.faults and self.random.random() < self.share
        fault = self.random.choice(self.faults) if is_hit else ""
        self.met[fault] += 1
        answer = (b"", b"")
        if not fault or FAULTS[fault]:
            to_storage.write(head + body)
            await to_storage.drain()
            answer = await _message(from_storage)
        if fault.startswith("reset"):
            writer.transport.abort()
            return False
        if fault == "slow":
            await asyncio.sleep(self.random.uniform(0, _MAX_SLOW_SECONDS))
        sent = b"".join(answer)
        if fault[:3].isdigit():
            sent = _plain(fault[:3], b"{}")
        elif fault == "html":
            sent = _plain("202" if head.startswith(b"POST") else "200", b"<html>gateway</html>")
        elif fault == "truncated":
            sent = sent[: len(sent) - len(answer[1]) // 2 - 1]
        writer.write(sent)
        await writer.drain()
        return fault != "truncated"


def _plain(status: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status} X\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Return the head and the body of a request or response."""
    head = await reader.readuntil(b"\r\n\r\n")
    fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:] if b":" in line)
    if b"chunked" in fields.get(b"transfer-encoding", b""):
        return head, await _chunks(reader)
    return head, await reader.readexactly(int(fields.get(b"content-length", b"0")))


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body, size = b"", -1
    while size:
        line = await reader.readline()
        size = int(line.split(b";")[0], 16)
        body += line + await reader.readexactly(size + 2)
    return body


@asynccontextmanager
async def before(tables: str) -> AsyncIterator[tuple[Proxy, str]]:
    """Yield a proxy for the Azurite of the setting `tables`, and the setting that uses the
    proxy.
    """
    address = urlsplit(tables.partition("TableEndpoint=")[2])
    assert address.port
    proxy = Proxy(address.port)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            await proxy.serve(reader, writer)

    async with listening(serve) as url:
        yield proxy, f"UseDevelopmentStorage=true;TableEndpoint={url}{address.path}"
