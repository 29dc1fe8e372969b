"""infra/grant-company-names.sh assigns one app role to one service principal; a fake `az` records the
requests.
"""

import subprocess
from pathlib import Path

import pytest

from tests.infra.az import FakeAz
from tests.infra.bicep import INFRA
from tests.infra.test_register_apps import GRAPH, PRESENCE

PRINCIPAL = "00000000-0000-4000-8000-0000000000b1"
RESOURCE = "00000000-0000-4000-8000-0000000000b2"
ROLE = "cac88765-0581-4025-9725-5ebc13f729ee"


def _run(az: FakeAz, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [str(INFRA / "grant-company-names.sh"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=az.environment())


def _answering(folder: Path, granted: str = "0\n", principal: str = f"{PRINCIPAL}\n") -> FakeAz:
    az = FakeAz(folder)
    az.answer("microsoftGraphResourceId", out="https://graph.microsoft.com/\n")
    az.answer("appRoleAssignments", out=granted)
    az.answer(f"appId='{PRESENCE}'", out=principal)
    az.answer("appRoles[?value=='CrossTenantInformation.ReadBasic.All']", out=f"{ROLE}\n")
    az.answer("appId='00000003-0000-0000-c000-000000000000'", out=f"{RESOURCE}\n")
    az.answer("rest --method post")
    return az


def test_grants_the_role_in_the_own_tenant_and_changes_no_registration(tmp_path: Path) -> None:
    """The script's only write is an app role assignment
    (learn.microsoft.com/graph/api/serviceprincipal-post-approleassignedto).
    """
    az = _answering(tmp_path)
    done = _run(az, PRESENCE)
    assert (done.returncode, done.stderr) == (0, "")
    assignment = {"principalId": PRINCIPAL, "resourceId": RESOURCE, "appRoleId": ROLE}
    assert az.bodies(GRAPH) == {f"servicePrincipals/{RESOURCE}/appRoleAssignedTo": assignment}
    assert "Granted" in done.stdout


def test_a_second_run_grants_nothing(tmp_path: Path) -> None:
    """The script doesn't repeat an existing assignment, because Graph responds with 400 to it."""
    az = _answering(tmp_path, granted="1\n")
    done = _run(az, PRESENCE)
    assert done.returncode == 0
    assert "already" in done.stdout
    assert az.bodies(GRAPH) == {}


@pytest.mark.parametrize("arguments", [(), ("contoso",), (PRESENCE, "more")])
def test_wrong_arguments_print_the_usage(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """With wrong arguments the script prints its usage, exits with 2, and doesn't call `az`."""
    az = _answering(tmp_path)
    done = _run(az, *arguments)
    assert (done.returncode, az.calls()) == (2, [])
    assert "PRESENCE_CLIENT_ID" in done.stderr


def test_a_response_that_is_no_id_stops_the_script(tmp_path: Path) -> None:
    """If Graph returns no GUID, the script writes nothing: for example, if the registration has no
    service principal in this tenant.
    """
    az = _answering(tmp_path, principal="\n")
    done = _run(az, PRESENCE)
    assert done.returncode == 1
    assert "no GUID" in done.stderr
    assert az.bodies(GRAPH) == {}


def test_a_refusal_stops_the_script(tmp_path: Path) -> None:
    """If the caller isn't Privileged Role Administrator, the script fails and shows the error of `az`."""
    az = FakeAz(tmp_path)
    az.answer("rest --method post", error="Forbidden(Insufficient privileges)\n", status=1)
    az.answers += _answering(tmp_path).answers
    done = _run(az, PRESENCE)
    assert done.returncode == 1
    assert "Insufficient privileges" in done.stderr
    assert "Granted" not in done.stdout
