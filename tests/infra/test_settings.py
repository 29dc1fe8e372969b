"""The deployment sets exactly the settings that the code reads."""

import json
import math
import re

from directories.endpoints import MAINTENANCE_SECONDS
from shared.settings import Settings
from tests.infra import bicep
from tests.infra.bicep import INFRA, ROOT

SETTINGS = INFRA / "modules/settings.bicep"

NOT_SET_IN_AZURE = {
    "LOGIN_URL": "empty: the cloud's own; set only where a simulator stands in",
    "GRAPH_URL": "empty: the cloud's own; set only where a simulator stands in",
    "PRESENCE_CLIENT_SECRET": "only where there is no managed identity, that is outside Azure",
    "PRESENCE_CERTIFICATE": "only where there is no managed identity, that is outside Azure",
    "WEBSITE_AUTH_ENABLED": "the platform sets it while App Service Authentication is on",
}

PLATFORM = {
    "AzureWebJobsStorage__credential": "the host's storage is reached by identity",
    "AzureWebJobsStorage__clientId": "by which identity",
    "AzureWebJobsStorage__blobServiceUri": "where the host keeps leases",
    "AzureWebJobsStorage__queueServiceUri": "where the queue of presence syncs is",
    "AzureWebJobsStorage__tableServiceUri": "where the host notes its own incidents",
    "APPLICATIONINSIGHTS_CONNECTION_STRING": "where telemetry is sent",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": "as which identity it is sent",
    "AzureWebJobsDisableHomepage": "/ is the product's page, not the host's",
    "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "a longer body is refused before it fills the instance's memory",
    "OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID": "sign-in proves itself with the identity instead of a secret",
    "MICROSOFT_PROVIDER_AUTHENTICATION_SECRET": "or with a secret in Key Vault, if one is named",
    "WEBSITE_AUTH_AAD_ALLOWED_TENANTS": "whose people may sign in",
    "AzureFunctionsJobHost__logging__applicationInsights__samplingSettings__maxTelemetryItemsPerSecond": (
        "rows of requests that an instance stores, so that all instances together stay within the log quota"
    ),
    "AzureFunctionsJobHost__logging__applicationInsights__samplingSettings__initialSamplingPercentage": (
        "the share of requests that a new instance stores"
    ),
    "AzureFunctionsJobHost__logging__applicationInsights__samplingSettings__maxSamplingPercentage": (
        "the largest share, of a burst after a pause"
    ),
    "AzureFunctionsJobHost__telemetryMode": "OpenTelemetry, where switched on",
    "OTEL_SERVICE_NAME": "OpenTelemetry, where switched on: host and app are one role",
    "OTEL_TRACES_SAMPLER": "OpenTelemetry, where switched on: the host's sampler",
    "OTEL_TRACES_SAMPLER_ARG": "OpenTelemetry, where switched on: traces a second of an instance",
    "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "OpenTelemetry, where switched on: no figures for anybody else",
}

LOCAL_ONLY = {
    "AzureWebJobsStorage": "the host needs storage; locally the emulator",
    "FUNCTIONS_WORKER_RUNTIME": "Core Tools ask for it; Flex Consumption has it in the app's own settings",
}


def _set_by_the_template() -> set[str]:
    groups = (
        "productSettings",
        "platformSettings",
        "signInSettings",
        "logSettings",
        "telemetrySettings",
    )
    variables = bicep.declarations(SETTINGS, "variable")
    (prefix,) = re.findall(r"var sampling = '([^']+)'", SETTINGS.read_text(encoding="utf-8"))
    keys = (key for group in groups for key in bicep.keys(variables[group]))
    return {key.strip("'").replace("${sampling}", prefix) for key in keys}


def test_every_setting_of_the_code_is_set_or_left_out_for_a_reason() -> None:
    """The template sets each setting that the code reads, or NOT_SET_IN_AZURE has the reason why not."""
    assert set(Settings.variables()) - set(NOT_SET_IN_AZURE) <= _set_by_the_template()


def test_every_setting_of_the_template_is_known() -> None:
    """The template sets no setting that neither the code nor the platform reads."""
    assert _set_by_the_template() == (set(Settings.variables()) - set(NOT_SET_IN_AZURE)) | set(
        PLATFORM
    )


def test_a_setting_left_out_has_a_default() -> None:
    """The app starts without the settings that the template leaves out."""
    defaults = Settings.variables()
    assert set(NOT_SET_IN_AZURE) <= set(defaults)
    assert all(isinstance(defaults[name], str | bool | int) for name in NOT_SET_IN_AZURE)


def test_example_of_local_settings_names_every_setting() -> None:
    """local.settings.json.example has every setting, with the defaults of the code."""
    example = json.loads((ROOT / "local.settings.json.example").read_text(encoding="utf-8"))[
        "Values"
    ]
    assert set(example) == set(Settings.variables()) | set(LOCAL_ONLY)
    for name, default in Settings.variables().items():
        assert example[name] == _as_text(default), name


def _as_text(default: object) -> str:
    """Return a default in the form of an environment variable."""
    if isinstance(default, frozenset):
        return ",".join(sorted(default))
    return str(default).lower() if isinstance(default, bool) else str(default)


def test_allowed_intervals_have_a_schedule() -> None:
    """The template allows exactly the presence intervals that the code accepts."""
    source = (INFRA / "main.bicep").read_text(encoding="utf-8")
    match = re.search(r"@allowed\(\[([\d, ]+)\]\)\nparam presenceIntervalSeconds", source)
    assert match is not None
    allowed = {int(number) for number in match[1].split(",")}
    assert allowed == {
        seconds for seconds in range(10, 301) if 60 % seconds == 0 or seconds % 60 == 0
    }
    assert all(Settings.read({"PRESENCE_INTERVAL_SECONDS": str(seconds)}) for seconds in allowed)


def test_documentation_names_every_setting_of_the_product() -> None:
    """docs/deploy.md lists every setting."""
    document = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
    assert [
        name
        for name in _set_by_the_template() | set(Settings.variables())
        if f"`{name}`" not in document
    ] == []


def test_no_timer_runs_longer_than_the_host_allows() -> None:
    """Each timer's time limit is below `functionTimeout` of host.json, after which the host ends the
    process with all other work in it.
    """
    allowed = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))["functionTimeout"]
    hours, minutes, seconds = map(int, allowed.split(":"))
    assert hours * 3600 + minutes * 60 + seconds > MAINTENANCE_SECONDS


def test_the_hosts_body_limit_is_above_the_apps_and_fits_into_memory() -> None:
    """The host's limit for a body is above the app's, because the app responds with 413 to a body above
    its limit, and the host with an empty 500.

    The host, the message to the worker and the worker each have a copy of a body, for HTTP_CONCURRENCY
    requests at once: together at most an eighth of the default instance.
    """
    from scim.context import MAX_BODY

    match = re.search(
        r"FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: string\(([\d *]+)\)",
        SETTINGS.read_text(encoding="utf-8"),
    )
    assert match is not None
    allowed = math.prod(map(int, match[1].split("*")))
    assert allowed == 4 * MAX_BODY
    assert 16 * 3 * allowed <= 2048 * 1024 * 1024 / 8
