"""The engine exists for Python 3.13 and newer. Elsewhere its tests are left out, loudly; in CI that is a failure."""

import os
import sys

import pytest

HAS_ENGINE = sys.version_info >= (3, 13)
MISSING = (
    "NOT TESTED: the app in the engine that Azure runs: indexing, every HTTP route, timers and queues, and that "
    f"the local host answers the same. azure-functions-runtime needs Python 3.13; this is {sys.version.split()[0]}."
)
collect_ignore = [] if HAS_ENGINE else ["test_engine.py", "test_app.py", "test_telemetry.py"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was left out where nobody can overlook it."""
    if not HAS_ENGINE:
        terminalreporter.section("engine of the platform", red=True, bold=True)
        terminalreporter.write_line(MISSING, red=True)


def in_ci(environment: dict[str, str] | None = None) -> bool:
    """Whether a pipeline runs this, which must have the engine."""
    return (environment if environment is not None else dict(os.environ)).get("CI", "").lower() == "true"
