"""The resources that Azure would create for each choice of the deployer, as predicted by the real
Bicep compiler.
"""

import re
import shutil
import subprocess
import sys
from functools import cache
from typing import Any

import orjson
import pytest

from bench import cost
from infra import verify
from shared.settings import Settings
from tests.infra import kusto
from tests.infra.bicep import ROOT
from tests.infra.test_settings import NOT_SET_IN_AZURE, PLATFORM
from tests.shared.test_log_events import _written

needs_compiler = pytest.mark.skipif(
    shutil.which("bicep") is None, reason="the Bicep compiler is not on the PATH"
)
each_choice = pytest.mark.parametrize("choice", verify.CHOICES)
SECRET = "MICROSOFT_PROVIDER_AUTHENTICATION_SECRET"
ASSERTION = "OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID"
OPEN_TELEMETRY = {
    "AzureFunctionsJobHost__telemetryMode",
    "OTEL_SERVICE_NAME",
    "OTEL_TRACES_SAMPLER",
    "OTEL_TRACES_SAMPLER_ARG",
    "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL",
}


@cache
def _predicted(choice: str) -> list[dict[str, Any]]:
    assert verify.verify(verify.PREDICTIONS) == []
    read = orjson.loads((verify.PREDICTIONS / f"{choice}.json").read_bytes())
    assert read["diagnostics"] == []
    resources: list[dict[str, Any]] = read["predictedResources"]
    return resources


def _of(choice: str, kind: str) -> list[dict[str, Any]]:
    return [one for one in _predicted(choice) if one["type"] == kind]


def _deployed(rule: dict[str, Any]) -> str:
    """Return the query of a rule, with a value for the time that Azure fills in at deployment."""
    query: str = rule["properties"]["criteria"]["allOf"][0]["query"]
    later = re.fullmatch(r"\[join\(createArray\((.*)\), reference\(.*\)\]", query, re.S)
    if later is None:
        return query
    parts: list[str] = re.findall(r"'((?:[^']|'')*)'", later[1])
    return kusto.RESET_TIME.join(parts).replace("''", "'")


def _config(choice: str, name: str) -> dict[str, Any]:
    (one,) = [each for each in _of(choice, "Microsoft.Web/sites/config") if name in each["name"]]
    properties: dict[str, Any] = one["properties"]
    return properties


def test_without_the_compiler_the_script_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the Bicep compiler, infra/verify.py exits with 2 and names the omitted check, so that
    `make check` can continue.
    """
    monkeypatch.setenv("PATH", "/nowhere")
    assert verify.main([]) == 2
    assert "not on the PATH" in capsys.readouterr().err


@needs_compiler
def test_a_finding_is_an_error(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """infra/verify.py fails for a template that `bicep format` would change or that has a linter warning."""
    compiler = verify.Compiler(tmp_path / "infra")
    compiler.infra.mkdir()
    (compiler.infra / "bicepconfig.json").write_bytes(
        (ROOT / "infra/bicepconfig.json").read_bytes()
    )
    (compiler.infra / "main.bicep").write_text(
        "param   unused string\nparam tags object\noutput o object = tags\n"
    )
    compiler.check_format()
    compiler.run("lint", "main.bicep")
    found = "\n".join(compiler.findings)
    assert "not in the form of `bicep format`" in found
    assert "no-unused-params" in found
    assert "use-user-defined-types" in found


@needs_compiler
@each_choice
def test_every_name_is_known_before_anything_exists(choice: str) -> None:
    """Every resource name can be computed before the deployment, or `azd provision --preview` can't show
    the resource; each is within Azure's limits of length and characters.
    """
    for one in _predicted(choice):
        # Registrations have no name, and the compiler leaves values that differ from cloud to cloud
        # to Azure.
        name = one.get("name", "")
        assert "[" not in name or "environment()" in name, name
    (app,) = _of(choice, "Microsoft.Web/sites")
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,58}[a-z0-9]", app["name"])
    for account in _of(choice, "Microsoft.Storage/storageAccounts"):
        assert re.fullmatch(r"[a-z0-9]{3,24}", account["name"])


@needs_compiler
@each_choice
def test_every_setting_that_the_code_reads_is_set_or_has_a_default(choice: str) -> None:
    """The deployed app settings are those that the code or the platform reads, and no others."""
    given = set(_config(choice, "appsettings"))
    product = set(Settings.variables()) - set(NOT_SET_IN_AZURE)
    telemetry = OPEN_TELEMETRY | {"PYTHON_ENABLE_OPENTELEMETRY", "LOG_CONNECTION_STRING"}
    expected = product | set(PLATFORM)
    if choice != "audit":
        expected -= telemetry
    assert given == expected - {SECRET if choice != "gcchigh" else ASSERTION}


@needs_compiler
@each_choice
def test_every_alert_names_events_that_the_code_logs(choice: str) -> None:
    """The code writes every event of a deployed alert, and Kusto's parser accepts the deployed query."""
    rules = _of(choice, "Microsoft.Insights/scheduledQueryRules")
    queries = {rule["name"]: _deployed(rule) for rule in rules}
    assert len(queries) == (10 if choice in ("private-network", "audit") else 9)
    asked = {event for query in queries.values() for event in kusto.events_of(query)}
    assert asked <= set(_written())
    assert {name: found for name, found in kusto.faults(queries).items() if found} == {}


