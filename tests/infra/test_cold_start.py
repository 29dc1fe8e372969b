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
    """Return the names of all modules that are imported after the function app is loaded.

    The tables are in SQLite, so Azure's SDK isn't among them.
    """
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
def test_a_cold_start_imports_no_feature_that_scim_does_not_need(
    imported: set[str], name: str
) -> None:
    """A cold start doesn't import a module that no SCIM request needs; the first request that needs it
    imports it (CONTRIBUTING.md, "Where code belongs").
    """
    assert (ROOT / f"{name.replace('.', '/')}.py").exists() or (
        ROOT / name.replace(".", "/")
    ).is_dir()
    assert name not in imported


@pytest.mark.parametrize("name", HEAVY)
def test_a_cold_start_imports_no_heavy_library(imported: set[str], name: str) -> None:
    """A cold start imports none of the libraries that take long to import (CONTRIBUTING.md, "Where code
    belongs").
    """
    assert name not in imported
