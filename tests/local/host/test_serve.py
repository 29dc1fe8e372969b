"""The command `python -m local serve`, in a process of its own."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from local.host.running import ROOT
from tests.emulator import free_port

from .conftest import APPS
from .wire import ask, connect

SAMPLE = ("--app", str(APPS / "sample_http.py"))


@pytest.fixture
def port() -> int:
    return free_port()


async def local(*arguments: str, **options: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "local", *arguments, cwd=ROOT, env={**os.environ, **options},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


@asynccontextmanager
async def serving(
    port: int, *arguments: str, **options: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await local("serve", "--port", str(port), *(arguments or SAMPLE), **options)
    assert process.stdout
    line = (await process.stdout.readline()).decode()
    assert f"http://127.0.0.1:{port}" in line, (await process.communicate())[1].decode()
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_the_host_without_an_error(port: int, number: int) -> None:
    """The exit code is 0, standard error is empty, and open connections are closed."""
    async with serving(port) as process, connect(port) as connection:
        await connection.send(b"GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await connection.reply()).status == 200
        process.send_signal(number)
        _, errors = await process.communicate()
        assert (process.returncode, errors) == (0, b"")


async def test_killed_host_can_be_started_again_at_once(port: int) -> None:
    """SO_REUSEADDR: connections of the killed process don't block the port."""
    for _ in range(2):
        async with serving(port) as process, connect(port) as connection:
            await connection.send(b"GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert (await connection.reply()).status == 200
            process.kill()
            await process.wait()


async def failure(*arguments: str, **options: str) -> str:
    process = await local("serve", *arguments, **options)
    output, errors = await process.communicate()
    text = errors.decode()
    assert (process.returncode, output, text.count("\n")) == (1, b"", 1), text
    return text


async def test_a_port_in_use_is_reported_in_one_line() -> None:
    """The line contains the remedy."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        assert await failure("--port", str(taken), *SAMPLE) == (
            f"Port {taken} is taken. Stop what uses it, or choose another with --port.\n"
        )


@pytest.mark.parametrize("number", ["70000", "-1"])
async def test_an_invalid_port_is_reported_in_one_line(number: str) -> None:
    """A port number that is out of range is an error."""
    assert "Choose one from 1024 to 65535" in await failure(f"--port={number}", *SAMPLE)


async def test_a_folder_that_cannot_be_written_is_reported_in_one_line(
    tmp_path: Path, port: int
) -> None:
    """A file has the name of the tables' folder, because the tests' user may be allowed to write to every
    folder.
    """
    (tmp_path / "data").write_text("")
    app = tmp_path / "app.py"
    app.write_text(
        "import os\nimport azure.functions as func\nfrom shared.settings import Settings\n"
        "from shared.tables.open import open_tables\n"
        "tables = open_tables(Settings.read(os.environ))\napp = func.FunctionApp()\n"
    )
    given = ("--port", str(port), "--app", str(app), "--tables", f"sqlite:///{tmp_path}/data/x.db")
    assert "The storage can't be opened" in await failure(*given)
    assert "TABLES: must be sqlite" in await failure(*given[:-1], "mysql://x")


async def test_access_log_has_no_query_and_is_off_by_default(port: int) -> None:
    """A query may contain a name, and a line per request costs time."""
    for options, lines in (((), 0), (("--access-log", "--log", "json"), 1)):
        async with serving(port, *SAMPLE, *options) as process:
            await ask(port, "/echo/1?name=Smith")
            process.send_signal(signal.SIGINT)
            _, errors = await process.communicate()
            assert (errors.count(b"http.request"), b"Smith" in errors) == (lines, False)


async def test_every_command_has_help() -> None:
    """`--help` lists the commands, and each command's `--help` its options."""
    process = await local("--help")
    text = (await process.communicate())[0].decode()
    assert (process.returncode, "serve" in text) == (0, True)
    process = await local("serve", "--help")
    text = (await process.communicate())[0].decode()
    assert all(
        option in text
        for option in (
            "--port",
            "--tables",
            "--demo",
            "--no-timers",
            "--ask-to-sign-in",
            "--access-log",
        )
    )


def test_an_old_python_is_reported_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The version is checked before any module is imported that an old Python can't parse."""
    from local.__main__ import main

    monkeypatch.setattr(sys, "version_info", (3, 10, 4, "final", 0))
    assert main(["serve"]) == 1
    assert capsys.readouterr().err == "Python 3.11 or newer is needed; this is 3.10.4.\n"


def test_the_version_check_can_be_parsed_by_an_old_python() -> None:
    """Its file has only syntax of Python 3.8."""
    import ast

    text = (ROOT / "local/__main__.py").read_text()
    assert ast.parse(text, feature_version=(3, 8))
    assert "from __future__ import annotations" in text
