"""Check for conditions that make provisioning fail: `python infra/preflight.py [--resource-group NAME]`.

The script reads the same variables as infra/main.bicepparam (`set -a; source <(azd env
get-values)`), queries Azure through `az` and changes nothing. Each finding is one line with the
fault and the command or step that fixes it. It needs the Azure CLI, signed in, and otherwise only
Python's standard library.

Exit status: 0 if nothing prevents provisioning (notes may be printed), 1 if something does, 2 for
invalid arguments.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

OLDEST_AZ = (2, 60, 0)  # az functionapp list-flexconsumption-locations
OLDEST_AZD = (1, 23, 13)  # reads .funcignore of Flex Consumption as this repository writes it
# For the Microsoft Graph extension 1.0.0 (github.com/microsoftgraph/msgraph-bicep-types).
OLDEST_BICEP = (0, 36, 1)
PROVIDERS = (
    "Microsoft.Web",
    "Microsoft.Storage",
    "Microsoft.Insights",
    "Microsoft.OperationalInsights",
    "Microsoft.ManagedIdentity",
)
NETWORK_PROVIDERS = ("Microsoft.App", "Microsoft.Network")
MAX_NAME = 20
CLOUDS = {
    "global": "AzureCloud",
    "gcchigh": "AzureUSGovernment",
    "dod": "AzureUSGovernment",
    "china": "AzureChinaCloud",
}
# learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference
MAY_REGISTER = {
    "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3": "Application Administrator",
    "158c047a-c907-4556-b7ef-446551a6b5f7": "Cloud Application Administrator",
    "cf1c38e5-3621-4004-a7cb-879624dced7c": "Application Developer",
    "62e90394-69f5-4237-9190-012177145e10": "Global Administrator",
}
# The least that may grant an application permission of Microsoft Graph
# (learn.microsoft.com/entra/identity/enterprise-apps/grant-admin-consent).
MAY_GRANT = {
    "e8611ab8-c189-46e8-94e1-60213ab1f814": "Privileged Role Administrator",
    "62e90394-69f5-4237-9190-012177145e10": "Global Administrator",
}
MAY_CONSENT = {
    "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",
    "158c047a-c907-4556-b7ef-446551a6b5f7",
    "62e90394-69f5-4237-9190-012177145e10",
}


class NoAnswer(Exception):
    """`az` failed; the text is the last line of its error output."""


@dataclass(kw_only=True)
class Preflight:
    """The state of the checks: settings, the resource group, and the findings.

    `faults` prevent a deployment, `notes` don't. `suffix` is the ending of this deployment's
    resource names, or "".
    """

    settings: Mapping[str, str]
    group: str
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    account: dict[str, Any] = field(default_factory=dict)
    has_group: bool = True
    suffix: str = ""

    def fault(self, wrong: str, remedy: str) -> None:
        """Record a fault that prevents the deployment, with its remedy."""
        self.faults.append(f"{wrong} -> {remedy}")

    def note(self, text: str, remedy: str) -> None:
        """Record a finding that doesn't prevent the deployment, with the recommended action."""
        self.notes.append(f"{text} -> {remedy}")

    def get(self, name: str, default: str = "") -> str:
        """Return a setting, or `default` if it is missing or empty."""
        return self.settings.get(name, "").strip() or default

    def is_on(self, name: str, default: str = "false") -> bool:
        """Return whether a setting is "true"."""
        return self.get(name, default).lower() == "true"


