"""The pieces that a description is made of (OpenAPI 3.1, sections 4.8.9 to 4.8.17)."""

from typing import Any

Json = dict[str, Any]
PROBLEM = "application/problem+json"
_WHY = {
    400: "The request is not valid; `detail` names the field, the fault and the remedy",
    401: "Not signed in",
    403: "Signed in without the role that is needed, or a cross-site request",
    404: "Not there, deleted, or another account's",
    409: "Not possible in the present state",
    412: "Changed in the meantime (`If-Match`)",
    413: "The body is too large",
    429: "Too much at once; `Retry-After` says when to ask again",
    503: "Storage or Microsoft does not answer; `Retry-After` says when to ask again",
}


def ref(name: str) -> Json:
    """A schema of the components."""
    return {"$ref": f"#/components/schemas/{name}"}


def array(items: Json) -> Json:
    """A list."""
    return {"type": "array", "items": items}


def text(description: str = "", **more: Any) -> Json:
    """A string."""
    return {"type": "string", **({"description": description} if description else {}), **more}


def nothing_or(schema: Json) -> Json:
    """The schema, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def thing(required: Json, optional: Json | None = None, description: str = "") -> Json:
    """An object with these properties, of which the first always come."""
    properties = {**required, **(optional or {})}
    said = {"description": description} if description else {}
    return {"type": "object", **said, "properties": properties, "required": list(required)}


def query(name: str, description: str, schema: Json | None = None) -> Json:
    """A parameter of the query string."""
    return {
        "name": name,
        "in": "query",
        "description": description,
        "schema": schema or {"type": "string"},
    }


def header(name: str, description: str) -> Json:
    """A header of the request."""
    return {"name": name, "in": "header", "description": description, "schema": {"type": "string"}}


def path_parameter(name: str, description: str, **schema: Any) -> Json:
    """A part of the path."""
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": {"type": "string", **schema},
    }


def answer(
    description: str, schema: Json, media_type: str = "application/json", example: Any = None
) -> Json:
    """A successful answer with a body."""
    content: Json = {"schema": schema} | ({"example": example} if example is not None else {})
    return {"description": description, "content": {media_type: content}}


def body(
    schema: Json, example: Any, media_type: str = "application/json", *, required: bool = True
) -> Json:
    """What a request carries."""
    return {"required": required, "content": {media_type: {"schema": schema, "example": example}}}


def operation(
    name: str,
    tag: str,
    summary: str,
    responses: dict[int, Json],
    *,
    refusals: tuple[int, ...] = (),
    parameters: list[Json] | None = None,
    takes: Json | None = None,
    description: str = "",
) -> Json:
    """One method of a path; every operation of the API can answer 401, 403, 429 and 503."""
    problems = {status: _problem(status) for status in sorted({401, 403, 429, 503, *refusals})}
    answers = {
        str(status): response for status, response in sorted({**responses, **problems}.items())
    }
    return {
        "operationId": name,
        "tags": [tag],
        "summary": summary,
        **({"description": description} if description else {}),
        **({"parameters": parameters} if parameters else {}),
        **({"requestBody": takes} if takes else {}),
        "responses": answers,
    }


def _problem(status: int) -> Json:
    return answer(_WHY[status], ref("Problem"), PROBLEM)


def path(function: str, *, parameters: list[Json] | None = None, **methods: Json) -> Json:
    """A path with its operations by method, answered by the function of this name."""
    return {"x-function": function, **({"parameters": parameters} if parameters else {}), **methods}
