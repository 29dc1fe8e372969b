"""A real Azurite (tables only, in memory) for the length of a test session."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path(__file__).parent.parent
_MAIN = _ROOT / ".tools/azurite/node_modules/azurite/dist/src/table/main.js"


def _node() -> str:
    """Node.js of the machine, or the one that `make` put into the environment."""
    found = shutil.which("node") or shutil.which("node", path=str(_ROOT / ".venv/bin"))
    if found is None:
        raise RuntimeError("Node.js is missing; `make setup` gets it")
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.2):
        return True
    return False


@contextlib.contextmanager
def running() -> Iterator[str]:
    """Start Azurite on a free port; yields the value for the setting TABLES."""
    if not _MAIN.exists():
        raise RuntimeError("Azurite is missing; `make setup` gets it")
    port = _free_port()
    command = [_node(), str(_MAIN), "--tableHost", "127.0.0.1", "--tablePort", str(port), "--inMemoryPersistence"]
    command += ["--silent", "--disableTelemetry", "--skipApiVersionCheck"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, "NODE_NO_WARNINGS": "1"}) as process:
        try:
            deadline = time.monotonic() + 60
            while not _answers(port):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("Azurite did not start")
                time.sleep(0.05)
            yield f"UseDevelopmentStorage=true;TableEndpoint=http://127.0.0.1:{port}/devstoreaccount1"
        finally:
            process.terminate()