def az(*words: str) -> Any:
    """Run `az` with these arguments and return its output, parsed as JSON.

    Raises:
        NoAnswer: `az` failed.
    """
    done = subprocess.run(  # noqa: S603
        [shutil.which("az") or "az", *words, "--output", "json"], capture_output=True, text=True
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise NoAnswer(lines[-1] if lines else f"status {done.returncode}")
    return json.loads(done.stdout or "null")


def _version(text: str) -> tuple[int, ...]:
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", text)
    return tuple(map(int, found.groups())) if found else ()


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def check_tools(flight: Preflight) -> None:
    """Check that the Azure CLI, azd and Bicep are installed and new enough."""
    found = _version(str(az("version").get("azure-cli", "")))
    if found < OLDEST_AZ:
        flight.fault(f"az {_dotted(found)} is older than {_dotted(OLDEST_AZ)}", "az upgrade")
    azd = shutil.which("azd")
    if azd is None:
        flight.note(
            "azd is not on the PATH",
            "install it (https://aka.ms/azd-install), or deploy with az and func (docs/deploy.md)",
        )
        _check_bicep(flight, [shutil.which("az") or "az", "bicep", "version"], "az bicep upgrade")
        return
    done = subprocess.run([azd, "version"], capture_output=True, text=True)  # noqa: S603
    found = _version(done.stdout)
    if found < OLDEST_AZD:
        flight.fault(
            f"azd {_dotted(found)} is older than {_dotted(OLDEST_AZD)}",
            "install a current one: https://aka.ms/azd-install",
        )

    given = flight.get("AZD_BICEP_TOOL_PATH")
    own = Path(flight.get("AZD_CONFIG_DIR", str(Path.home() / ".azd"))) / "bin/bicep"
    if given:
        _check_bicep(flight, [given, "--version"], "unset AZD_BICEP_TOOL_PATH: azd brings its own")
    elif own.exists():
        _check_bicep(flight, [str(own), "--version"], f"rm {own}: azd then brings a newer one")


def _check_bicep(flight: Preflight, command: list[str], remedy: str) -> None:
    """Check the version of the Bicep compiler; `command` prints it.

    Without azd, the compiler is the Azure CLI's. azd installs its own into its folder with the
    first deployment.
    """
    try:
        done = subprocess.run(command, capture_output=True, text=True)  # noqa: S603
    except OSError as error:
        flight.fault(f"Bicep can't be run ({command[0]}: {error.strerror})", remedy)
        return
    found = _version(done.stdout)
    if found < OLDEST_BICEP:
        flight.fault(
            f"Bicep {_dotted(found) or f'of {command[0]}'} is older than {_dotted(OLDEST_BICEP)} or missing",
            remedy,
        )


def check_subscription(flight: Preflight) -> None:
    """Check that `az` is signed in to the right subscription and cloud, and that its providers are registered."""
    try:
        flight.account = az("account", "show")
    except NoAnswer:
        flight.fault("az is not signed in", "az login")
        return
    wanted = flight.get("AZURE_SUBSCRIPTION_ID")
    if wanted and flight.account.get("id") != wanted:
        flight.fault(
            f"az is signed in to the subscription {flight.account.get('id')}, not {wanted}",
            f"az account set --subscription {wanted}",
        )
    if flight.account.get("state", "Enabled") != "Enabled":
        flight.fault(f"the subscription is {flight.account['state']}", "choose another")
    cloud = CLOUDS.get(flight.get("CLOUD", "global"))
    name = flight.account.get("environmentName", "AzureCloud")
    if cloud is None:
        flight.fault(f"CLOUD is {flight.get('CLOUD')}", f"azd env set CLOUD {'|'.join(CLOUDS)}")
    elif cloud != name:
        flight.fault(
            f"az is signed in to {name}, but CLOUD means {cloud}",
            f"az cloud set --name {cloud} && az login",
        )
    private = flight.is_on("PRIVATE_NETWORK")
    for provider in PROVIDERS + (NETWORK_PROVIDERS if private else ()):
        state = az("provider", "show", "--namespace", provider).get("registrationState")
        if state != "Registered":
            flight.fault(
                f"the provider {provider} is {state}",
                f"az provider register --namespace {provider} --wait",
            )


def check_region(flight: Preflight) -> None:
    """Check that the region offers Flex Consumption, and availability zones if the settings need them."""
    region = flight.get("AZURE_LOCATION").lower().replace(" ", "")
    if not region:
        flight.fault("AZURE_LOCATION is not set", "azd env set AZURE_LOCATION <region>")
        return
    listed = az("functionapp", "list-flexconsumption-locations")
    offered = {str(one["name"]).lower().replace(" ", "") for one in listed}
    if region not in offered:
        near = ", ".join(sorted(offered)[:60])
        flight.fault(
            f"{region} does not offer Flex Consumption",
            f"azd env set AZURE_LOCATION to one of: {near}",
        )
    redundancy = flight.get("STORAGE_REDUNDANCY", "Standard_ZRS")
    needs = [
        name
        for name, needed in (
            (f"STORAGE_REDUNDANCY={redundancy}", redundancy != "Standard_LRS"),
            ("ZONE_REDUNDANT=true", flight.is_on("ZONE_REDUNDANT")),
        )
        if needed
    ]
    if not needs:
        return
    subscription = flight.account.get("id", "")
    url = f"/subscriptions/{subscription}/locations?api-version=2022-12-01"
    locations = az("rest", "--method", "get", "--url", url).get("value", [])
    zoned = {one["name"] for one in locations if one.get("availabilityZoneMappings")}
    if region not in zoned:
        flight.fault(
            f"{region} has no availability zones, but {' and '.join(needs)} needs them",
            "azd env set STORAGE_REDUNDANCY Standard_LRS && azd env set ZONE_REDUNDANT false, or another region",
        )


def check_name(flight: Preflight) -> None:
    """Check the environment's name, which becomes a part of the resources' names."""
    name = flight.get("AZURE_ENV_NAME")
    if not name:
        flight.fault("AZURE_ENV_NAME is not set", "azd env new <name>")
    elif not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.()-]{0,63}", name):
        flight.fault(
            f"the name {name!r} has other characters than letters, digits and hyphens",
            "azd env new <name>",
        )
    elif len(name) > MAX_NAME or not re.fullmatch(r"[A-Za-z0-9-]+", name):
        short = re.sub(r"[_.()]", "-", name.lower())[:MAX_NAME]
        flight.note(f"resources are named after {short!r}", "azd env new <name> for another one")