@needs_compiler
@each_choice
def test_nothing_is_public_that_need_not_be(choice: str) -> None:
    """Storage has no public blobs and no shared keys; with a private network, it refuses connections from
    the internet. Only the app's `excludedPaths` need no sign-in.
    """
    private = choice == "private-network"
    for account in _of(choice, "Microsoft.Storage/storageAccounts"):
        properties = account["properties"]
        assert properties["allowBlobPublicAccess"] is False
        assert properties["allowSharedKeyAccess"] is False
        assert properties["publicNetworkAccess"] == ("Disabled" if private else "Enabled")
        assert properties["networkAcls"]["defaultAction"] == ("Deny" if private else "Allow")
    for container in _of(choice, "Microsoft.Storage/storageAccounts/blobServices/containers"):
        assert container["properties"]["publicAccess"] == "None"
    for policy in _of(choice, "Microsoft.Web/sites/basicPublishingCredentialsPolicies"):
        assert policy["properties"]["allow"] is False
    sign_in = _config(choice, "authsettingsV2")["globalValidation"]
    assert sign_in["requireAuthentication"] is True
    assert sign_in["excludedPaths"] == [
        "/scim/*",
        "/health",
        "/embed",
        "/set-up",
        "/set-up/*",
        "/static/*",
        "/.well-known/security.txt",
        "/.well-known/oauth-authorization-server/*",
    ]


@needs_compiler
@pytest.mark.parametrize(
    ("choice", "quota_gb", "instances"),
    [("default", 1, 100), ("audit", 2, 1000), ("gcchigh", 0, 1)],
)
def test_the_sampling_limits_are_those_of_the_cost_table(
    choice: str, quota_gb: int, instances: int
) -> None:
    """The sampling settings are those that bench/cost.py calculates; without a quota they are the host's
    own limits.
    """
    given = _config(choice, "appsettings")
    sampling = "AzureFunctionsJobHost__logging__applicationInsights__samplingSettings__"
    steady = float(given[f"{sampling}maxTelemetryItemsPerSecond"])
    percentage = float(given[f"{sampling}maxSamplingPercentage"])
    lines = int(given["LOG_LINES_PER_HOUR"])
    if not quota_gb:
        assert (steady, percentage, lines) == (0.5, 100.0, 3600)
        return
    assert steady == pytest.approx(cost.sampled_per_second(quota_gb, instances), rel=0.01)
    assert percentage == pytest.approx(100 * cost.sampled_share(quota_gb, instances), rel=0.02)
    assert lines == int(cost.metric_lines_per_hour(quota_gb, instances))


