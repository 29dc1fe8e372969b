"""A pipeline fails if it can't run the app in the platform's engine."""

import pytest

from tests import conftest

from .present import HAS_ENGINE, MISSING, in_ci


def test_a_pipeline_without_the_engine_fails() -> None:
    """With CI=true and a Python older than 3.13 the run fails; without CI the summary lists the tests that
    didn't run.
    """
    assert HAS_ENGINE or not in_ci(), MISSING


def test_ci_is_recognised() -> None:
    """The variable CI=true, which GitHub Actions and others set, identifies a pipeline."""
    assert in_ci({"CI": "true"})
    assert not in_ci({})


def test_the_summary_lists_the_tests_that_did_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The root conftest.py reports the skipped tests, because in a run over several processes (`make test`)
    pytest calls no other conftest for the summary.
    """
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