def check_group(flight: Preflight) -> None:
    """Check that the resource group is empty, or contains this deployment in the same region."""
    if not flight.group:
        flight.note("no resource group is given", "--resource-group NAME, to check it too")
        return
    try:
        group = az("group", "show", "--name", flight.group)
    except NoAnswer as error:
        if "ResourceGroupNotFound" in str(error):
            flight.has_group = False
            return
        flight.fault(
            f"the resource group {flight.group} can't be read ({error})",
            "ask its owner for Contributor",
        )
        return
    region = flight.get("AZURE_LOCATION").lower().replace(" ", "")
    if region and group.get("location") != region:
        flight.note(
            f"the resource group is in {group.get('location')}, its resources will be in {region}",
            "azd env set AZURE_LOCATION to the group's, if that is not meant",
        )
    name = flight.get("AZURE_ENV_NAME")
    resources = az("resource", "list", "--resource-group", flight.group)
    flight.suffix = _suffix(name, resources)
    others = [
        one
        for one in resources
        if (one.get("tags") or {}).get("azd-env-name") != name
        and one["type"].lower() in ("microsoft.web/serverfarms", "microsoft.web/sites")
    ]
    if others:
        flight.fault(
            f"the resource group already holds {others[0]['name']}, and may refuse a Flex Consumption plan beside it",
            "use an empty resource group (learn.microsoft.com/azure/azure-functions/functions-scale, limitations)",
        )


def _suffix(name: str, resources: list[dict[str, Any]]) -> str:
    """Return the ending of this deployment's resource names, or "" if it has no resources yet.

    The name of its data account is st<ending>.
    """
    for one in resources:
        found = re.fullmatch(r"st([a-z0-9]{13})", str(one.get("name", "")))
        is_account = one.get("type", "").lower() == "microsoft.storage/storageaccounts"
        if found and is_account and (one.get("tags") or {}).get("azd-env-name") == name:
            return found[1]
    return ""