@needs_compiler
def test_storage_cannot_silence_the_alerts() -> None:
    """Storage logs of the data go to a workspace that no alert reads, so they can't use up the quota of
    the alerts' workspace; those of package and backups go to the alerts' own.
    """
    workspaces = {
        one["id"].partition("/providers/Microsoft.Storage/storageAccounts/")[2][:2]: _output(
            one["properties"]["workspaceId"]
        )
        for one in _of("private-network", "Microsoft.Insights/diagnosticSettings")
        if "/storageAccounts/" in one["id"]
    }
    assert workspaces == {"st": "storageWorkspaceId", "pk": "workspaceId", "ba": "workspaceId"}
    (rule, *_) = _of("private-network", "Microsoft.Insights/scheduledQueryRules")
    assert _output(rule["properties"]["scopes"][0]) == "workspaceId"


@needs_compiler
def test_traces_cannot_silence_the_alerts() -> None:
    """With OpenTelemetry, traces and metrics go to a workspace of their own, and the app's log lines to
    the workspace that alerts read.

    The choice `audit` has a quota of 1 GB for traces and 1,000 instances. Only the alert about the
    host's requests reads the traces' workspace.
    """
    given = _config("audit", "appsettings")
    assert _output(given["APPLICATIONINSIGHTS_CONNECTION_STRING"]) == "traceConnectionString"
    assert _output(given["LOG_CONNECTION_STRING"]) == "connectionString"
    assert given["OTEL_TRACES_SAMPLER"] == "microsoft.rate_limited"
    rate = float(given["OTEL_TRACES_SAMPLER_ARG"])
    assert rate == pytest.approx(cost.traced_per_second(1, 1000), rel=0.01)
    scopes = {
        rule["properties"]["displayName"]: _output(rule["properties"]["scopes"][0])
        for rule in _of("audit", "Microsoft.Insights/scheduledQueryRules")
    }
    assert scopes.pop("Server errors of the host") == "traceWorkspaceId"
    assert set(scopes.values()) == {"workspaceId"}
    assert len(_of("audit", "Microsoft.Insights/components")) == 2
    assert len(_of("default", "Microsoft.Insights/components")) == 1


def _output(text: str) -> str:
    """Return the name of the module output in an expression that Azure evaluates at deployment."""
    found = re.search(r"\.outputs\.(\w+)\.value\]$", text)
    assert found is not None, text
    return found[1]


@needs_compiler
def test_a_private_network_has_an_endpoint_for_each_service() -> None:
    """Leases, messages, rows, the package and backups each have a private endpoint, because storage is
    closed to the internet.
    """
    endpoints = _of("private-network", "Microsoft.Network/privateEndpoints")
    doors = {
        (
            one["properties"]["privateLinkServiceConnections"][0]["properties"][
                "privateLinkServiceId"
            ].rpartition("/")[2][:2],
            one["properties"]["privateLinkServiceConnections"][0]["properties"]["groupIds"][0],
        )
        for one in endpoints
    }
    assert doors == {
        ("st", "blob"),
        ("st", "queue"),
        ("st", "table"),
        ("pk", "blob"),
        ("ba", "blob"),
    }
    groups = _of("private-network", "Microsoft.Network/privateEndpoints/privateDnsZoneGroups")
    assert len(groups) == len(endpoints)


@needs_compiler
@each_choice
def test_zone_redundancy_has_two_warm_instances(choice: str) -> None:
    """With zone redundancy, two instances are always ready: Azure refuses fewer
    (learn.microsoft.com/azure/azure-functions/flex-consumption-plan).
    """
    (app,) = _of(choice, "Microsoft.Web/sites")
    (ready,) = app["properties"]["functionAppConfig"]["scaleAndConcurrency"]["alwaysReady"]
    assert ready == {"name": "http", "instanceCount": 2 if choice == "private-network" else 1}


