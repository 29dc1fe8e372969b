"""A table service that gives prepared answers: for those that the emulator never gives."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from tests.listening import listening


@dataclass
class Canned:
    """The service at `url`; `requests` are those it received, head and body."""

    url: str
    requests: list[tuple[str, bytes]] = field(default_factory=list)


def answer(status: int, body: bytes = b"", **headers: str) -> bytes:
    """Return an answer as on the wire; `_` in a header's name means `-`."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


@contextlib.asynccontextmanager
async def service(*answers: bytes) -> AsyncIterator[Canned]:
    """Gives the answers in turn, the last of them for ever."""
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
