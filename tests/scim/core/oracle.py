"""The oracle: scim2-models, an independent implementation of the RFCs, called with the same
input.
"""

from typing import Any

from scim2_models import (
    Context,
    Email,
    EnterpriseUser,
    PatchOp,
    Path,
    SCIMException,
    ScimFilter,
    ScimPolicy,
    User,
)

from scim.core.patch_body import PATCH_URN


class _Email(Email):
    """An e-mail without the oracle's check of the address (see `deviations.ANY_ADDRESS`)."""

    value: str | None = None


class _User(User):  # type: ignore[type-arg]
    emails: list[_Email] | None = None  # type: ignore[assignment]


_model: Any = _User
UserModel: Any = _model[EnterpriseUser]

# Both tolerate these: unknown attributes, Entra's creation of a selected element, its removal by a
# list of values.
TOLERANT = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)


def user(resource: dict[str, Any]) -> Any:
    """Return the resource as an object of the oracle."""
    return UserModel.model_validate(resource, scim_policy=TOLERANT)


def matches(text: str, resource: dict[str, Any]) -> bool:
    """Return whether the oracle's filter matches the resource."""
    return bool(ScimFilter[UserModel](text).match(user(resource)))


def read(body: dict[str, Any]) -> dict[str, Any]:
    """Return the resource that the oracle makes of a POST's body."""
    dumped: dict[str, Any] = user(body).model_dump(scim_ctx=Context.DEFAULT)
    return dumped


def resolved(path: str) -> str:
    """Return the path's full name with URN, according to the oracle."""
    binding = Path[UserModel](path).resolve()
    return str(binding.urn) if binding else ""


def patched(resource: dict[str, Any], operations: list[dict[str, Any]]) -> dict[str, Any] | str:
    """Return the oracle's result of a PATCH: the resource, or its error's scimType."""
    body = {"schemas": [PATCH_URN], "Operations": operations}
    model = user(resource)
    try:
        message = PatchOp[UserModel].model_validate(
            body, scim_ctx=Context.RESOURCE_PATCH_REQUEST, scim_policy=TOLERANT
        )
        message.patch(model, TOLERANT)
    except SCIMException as error:
        return str(error.scim_type)
    dumped: dict[str, Any] = model.model_dump(scim_ctx=Context.DEFAULT)
    return dumped
