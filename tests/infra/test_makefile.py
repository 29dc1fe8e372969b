"""The checks that `make` runs before it installs anything."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.func import __main__ as core_tools_tests

ROOT = Path(__file__).parent.parent.parent


def test_without_core_tools_it_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without Azure Functions Core Tools, `make test-func` exits with 2, so that a pipeline doesn't count
    it as passed.
    """
    monkeypatch.setenv("PATH", "/nowhere")
    assert core_tools_tests.main() == 2
    assert "func (Azure Functions Core Tools 4" in capsys.readouterr().err


def test_a_node_that_is_new_enough_is_used() -> None:
    """The version check passes a number to `process.exit`, which throws for a boolean from Node.js 20 on."""
    node = shutil.which("node") or shutil.which("node", path=str(ROOT / ".venv/bin"))
    if node is None:
        pytest.skip("there is no Node.js")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    found = re.search(r"@node -e '([^']+)'", makefile)
    assert found
    for version, code in (("20.0.0", 0), ("24.1.0", 0), ("18.20.8", 1)):
        script = found[1].replace("process.versions.node", repr(version))
        assert subprocess.run([node, "-e", script], check=False).returncode == code
