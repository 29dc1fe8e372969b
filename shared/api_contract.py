"""The contract of the JSON API: types of answers, and operations with their parameters and statuses.

The OpenAPI description is generated from it (web/openapi). Answers are TypedDicts, so the type
checker compares the values that the code returns with the description.
"""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Annotated, Any


@dataclass(frozen=True, slots=True)
class Doc:
    """Members of a description besides the type."""

    text: str = ""
    format: str = ""
    schema: Mapping[str, Any] = field(default_factory=dict)


Time = Annotated[str, Doc(format="date-time")]
Uri = Annotated[str, Doc(format="uri")]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an operation; `place` is "query", "header" or "path"."""

    name: str
    text: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})
    place: str = "query"


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer; `model` is the type of its JSON, None for an answer without a body.

    `union` names an answer that has one of several models, told apart by the member `action`.
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
    """One method of one path.

    Attributes:
        function: The name of the function that answers.
        name: The operation's ID, from which generated clients name their methods.
        refusals: The error statuses besides 401, 403, 429 and 503, which every operation has.
    """

    function: str
    method: str
    path: str
    name: str
    summary: str
    answers: Mapping[int, Answer]
    text: str = ""
    parameters: tuple[Parameter, ...] = ()
    body: type | None = None
    example: Any = None
    is_body_optional: bool = False
    refusals: tuple[int, ...] = ()


def limit(most: int, default: int) -> Parameter:
    """Return the parameter `limit` of a list."""
    schema = {"type": "integer", "minimum": 1, "maximum": most, "default": default}
    return Parameter("limit", f"Entries per page, 1 to {most}.", schema)


CURSOR = Parameter("cursor", "The `nextCursor` of the previous page.")
IF_MATCH = Parameter("If-Match", "Only if the resource still has this `ETag`.", place="header")
IF_NONE_MATCH = Parameter(
    "If-None-Match", "The `ETag` that the client has: 304 if nothing changed.", place="header"
)
UNCHANGED = Answer("The client's version is current.")
