"""Other projects' SCIM servers with in-memory stores, to be measured in the same run as the product.

`set_up` installs them into `.tools/peers`: the Python ones into an environment of their own, the
JavaScript ones with npm. Each serves on a local port inside its `with` block.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.processes import process_group
from tests.emulator import answers

_HERE = Path(__file__).parent
_ROOT = _HERE.parent.parent
_FOLDER = _ROOT / ".tools/peers"
_START_SECONDS = 60
TOKEN = "a-token-of-thirty-two-characters-and-more"


@dataclass(frozen=True, slots=True)
class Peer:
    """A SCIM server.

    `program` is its file in this folder, `base` the path of its SCIM base URL, and `remark` a
    limitation to know when comparing.
    """

    name: str
    program: str
    base: str
    remark: str = ""


PEERS = (
    Peer("scim2-server", "scim2_server_app", "/v2"),
    Peer(
        "django-scim2",
        "django_app",
        "/scim/v2",
        "holds names, one address, and active only; refuses Entra's PATCH",
    ),
    Peer("scimmy", "scimmy.js", "/scim"),
    Peer("better-auth", "better_auth.js", "/api/auth/scim/v2"),
)


def set_up() -> None:
    """Install the peers in the versions that the lists in this folder name, unless these are installed.

    Raise CalledProcessError if that fails.
    """
    wanted = "".join(
        (_HERE / name).read_text() for name in ("requirements.txt", "package-lock.json")
    )
    ready = _FOLDER / "ready"
    if ready.exists() and ready.read_text() == wanted:
        return
    _FOLDER.mkdir(parents=True, exist_ok=True)
    print("Installing the peers ...", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", _FOLDER / "python"], check=True)
    pip: list[str | Path] = [_FOLDER / "python/bin/python", "-m", "pip", "install", "--quiet"]
    pip += ["--disable-pip-version-check", "-r", _HERE / "requirements.txt"]
    subprocess.run(pip, check=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(_HERE / name, _FOLDER)
    npm = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    subprocess.run([*npm, "--legacy-peer-deps"], cwd=_FOLDER, env=_environment(), check=True)
    ready.write_text(wanted)


@contextlib.contextmanager
def serving(peer: Peer, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run the peer inside the block and yield its process once it serves `port`.

    Raise RuntimeError if it doesn't start.
    """
    command = _command(peer, port)
    with process_group(
        command, cwd=_FOLDER, env=_environment(), stderr=subprocess.DEVNULL
    ) as process:
        deadline = time.monotonic() + _START_SECONDS
        while not answers(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{peer.name} did not start")
            time.sleep(0.05)
        yield process


def _command(peer: Peer, port: int) -> list[str | Path]:
    if peer.program.endswith(".js"):
        # Node.js looks for packages next to the program, so the program is copied there.
        return ["node", shutil.copy(_HERE / peer.program, _FOLDER), str(port)]
    python = _FOLDER / "python/bin/python"
    # Not bin/uvicorn, because its first line has the path at which the environment was created.
    uvicorn: list[str | Path] = [python, "-m", "uvicorn", "--app-dir", _HERE, "--port", str(port)]
    uvicorn += ["--loop", "uvloop", "--http", "httptools", "--no-access-log"]
    return [*uvicorn, "--log-level", "error", f"{peer.program}:app"]


def _environment() -> dict[str, str]:
    path = os.pathsep.join((str(_ROOT / ".venv/bin"), os.environ.get("PATH", "")))
    return {**os.environ, "PATH": path, "NODE_ENV": "production", "PEER_TOKEN": TOKEN}
