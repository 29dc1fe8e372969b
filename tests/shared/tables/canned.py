"""A table service that returns prepared responses, for those that the emulator never returns."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from tests.listening import listening


@dataclass
class Canned:
    """The service at `url`; `requests` lists the head and the body of each request received."""

    url: str
    requests: list[tuple[str, bytes]] = field(default_factory=list)


def answer(status: int, body: bytes = b"", **headers: str) -> bytes:
    """Return a response as bytes on the wire; `_` in a header's name becomes `-`."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


@contextlib.asynccontextmanager
async def service(*answers: bytes) -> AsyncIterator[Canned]:
    """Yield a service that returns the responses in turn, and the last one again and again."""
    waiting = list(answers)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            lines = head.lower().split(b"\r\n")
            length = next(
                (int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0
            )
            canned.requests.append((head.decode(), await reader.readexactly(length)))
            writer.write(waiting.pop(0) if len(waiting) > 1 else waiting[0])
            await writer.drain()

    async with listening(serve) as url:
        canned = Canned(f"{url}/devstoreaccount1")
        yield canned
