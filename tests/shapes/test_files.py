"""The shape files themselves: well-formed, sourced, and playable from the first step to the last."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.shapes import constraints
from tests.shapes.paths import find
from tests.shapes.player import CLIENTS, FOLDER, PAYLOADS, load, needs

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
EXPECTED_CLIENTS = {
    "authentik",
    "entra_default",
    "entra_flag",
    "jumpcloud",
    "logic_app",
    "microsoft_validator",
    "okta",
    "onelogin",
    "pingone",
    "sailpoint",
}


def name_of(path: Path) -> str:
    """The test's id."""
    return path.stem


def test_there_is_a_file_for_every_client() -> None:
    """A whole life of a user and a group as each of them speaks."""
    assert {path.stem for path in CLIENTS} == EXPECTED_CLIENTS


@pytest.mark.clause("entra/validators")
def test_the_validators_32_tests_are_all_there() -> None:
    """25 required and 7 in preview."""
    steps = load(FOLDER / "clients" / "microsoft_validator.json")
    numbers = {step["name"].split()[0] for step in steps}
    assert {f"{number:02d}" for number in range(1, 26)} | {
        f"P{number}" for number in range(1, 8)
    } <= numbers


@pytest.mark.parametrize("path", [*CLIENTS, *PAYLOADS], ids=name_of)
def test_every_step_is_complete_and_sourced(path: Path) -> None:
    """Name, source, request, expectation; the values that a step needs were saved before it."""
    saved: set[str] = set()
    steps = load(path)
    assert len({step["name"] for step in steps}) == len(steps)
    for step in steps:
        assert step["name"]
        assert step["source"]
        assert step["request"]["method"] in METHODS
        assert step["request"]["path"] == "" or step["request"]["path"].startswith("/")
        assert set(step["request"]) <= {"method", "path", "query", "headers", "body", "raw"}
        assert set(step["expect"]) <= {
            "status",
            "headers",
            "body",
            "saves",
            "scimType",
            "content_type",
        }
        assert needs(step) <= saved, step["name"]
        saved |= set(step["expect"].get("saves", {}))


@pytest.mark.parametrize("path", [*CLIENTS, *PAYLOADS], ids=name_of)
def test_every_constraint_can_be_checked(path: Path) -> None:
    """Paths are well-formed, and an object of operators has no misspelt one."""
    for step in load(path):
        for where, constraint in step["expect"].get("body", {}).items():
            find({}, where)
            _check(constraint)
        for constraint in step["expect"].get("headers", {}).values():
            _check(constraint)


@pytest.mark.parametrize("path", PAYLOADS, ids=name_of)
def test_a_payload_names_its_rule(path: Path) -> None:
    """Its name is the file's; its rule is a sentence."""
    payload = orjson.loads(path.read_bytes())
    assert payload["name"] == path.stem
    assert payload["rule"].endswith(".")
    assert payload["source"]


def _check(constraint: Any) -> None:
    if isinstance(constraint, dict) and any(name.startswith("$") for name in constraint):
        assert constraints.is_operators(constraint), constraint
