"""The bodies that the API takes; a fault is answered with the field, what is wrong and what helps."""

from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from directories.errors import field_error
from shared.http import HttpError, Request, json_body

Body = TypeVar("Body", bound=BaseModel)
_STRICT = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class NewDirectoryBody(BaseModel):
    """POST /api/directories."""

    model_config = _STRICT
    name: str = Field(max_length=1000)
    kind: Literal["entra", "other"] = "entra"
    region: str = Field("", max_length=20)
    strict_numbers: bool = False


class ChangeBody(BaseModel):
    """PATCH /api/directories/{directoryId}; what is left out stays."""

    model_config = _STRICT
    name: str = Field("", max_length=1000)
    kind: Literal["entra", "other"] = "entra"
    region: str = Field("", max_length=20)
    strict_numbers: bool = False
    setup: Literal["connect", "presence", "done"] = "connect"
    presence: Literal["undecided", "on", "off"] = "undecided"


class IssueBody(BaseModel):
    """POST …/tokens and …/secrets; with `overlap_hours` the newest one is replaced and lives on for so long."""

    model_config = _STRICT
    expires_in_days: int | None = None
    overlap_hours: float | None = None


class TrustBody(BaseModel):
    """PUT …/trust: the identity of the company's provisioning service.

    With `tenant_id` that of an Entra tenant, with `issuer` and `jwks_uri` that of any OpenID Connect issuer.
    """

    model_config = _STRICT
    tenant_id: str = Field("", max_length=100)
    subject: str = Field(max_length=255)
    audiences: list[str] = Field(max_length=20)
    issuer: str = Field("", max_length=500)
    jwks_uri: str = Field("", max_length=500)


def read_body(request: Request, model: type[Body], *, optional: bool = False) -> Body:
    """The body as `model`; HttpError 400 that names the field, the fault and the remedy."""
    value: Any = {} if optional and not request.body else json_body(request, limit=64 * 1024)
    if not isinstance(value, dict):
        raise HttpError(400, "Body is not an object", "Send a JSON object.")
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"]))
        names = ", ".join(model.model_fields)
        unknown = first["type"] == "extra_forbidden"
        fault = "is not known" if unknown else first["msg"]
        remedy = f"Use {names}." if unknown else f"Send {field} as the API description says."
        raise field_error(field, fault, remedy) from None
