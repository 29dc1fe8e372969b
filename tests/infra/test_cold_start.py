"""The modules that a cold start imports (docs/PERFORMANCE.md has their cost)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
HEAVY = (
    *("azure.data", "azure.identity", "msal", "jwt", "cryptography", "requests", "aiohttp"),
    *("phonenumbers", "pydantic", "jinja2", "opentelemetry"),
)
LATER = (
    "contacts.api",
    "directories.api",
    "presence.api",
    "presence.graph",
    "presence.sync",
    "web.pages",
)


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of all modules once the function app is loaded, with the embedded engine: all but Azure's SDK."""
    settings = {"TABLES": f"sqlite:///{tmp_path_factory.mktemp('cold')}/product.db"}
    code = "import sys, function_app; print(*sys.modules, sep='\\n')"
    command = [sys.executable, "-c", code]
    run = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, **settings},
    )
    return set(run.stdout.split())


@pytest.mark.parametrize("name", LATER)
def test_what_no_scim_call_needs_comes_with_its_first_call(imported: set[str], name: str) -> None:
    """Each of them is there once it is asked for, and costs a cold start for a SCIM call nothing."""
    assert (ROOT / f"{name.replace('.', '/')}.py").exists() or (
        ROOT / name.replace(".", "/")
    ).is_dir()
    assert name not in imported


@pytest.mark.parametrize("name", HEAVY)
def test_a_heavy_library_comes_with_what_first_needs_it(imported: set[str], name: str) -> None:
    """No call pays for a library that it does not use."""
    assert name not in imported