def check_rights(flight: Preflight) -> None:
    """Check that the signed-in user may create resources and role assignments.

    If the resource group is missing, the user must be allowed to create it, too.
    """
    user = flight.account.get("user", {})
    scope = f"/subscriptions/{flight.account.get('id', '')}"
    if flight.group and flight.has_group:
        scope += f"/resourceGroups/{flight.group}"
    words = ["role", "assignment", "list", "--assignee", str(user.get("name", ""))]
    try:
        assigned = az(*words, "--include-inherited", "--include-groups", "--scope", scope)
    except NoAnswer as error:
        flight.note(f"role assignments can't be read ({error})", "see 'You need' in docs/deploy.md")
        return
    roles = {one.get("roleDefinitionName") for one in assigned}
    if not flight.has_group and not roles & {"Owner", "Contributor"}:
        flight.fault(
            f"the resource group {flight.group} does not exist, and creating one needs Contributor on the subscription",
            f"ask an Owner: az group create --name {flight.group} --location {flight.get('AZURE_LOCATION')}, and there"
            " the roles Contributor and Role Based Access Control Administrator for you",
        )
        return
    if not roles & {"Owner", "Contributor"}:
        flight.fault(
            "you have no Contributor there",
            f"az role assignment create --assignee {user.get('name')} --role Contributor --scope {scope}",
        )
    if not roles & {
        "Owner",
        "User Access Administrator",
        "Role Based Access Control Administrator",
    }:
        flight.fault(
            "you may not assign the app's identity its roles",
            f"az role assignment create --assignee {user.get('name')}"
            f' --role "Role Based Access Control Administrator" --scope {scope}',
        )
    if not flight.has_group:
        flight.note(
            f"the resource group {flight.group} does not exist",
            f"az group create --name {flight.group} --location {flight.get('AZURE_LOCATION')}",
        )


def check_registrations(flight: Preflight) -> None:
    """Check that the signed-in user may register the applications, or owns the existing registrations.

    Also note if the user may not grant admin consent.
    """
    _check_company_names(flight)
    if not flight.is_on("REGISTER_APPS", "true"):
        for name in ("SIGN_IN_CLIENT_ID", "PRESENCE_CLIENT_ID"):
            if not re.fullmatch(
                r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", flight.get(name)
            ):
                flight.note(
                    f"{name} is no GUID, and REGISTER_APPS is false: the app does not start yet",
                    "after provisioning, run infra/register-apps.sh and set what it prints",
                )
        return
    if flight.get("CLOUD", "global") != "global":
        flight.fault(
            "the Microsoft Graph extension works in the public cloud only",
            "azd env set REGISTER_APPS false, provision, then infra/register-apps.sh",
        )
        return
    graph = "https://graph.microsoft.com/v1.0"
    try:
        person = az("rest", "--method", "get", "--url", f"{graph}/me?$select=id,userType")
        url = f"{graph}/me/transitiveMemberOf/microsoft.graph.directoryRole?$select=roleTemplateId"
        held = az("rest", "--method", "get", "--url", url).get("value", [])
    except NoAnswer as error:
        flight.note(
            f"Entra roles can't be read ({error})",
            "whoever deploys needs Application Developer or higher",
        )
        return
    roles = {one.get("roleTemplateId") for one in held}
    _check_grant(flight, may_grant=bool(roles & set(MAY_GRANT)))
    if not roles & set(MAY_REGISTER):
        _check_policy(flight, graph, is_guest=person.get("userType") == "Guest")
    if not roles & MAY_CONSENT:
        flight.note(
            "you may not grant admin consent for sign-in, without which no one gets in",
            "ask a Cloud Application Administrator to open the address of NEXT_STEPS once",
        )
    if not roles & MAY_CONSENT:
        _check_owners(flight, graph, str(person.get("id", "")))


def _check_company_names(flight: Preflight) -> None:
    """Note that GRANT_COMPANY_NAMES does nothing if the template doesn't make the registrations."""
    makes_registrations = flight.is_on("REGISTER_APPS", "true")
    if flight.is_on("GRANT_COMPANY_NAMES") and not makes_registrations:
        flight.note(
            "GRANT_COMPANY_NAMES does nothing while REGISTER_APPS is false",
            f"a {_listed(MAY_GRANT, ' or ')} runs infra/grant-company-names.sh once",
        )


