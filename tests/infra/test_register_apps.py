"""infra/register-apps.sh creates exactly two app registrations through Microsoft Graph; a fake `az`
records the requests.
"""

import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.infra.az import FakeAz
from tests.infra.bicep import INFRA

SIGN_IN = "00000000-0000-4000-8000-00000000000a"
PRESENCE = "00000000-0000-4000-8000-00000000000b"
IDENTITY = "00000000-0000-4000-8000-00000000000c"
GRAPH = "https://graph.microsoft.com/v1.0/"
ARGUMENTS = ["--suffix", "s1", "--url", "https://a.example/", "--url", "https://b.example"]
ARGUMENTS += [
    "--identity-name",
    "id-1",
    "--identity-principal-id",
    IDENTITY,
    "--product-name",
    'Tom\'s "Phone" book',
]


@cache
def _run(*more: str, cloud: str = "AzureCloud") -> tuple[str, dict[str, Any]]:
    """Return the script's output and its request bodies by path; the result for the same arguments is
    cached.
    """
    with TemporaryDirectory() as folder:
        return _run_in(Path(folder), [*ARGUMENTS, *more], cloud)


def _run_in(folder: Path, arguments: list[str], cloud: str) -> tuple[str, dict[str, Any]]:
    az = _well_answering(folder, cloud)
    command = [str(INFRA / "register-apps.sh"), *arguments]
    environment = az.environment()
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    writing = [call for call in az.calls() if "--body" in call]
    assert all("Prefer=create-if-missing" in call for call in writing)
    return done.stdout, az.bodies(GRAPH)


def _well_answering(folder: Path, cloud: str, *first: dict[str, Any]) -> FakeAz:
    """Return a fake `az` with the responses `first`, then those of a cloud in which every call succeeds."""
    az = FakeAz(folder)
    for answer in first:
        az.answer(*answer.pop("words"), **answer)
    az.answer("account show", out="home-tenant\n")
    az.answer("microsoftGraphResourceId", out="https://graph.microsoft.com/\n")
    az.answer("activeDirectory", out="https://login.microsoftonline.com\n")
    az.answer("cloud show", out=f"{cloud}\n")
    az.answer("rest --method get", "sign-in", out=f"{SIGN_IN}\n")
    az.answer("rest --method get", "presence", out=f"{PRESENCE}\n")
    az.answer("rest --method patch")
    return az


def test_registers_sign_in_with_the_roles_and_no_secret() -> None:
    """The sign-in registration has the product's roles and a redirect URI per address, and only assigned
    users can sign in.
    """
    _, asked = _run()
    body = asked["applications(uniqueName='external-directories-sign-in-s1')"]
    assert body["displayName"] == 'Tom\'s "Phone" book sign-in'
    assert body["signInAudience"] == "AzureADMyOrg"
    assert {role["value"] for role in body["appRoles"]} == {
        "Directory.Admin",
        "Directory.Reader",
        "Deployment.Test",
    }
    paths = [f"https://{host}.example/.auth/login/aad/callback" for host in "ab"]
    assert body["web"]["redirectUris"] == paths
    assert asked[f"servicePrincipals(appId='{SIGN_IN}')"] == {"appRoleAssignmentRequired": True}


def test_registers_presence_with_one_application_permission() -> None:
    """The presence registration is multi-tenant, has Presence.Read.All only, and requests the
    administrator roles in the ID token.
    """
    _, asked = _run()
    body = asked["applications(uniqueName='external-directories-presence-s1')"]
    assert body["signInAudience"] == "AzureADMultipleOrgs"
    assert body["groupMembershipClaims"] == "DirectoryRole"
    (access,) = body["requiredResourceAccess"]
    roles = [
        permission["id"] for permission in access["resourceAccess"] if permission["type"] == "Role"
    ]
    assert roles == ["a70e0c2d-e793-494c-94c4-118fa0a67f42"]
    assert asked[f"servicePrincipals(appId='{PRESENCE}')"] == {"appRoleAssignmentRequired": False}


@pytest.mark.parametrize(
    ("cloud", "audience"),
    [
        ("AzureCloud", "api://AzureADTokenExchange"),
        ("AzureUSGovernment", "api://AzureADTokenExchangeUSGov"),
        ("AzureChinaCloud", "api://AzureADTokenExchangeChina"),
    ],
)
def test_both_registrations_trust_the_identity_in_every_cloud(cloud: str, audience: str) -> None:
    """The federated credential has the issuer, the managed identity as subject, and the cloud's audience."""
    _, asked = _run(cloud=cloud)
    for kind in ("sign-in", "presence"):
        name = f"applications(uniqueName='external-directories-{kind}-s1')/federatedIdentityCredentials(name='id-1')"
        assert asked[name]["issuer"] == "https://login.microsoftonline.com/home-tenant/v2.0"
        assert asked[name]["subject"] == IDENTITY
        assert asked[name]["audiences"] == [audience]


