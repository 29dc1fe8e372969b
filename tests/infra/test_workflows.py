"""GitHub Actions: pinned, with the least rights, without a secret."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.infra.bicep import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
each_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda p: p.name)


def _read(path: Path) -> dict[Any, Any]:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


@each_workflow
def test_actions_are_pinned_by_commit(path: Path) -> None:
    """A tag can be moved, a commit cannot; the comment says which version it is."""
    uses = re.findall(r"uses: (.+)", path.read_text(encoding="utf-8"))
    assert uses
    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use) for use in uses)


def test_an_action_has_one_version() -> None:
    """Both workflows use the same commit of an action."""
    uses = {
        use
        for path in WORKFLOWS
        for use in re.findall(r"uses: (\S+)", path.read_text(encoding="utf-8"))
    }
    assert len({use.partition("@")[0] for use in uses}) == len(uses)


@each_workflow
def test_rights_are_the_least(path: Path) -> None:
    """The workflow may read the code; only the deployment may ask for a token of GitHub."""
    workflow = _read(path)
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        extra = job.get("permissions", {"contents": "read"})
        assert extra in ({"contents": "read"}, {"contents": "read", "id-token": "write"})
        assert ("id-token" in extra) == (path.name == "deploy.yml")


@each_workflow
def test_uses_no_secret(path: Path) -> None:
    """Azure trusts GitHub's own tokens, so the repository needs none."""
    assert "secrets." not in path.read_text(encoding="utf-8")


@each_workflow
def test_leaves_no_credentials_behind(path: Path) -> None:
    """The checkout does not keep its token for later steps."""
    steps = [step for job in _read(path)["jobs"].values() for step in job["steps"]]
    checkouts = [step for step in steps if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


@each_workflow
def test_takes_no_text_of_strangers_into_a_script(path: Path) -> None:
    """Expressions stand in `env` and `with` only, never inside a command."""
    for job in _read(path)["jobs"].values():
        for step in job["steps"]:
            assert "${{" not in step.get("run", "")


def test_pull_requests_run_without_the_rights_of_the_repository() -> None:
    """`pull_request_target` would run a stranger's code with our rights."""
    assert all("pull_request_target" not in path.read_text(encoding="utf-8") for path in WORKFLOWS)


def test_ci_tests_what_azure_runs_and_what_must_work_too() -> None:
    """Everything on Python 3.13, the fast checks on 3.11 and 3.12."""
    jobs = _read(ROOT / ".github/workflows/ci.yml")["jobs"]
    assert any(step.get("run") == "make test" for step in jobs["test"]["steps"])
    assert [
        step["with"]["python-version"]
        for step in jobs["test"]["steps"]
        if "python-version" in step.get("with", {})
    ] == ["3.13"]
    older = jobs["older-pythons"]
    assert older["strategy"]["matrix"]["python"] == ["3.11", "3.12"]
    assert older["steps"][-1]["run"] == "make check-fast"
    for job in (jobs["test"], older):
        assert {"name": "Environment of exactly this Python", "run": "python -m venv .venv"} in job[
            "steps"
        ]


def test_ci_compiles_the_templates() -> None:
    """What a syntax tree cannot know, the compiler does; its warnings about unknown or wrong properties are errors."""
    runs = "\n".join(
        step.get("run", "")
        for step in _read(ROOT / ".github/workflows/ci.yml")["jobs"]["bicep"]["steps"]
    )
    assert "az bicep build --file infra/main.bicep" in runs
    assert "az bicep build-params --file infra/main.bicepparam" in runs
    assert "if grep -E 'BCP0(35|36|37|52|53|73|89)' findings; then exit 1; fi" in runs


def test_only_a_release_or_a_click_deploys() -> None:
    """Into the environment that reviewers can guard, one deployment after the other."""
    workflow = _read(ROOT / ".github/workflows/deploy.yml")
    assert workflow[True] == {
        "push": {"tags": ["v*"]},
        "workflow_dispatch": None,
    }  # YAML 1.1 reads `on` as true
    assert workflow["jobs"]["deploy"]["environment"] == "production"
    assert workflow["concurrency"] == {"group": "deploy", "cancel-in-progress": False}


def test_pipeline_signs_in_provisions_deploys_and_tests() -> None:
    """In this order; sign-in by the token of GitHub, whose smoke test's token no log shows."""
    steps = _read(ROOT / ".github/workflows/deploy.yml")["jobs"]["deploy"]["steps"]
    login, provision, deploy, smoke = [step["run"] for step in steps if "run" in step]
    assert "azd auth login" in login
    assert "--federated-credential-provider github" in login
    assert (provision, deploy) == ("azd provision --no-prompt", "azd deploy --no-prompt")
    mask, test = (
        smoke.index('echo "::add-mask::$SMOKE_TOKEN"'),
        smoke.index(" python infra/smoke.py "),
    )
    assert mask < test


def test_pipeline_sets_every_parameter() -> None:
    """Each variable of the parameter file can be set in GitHub, and left out means the same there; else a deployment by
    the pipeline would set back what was set by hand.
    """
    environment = _read(ROOT / ".github/workflows/deploy.yml")["jobs"]["deploy"]["env"]
    parameters = (ROOT / "infra/main.bicepparam").read_text(encoding="utf-8")
    read = dict(re.findall(r"readEnvironmentVariable\('(\w+)', '([^']*)'\)", parameters))
    azd = {
        "AZURE_CLIENT_ID",
        "AZURE_TENANT_ID",
        "AZURE_SUBSCRIPTION_ID",
        "AZURE_RESOURCE_GROUP",
        "AZURE_LOCATION",
    }
    assert set(environment) == azd | set(read)
    for name in set(read) - {"AZURE_ENV_NAME", "REGISTER_APPS"}:
        otherwise = f" || '{read[name]}'" if read[name] else ""
        assert environment[name] == f"${{{{ vars.{name}{otherwise} }}}}", name
