"""A real Azurite (tables only, in memory) for the length of a test session."""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path(__file__).parent.parent
_MAIN = _ROOT / ".tools/azurite/node_modules/azurite/dist/src/table/main.js"
_TRIES = 3  # a port that was free a moment ago may be taken on a busy machine


def _node() -> str:
    """Return Node.js: the one that `make` put into the environment because the machine's is too old, or the machine's."""
    found = shutil.which("node", path=str(_ROOT / ".venv/bin")) or shutil.which("node")
    if found is None:
        raise RuntimeError("Node.js is missing; `make setup` gets it")
    return found


def free_port() -> int:
    """Return a port that no program has, below those that the system gives to outgoing connections.

    A port of that range could be given away between this call and the start of the server.
    """
    for _ in range(1_000):
        port = secrets.randbelow(12_000) + 20_000
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError("no free port from 20000 to 31999")


def answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.2):
        return True
    return False


def _is_up(process: "subprocess.Popen[bytes]", port: int) -> bool:
    """Wait until it answers; return False if it ended, as when another program has the port by now."""
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if answers(port):
            return True
        time.sleep(0.05)
    return False


@contextlib.contextmanager
def running() -> Iterator[str]:
    """Start Azurite on a free port; yields the value for the setting TABLES."""
    if not _MAIN.exists():
        raise RuntimeError("Azurite is missing; `make setup` gets it")
    for _ in range(_TRIES):
        port = free_port()
        command = [
            _node(),
            str(_MAIN),
            "--tableHost",
            "127.0.0.1",
            "--tablePort",
            str(port),
            "--inMemoryPersistence",
        ]
        command += ["--silent", "--disableTelemetry", "--skipApiVersionCheck"]
        quiet = {**os.environ, "NODE_NO_WARNINGS": "1"}
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, env=quiet, start_new_session=True
        ) as process:
            try:
                if _is_up(process, port):
                    yield f"UseDevelopmentStorage=true;TableEndpoint=http://127.0.0.1:{port}/devstoreaccount1"
                    return
            finally:
                # The node of a Python wheel is a program that starts the real one: both must end.
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGTERM)
    raise RuntimeError("Azurite did not start")
