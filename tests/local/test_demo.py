"""`make run` starts the demo on a machine without data."""

import asyncio
import re
import socket
import sys
from pathlib import Path

import aiohttp
import pytest

from local.commands.demo import check_port, token_file
from local.demo import company
from local.host.errors import HostError
from local.host.host import HostOptions
from local.host.running import running
from tests.emulator import free_port

ROOT = Path(__file__).parent.parent.parent


async def test_a_first_start_creates_the_folder_and_a_second_finds_the_directory(
    tmp_path: Path,
) -> None:
    """The token is in a file next to the database that only its owner can read, because the product stores
    only a hash of it.
    """
    tables = f"sqlite:///{tmp_path}/new/demo.db"
    keep = token_file(tables)
    async with (
        running(
            ROOT / "function_app.py", {"TABLES": tables}, port=0, options=HostOptions()
        ) as host,
        aiohttp.ClientSession(host.url) as session,
    ):
        first = await company.directory(session, keep)
        assert await company.directory(session, keep) == first
    assert keep.parent == tmp_path / "new"
    assert keep.stat().st_mode & 0o777 == 0o600


def test_each_demo_has_its_own_token() -> None:
    """Each database file has a token file of its own; other engines use that of `make run`."""
    assert token_file("sqlite:////one/a.db") != token_file("sqlite:////two/a.db")
    assert (
        token_file("UseDevelopmentStorage=true") == token_file(None) == ROOT / "data" / "demo.json"
    )


def test_the_port_in_use_is_named() -> None:
    """The demo needs two ports; the error names the one in use."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(HostError, match=f"Port {port} cannot be used"):
            check_port(port)


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_the_demo_provisions_connects_and_serves(tmp_path: Path) -> None:
    """After `make run`, the directory has people with a presence, and the app is healthy (README, *Try it*)."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "local", "demo", "--port", str(free_port()), "--people", "12"),
        *("--tables", f"sqlite:///{tmp_path}/demo.db"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed = ""
    try:
        assert process.stdout is not None
        while "Ready: " not in printed:
            line = await process.stdout.readline()
            assert line, f"the demo ended: {printed}"
            printed += line.decode()
        assert "Ready: 12 people with presence" in printed
        url = re.findall(r"http://127\.0\.0\.1:[0-9]+", printed.partition("Ready: ")[2])[0]
        async with aiohttp.ClientSession(url) as session, session.get("/health") as health:
            assert (health.status, (await health.json())["status"]) == (200, "ok")
    finally:
        process.terminate()
        await process.communicate()