@needs_compiler
def test_the_graph_extension_is_used_in_the_public_cloud_only() -> None:
    """Outside the public cloud the template uses the given client IDs, because the Graph extension isn't
    available there (microsoftgraph/msgraph-bicep-types).
    """
    settings = _config("gcchigh", "appsettings")
    assert settings["CLOUD"] == "gcchigh"
    assert settings["PRESENCE_CLIENT_ID"] == verify.CLIENT_IDS["PRESENCE_CLIENT_ID"]
    assert (
        settings["PRESENCE_CLIENT_ID"]
        == _config("given-registrations", "appsettings")["PRESENCE_CLIENT_ID"]
    )


@needs_compiler
@each_choice
def test_company_names_are_granted_only_with_the_option(choice: str) -> None:
    """Only `GRANT_COMPANY_NAMES` assigns the app role of Microsoft Graph to the presence registration, and
    only in the operator's tenant.
    """
    granted = _of(choice, "Microsoft.Graph/appRoleAssignedTo@v1.0")
    asked = "GRANT_COMPANY_NAMES" in verify.CHOICES[choice]
    assert len(granted) == asked
    for one in granted:
        assert one["properties"]["appRoleId"] == "cac88765-0581-4025-9725-5ebc13f729ee"
    for registration in _of(choice, "Microsoft.Graph/applications@v1.0"):
        assert "cac88765" not in str(registration["properties"]["requiredResourceAccess"])


@needs_compiler
@each_choice
def test_sign_in_uses_the_identity_or_the_named_secret(
    choice: str,
) -> None:
    """Sign-in uses the managed identity, or the Key Vault secret of SIGN_IN_SECRET_URI, because the
    identity as a credential is in preview at Microsoft.
    """
    given = _config(choice, "appsettings")
    provider = _config(choice, "authsettingsV2")["identityProviders"]["azureActiveDirectory"]
    named = provider["registration"]["clientSecretSettingName"]
    assert named == (SECRET if choice == "gcchigh" else ASSERTION)
    assert given.keys() & {SECRET, ASSERTION} == {named}
    (app,) = _of(choice, "Microsoft.Web/sites")
    assert bool(app["properties"].get("keyVaultReferenceIdentity")) == (named == SECRET)
    if named == SECRET:
        place = verify.CHOICES[choice]["SIGN_IN_SECRET_URI"]
        assert given[SECRET] == f"@Microsoft.KeyVault(SecretUri={place})"


@needs_compiler
def test_the_custom_domain_becomes_the_address_of_the_product() -> None:
    """PUBLIC_URL is the custom domain, and the domain's certificate is bound, so that tokens and links
    show it.
    """
    assert _config("custom-domain", "appsettings")["PUBLIC_URL"] == "https://people.example.com"
    (binding,) = _of("custom-domain", "Microsoft.Web/sites/hostNameBindings")
    assert binding["properties"]["sslState"] == "SniEnabled"


@needs_compiler
def test_audit_records_every_read_and_write_of_rows() -> None:
    """With `STORAGE_AUDIT`, the tables log reads, writes and deletions."""
    found = {
        entry["category"]
        for one in _of("audit", "Microsoft.Insights/diagnosticSettings")
        if "/tableServices/" in one["id"]
        for entry in one["properties"]["logs"]
    }
    assert found == {"StorageRead", "StorageWrite", "StorageDelete"}


def test_a_wrong_argument_prints_the_usage() -> None:
    """A wrong argument makes infra/verify.py print its usage and exit with 2."""
    done = subprocess.run(
        [sys.executable, ROOT / "infra/verify.py", "--wrong"], capture_output=True, text=True
    )
    assert (done.returncode, "usage:" in done.stderr) == (2, True)
