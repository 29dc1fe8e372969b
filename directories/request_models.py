"""The request bodies of the API, as pydantic models; an error names the field, the fault and the remedy."""

import re
from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from shared.http import HttpError, Request, json_body
from shared.messages import CodeFamily, Message

Body = TypeVar("Body", bound=BaseModel)
_STRICT = ConfigDict(
    extra="forbid", strict=True, hide_input_in_errors=True, alias_generator=to_camel
)


class NewDirectoryBody(BaseModel):
    """The body of POST /api/directories: the first settings of a directory."""

    model_config = _STRICT
    name: str = Field(max_length=1000)
    kind: Literal["entra", "other"] = "entra"
    region: str = Field("", max_length=20)
    strict_numbers: bool = False


class ReadersBody(BaseModel):
    """The agents who may see a directory: those with one of the app roles or in one of the groups."""

    model_config = _STRICT
    roles: list[str] = Field([], max_length=200)
    groups: list[str] = Field([], max_length=200)


class ChangeBody(BaseModel):
    """The body of PATCH /api/directories/{directoryId}; fields that are left out keep their values."""

    model_config = _STRICT
    name: str = Field("", max_length=1000)
    kind: Literal["entra", "other"] = "entra"
    region: str = Field("", max_length=20)
    strict_numbers: bool = False
    setup: Literal["connect", "presence", "done"] = "connect"
    presence: Literal["undecided", "on", "off"] = "undecided"
    readers: ReadersBody | None = None


class IssueBody(BaseModel):
    """The body of POST …/tokens and …/secrets.

    If `expiresInDays` is left out, the operator's default applies; null issues a token that never
    expires. `replaces` is the ID of the live credential to replace, which stays valid for
    `overlapHours` (0 if left out). If `replaces` is left out, `overlapHours` is for the only live
    credential. The response is 409 if two are live and `replaces` is left out.
    """

    model_config = _STRICT
    expires_in_days: int | None = None
    overlap_hours: float | None = None
    replaces: str = Field("", max_length=100)


class TrustBody(BaseModel):
    """The body of PUT …/trust: the identity of the company's provisioning service.

    Send `tenantId` for an identity of an Entra tenant, or `issuer` and `jwksUri` for one of another
    OpenID Connect issuer.
    """

    model_config = _STRICT
    tenant_id: str = Field("", max_length=100)
    subject: str = Field(max_length=255)
    audiences: list[str] = Field(max_length=20)
    issuer: str = Field("", max_length=500)
    jwks_uri: str = Field("", max_length=500)


class SetupLinkBody(BaseModel):
    """The body of POST …/links: a link for the whole set-up, or (`sign-in`) for the sign-in at Microsoft alone."""

    model_config = _STRICT
    purpose: Literal["set-up", "sign-in"] = "set-up"


def parse_body(request: Request, model: type[Body], *, optional: bool = False) -> Body:
    """Parse the body as `model`; raise HttpError 400 that names the field, the fault and the remedy.

    If `optional`, a missing body counts as {}.
    """
    value: Any = {} if optional and not request.body else json_body(request, limit=64 * 1024)
    if not isinstance(value, dict):
        raise HttpError(400, Message("body_not_object"))
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise _invalid(error.errors(include_url=False)[0], model) from None


# Faults by pydantic's error types.
_FAULTS = {
    "missing": "missing",
    "string_type": "not_text",
    "bool_type": "not_boolean",
    "int_type": "not_integer",
    "float_type": "not_number",
    "list_type": "not_list",
}
_FAULT = CodeFamily("field_", {*_FAULTS.values(), "not_valid"})
_QUOTED = re.compile(r"'([^']*)'")


def _invalid(fault: Mapping[str, Any], model: type[BaseModel]) -> HttpError:
    """Return HttpError 400 for a fault that pydantic found, with a message of this product."""
    field = ".".join(map(str, fault["loc"]))
    return HttpError(400, _message(fault, field, model), field=field)


def _message(fault: Mapping[str, Any], field: str, model: type[BaseModel]) -> Message:
    match fault["type"]:
        case "extra_forbidden":
            return Message(
                "field_unknown", field=field, known=", ".join(map(to_camel, model.model_fields))
            )
        case "string_too_long" | "too_long":
            return Message("field_too_long", field=field, most=fault["ctx"]["max_length"])
        case "literal_error":
            known = _QUOTED.findall(fault["ctx"]["expected"])
            return Message("field_choice", field=field, known=", ".join(known))
        case kind:
            return Message(_FAULT.code(_FAULTS.get(kind, "not_valid")), field=field)
