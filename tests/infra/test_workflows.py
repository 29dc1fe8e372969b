"""The GitHub workflows use pinned actions, the least rights, and no secret."""

import re
import subprocess
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
    """Each action is pinned by its commit, because a tag can be moved; a comment has the version."""
    uses = re.findall(r"uses: (.+)", path.read_text(encoding="utf-8"))
    assert uses
    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use) for use in uses)


def test_an_action_has_one_version() -> None:
    """All workflows use the same commit of an action."""
    uses = {
        use
        for path in WORKFLOWS
        for use in re.findall(r"uses: (\S+)", path.read_text(encoding="utf-8"))
    }
    assert len({use.partition("@")[0] for use in uses}) == len(uses)


@each_workflow
def test_rights_are_the_least(path: Path) -> None:
    """A workflow may only read the code; only jobs of deploy.yml and backup.yml may request an OIDC token
    of GitHub.
    """
    workflow = _read(path)
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        extra = job.get("permissions", {"contents": "read"})
        assert extra in (
            {"contents": "read"},
            {"contents": "read", "id-token": "write"},
            {"contents": "read", "id-token": "write", "attestations": "write"},
        )
        assert ("id-token" in extra) == (path.name in ("deploy.yml", "backup.yml"))
        guarded = "environment" in job or "attestations" in extra
        assert (
            "id-token" in extra
        ) == guarded  # a job that signs in to Azure waits for its environment


@each_workflow
def test_uses_no_secret(path: Path) -> None:
    """No workflow reads a secret, because Azure trusts GitHub's OIDC tokens."""
    assert "secrets." not in path.read_text(encoding="utf-8")


