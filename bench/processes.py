"""Run a server as a process of its own, and end it together with every process that it started."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

_PATIENCE = 10.0  # seconds from SIGTERM to SIGKILL


@contextlib.contextmanager
def process_group(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
    stdout: int = subprocess.DEVNULL,
    stderr: int | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run the command inside the block; afterwards end it and its descendants, and wait for it.

    A program may be a launcher whose child is the server, as Node.js of a Python wheel is. A signal
    to the launcher alone would leave the server running, so the command leads a process group.
    """
    with subprocess.Popen(
        command, cwd=cwd, env=env, stdout=stdout, stderr=stderr, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Send SIGTERM to the group; after its leader has ended, or after `_PATIENCE` seconds, send SIGKILL."""
    _signal(process, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_PATIENCE)
    _signal(process, signal.SIGKILL)


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def end_blocks_on_sigterm() -> None:
    """Let SIGTERM and SIGHUP leave all `with` blocks, as Ctrl-C does, so that they end their processes."""

    def leave(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
