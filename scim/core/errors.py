"""The one error of the protocol core, and the sentences it is raised with (RFC 7644 section 3.12)."""

from typing import Any

from shared.messages import Sentence

ERROR_URN = "urn:ietf:params:scim:api:messages:2.0:Error"


class ScimError(Exception):
    """A request that can't be fulfilled: HTTP status, sentence for the administrator, and SCIM's keyword for the fault.

    Entra shows the whole body to the administrator in its provisioning log, so `detail` names the attribute, its
    fault and the remedy. Its code lets our own page say it in another language.
    """

    def __init__(self, status: int, detail: Sentence, scim_type: str | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.scim_type = scim_type

    def body(self) -> dict[str, Any]:
        """The error as the client gets it."""
        return error_body(self.status, self.detail, self.scim_type)


def error_body(status: int, detail: str, scim_type: str | None = None) -> dict[str, Any]:
    """An error as RFC 7644 section 3.12 writes it; `status` is text there."""
    body: dict[str, Any] = {"schemas": [ERROR_URN], "status": str(status)}
    if scim_type:
        body["scimType"] = scim_type
    body["detail"] = detail.encode(
        "utf-8", "replace"
    ).decode()  # it may quote half of a surrogate pair
    return body


class UnknownAttribute(ScimError):
    """A well-formed path or filter that names an attribute which the resource type does not have.

    An error in a filter; a PATCH passes over it, and a search across resource types asks whether another type has it.
    """


def bad_syntax(code: str, pattern: str, /, **values: object) -> ScimError:
    """400 invalidSyntax: the body is not the message that was expected."""
    return ScimError(400, Sentence(code, pattern, **values), "invalidSyntax")


def bad_path(code: str, pattern: str, /, **values: object) -> ScimError:
    """400 invalidPath."""
    return ScimError(400, Sentence(code, pattern, **values), "invalidPath")


def bad_value(attribute: str, code: str, said: str, /, **values: object) -> ScimError:
    """400 invalidValue; `said` goes on behind the attribute's name: its fault, then the remedy."""
    return ScimError(
        400, Sentence(code, f"{{attribute}} {said}", attribute=attribute, **values), "invalidValue"
    )


def no_target(code: str, pattern: str, /, **values: object) -> ScimError:
    """400 noTarget: the path of a PATCH operation selects nothing."""
    return ScimError(400, Sentence(code, pattern, **values), "noTarget")


def mutability(attribute: str, code: str, said: str, /, **values: object) -> ScimError:
    """400 mutability: the attribute may not be changed in this way; `said` as with `bad_value`."""
    return ScimError(
        400, Sentence(code, f"{{attribute}} {said}", attribute=attribute, **values), "mutability"
    )


def uniqueness(attribute: str, value: str, existing_id: str = "") -> ScimError:
    """409 uniqueness, naming the resource that has the value, so that a repeated POST can be understood."""
    remedy = (
        'Find it with the filter {attribute} eq "…" and update it, or send another {attribute}.'
    )
    if not existing_id:
        taken = Sentence(
            "taken",
            f'{{attribute}} "{{value}}" is already used. {remedy}',
            attribute=attribute,
            value=value,
        )
    else:
        pattern = (
            f'{{attribute}} "{{value}}" is already used by the resource with id {{owner}}. {remedy}'
        )
        taken = Sentence("taken_by", pattern, attribute=attribute, value=value, owner=existing_id)
    return ScimError(409, taken, "uniqueness")


def not_found(resource_type: str, identifier: str) -> ScimError:
    """404: no resource has this id."""
    pattern = (
        '{type} "{id}" was not found. It was deleted or never created; look it up with a filter.'
    )
    return ScimError(404, Sentence("not_found", pattern, type=resource_type, id=identifier))
