"""The one exception of the protocol core, and functions that create it (RFC 7644 section 3.12)."""

from typing import Any

from shared.messages import Message, Param

ERROR_URN = "urn:ietf:params:scim:api:messages:2.0:Error"


class ScimError(Exception):
    """A request that can't be carried out: HTTP status, message for the administrator, and scimType.

    Entra shows the whole response body to the administrator in its provisioning log, so `detail` names the attribute,
    the fault and the remedy. With the message's code the product's own pages show it in another language.
    """

    def __init__(self, status: int, message: Message, scim_type: str | None = None) -> None:
        super().__init__(message.code)
        self.status = status
        self.message = message
        self.scim_type = scim_type

    @property
    def detail(self) -> str:
        """Return the message in English, for the client."""
        return self.message.text()

    def body(self) -> dict[str, Any]:
        """Return the response body."""
        return error_body(self.status, self.message, self.scim_type)


def error_body(status: int, message: Message, scim_type: str | None = None) -> dict[str, Any]:
    """Return an error body (RFC 7644 section 3.12), in which `status` is text."""
    body: dict[str, Any] = {"schemas": [ERROR_URN], "status": str(status)}
    if scim_type:
        body["scimType"] = scim_type
    # A quoted value may contain half of a surrogate pair.
    body["detail"] = message.text().encode("utf-8", "replace").decode()
    return body


class UnknownAttribute(ScimError):
    """A well-formed path or filter names an attribute that the resource type lacks.

    In a filter it is an error. In a PATCH the operation is ignored, and a search over several resource types skips
    the type.
    """


def bad_syntax(code: str, /, **params: Param) -> ScimError:
    """Return 400 invalidSyntax: the body isn't the expected message."""
    return ScimError(400, Message(code, **params), "invalidSyntax")


def bad_path(code: str, /, **params: Param) -> ScimError:
    """Return 400 invalidPath."""
    return ScimError(400, Message(code, **params), "invalidPath")


def bad_value(attribute: str, code: str, /, **params: Param) -> ScimError:
    """Return 400 invalidValue; the message of `code` starts with the parameter `attribute`."""
    return ScimError(400, Message(code, attribute=attribute, **params), "invalidValue")


def no_target(code: str, /, **params: Param) -> ScimError:
    """Return 400 noTarget: the path of a PATCH operation selects nothing."""
    return ScimError(400, Message(code, **params), "noTarget")


def mutability(attribute: str, code: str, /, **params: Param) -> ScimError:
    """Return 400 mutability: the attribute can't be changed in this way."""
    return ScimError(400, Message(code, attribute=attribute, **params), "mutability")


def uniqueness(attribute: str, value: str, existing_id: str = "") -> ScimError:
    """Return the error 409 uniqueness for a value that another resource has.

    With `existing_id` the message includes that resource's id, so that the sender of a repeated POST sees that the
    resource was already created.
    """
    if existing_id:
        detail = Message("taken_by", attribute=attribute, value=value, owner=existing_id)
    else:
        detail = Message("taken", attribute=attribute, value=value)
    return ScimError(409, detail, "uniqueness")


def not_found(resource_type: str, identifier: str) -> ScimError:
    """Return 404: no resource has this id."""
    return ScimError(404, Message("not_found", type=resource_type, id=identifier))
