"""The decisions of `make` before it installs anything."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


def test_a_node_that_is_new_enough_is_used() -> None:
    """`process.exit` throws for a boolean from Node.js 20 on, so the check must give it a number."""
    node = shutil.which("node") or shutil.which("node", path=str(ROOT / ".venv/bin"))
    if node is None:
        pytest.skip("there is no Node.js")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    found = re.search(r"@node -e '([^']+)'", makefile)
    assert found
    for version, code in (("20.0.0", 0), ("24.1.0", 0), ("18.20.8", 1)):
        script = found[1].replace("process.versions.node", repr(version))
        assert subprocess.run([node, "-e", script], check=False).returncode == code