@each_workflow
def test_a_checkout_keeps_no_credentials(path: Path) -> None:
    """Each checkout sets `persist-credentials: false`, so that later steps can't use its token."""
    steps = [step for job in _read(path)["jobs"].values() for step in job["steps"]]
    checkouts = [step for step in steps if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


@each_workflow
def test_no_expression_is_in_a_command(path: Path) -> None:
    """Expressions occur in `env` and `with` only, never in a command, into which they could inject code."""
    for job in _read(path)["jobs"].values():
        for step in job["steps"]:
            assert "${{" not in step.get("run", "")


def test_pull_requests_run_without_the_rights_of_the_repository() -> None:
    """No workflow uses `pull_request_target`, which would run the code of a fork with the repository's
    rights.
    """
    assert all("pull_request_target" not in path.read_text(encoding="utf-8") for path in WORKFLOWS)


def test_ci_tests_every_supported_python() -> None:
    """CI runs all tests on Python 3.13, and the fast checks on 3.11, 3.12 and 3.14."""
    jobs = _read(ROOT / ".github/workflows/ci.yml")["jobs"]
    assert any(step.get("run") == "make test" for step in jobs["test"]["steps"])
    assert [
        step["with"]["python-version"]
        for step in jobs["test"]["steps"]
        if "python-version" in step.get("with", {})
    ] == ["3.14", "3.13"]  # the last is the one that `python` means; the engine's tests run on both
    older = jobs["other-pythons"]
    assert older["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.14"]
    assert older["steps"][-1]["run"] == "make check-fast"
    for job in (jobs["test"], older):
        assert {"name": "Environment of exactly this Python", "run": "python -m venv .venv"} in job[
            "steps"
        ]


def test_ci_compiles_the_templates() -> None:
    """CI compiles the templates with a fixed version of Bicep, which finds more than a syntax tree shows;
    any finding is an error.
    """
    runs = "\n".join(
        step.get("run", "")
        for step in _read(ROOT / ".github/workflows/ci.yml")["jobs"]["bicep"]["steps"]
    )
    assert re.search(r"az bicep install --version v\d+\.\d+\.\d+", runs)
    assert "python3 infra/verify.py" in runs


def test_ci_keeps_a_bill_of_materials() -> None:
    """Each run of CI stores the bill of materials; each deployment attests the provenance of the package
    and of the bill.
    """
    test = _read(ROOT / ".github/workflows/ci.yml")["jobs"]["test"]["steps"]
    assert any("infra/sbom.py > sbom.json" in step.get("run", "") for step in test)
    deploy = _read(ROOT / ".github/workflows/deploy.yml")["jobs"]
    steps = deploy["package"]["steps"]
    assert any("infra/sbom.py > sbom.json" in step.get("run", "") for step in steps)
    (attest,) = [step for step in steps if "attest-build-provenance" in step.get("uses", "")]
    assert attest["with"]["subject-path"].split() == ["package.zip", "sbom.json"]
    assert deploy["deploy"]["needs"] == "package"


@pytest.mark.parametrize(("change", "status"), [(b"", 0), (b"x", 1)])
def test_only_the_attested_package_is_deployed(tmp_path: Path, change: bytes, status: int) -> None:
    """The job that signs in to Azure builds the package again, and stops if it differs from the attested
    one in any byte.
    """
    jobs = _read(ROOT / ".github/workflows/deploy.yml")["jobs"]
    (made,) = [step["run"] for step in jobs["package"]["steps"] if step.get("id") == "package"]
    (again,) = [step["run"] for step in jobs["deploy"]["steps"] if "DIGEST" in step.get("env", {})]
    infra = tmp_path / "infra"
    infra.mkdir()
    script = infra / "package.sh"
    script.write_text('#!/bin/sh\ncp content "$1"\n')
    script.chmod(0o755)
    (infra / "sbom.py").write_text("")
    (tmp_path / "content").write_bytes(b"the package")
    output = tmp_path / "output"
    environment = {"PATH": "/usr/bin:/bin", "GITHUB_OUTPUT": str(output)}
    run = ["bash", "-e", "-c"]
    subprocess.run([*run, made], env=environment, check=True, cwd=tmp_path)
    digest = output.read_text().partition("digest=")[2].strip()
    (tmp_path / "content").write_bytes(b"the package" + change)
    given = {**environment, "DIGEST": digest}
    done = subprocess.run([*run, again], env=given, capture_output=True, cwd=tmp_path)
    assert done.returncode == status


def test_tools_of_the_deployment_have_a_version() -> None:
    """Each tool of the deployment has a fixed version; with `latest`, runs could differ."""
    steps = _read(ROOT / ".github/workflows/deploy.yml")["jobs"]["deploy"]["steps"]
    (azd,) = [step for step in steps if "setup-azd" in step.get("uses", "")]
    assert re.fullmatch(r"\d+\.\d+\.\d+", azd["with"]["version"])


def test_backups_run_every_night_with_an_identity_of_their_own() -> None:
    """The backup uses an environment apart from production, so that who may deploy need not read the data,
    and vice versa.
    """
    workflow = _read(ROOT / ".github/workflows/backup.yml")
    assert set(workflow[True]) == {"schedule", "workflow_dispatch"}
    job = workflow["jobs"]["backup"]
    assert job["environment"] == "backup"
    assert job["steps"][-1]["run"] == "infra/backup.sh"


def test_only_a_release_or_a_click_deploys() -> None:
    """The deployment runs for a release or by hand, in an environment that reviewers can protect, and one
    at a time.
    """
    workflow = _read(ROOT / ".github/workflows/deploy.yml")
    assert workflow[True] == {
        "push": {"tags": ["v*"]},
        "workflow_dispatch": None,
    }  # YAML 1.1 reads `on` as true
    assert workflow["jobs"]["deploy"]["environment"] == "production"
    assert workflow["concurrency"] == {"group": "deploy", "cancel-in-progress": False}


def test_pipeline_signs_in_provisions_deploys_and_tests() -> None:
    """The deployment does these steps in this order, signs in by GitHub's OIDC token, and masks the smoke
    test's token in the log.
    """
    steps = _read(ROOT / ".github/workflows/deploy.yml")["jobs"]["deploy"]["steps"]
    login, package, provision, deploy, smoke = [step["run"] for step in steps if "run" in step]
    assert "azd auth login" in login
    assert "--federated-credential-provider github" in login
    assert provision == "azd provision --no-prompt"
    assert "infra/package.sh package.zip" in package
    assert "sha256sum --check" in package
    assert "azd deploy app --no-prompt --from-package attempt.zip" in deploy
    mask, test = (
        smoke.index('echo "::add-mask::$SMOKE_TOKEN"'),
        smoke.index(" python infra/smoke.py "),
    )
    assert mask < test


@pytest.mark.parametrize(("failures", "status"), [(0, 0), (2, 0), (3, 1)])
def test_deployment_is_tried_three_times(tmp_path: Path, failures: int, status: int) -> None:
    """A restart of the build site or a role that hasn't spread yet passes within three tries; a lasting
    fault fails the job.
    """
    steps = _read(ROOT / ".github/workflows/deploy.yml")["jobs"]["deploy"]["steps"]
    (script,) = [step["run"] for step in steps if step.get("name") == "Deploy"]
    count = tmp_path / "count"
    count.write_text("0")
    azd, sleep = tmp_path / "azd", tmp_path / "sleep"
    azd.write_text(
        f"#!/bin/sh\nn=$(($(cat {count}) + 1)); echo $n > {count}; [ $n -gt {failures} ]\n"
    )
    sleep.write_text("#!/bin/sh\n")
    (tmp_path / "package.zip").write_bytes(b"PK")
    for program in (azd, sleep):
        program.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    done = subprocess.run(
        ["bash", "-e", "-c", script], env=environment, capture_output=True, cwd=tmp_path
    )
    assert done.returncode == status
    assert int(count.read_text()) == min(failures + 1, 3)


def test_pipeline_sets_every_parameter() -> None:
    """The pipeline passes each variable of the parameter file, with the same meaning if it is unset;
    otherwise a deployment would reset values that were set by hand.
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
