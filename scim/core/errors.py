"""The one error of the protocol core, and the sentences it is raised with (RFC 7644 section 3.12)."""

from typing import Any

ERROR_URN = "urn:ietf:params:scim:api:messages:2.0:Error"


class ScimError(Exception):
    """A request that can't be fulfilled: HTTP status, sentence for the administrator, and SCIM's keyword for the fault.

    Entra shows the whole body to the administrator in its provisioning log, so `detail` names the attribute, its
    fault and the remedy.
    """

    def __init__(self, status: int, detail: str, scim_type: str | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.scim_type = scim_type

    def body(self) -> dict[str, Any]:
        """The error as RFC 7644 section 3.12 writes it; `status` is text there."""
        body: dict[str, Any] = {"schemas": [ERROR_URN], "status": str(self.status)}
        if self.scim_type:
            body["scimType"] = self.scim_type
        body["detail"] = self.detail.encode("utf-8", "replace").decode()  # it may quote half of a surrogate pair
        return body


class UnknownAttribute(ScimError):
    """A well-formed path or filter that names an attribute which the resource type does not have.

    An error in a filter; a PATCH passes over it, and a search across resource types asks whether another type has it.
    """


def bad_syntax(detail: str) -> ScimError:
    """400 invalidSyntax: the body is not the message that was expected."""
    return ScimError(400, detail, "invalidSyntax")


def bad_filter(detail: str) -> ScimError:
    """400 invalidFilter."""
    return ScimError(400, detail, "invalidFilter")


def bad_path(detail: str) -> ScimError:
    """400 invalidPath."""
    return ScimError(400, detail, "invalidPath")


def bad_value(attribute: str, fault: str, remedy: str) -> ScimError:
    """400 invalidValue; `fault` continues the attribute's name, `remedy` is a sentence of its own."""
    return ScimError(400, f"{attribute} {fault}. {remedy}", "invalidValue")


def no_target(detail: str) -> ScimError:
    """400 noTarget: the path of a PATCH operation selects nothing."""
    return ScimError(400, detail, "noTarget")


def mutability(attribute: str, fault: str, remedy: str) -> ScimError:
    """400 mutability: the attribute may not be changed in this way."""
    return ScimError(400, f"{attribute} {fault}. {remedy}", "mutability")


def uniqueness(attribute: str, value: str, existing_id: str = "") -> ScimError:
    """409 uniqueness, naming the resource that has the value, so that a repeated POST can be understood."""
    owner = f" by the resource with id {existing_id}" if existing_id else ""
    remedy = f'Find it with the filter {attribute} eq "…" and update it, or send another {attribute}.'
    return ScimError(409, f'{attribute} "{value}" is already used{owner}. {remedy}', "uniqueness")


def not_found(resource_type: str, identifier: str) -> ScimError:
    """404: no resource has this id."""
    detail = f'{resource_type} "{identifier}" was not found. It was deleted or never created; look it up with a filter.'
    return ScimError(404, detail)


def precondition_failed(detail: str) -> ScimError:
    """412: the resource has another version than If-Match names (RFC 7644 section 3.14)."""
    return ScimError(412, detail)


def too_large(detail: str) -> ScimError:
    """413: the request is larger than the service provider takes."""
    return ScimError(413, detail)


def too_many(detail: str) -> ScimError:
    """400 tooMany: the filter yields more than the service provider is willing to process."""
    return ScimError(400, detail, "tooMany")
