"""`make test-func`: the tests of this folder against Core Tools' own host; `python -m tests.func`.

Exit status 2 if a program is missing, with its name and its source; else that of pytest.
"""

import os
import shutil
import subprocess
import sys

from tests.func.core_tools import AZURITE


def missing() -> list[str]:
    """Return the programs that are not on this machine, each with its source."""
    found = []
    if shutil.which("func") is None:
        found.append("func (Azure Functions Core Tools 4: https://aka.ms/func-core-tools)")
    if shutil.which("node") is None and not os.path.exists(".venv/bin/node"):
        found.append("node (make setup gets it)")
    if not AZURITE.exists():
        found.append("Azurite (make setup gets it)")
    return found


def main() -> int:
    """Run the tests, or list the missing programs."""
    if lacking := missing():
        print(
            "make test-func needs, but this machine lacks: " + "; ".join(lacking), file=sys.stderr
        )
        return 2
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "tests/func", *sys.argv[1:]]
    return subprocess.run(command, env={**os.environ, "HOST": "func"}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
