"""infra/register-apps.sh asks Microsoft Graph for exactly the two registrations; `az` is played by a recorder."""

import json
import os
import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.infra.bicep import INFRA

AZ = """#!/usr/bin/env -S python3 -SE
import json, os, sys
arguments = sys.argv[1:]
known = {
    "tenantId": "home-tenant",
    "endpoints.microsoftGraphResourceId": "https://graph.microsoft.com/",
    "endpoints.activeDirectory": "https://login.microsoftonline.com",
    "name": os.environ["CLOUD_NAME"],
    "appId": "id-of-presence" if "presence" in " ".join(arguments) else "id-of-sign-in",
}
if "--body" in arguments:
    url, body = (arguments[arguments.index(name) + 1] for name in ("--url", "--body"))
    with open(os.environ["RECORD"], "a") as record:
        upsert = "Prefer=create-if-missing" in arguments
        record.write(json.dumps({"url": url, "body": json.loads(body), "upsert": upsert}) + "\\n")
else:
    print(known[arguments[arguments.index("--query") + 1]])
"""
GRAPH = "https://graph.microsoft.com/v1.0/"
ARGUMENTS = ["--suffix", "s1", "--url", "https://a.example/", "--url", "https://b.example"]
ARGUMENTS += [
    "--identity-name",
    "id-1",
    "--identity-principal-id",
    "p-1",
    "--product-name",
    'Tom\'s "Phone" book',
]


@cache
def _run(*more: str, cloud: str = "AzureCloud") -> tuple[str, dict[str, Any]]:
    """What the script prints, and what it asks Graph for, by path; each way of calling it runs once."""
    with TemporaryDirectory() as folder:
        return _run_in(Path(folder), [*ARGUMENTS, *more], cloud)


def _run_in(folder: Path, arguments: list[str], cloud: str) -> tuple[str, dict[str, Any]]:
    az, record = folder / "az", folder / "record"
    az.write_text(AZ, encoding="utf-8")
    az.chmod(0o755)
    record.touch()
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "RECORD": str(record), "CLOUD_NAME": cloud}
    command = [str(INFRA / "register-apps.sh"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    calls = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
    assert all(call["upsert"] for call in calls)
    return done.stdout, {call["url"].removeprefix(GRAPH): call["body"] for call in calls}


def test_registers_sign_in_with_the_roles_and_no_secret() -> None:
    """Roles of the product, redirects to every address, people only by assignment."""
    _, asked = _run()
    body = asked["applications(uniqueName='external-directories-sign-in-s1')"]
    assert body["displayName"] == 'Tom\'s "Phone" book sign-in'
    assert body["signInAudience"] == "AzureADMyOrg"
    assert {role["value"] for role in body["appRoles"]} == {"Directory.Admin", "Directory.Reader"}
    paths = [f"https://{host}.example/.auth/login/aad/callback" for host in "ab"]
    assert body["web"]["redirectUris"] == paths
    assert asked["servicePrincipals(appId='id-of-sign-in')"] == {"appRoleAssignmentRequired": True}


def test_registers_presence_with_one_application_permission() -> None:
    """Multi-tenant, Presence.Read.All and nothing wider, administrator roles in the sign-in token."""
    _, asked = _run()
    body = asked["applications(uniqueName='external-directories-presence-s1')"]
    assert body["signInAudience"] == "AzureADMultipleOrgs"
    assert body["groupMembershipClaims"] == "DirectoryRole"
    (access,) = body["requiredResourceAccess"]
    roles = [
        permission["id"] for permission in access["resourceAccess"] if permission["type"] == "Role"
    ]
    assert roles == ["a70e0c2d-e793-494c-94c4-118fa0a67f42"]
    assert asked["servicePrincipals(appId='id-of-presence')"] == {
        "appRoleAssignmentRequired": False
    }


@pytest.mark.parametrize(
    ("cloud", "audience"),
    [
        ("AzureCloud", "api://AzureADTokenExchange"),
        ("AzureUSGovernment", "api://AzureADTokenExchangeUSGov"),
        ("AzureChinaCloud", "api://AzureADTokenExchangeChina"),
    ],
)
def test_both_trust_the_identity_in_every_cloud(cloud: str, audience: str) -> None:
    """The federated credential names issuer, identity and the cloud's audience."""
    _, asked = _run(cloud=cloud)
    for kind in ("sign-in", "presence"):
        name = f"applications(uniqueName='external-directories-{kind}-s1')/federatedIdentityCredentials(name='id-1')"
        assert asked[name]["issuer"] == "https://login.microsoftonline.com/home-tenant/v2.0"
        assert asked[name]["subject"] == "p-1"
        assert asked[name]["audiences"] == [audience]


def test_prints_the_commands_that_finish_the_job() -> None:
    """Both client ids go into the deployment's environment."""
    printed, _ = _run("--several-tenants")
    assert "azd env set SIGN_IN_CLIENT_ID id-of-sign-in" in printed
    assert "azd env set PRESENCE_CLIENT_ID id-of-presence" in printed


def test_several_tenants_may_sign_in_when_asked_for() -> None:
    """Only then is the sign-in registration multi-tenant."""
    _, asked = _run("--several-tenants")
    body = asked["applications(uniqueName='external-directories-sign-in-s1')"]
    assert body["signInAudience"] == "AzureADMultipleOrgs"


def test_says_what_is_missing() -> None:
    """Without its arguments the script changes nothing and prints its usage."""
    done = subprocess.run(
        [INFRA / "register-apps.sh", "--suffix", "s1"], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "--identity-principal-id" in done.stderr