def _check_grant(flight: Preflight, *, may_grant: bool) -> None:
    """Check that the signed-in user may grant the permission for companies' names if GRANT_COMPANY_NAMES is on.

    If it is off, note that the user may grant the permission.
    """
    if may_grant and not flight.is_on("GRANT_COMPANY_NAMES"):
        flight.note(
            "the template doesn't grant the permission to read companies' names, and you may grant it",
            "optional: azd env set GRANT_COMPANY_NAMES true, or infra/grant-company-names.sh after provisioning",
        )
    if flight.is_on("GRANT_COMPANY_NAMES") and not may_grant:
        flight.fault(
            f"you may not grant the permission to read companies' names (none of {_listed(MAY_GRANT)})",
            "azd env set GRANT_COMPANY_NAMES false; a colleague with such a role runs"
            " infra/grant-company-names.sh after provisioning",
        )


def _listed(roles: Mapping[str, str], between: str = ", ") -> str:
    return between.join(sorted(roles.values()))


def _check_policy(flight: Preflight, graph: str, *, is_guest: bool) -> None:
    """Check whether the tenant lets users without a role register applications.

    Microsoft Graph, authorizationPolicy: defaultUserRolePermissions.allowedToCreateApps applies to
    members only; guests have a role of their own.
    """
    remedy = "azd env set REGISTER_APPS false; a colleague runs infra/register-apps.sh after provisioning"
    url = f"{graph}/policies/authorizationPolicy?$select=defaultUserRolePermissions"
    try:
        policy = az("rest", "--method", "get", "--url", url)
    except NoAnswer as error:
        flight.note(
            f"you have no role that may register applications, and whether everyone may can't be read ({error})",
            remedy,
        )
        return
    permissions = policy.get("defaultUserRolePermissions") or {}
    if is_guest or not permissions.get("allowedToCreateApps"):
        flight.fault(
            f"you may not register applications (none of {_listed(MAY_REGISTER)}, and the tenant does not let everyone)",
            remedy,
        )


def _check_owners(flight: Preflight, graph: str, me: str) -> None:
    """Check that existing registrations of this deployment belong to the signed-in user (`me`: the object ID)."""
    suffix = flight.get("REGISTRATION_SUFFIX", flight.suffix)
    for kind in ("sign-in", "presence") if suffix else ():
        name = f"external-directories-{kind}-{suffix}"
        url = f"{graph}/applications(uniqueName='{name}')?$select=id,displayName&$expand=owners($select=id)"
        try:
            one = az("rest", "--method", "get", "--url", url)
        except NoAnswer as error:
            if re.search(r"404|Not ?Found|ResourceNotFound", str(error)):
                continue
            raise
        if me not in {owner["id"] for owner in one.get("owners", [])}:
            flight.fault(
                f"the registration {one['displayName']} exists and is not yours: changing it is 403",
                "azd env set REGISTER_APPS false and the client ids, or become its owner: "
                f"az ad app owner add --id {one['id']} --owner-object-id {me}",
            )


CHECKS: tuple[Callable[[Preflight], None], ...] = (
    check_tools,
    check_subscription,
    check_region,
    check_name,
    check_group,
    check_rights,
    check_registrations,
)


def run(flight: Preflight) -> None:
    """Run every check; if `az` fails during a check, that is a fault of its own."""
    for check in CHECKS:
        try:
            check(flight)
        except NoAnswer as error:
            flight.fault(
                f"{check.__name__.replace('_', ' ')}: az refused ({error})",
                "see 'You need' in docs/deploy.md",
            )
        if check is check_subscription and not flight.account:
            return  # without sign-in, no other check is possible


def main(arguments: list[str], environment: Mapping[str, str]) -> int:
    """Run from the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="infra/preflight.py", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--resource-group", default=environment.get("AZURE_RESOURCE_GROUP", ""))
    given = parser.parse_args(arguments)
    if shutil.which("az") is None:
        print("FAULT az is not on the PATH -> install the Azure CLI: https://aka.ms/azure-cli")
        return 1
    flight = Preflight(settings=environment, group=given.resource_group)
    run(flight)
    for fault in flight.faults:
        print(f"FAULT {fault}")
    for note in flight.notes:
        print(f"note  {note}")
    if not flight.faults:
        print("ok    nothing stands in the way of azd up")
    return 1 if flight.faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], dict(os.environ)))
