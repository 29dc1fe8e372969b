"""Only a few modules call Azure or HTTP libraries, read the environment, or read the time.

Each rule applies to every module of the product; EXCEPTIONS lists the modules that may break it.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("shared", "directories", "scim", "presence", "contacts", "web")
MODULES = [
    ROOT / "function_app.py",
    *sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py")),
]
AZURE = {"azure", "azurefunctions", "azure_functions_runtime"}
HTTP = {"aiohttp", "requests", "httpx", "urllib3", "http.client", "http.server", "urllib.request"}
SOCKETS = {"socket", "ssl", "starlette", "uvicorn"}
CLIENTS = AZURE | HTTP | SOCKETS | {"msal"}
TIME = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "loop.time"}
ENVIRONMENT = {"os.environ", "os.environb", "os.getenv", "os.getenvb", "os.putenv", "getproxies"}

CLIENT, CLOCK, SETTINGS = "imports a client library", "reads the time", "reads the environment"
EXCEPTIONS = {
    # The adapter to Azure Functions: every endpoints.py, too.
    "function_app.py": {CLIENT},
    "shared/azure_functions.py": {CLIENT},
    "presence/triggers.py": {CLIENT},
    # The Azure engine. The SDK's transport has to know whether there are proxies.
    "shared/tables/azure.py": {CLIENT},
    "shared/tables/azure_account.py": {CLIENT},
    "shared/telemetry.py": {CLIENT},
    # The clients of Microsoft Graph and of the sign-in service.
    "presence/graph/client.py": {CLIENT},
    "presence/graph/client_credential.py": {CLIENT},
    "presence/graph/msal_client.py": {CLIENT},
    "presence/graph/msal_http.py": {CLIENT},
    "scim/oauth/jwks.py": {CLIENT},
    "shared/clock.py": {CLOCK},
    "shared/settings.py": {SETTINGS},
}


def violations(source: str) -> set[str]:
    """Return the rules that the module `source` breaks."""
    return {rule for node in ast.walk(ast.parse(source)) for rule in _violations(node)}


def _violations(node: ast.AST) -> Iterator[str]:
    for name in _imported(node):
        if any(name == client or name.startswith(f"{client}.") for client in CLIENTS):
            yield CLIENT
        if name == "time" or name.startswith("time."):
            yield CLOCK
        if name in ENVIRONMENT or name.rpartition(".")[2] == "getproxies":
            yield SETTINGS
    if isinstance(node, ast.Attribute):
        owner = ast.unparse(node.value).rpartition(".")[2].removesuffix("()")
        name = f"{owner.removeprefix('get_running_').removeprefix('get_event_')}.{node.attr}"
        if name in TIME:
            yield CLOCK
        if name in ENVIRONMENT or node.attr == "getproxies":
            yield SETTINGS


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_keeps_within_its_boundaries(path: Path) -> None:
    """A module breaks exactly the rules that EXCEPTIONS allows it to break, so an unnecessary exception
    fails too (CONTRIBUTING.md, "Where code belongs").
    """
    expected = EXCEPTIONS.get(str(path.relative_to(ROOT)), set())
    if path.name == "endpoints.py":
        expected = {CLIENT} & violations(path.read_text(encoding="utf-8"))
    assert violations(path.read_text(encoding="utf-8")) == expected


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        ("import aiohttp", CLIENT),
        ("def f():\n    from azure.data.tables import TableClient", CLIENT),
        ("from http import client", CLIENT),
        ("import urllib.request", CLIENT),
        ("import time", CLOCK),
        ("from time import monotonic", CLOCK),
        ("datetime.datetime.now()", CLOCK),
        ("datetime.now(UTC)", CLOCK),
        ("asyncio.get_running_loop().time()", CLOCK),
        ("import os\nos.environ['X']", SETTINGS),
        ("from os import getenv", SETTINGS),
    ],
)
def test_a_violation_is_found(source: str, rule: str) -> None:
    """Each rule finds a violation; a rule that finds nothing would pass for every module."""
    assert violations(source) == {rule}


@pytest.mark.parametrize(
    "source", ["from http import HTTPStatus", "app.clock.now()", "now = datetime.fromisoformat(t)"]
)
def test_allowed_code_is_not_reported(source: str) -> None:
    """Code that only resembles a call of the reserved libraries, the time or the environment is allowed."""
    assert violations(source) == set()


LOOPS_THAT_END = {
    "tests/rounds.py",  # has the time limit
    "tests/emulator.py",  # has a deadline
    "tests/func/core_tools.py",  # has a deadline
    "tests/instances/cluster.py",  # has a deadline
    "tests/instances/load.py",  # ends with the time that its caller set
    "tests/instances/faulty_proxy.py",  # a server: its client ends the connection
    "tests/shared/tables/canned.py",  # a server: its client ends the connection
    "tests/local/test_demo.py",  # has a deadline
    "tests/local/host/recorded/exchange.py",  # reads until the connection ends
    # Each round takes something away from the rest.
    "tests/browser/world.py",
    "tests/directories/test_events.py",
    "tests/infra/test_package.py",
    "tests/infra/test_templates.py",
    "tests/openapi/schema.py",
    "tests/presence/test_limits.py",
    "tests/shapes/paths.py",
}


def test_a_loop_of_a_test_ends() -> None:
    """Tests wait with `for _ in rounds()`, which fails after 30 seconds; a `while` loop would run until
    the time limit of the test.
    """
    found = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("*.py")
        if re.search(r"^\s*while\b.*:", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert found == LOOPS_THAT_END


def test_every_module_is_imported() -> None:
    """A module that no other module names, in an import or as text for `import_modules`, is dead code."""
    named = set[str]()
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named.update(_imported(node))
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                named.add(node.value)
    modules = {_module_of(path) for path in MODULES if path.name != "__init__.py"}
    assert modules - named == {"function_app"}


def _module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)
