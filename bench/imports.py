"""Compare the import time of the function app with that of its libraries alone: `make bench-import`.

The settings are those of Azure: tables in a storage account, managed identity. Both are run in
turns in new processes, and medians are compared. The app may cost at most 1.6 times its libraries.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

ROUNDS = 11
LIMIT = 1.6
ROOT = Path(__file__).parent.parent
LIBRARIES = "import azure.functions, azure.core.pipeline.transport, azure.identity.aio, aiohttp"
APP = "import function_app"
_TIMED = "import time; started = time.process_time()\n{}\nprint(time.process_time() - started)"


def seconds(code: str, environment: dict[str, str]) -> float:
    """Return the CPU seconds that `code` takes in a new process."""
    command = [sys.executable, "-c", _TIMED.format(code)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr.strip().splitlines()[-1])
    return float(done.stdout)


def medians(codes: Sequence[str], rounds: int = ROUNDS) -> list[float]:
    """Return the median CPU seconds of each piece of code, run in turns; the first round only warms caches."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "TABLES": "https://coldstart.table.core.windows.net",
            "MANAGED_IDENTITY_CLIENT_ID": "coldstart",
            "PYTHONPYCACHEPREFIX": folder,
            "PYTHONDONTWRITEBYTECODE": "",
        }
        runs = [[seconds(code, environment) for code in codes] for _ in range(rounds + 1)][1:]
    return [median(column) for column in zip(*runs, strict=True)]


def main() -> int:
    """Print both medians and their ratio; return 1 if the ratio exceeds the limit."""
    libraries, app = medians([LIBRARIES, APP])
    print(f"libraries alone  {libraries * 1000:7.0f} ms   ({LIBRARIES.removeprefix('import ')})")
    print(f"function_app     {app * 1000:7.0f} ms")
    print(f"ratio            {app / libraries:7.2f}      (at most {LIMIT})")
    return int(app / libraries > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
