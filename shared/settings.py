"""All settings of the deployment, read once from environment variables. No other module reads the environment.

They are a dataclass with checks of its own, because importing a validation library takes a tenth of
a cold start.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, cast, get_args
from urllib.parse import urlsplit

Cloud = Literal["global", "gcchigh", "dod", "china"]
# Set by the platform on its instances (ScriptConstants and EnvironmentSettingNames of azure-functions-host). Two more
# prove nothing: Core Tools set WEBSITE_HOSTNAME, and other container platforms set CONTAINER_NAME.
_PLATFORM = (
    "WEBSITE_SITE_NAME",
    "WEBSITE_INSTANCE_ID",
    "WEBSITE_POD_NAME",
    "WEBSITE_OWNER_NAME",
    "WEBSITE_SKU",
    "LEGION_SERVICE_HOST",
)
_REGION = re.compile("[A-Z]{2}")
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,252}[a-z0-9])?(?::[0-9]{1,5})?")
_ORIGIN = re.compile(
    r"https://[a-z0-9](?:[a-z0-9.-]{0,252}[a-z0-9])?(?::[0-9]{1,5})?"
    r"|http://(?:localhost|127\.0\.0\.1)(?::[0-9]{1,5})?"
)
MAX_EMBEDDING_ORIGINS = 20
_YES = frozenset({"true", "1", "yes", "on"})
_NO = frozenset({"false", "0", "no", "off"})


class SettingsError(Exception):
    """A setting is wrong. The text names the environment variable, the fault and the remedy."""


def _address(text: str) -> str:
    parts = urlsplit(text)
    loopback = parts.hostname in ("127.0.0.1", "localhost", "::1")
    if parts.scheme == "https" or (parts.scheme == "http" and loopback):
        return text.rstrip("/")
    raise ValueError("must be an https address (http only on loopback)")


def _engine(text: str) -> str:
    if text.startswith(("sqlite:///", "https://", "UseDevelopmentStorage=true")):
        return text
    raise ValueError(
        "must be sqlite:///PATH, UseDevelopmentStorage=true or the https address of a table endpoint"
    )


def _contact(text: str) -> str:
    if text.startswith("mailto:") and "@" in text and not re.search(r"\s", text):
        return text
    parts = urlsplit(text)
    if parts.scheme == "https" and parts.hostname and not re.search(r"\s", text):
        return text
    raise ValueError("must be a mailto: or https: address")


def _region(text: str) -> str:
    if _REGION.fullmatch(text):
        return text
    raise ValueError("must be an ISO 3166 region of two capital letters, such as GB")


def _cloud(text: str) -> Cloud:
    if text in get_args(Cloud):
        return cast(Cloud, text)
    raise ValueError(f"must be one of {', '.join(get_args(Cloud))}")


def _hosts(text: str) -> frozenset[str]:
    hosts = frozenset(host.strip().lower() for host in text.split(",") if host.strip())
    if all(_HOST.fullmatch(host) for host in hosts):
        return hosts
    raise ValueError("must be host names (with a port if it isn't 443), divided by commas")


def _origins(text: str) -> frozenset[str]:
    """Parse a list of origins; return them as browsers send them, in lower case without the default port.

    Source: RFC 6454 section 6.2. Raise ValueError if one is not valid or there are too many.
    """
    given = (one.strip().lower() for one in text.split(","))
    origins = frozenset(one.removesuffix(":443") for one in given if one)
    if len(origins) > MAX_EMBEDDING_ORIGINS or not all(map(_ORIGIN.fullmatch, origins)):
        raise ValueError(
            f"must be at most {MAX_EMBEDDING_ORIGINS} https origins without a path, such as"
            " https://crm.example.com, divided by commas (http only on loopback)"
        )
    return origins


def _interval(text: str) -> int:
    seconds = _whole(10, 300)(text)
    if (seconds < 60 and 60 % seconds) or (seconds >= 60 and seconds % 60):
        raise ValueError(
            "must divide a minute (10, 12, 15, 20, 30) or be whole minutes (60 to 300)"
        )
    return seconds


def _whole(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if text.isascii() and text.isdecimal() and least <= int(text) <= most:
            return int(text)
        raise ValueError(f"must be a whole number from {least} to {most}")

    return parse


def _switch(text: str) -> bool:
    if text.lower() in _YES | _NO:
        return text.lower() in _YES
    raise ValueError("must be true or false")


def _setting(variable: str, default: Any, meaning: str, parse: Callable[[str], Any] = str) -> Any:
    return field(
        default=default, metadata={"variable": variable, "meaning": meaning, "read": parse}
    )


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings with environment variables, defaults and meanings. `read` validates; the constructor does not."""

    product_name: str = _setting("PRODUCT_NAME", "NEONNOW", "Name of the product on every page.")
    tables: str = _setting(
        "TABLES",
        "sqlite:///data/directory.db",
        "sqlite:///PATH, UseDevelopmentStorage=true, or the table endpoint of a storage account.",
        _engine,
    )
    managed_identity_client_id: str = _setting(
        "MANAGED_IDENTITY_CLIENT_ID", "", "Client id of the app's user-assigned managed identity."
    )
    public_url: str = _setting(
        "PUBLIC_URL",
        "",
        "Address of the app as clients see it; empty: taken from each request.",
        _address,
    )
    default_region: str = _setting(
        "DEFAULT_REGION", "GB", "ISO 3166 region of numbers without a prefix.", _region
    )
    cloud: Cloud = _setting(
        "CLOUD", "global", "Microsoft cloud that the customers' tenants are in.", _cloud
    )
    login_url: str = _setting("LOGIN_URL", "", "Sign-in service; empty: the cloud's own.", _address)
    graph_url: str = _setting("GRAPH_URL", "", "Microsoft Graph; empty: the cloud's own.", _address)
    presence_client_id: str = _setting(
        "PRESENCE_CLIENT_ID", "", "Client id of the multi-tenant app that reads presence."
    )
    presence_client_secret: str = _setting(
        "PRESENCE_CLIENT_SECRET", "", "Secret of that app where there is no managed identity."
    )
    presence_certificate: str = _setting(
        "PRESENCE_CERTIFICATE", "", "PEM file with key and certificate of that app, as another way."
    )
    home_tenant_id: str = _setting(
        "HOME_TENANT_ID", "", "Tenant that the app registrations live in."
    )
    presence_interval: int = _setting(
        "PRESENCE_INTERVAL_SECONDS", 30, "Seconds between two presence syncs, 10 to 300.", _interval
    )
    event_retention_days: int = _setting(
        "EVENT_RETENTION_DAYS",
        30,
        "Days that the provisioning log is kept, 1 to 365.",
        _whole(1, 365),
    )
    token_lifetime_days: int = _setting(
        "TOKEN_LIFETIME_DAYS",
        365,
        "Days that a new security token is valid unless its issuer chooses otherwise, 1 to 1095; 0: without an end.",
        _whole(0, 1095),
    )
    audit_retention_days: int = _setting(
        "AUDIT_RETENTION_DAYS",
        365,
        "Days that the audit log is kept, 30 to 3650.",
        _whole(30, 3650),
    )
    max_directories: int = _setting(
        "MAX_DIRECTORIES", 5000, "Most directories of one account, 1 to 100000.", _whole(1, 100_000)
    )
    max_access_tokens: int = _setting(
        "MAX_ACCESS_TOKENS",
        600,
        "Most access tokens that one credential of a directory has at a time, 10 to 10000.",
        _whole(10, 10_000),
    )
    max_consent_attempts: int = _setting(
        "MAX_CONSENT_ATTEMPTS",
        30,
        "Most consents that one person begins, or for one directory, in ten minutes, 1 to 1000.",
        _whole(1, 1000),
    )
    trusted_key_hosts: frozenset[str] = _setting(
        "TRUSTED_KEY_HOSTS",
        frozenset(),
        "Hosts that signing keys (JWKS) of trusted OpenID Connect issuers are fetched from, divided by commas.",
        _hosts,
    )
    embedding_origins: frozenset[str] = _setting(
        "EMBEDDING_ORIGINS",
        frozenset(),
        "Origins of the pages that may show the agents' pages in a frame, divided by commas; empty: none.",
        _origins,
    )
    security_contact: str = _setting(
        "SECURITY_CONTACT",
        "",
        "Where to report vulnerabilities (mailto: or https:), for /.well-known/security.txt.",
        _contact,
    )
    log_lines_per_hour: int = _setting(
        "LOG_LINES_PER_HOUR",
        3600,
        "Most lines of metrics that an instance logs in an hour, 1 to 3600.",
        _whole(1, 3600),
    )
    log_connection_string: str = _setting(
        "LOG_CONNECTION_STRING",
        "",
        "With OpenTelemetry, the Application Insights resource of log lines; empty: that of the traces.",
    )
    platform_sign_in: bool = _setting(
        "WEBSITE_AUTH_ENABLED",
        False,
        "Set by the platform while App Service Authentication is on.",
        _switch,
    )

    open_telemetry: bool = _setting(
        "PYTHON_ENABLE_OPENTELEMETRY",
        False,
        "Traces, metrics and log lines go to Application Insights.",
        _switch,
    )

    @property
    def presence_schedule(self) -> str:
        """The schedule of the presence timer as an NCRONTAB expression."""
        seconds = self.presence_interval
        return f"*/{seconds} * * * * *" if seconds < 60 else f"0 */{seconds // 60} * * * *"

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Settings":
        """Return the settings of `environment`; an empty variable counts as not set.

        Raise SettingsError if a value is wrong or, on Azure, if the settings would lose data or
        turn sign-in off.
        """
        given: dict[str, Any] = {}
        faults: list[str] = []
        for each in fields(cls):
            variable = each.metadata["variable"]
            if text := environment.get(variable, "").strip():
                try:
                    given[each.name] = each.metadata["read"](text)
                except ValueError as fault:
                    faults.append(f"{variable}: {fault}")
        settings = cls(**given)
        if any(environment.get(variable) for variable in _PLATFORM):
            faults += settings._unsafe_on_azure({fault.partition(":")[0] for fault in faults})
        if faults:
            raise SettingsError("; ".join(faults))
        return settings

    def _unsafe_on_azure(self, wrong: set[str]) -> list[str]:
        """Return an error message for each setting that is allowed on a developer's machine only.

        Variables in `wrong` are skipped, because another fault is reported for them. SQLite is a
        fault because an instance's disk is deleted with the instance, and every row with it.
        """
        faults = []
        if "TABLES" not in wrong and not self.tables.startswith("https://"):
            faults.append(
                "TABLES: on Azure must be the https address of a storage account's table endpoint;"
                " run azd provision, which sets it"
            )
        if "PUBLIC_URL" not in wrong and not self.public_url.startswith("https://"):
            faults.append(
                "PUBLIC_URL: on Azure must be the app's https address; run azd provision, which sets it"
            )
        if "WEBSITE_AUTH_ENABLED" not in wrong and not self.platform_sign_in:
            faults.append(
                "WEBSITE_AUTH_ENABLED: App Service Authentication is off; set SIGN_IN_CLIENT_ID"
                " (infra/register-apps.sh prints it) and run azd provision, which switches it on"
            )
        return faults

    @classmethod
    def from_environment(cls) -> "Settings":
        """Return the settings from this process's environment; raise SettingsError if one is wrong."""
        return cls.read(os.environ)

    @classmethod
    def variables(cls) -> dict[str, object]:
        """Return every environment variable that is read, with its default."""
        return {each.metadata["variable"]: each.default for each in fields(cls)}
