"""The types that describe the JSON API: operations, their parameters, and their responses by status.

The OpenAPI description in `web/openapi` is generated from these values. The JSON of a response is
declared as a TypedDict, so that the type checker compares the code's return values with the
description.
"""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Annotated, Any


@dataclass(frozen=True, slots=True)
class Doc:
    """Keywords of a member's JSON schema besides its type; used as metadata of `Annotated`.

    `schema` holds further JSON schema keywords, such as `minimum`.
    """

    text: str = ""
    format: str = ""
    schema: Mapping[str, Any] = field(default_factory=dict)


Time = Annotated[str, Doc(format="date-time")]
Uri = Annotated[str, Doc(format="uri")]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an operation; `location` is "query", "header" or "path"."""

    name: str
    text: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})
    location: str = "query"


@dataclass(frozen=True, slots=True)
class SuccessResponse:
    """A successful response of an operation.

    Attributes:
        text: The description of the response.
        model: The type of its JSON body; None if the response has no body.
        union: The possible types of the JSON body, if there are several. The value of the member
            `action` says which type a body has.
    """

    text: str
    model: type | None = None
    _: KW_ONLY
    example: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    media_types: tuple[str, ...] = ("application/json",)
    union: tuple[type, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One HTTP method of one path of the JSON API.

    Attributes:
        function: The name of the Azure function that handles the request.
        name: The operation ID, from which generated clients name their methods.
        refusals: The error statuses in addition to 401, 403, 429 and 503, which every operation has.
    """

    function: str
    method: str
    path: str
    name: str
    summary: str
    responses: Mapping[int, SuccessResponse]
    text: str = ""
    parameters: tuple[Parameter, ...] = ()
    body: type | None = None
    example: Any = None
    is_body_optional: bool = False
    refusals: tuple[int, ...] = ()


def limit(most: int, default: int) -> Parameter:
    """Return the query parameter `limit` of a list: a page has 1 to `most` entries, or `default` without it."""
    schema = {"type": "integer", "minimum": 1, "maximum": most, "default": default}
    return Parameter("limit", f"Entries per page, 1 to {most}.", schema)


CURSOR = Parameter("cursor", "The `nextCursor` of the previous page.")
IF_MATCH = Parameter("If-Match", "Only if the resource still has this `ETag`.", location="header")
IF_NONE_MATCH = Parameter(
    "If-None-Match", "The `ETag` that the client has: 304 if nothing changed.", location="header"
)
UNCHANGED = SuccessResponse("The client's version is current.")
