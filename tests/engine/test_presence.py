"""A pipeline must not pass without having run the app in the real engine."""

from .conftest import HAS_ENGINE, MISSING, in_ci


def test_engine_is_there_in_ci() -> None:
    """With CI=true and an older Python the run fails; elsewhere the summary says what was not tested."""
    assert HAS_ENGINE or not in_ci(), MISSING


def test_ci_is_recognised() -> None:
    """GitHub Actions and others set CI=true."""
    assert in_ci({"CI": "true"})
    assert not in_ci({})
