"""Bodies of the control calls."""

from typing import Annotated, Any, Literal

from cryptography.x509 import load_pem_x509_certificate
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from local.graph.applications import Application, FederatedCredential
from local.graph.people import (
    GLOBAL_ADMINISTRATOR,
    MEMBER,
    PRIVILEGED_ROLE_ADMINISTRATOR,
    UnknownIds,
)
from local.graph.simulator import CLIENT_ID, HOME_TENANT_ID
from local.graph.wire import Style

GUID = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_ROLES = {
    "global-administrator": GLOBAL_ADMINISTRATOR,
    "privileged-role-administrator": PRIVILEGED_ROLE_ADMINISTRATOR,
    "member": MEMBER,
}


def role(name: str) -> str:
    """The role template id for one of our words; anything else is taken as such an id."""
    return _ROLES.get(name, name)


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Options(_Body):
    """Every field left out stays as it is."""

    latency: float = Field(0.0, ge=0, le=60)
    token_lifetime: int = Field(3599, ge=1, le=1_000_000)
    consent_delay: float = Field(0.0, ge=0, le=1_000_000)
    consent_delay_tokens: int = Field(0, ge=0, le=1_000_000)
    missing_principal: Literal[700016, 7000229] = 700016
    missing_role: Literal[403, 401] = 403
    cancel: Literal["consent_required", "permission_denied"] = "consent_required"
    id_token_roles: bool = True
    signed_in_as: str = ""
    limit: int = Field(1500, ge=1, le=1_000_000)
    seed: int = Field(1, ge=0, lt=2**32)
    period: float = Field(900.0, ge=1, le=1_000_000)


class TenantChange(_Body):
    """Every field left out stays as it is."""

    crowd: int = Field(0, ge=0, le=10_000_000)
    anyone: bool = False
    unlicensed_share: float = Field(0.0, ge=0, le=1)
    unknown_ids: UnknownIds = "missing"
    style: Style = "old"
    moving: bool = True


class NewTenant(TenantChange):
    """The id follows from the domain, the domain from the name."""

    name: str = Field(min_length=1)
    domain: str = ""
    id: str = Field("", pattern=f"^({GUID})?$")


Guid = Annotated[str, StringConstraints(pattern=f"^{GUID}$")]


class SignInPerson(_Body):
    """Somebody who can sign in."""

    name: str = Field(min_length=1, pattern=r"\S")
    user_name: str = ""
    id: str = Field("", pattern=f"^({GUID})?$")
    roles: list[str] = ["member"]


class People(_Body):
    """People to add: who can sign in, ids that exist, ids without a licence."""

    sign_in: list[SignInPerson] = []
    ids: list[Guid] = []
    unlicensed: list[Guid] = []


class Presence(_Body):
    """A status, written to the wire as given."""

    availability: str = Field(min_length=1)
    activity: str = ""
    out_of_office: bool = False
    message: str = ""


class Consent(_Body):
    """What the tenant knows of the application."""

    state: Literal["granted", "signed-in", "disabled", "none"]
    client_id: str = CLIENT_ID


class Fault(_Body):
    """Whom a fault hits and how long."""

    tenant: str = ""
    times: int | None = Field(None, ge=1, le=1_000_000)
    seconds: float | None = Field(None, gt=0, le=1_000_000)
    retry_after: int | None = Field(5, ge=0, le=1_000_000)


class Federated(_Body):
    """A federated identity credential."""

    issuer: str
    subject: str
    audience: str = "api://AzureADTokenExchange"


class Registration(_Body):
    """An app registration; every field left out stays as it is."""

    name: str = "External Directories"
    home_tenant_id: str = HOME_TENANT_ID
    secrets: dict[str, bool] = {}
    redirects: set[str] = set()
    certificates: list[Any] = []
    federated: list[Federated] = []
    multi_tenant: bool = True

    @field_validator("certificates")
    @classmethod
    def _read(cls, value: list[Any]) -> list[Any]:
        return [load_pem_x509_certificate(str(one).encode()).public_key() for one in value]


class Rotation(_Body):
    """How many old keys stay published."""

    keep: int = Field(1, ge=0, le=5)


class Assertion(_Body):
    """An assertion of Entra's provisioning service."""

    tenant: str
    audience: str
    subject: str
    lifetime: int = Field(3599, ge=-1_000_000, le=1_000_000)
    forged: bool = False
    claims: dict[str, Any] = {}


def register(application: Application | None, client_id: str, body: Registration) -> Application:
    """The application as the body wants it, a new one where there was none."""
    application = application or Application(client_id, HOME_TENANT_ID)
    for name in body.model_fields_set - {"federated"}:
        setattr(application, name, getattr(body, name))
    if "federated" in body.model_fields_set:
        application.federated = [
            FederatedCredential(one.issuer, one.subject, one.audience) for one in body.federated
        ]
    return application
