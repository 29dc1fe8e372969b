"""The documents list exactly the log events and dimensions that the code writes."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("shared", "directories", "scim", "presence", "contacts", "web")
OF_FAILURES = {"error", "at"}


def _documented(path: str, mark: str) -> dict[str, set[str]]:
    section = (
        (ROOT / path)
        .read_text(encoding="utf-8")
        .partition(f"<!-- {mark} -->")[2]
        .partition("<!-- end -->")[0]
    )
    rows = re.findall(r"^\| `([a-z_.]+)` \|([^|]*)\|", section, re.M)
    assert len({event for event, _ in rows}) == len(rows), "an event is documented twice"
    return {event: set(re.findall(r"`(\w+)`", dimensions)) for event, dimensions in rows}


@cache
def _written() -> dict[str, set[str]]:
    """Return the dimensions of every log event, by the event's name.

    They come from calls of `log.event`, `log.measurement` and `log.failure`, and of
    `app.background.start` and `start_optional`, which log a failure.
    """
    found: dict[str, set[str]] = {}
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call):
                    for event, dimensions in _event(node):
                        found.setdefault(event, set()).update(dimensions)
    return found


def _event(call: ast.Call) -> list[tuple[str, set[str]]]:
    function = call.func
    named = {
        keyword.arg
        for keyword in call.keywords
        if keyword.arg and keyword.arg not in ("level", "late")
    }
    if (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and function.value.id == "log"
    ):
        if function.attr in ("event", "measurement", "failure") and isinstance(
            call.args[0], ast.Constant
        ):
            return [
                (
                    str(call.args[0].value),
                    named | (OF_FAILURES if function.attr == "failure" else set()),
                )
            ]
    elif (
        isinstance(function, ast.Attribute)
        and function.attr in ("start", "start_optional")
        and ast.unparse(function.value).endswith(".background")
        and isinstance(call.args[1], ast.Constant)
    ):
        return [(str(call.args[1].value), OF_FAILURES)]
    return []


@pytest.mark.slow
def test_every_event_is_documented_and_every_documented_one_is_written() -> None:
    """docs/operations.md lists all events with their dimensions."""
    assert _documented("docs/operations.md", "all log events") == _written()


def test_events_of_alerts_are_the_same_in_both_documents() -> None:
    """docs/deploy.md repeats a part of that table."""
    every, selected = (
        _documented("docs/operations.md", "all log events"),
        _documented("docs/deploy.md", "log events"),
    )
    assert len(selected) >= 7
    assert {event: every[event] for event in selected} == selected


def test_no_dimension_can_hold_personal_data() -> None:
    """Dimensions are ids, counts, durations and keywords."""
    allowed = {
        "directory_id", "tenant_id", "reason", "status", "count", "outlook", "failures", "successes", "age_seconds",
        "outcome", "timer", "credential_id", "days_before", "expires",
        "seconds", "removed", "tidied", "row", "known", "operation", "calls", "refused", "failed",
        "round_trips", "p50_ms", "p95_ms", "slowest_ms", "syncs", "p95_age_seconds", "oldest_seconds", "has_run", *OF_FAILURES,
    }  # fmt: skip
    assert {dimension for dimensions in _written().values() for dimension in dimensions} <= allowed
