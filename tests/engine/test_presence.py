"""A pipeline must fail if it hasn't run the app in the platform's engine."""

import pytest

from tests import conftest

from .present import HAS_ENGINE, MISSING, in_ci


def test_engine_is_there_in_ci() -> None:
    """With CI=true and an older Python the run fails; otherwise the summary lists the untested
    parts.
    """
    assert HAS_ENGINE or not in_ci(), MISSING


def test_ci_is_recognised() -> None:
    """GitHub Actions and others set CI=true."""
    assert in_ci({"CI": "true"})
    assert not in_ci({})


def test_the_summary_of_the_whole_run_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the conftest of the root: over several processes (`make test`) no other one is asked."""
    said: list[str] = []

    class Reporter:
        def section(self, title: str, **_: bool) -> None:
            said.append(title)

        def getreports(self, _: str) -> list[pytest.TestReport]:
            return []

        def write_line(self, line: str, **_: bool) -> None:
            said.append(line)

    monkeypatch.setattr(conftest, "HAS_ENGINE", False)
    conftest.pytest_terminal_summary(Reporter())  # type: ignore[arg-type]
    assert said == ["engine of the platform", MISSING]
