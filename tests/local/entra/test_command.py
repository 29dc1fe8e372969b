"""The command `python -m local provision`."""

import argparse
import asyncio
import io
import threading
from collections.abc import Iterator

import orjson
import pytest
from aiohttp import web

from local.commands import provision
from local.commands.provision import Screen
from local.entra import Progress
from tests.local.entra.strict_server import TOKEN, Reply, StrictServer


@pytest.fixture
def base(strict: StrictServer) -> Iterator[str]:
    """Yield the base URL of the strict server, which runs in a thread because the command has its
    own event loop.
    """
    loop, ready, address = asyncio.new_event_loop(), threading.Event(), []

    async def serve() -> web.AppRunner:
        runner = web.AppRunner(strict.application())
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        address.append(runner.addresses[0])
        return runner

    def work() -> None:
        runner = loop.run_until_complete(serve())
        ready.set()
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=work)
    thread.start()
    ready.wait()
    yield f"http://127.0.0.1:{address[0][1]}{strict.prefix}"
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


def command(*arguments: str) -> int:
    """Run the command as a shell does, and return its exit code."""
    parser = argparse.ArgumentParser()
    provision.add_arguments(parser)
    return provision.run(parser.parse_args(["--token", TOKEN, "--people", "12", *arguments]))


def test_a_good_server_ends_with_0_and_a_summary(
    base: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The summary has counts, rate, percentiles and errors, but not the token."""
    assert command("--base", base) == 0
    out = capsys.readouterr().out
    for word in ("create user", "p95 ms", "12 of 12", " 0 errors"):
        assert word in out
    assert TOKEN not in out


def test_json_is_one_object_and_nothing_else(base: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With `--json` the output is one JSON object, which another program can parse."""
    assert command("--base", base, "--json") == 0
    summary = orjson.loads(capsys.readouterr().out)
    assert summary["ok"] is True
    assert summary["operations"]["create user"]["count"] == 18, (
        "twelve, one who joined, one again after a lost answer, and four during discovery"
    )
    assert {"requests_per_second", "p50_ms", "p95_ms", "errors", "retries", "done"} <= set(summary)


def test_an_error_ends_with_1_and_is_listed(
    base: str, strict: StrictServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error of the server makes the exit code 1; the output lists its request and its reason."""

    def fault(request: web.Request, reply: Reply) -> Reply:
        reply.headers["Content-Type"] = "text/plain"
        return reply

    strict.fault = fault
    assert command("--base", base) == 1
    assert "GET /Users?filter=userName+eq+" in capsys.readouterr().out


def test_a_refused_token_ends_with_1_and_is_not_printed(
    base: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """If the server rejects the token, the exit code is 1, and the output doesn't contain the token,
    because a terminal's output may be recorded.
    """
    assert command("--base", base, "--token", "another-secret") == 1
    captured = capsys.readouterr()
    assert "Quarantined" in captured.out
    assert "another-secret" not in captured.out + captured.err


def test_wrong_arguments_end_with_2_and_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong argument makes the exit code 2 and prints one line, which names the argument."""
    assert command("--base", "localhost:80") == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_flag_in_the_base_chooses_the_dialect(
    base: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The flag aadOptscim062020 in the base URL chooses the dialect, as in Entra's tenant URL."""
    assert command("--base", f"{base}?aadOptscim062020", "--json") == 0
    assert orjson.loads(capsys.readouterr().out)["dialect"] == "flag"


def test_measure_prints_a_rate_for_every_operation(
    base: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command `measure` sends one kind of request at a time, and prints the rate of each."""
    assert command("--base", base, "--measure") == 0
    assert "filter miss" in capsys.readouterr().out


def progress(cycle: str, done: int, total: int) -> Progress:
    """Return a job's progress at a rate of one request a second."""
    return Progress(
        cycle=cycle, done=done, total=total, requests=done, requests_per_second=1.0, errors=0
    )


class Terminal(io.StringIO):
    """A text file that claims to be a terminal."""

    def isatty(self) -> bool:
        """Return True."""
        return True


def test_a_terminal_shows_a_line_that_is_overwritten() -> None:
    """On a terminal, progress overwrites its line, and the last line of each cycle stays."""
    out = Terminal()
    screen = Screen(out)
    for done in (0, 1, 2):
        screen.show(progress("people", done, 2))
    screen.show(progress("groups", 0, 1))
    screen.end()
    assert out.getvalue().count("\n") == 2
    assert "\r" in out.getvalue()
    assert "people                 2 of 2" in out.getvalue()


def test_a_file_gets_one_line_per_cycle() -> None:
    """If the output is a file, progress is one line per cycle, without control characters."""
    out = io.StringIO()
    screen = Screen(out)
    for done in (0, 1, 2):
        screen.show(progress("people", done, 2))
    screen.end()
    assert out.getvalue().count("\n") == 1
    assert "\r" not in out.getvalue()
