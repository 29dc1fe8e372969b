"""A server that is killed during Entra's work and started again: no record is incomplete, and the
work is finished.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import orjson
import pytest

from local import entra
from local.entra import Options, Progress
from local.host.running import ROOT
from tests.emulator import free_port

pytestmark = pytest.mark.slow
PEOPLE = 90


async def local(*arguments: str) -> tuple[int, str]:
    """Run a command; return its exit code and its output."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "local", *arguments, cwd=ROOT, env=dict(os.environ),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


class Server:
    """A process `python -m local serve` that can be killed and started again."""

    def __init__(self, port: int, tables: str) -> None:
        self.port, self.tables = port, tables
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start the process and wait until it responds."""
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "local", "serve", "--port", str(self.port), "--tables", self.tables, "--no-timers",
            cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        assert self.process.stdout
        assert str(self.port).encode() in await self.process.stdout.readline()

    async def kill(self) -> None:
        """Send SIGKILL, so that the process finishes and flushes nothing."""
        assert self.process
        self.process.send_signal(signal.SIGKILL)
        assert await self.process.wait() == -signal.SIGKILL


@asynccontextmanager
async def serving(port: int, tables: str) -> AsyncIterator[Server]:
    """Yield a server that runs during the block."""
    server = Server(port, tables)
    await server.start()
    try:
        yield server
    finally:
        if server.process and server.process.returncode is None:
            server.process.kill()
            await server.process.wait()


async def test_killed_in_the_middle_of_each_phase(tmp_path: Path) -> None:
    """It is killed while users are created, get managers and are changed: each time `check` finds
    no fault, and Entra's retry finishes the cycle.
    """
    tables, port = f"sqlite:///{tmp_path}/directory.db", free_port()
    code, output = await local("directory", "add", "--tables", tables, "--name", "Contoso")
    assert code == 0, output
    made = orjson.loads(output)
    base = f"http://127.0.0.1:{port}/scim/{made['directory_id']}/v2"
    async with serving(port, tables) as server:
        kills = {name: asyncio.Event() for name in ("people", "managers", "changes")}

        def report(progress: Progress) -> None:
            if progress.cycle in kills and progress.done >= max(1, progress.total // 3):
                kills[progress.cycle].set()

        options = Options(
            base=base, token=made["token"], people=PEOPLE, groups=3, connections=8, patience=120
        )
        running = asyncio.create_task(entra.run(options, report))
        checked = 0
        for phase in kills.values():
            reached = asyncio.create_task(phase.wait())
            await asyncio.wait({running, reached}, return_when=asyncio.FIRST_COMPLETED)
            assert reached.done(), f"the run ended before it could be disturbed: {running.result()}"
            await server.kill()
            code, output = await local("check", "--tables", tables)
            assert code == 0, output
            checked += 1
            await server.start()
        summary = await running
    assert checked == 3
    assert not summary.quarantined
    assert [error for error in summary.errors if "connection" not in error.reason.lower()] == []
    assert summary.retries > 0, "nothing was disturbed"
    code, output = await local("check", "--tables", tables)
    assert (code, "no faults" in output) == (0, True), output
