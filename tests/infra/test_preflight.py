"""infra/preflight.py finds the faults that would stop a deployment, and prints a remedy for each; `az`
is a fake.

Its responses have the structure of `az ... --output json` (learn.microsoft.com/cli/azure) and of
Microsoft Graph v1.0.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from infra import preflight
from tests.infra.az import FakeAz, shell_program
from tests.infra.bicep import ROOT

SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
ME = "22222222-2222-2222-2222-222222222222"
ACCOUNT = {
    "environmentName": "AzureCloud",
    "id": SUBSCRIPTION,
    "state": "Enabled",
    "user": {"name": "ada@example.com", "type": "user"},
}
READY = "ok    nothing stands in the way of azd up"
DEVELOPER = "cf1c38e5-3621-4004-a7cb-879624dced7c"
ADMINISTRATOR = "158c047a-c907-4556-b7ef-446551a6b5f7"
SETTINGS = {
    "AZURE_ENV_NAME": "people",
    "AZURE_LOCATION": "westeurope",
    "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION,
}
REGISTRATION = {
    "id": "a1",
    "displayName": "NEONNOW sign-in",
    "owners": [{"id": "someone"}],
}
SUFFIX = "abcdefghijklm"
ACCOUNT_OF_DATA = {
    "name": f"st{SUFFIX}",
    "type": "Microsoft.Storage/storageAccounts",
    "tags": {"azd-env-name": "people"},
}
PLAN = {"name": "old-plan", "type": "Microsoft.Web/serverFarms", "tags": None}


class Azure:
    """The responses of a subscription that is ready for a deployment, of which a test changes one."""

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self._folder, self._monkeypatch, self._capsys = folder, monkeypatch, capsys
        self.versions = {"azure-cli": "2.80.0"}
        self.azd = "azd version 1.24.0 (commit 0)"
        self.account: dict[str, Any] = dict(ACCOUNT)
        self.provider = "Registered"
        self.regions = ["westeurope", "West US"]
        self.zoned = ["westeurope"]
        self.group: dict[str, Any] = {"name": "rg-1", "location": "westeurope"}
        self.resources: list[dict[str, Any]] = []
        self.roles = ["Contributor", "Role Based Access Control Administrator"]
        self.entra = [DEVELOPER, ADMINISTRATOR]
        self.may_everyone = False
        self.person = {"id": ME, "userType": "Member"}
        self.registrations: dict[str, dict[str, Any]] = {}
        self.bicep = "Bicep CLI version 0.45.15 (x)"
        self.refused: dict[str, str] = {}
        self.as_program = False

    def run(self, **settings: str) -> tuple[int, list[str]]:
        """Run infra/preflight.py with these responses; return its exit status and the lines that it printed."""
        folder = self._folder
        az = FakeAz(folder)
        for words, error in self.refused.items():
            az.answer(words, error=error, status=1)
        locations = [
            {"name": name, "availabilityZoneMappings": [{"logicalZone": "1"}]}
            for name in self.zoned
        ]
        answers: list[tuple[str, Any]] = [
            ("bicep version", None),
            ("version --output", self.versions),
            ("account show", self.account),
            ("provider show", {"registrationState": self.provider}),
            ("list-flexconsumption-locations", [{"name": name} for name in self.regions]),
            ("/locations?", {"value": [*locations, {"name": "westus"}]}),
            ("group show", self.group),
            ("resource list", self.resources),
            ("role assignment list", [{"roleDefinitionName": role} for role in self.roles]),
            ("/me?", self.person),
            (
                "authorizationPolicy",
                {"defaultUserRolePermissions": {"allowedToCreateApps": self.may_everyone}},
            ),
            ("transitiveMemberOf", {"value": [{"roleTemplateId": role} for role in self.entra]}),
            *((f"uniqueName='{name}'", one) for name, one in self.registrations.items()),
        ]
        for words, answer in answers:
            text = "Bicep CLI version 0.30.0 (x)" if answer is None else json.dumps(answer)
            az.answer(words, out=text)
        az.answer("uniqueName=", error="Not Found({ResourceNotFound})", status=1)
        home = folder / "home"
        (home / "bin").mkdir(parents=True, exist_ok=True)
        if self.bicep:
            shell_program(home / "bin/bicep", f"echo '{self.bicep}'")
        environment = az.environment(**{"AZD_CONFIG_DIR": str(home), **SETTINGS, **settings})
        if self.azd:
            shell_program(folder / "azd", f"echo '{self.azd}'")
        self._monkeypatch.setenv("PATH", environment["PATH"])
        if not self.as_program:
            self._monkeypatch.setattr("subprocess.run", az.run)
        status = preflight.main(["--resource-group", "rg-1"], environment)
        return status, self._capsys.readouterr().out.splitlines()


@pytest.fixture
def azure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Azure:
    """Return a subscription that is ready for a deployment."""
    return Azure(tmp_path, monkeypatch, capsys)


def test_a_ready_subscription_has_no_fault(azure: Azure, tmp_path: Path) -> None:
    """The program prints one line, exits with 0, and calls nothing that changes a resource.

    Only this test runs `az` as a program; the others replace `subprocess.run`.
    """
    azure.as_program = True
    assert azure.run() == (0, [READY])
    calls = [json.loads(line) for line in (tmp_path / "calls.jsonl").read_text().splitlines()]
    verbs = {"show", "list", "version", "list-flexconsumption-locations", "get"}
    assert all(verbs & set(call) for call in calls)


FAULTS: list[tuple[dict[str, Any], dict[str, str], str, str]] = [
    ({"versions": {"azure-cli": "2.40.0"}}, {}, "az 2.40.0 is older", "az upgrade"),
    ({"azd": "azd version 1.10.0"}, {}, "azd 1.10.0 is older", "aka.ms/azd-install"),
    ({"azd": ""}, {}, "Bicep 0.30.0 is older than 0.36.1", "az bicep upgrade"),
    ({"refused": {"account show": "Please run 'az login'"}}, {}, "not signed in", "az login"),
    ({"account": {**ACCOUNT, "id": "other"}}, {}, "subscription other, not", "az account set"),
    ({"account": {**ACCOUNT, "state": "Disabled"}}, {}, "subscription is Disabled", "another"),
    ({}, {"CLOUD": "gcchigh"}, "AzureCloud, but CLOUD means AzureUSGovernment", "az cloud set"),
    ({}, {"CLOUD": "mars"}, "CLOUD is mars", "azd env set CLOUD"),
    ({"provider": "NotRegistered"}, {}, "Microsoft.Web is NotRegistered", "az provider register"),
    ({"regions": ["northeurope"]}, {}, "does not offer Flex Consumption", "northeurope"),
    ({"zoned": []}, {}, "has no availability zones", "STORAGE_REDUNDANCY Standard_LRS"),
    ({"resources": [PLAN]}, {}, "already holds old-plan", "empty resource group"),
    ({"roles": ["Reader"]}, {}, "you have no Contributor", "az role assignment create"),
    ({"roles": ["Contributor"]}, {}, "may not assign", "Role Based Access Control Administrator"),
    ({"bicep": "Bicep CLI version 0.30.1"}, {}, "Bicep 0.30.1 is older", "azd then brings a newer"),
    ({}, {"AZD_BICEP_TOOL_PATH": "/nowhere/bicep"}, "can't be run", "unset AZD_BICEP_TOOL_PATH"),
    ({"entra": []}, {}, "may not register applications", "REGISTER_APPS false"),
    (
        {"entra": [], "may_everyone": True, "person": {"id": ME, "userType": "Guest"}},
        {},
        "the tenant does not let everyone",
        "infra/register-apps.sh",
    ),
    (
        {
            "entra": [DEVELOPER],
            "registrations": {f"external-directories-sign-in-{SUFFIX}": REGISTRATION},
        },
        {"REGISTRATION_SUFFIX": SUFFIX},
        "exists and is not yours",
        f"az ad app owner add --id a1 --owner-object-id {ME}",
    ),
    (
        {
            "entra": [DEVELOPER],
            "resources": [ACCOUNT_OF_DATA],
            "registrations": {f"external-directories-presence-{SUFFIX}": REGISTRATION},
        },
        {},
        "NEONNOW sign-in exists and is not yours",
        "REGISTER_APPS false",
    ),
    (
        {
            "roles": [],
            "refused": {"group show": "(ResourceGroupNotFound) Resource group 'rg-1' not found."},
        },
        {},
        "creating one needs Contributor on the subscription",
        "az group create --name rg-1 --location westeurope",
    ),
    ({}, {"AZURE_ENV_NAME": "naïve name"}, "other characters", "azd env new"),
    (
        {},
        {"GRANT_COMPANY_NAMES": "true"},
        "none of Global Administrator, Privileged Role Administrator",
        "infra/grant-company-names.sh",
    ),
    (
        {"refused": {"provider show": "AuthorizationFailed"}},
        {},
        "az refused (AuthorizationFailed)",
        "docs/deploy.md",
    ),
]


@pytest.mark.parametrize(
    ("answers", "settings", "fault", "remedy"), FAULTS, ids=[f[2] for f in FAULTS]
)
def test_a_fault_is_one_line_with_its_remedy(
    azure: Azure, answers: dict[str, Any], settings: dict[str, str], fault: str, remedy: str
) -> None:
    """The line names the fault and the command or step that fixes it; the exit status is 1."""
    for name, value in answers.items():
        setattr(azure, name, value)
    status, printed = azure.run(**settings)
    lines = [line for line in printed if fault in line]
    assert status == 1
    assert lines
    assert lines[0].startswith("FAULT ")
    assert remedy in lines[0].partition(" -> ")[2]


NOTES: list[tuple[dict[str, Any], dict[str, str], str]] = [
    ({}, {"AZURE_ENV_NAME": "external-directories-dev"}, "named after 'external-directories'"),
    ({"entra": [DEVELOPER]}, {}, "may not grant admin consent"),
    ({}, {"REGISTER_APPS": "false"}, "SIGN_IN_CLIENT_ID is no GUID"),
    ({"group": {"location": "uksouth"}}, {}, "is in uksouth, its resources will be in westeurope"),
    ({"refused": {"/me?": "Forbidden"}}, {}, "Entra roles can't be read"),
    (
        {},
        {"GRANT_COMPANY_NAMES": "true", "REGISTER_APPS": "false"},
        "does nothing while REGISTER_APPS is false",
    ),
    (
        {"entra": [], "refused": {"authorizationPolicy": "Forbidden"}},
        {},
        "whether everyone may can't be read",
    ),
    ({"refused": {"role assignment list": "Forbidden"}}, {}, "role assignments can't be read"),
    (
        {"refused": {"group show": "(ResourceGroupNotFound) Resource group 'rg-1' not found."}},
        {},
        "the resource group rg-1 does not exist -> az group create --name rg-1 --location westeurope",
    ),
]


@pytest.mark.parametrize(("answers", "settings", "note"), NOTES, ids=[n[2] for n in NOTES])
def test_a_note_does_not_stop(
    azure: Azure, answers: dict[str, Any], settings: dict[str, str], note: str
) -> None:
    """A note informs of a fact and its remedy, and leaves the exit status 0."""
    for name, value in answers.items():
        setattr(azure, name, value)
    status, printed = azure.run(**settings)
    assert status == 0
    assert any(line.startswith("note  ") and note in line for line in printed)


@pytest.mark.parametrize(
    "change",
    [
        {
            "refused": {
                "group show": "(ResourceGroupNotFound) Resource group 'rg-1' could not be found."
            }
        },
        {"resources": [{**PLAN, "tags": {"azd-env-name": "people"}}]},
        {
            "registrations": {
                f"external-directories-sign-in-{SUFFIX}": {**REGISTRATION, "owners": [{"id": ME}]}
            },
            "resources": [ACCOUNT_OF_DATA],
            "entra": [DEVELOPER],
        },
        {
            "registrations": {"external-directories-sign-in-otherdeployme": REGISTRATION},
            "resources": [ACCOUNT_OF_DATA],
            "entra": [DEVELOPER],
        },
        {"entra": [], "may_everyone": True},
        {"bicep": ""},
    ],
    ids=[
        "new group",
        "own group",
        "own registrations",
        "registrations of another deployment",
        "everyone may register",
        "azd has no Bicep yet",
    ],
)
def test_a_permitted_configuration_is_no_fault(azure: Azure, change: dict[str, Any]) -> None:
    """These aren't faults: a group that doesn't exist yet or contains this deployment, and registrations
    that the caller owns or that belong to another deployment.
    """
    for name, value in change.items():
        setattr(azure, name, value)
    assert azure.run()[0] == 0


def test_a_privileged_role_administrator_may_grant_names(azure: Azure) -> None:
    """Privileged Role Administrator is the least role that may grant an application permission of
    Microsoft Graph.
    """
    azure.entra = [DEVELOPER, ADMINISTRATOR, "e8611ab8-c189-46e8-94e1-60213ab1f814"]
    assert azure.run(GRANT_COMPANY_NAMES="true") == (0, [READY])
    status, printed = azure.run()
    assert status == 0
    assert any("azd env set GRANT_COMPANY_NAMES true" in line for line in printed)


def test_a_region_without_zones_is_fine_without_zones(azure: Azure) -> None:
    """A region without availability zones is no fault if STORAGE_REDUNDANCY is Standard_LRS."""
    azure.zoned = []
    assert azure.run(STORAGE_REDUNDANCY="Standard_LRS")[0] == 0


def test_without_the_azure_cli_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without `az` no check is possible, so the program prints the remedy and exits with 1."""
    monkeypatch.setenv("PATH", "/nowhere")
    assert preflight.main([], {}) == 1
    assert "az is not on the PATH" in capsys.readouterr().out


def test_its_roles_and_providers_are_those_of_the_guide() -> None:
    """docs/deploy.md names each resource provider and Entra role that the program checks."""
    guide = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
    wanted = {*preflight.PROVIDERS, *preflight.NETWORK_PROVIDERS, "Application Developer"}
    assert [name for name in wanted if name not in guide] == []
