"""Every setting of the deployment, read once; no other module reads the environment."""

from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

Cloud = Literal["global", "gcchigh", "dod", "china"]


class SettingsError(Exception):
    """A setting is wrong; the text names it, the fault and the remedy."""


class Settings(BaseModel):
    """The settings with their environment variables, defaults and meaning."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True)

    product_name: str = Field("NEONNOW", alias="PRODUCT_NAME", description="Name of the product on every page.")
    tables: str = Field(
        "sqlite:///data/directory.db",
        alias="TABLES",
        description="sqlite:///PATH, UseDevelopmentStorage=true, or the table endpoint of a storage account.",
    )
    managed_identity_client_id: str = Field(
        "", alias="MANAGED_IDENTITY_CLIENT_ID", description="Client id of the app's user-assigned managed identity."
    )
    public_url: str = Field(
        "", alias="PUBLIC_URL", description="Address of the app as clients see it; empty: taken from each request."
    )
    default_region: str = Field(
        "GB", alias="DEFAULT_REGION", pattern="^[A-Z]{2}$", description="ISO 3166 region of numbers without a prefix."
    )
    cloud: Cloud = Field("global", alias="CLOUD", description="Microsoft cloud that the customers' tenants are in.")
    login_url: str = Field("", alias="LOGIN_URL", description="Sign-in service; empty: the cloud's own.")
    graph_url: str = Field("", alias="GRAPH_URL", description="Microsoft Graph; empty: the cloud's own.")
    presence_client_id: str = Field(
        "", alias="PRESENCE_CLIENT_ID", description="Client id of the multi-tenant app that reads presence."
    )
    presence_client_secret: str = Field(
        "", alias="PRESENCE_CLIENT_SECRET", description="Secret of that app where there is no managed identity."
    )
    presence_certificate: str = Field(
        "", alias="PRESENCE_CERTIFICATE", description="PEM file with key and certificate of that app, as another way."
    )
    home_tenant_id: str = Field("", alias="HOME_TENANT_ID", description="Tenant that the app registrations live in.")
    presence_interval: int = Field(
        30, alias="PRESENCE_INTERVAL_SECONDS", ge=10, le=300, description="Seconds between two presence syncs."
    )
    event_retention_days: int = Field(
        30, alias="EVENT_RETENTION_DAYS", ge=1, le=365, description="Days that the provisioning log is kept."
    )
    platform_sign_in: bool = Field(
        False, alias="WEBSITE_AUTH_ENABLED", description="Set by the platform while App Service Authentication is on."
    )

    @field_validator("public_url", "login_url", "graph_url")
    @classmethod
    def _is_address(cls, value: str) -> str:
        parts = urlsplit(value)
        loopback = parts.hostname in ("127.0.0.1", "localhost", "::1")
        if value and not (parts.scheme == "https" or (parts.scheme == "http" and loopback)):
            raise ValueError("must be an https address (http only on loopback)")
        return value.rstrip("/")

    @field_validator("presence_interval")
    @classmethod
    def _has_a_schedule(cls, value: int) -> int:
        if (value < 60 and 60 % value) or (value >= 60 and value % 60):
            raise ValueError("must divide a minute (10, 12, 15, 20, 30) or be whole minutes (60 to 300)")
        return value

    @field_validator("tables")
    @classmethod
    def _is_an_engine(cls, value: str) -> str:
        if value.startswith(("sqlite:///", "https://", "UseDevelopmentStorage=true")):
            return value
        raise ValueError("must be sqlite:///PATH, UseDevelopmentStorage=true or the https address of a table endpoint")

    @property
    def presence_schedule(self) -> str:
        """The NCRONTAB schedule of the presence timer."""
        seconds = self.presence_interval
        return f"*/{seconds} * * * * *" if seconds < 60 else f"0 */{seconds // 60} * * * *"

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Settings":
        """The settings of `environment`; an empty variable counts as not set. Raises SettingsError."""
        given = {name: environment[name].strip() for name in cls.variables() if environment.get(name, "").strip()}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            faults = [f"{fault['loc'][0]}: {fault['msg'].removeprefix('Value error, ')}" for fault in error.errors()]
            raise SettingsError("; ".join(faults)) from None

    @classmethod
    def variables(cls) -> dict[str, object]:
        """Every environment variable that is read, with its default."""
        return {str(field.alias): field.default for field in cls.model_fields.values()}