def test_the_script_prints_the_commands_of_the_next_step() -> None:
    """The script prints the commands that store both client IDs in the azd environment."""
    printed, _ = _run("--several-tenants")
    assert f"azd env set SIGN_IN_CLIENT_ID {SIGN_IN}" in printed
    assert f"azd env set PRESENCE_CLIENT_ID {PRESENCE}" in printed


def test_several_tenants_may_sign_in_only_with_the_option() -> None:
    """The sign-in registration is multi-tenant only with `--several-tenants`."""
    _, asked = _run("--several-tenants")
    body = asked["applications(uniqueName='external-directories-sign-in-s1')"]
    assert body["signInAudience"] == "AzureADMultipleOrgs"


def test_missing_arguments_print_the_usage() -> None:
    """Without its arguments the script changes nothing and prints its usage."""
    done = subprocess.run(
        [INFRA / "register-apps.sh", "--suffix", "s1"], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "--identity-principal-id" in done.stderr


def _failing(
    tmp_path: Path, *answers: dict[str, Any]
) -> tuple[subprocess.CompletedProcess[str], FakeAz]:
    """Run the script with a fake `az` that gives these responses to `az rest` in order, and succeeds after
    them.
    """
    az = _well_answering(tmp_path, "AzureCloud", *answers)
    command = [str(INFRA / "register-apps.sh"), *ARGUMENTS]
    environment = az.environment(RETRY_SECONDS="0")
    return subprocess.run(command, capture_output=True, text=True, env=environment), az


def test_the_first_refusal_stops_the_script(tmp_path: Path) -> None:
    """The script sets inherit_errexit: bash clears `-e` inside `$(...)`, and without it the script printed
    "Registered" after eight errors.
    """
    error = 'ERROR: Forbidden({"error":{"code":"Authorization_RequestDenied"}})'
    done, az = _failing(tmp_path, {"words": ["rest"], "error": error, "status": 1})
    assert done.returncode == 1
    assert "Authorization_RequestDenied" in done.stderr
    assert "Registered" not in done.stdout
    assert len([call for call in az.calls() if call[0] == "rest"]) == 1


def test_the_script_waits_for_a_new_application(tmp_path: Path) -> None:
    """The script retries while Graph responds with 404 for a new application; without the federated
    credential, sign-in would fail with AADSTS70021.
    """
    error = 'ERROR: Not Found({"error":{"code":"Request_ResourceNotFound"}})'
    done, az = _failing(
        tmp_path,
        {"words": ["federatedIdentityCredentials"], "error": error, "status": 1, "times": 3},
    )
    assert done.returncode == 0, done.stderr
    assert "Registered" in done.stdout
    calls = [" ".join(call) for call in az.calls()]
    assert len([call for call in calls if "federatedIdentityCredentials" in call]) == 5


def test_an_application_that_never_appears_is_an_error(tmp_path: Path) -> None:
    """After six tries the script fails with Graph's own error."""
    error = "ERROR: Not Found"
    done, az = _failing(tmp_path, {"words": ["servicePrincipals"], "error": error, "status": 1})
    assert (done.returncode, done.stdout) == (1, "")
    assert len([call for call in az.calls() if "servicePrincipals" in " ".join(call)]) == 6


@pytest.mark.parametrize("answer", ["", "\n", "None\n", "not-a-guid\n"])
def test_an_invalid_id_is_an_error(tmp_path: Path, answer: str) -> None:
    """If Graph returns something that is no GUID, the script fails, because an empty client ID would
    switch sign-in off.
    """
    done, _ = _failing(tmp_path, {"words": ["rest --method get"], "out": answer})
    assert done.returncode == 1
    assert "no GUID" in done.stderr


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [("--identity-principal-id", "id-1", "must be a GUID"), ("--url", "a.example", "https://")],
)
def test_a_wrong_argument_is_named(name: str, value: str, fault: str) -> None:
    """The script names a wrong argument before it registers anything."""
    done = subprocess.run(
        [INFRA / "register-apps.sh", *ARGUMENTS, name, value], capture_output=True, text=True
    )
    assert (done.returncode, fault in done.stderr) == (2, True)


def test_it_says_that_admin_consent_is_needed() -> None:
    """Users can't consent to an application that requires assignment, so the output says that admin
    consent is needed (Microsoft Learn, "what-is-access-management").
    """
    printed, _ = _run()
    assert (
        f"https://login.microsoftonline.com/home-tenant/adminconsent?client_id={SIGN_IN}" in printed
    )
