"""Generate the OpenAPI 3.1 document from the operations and models of the features."""

from typing import Any

import local.openapi.contacts
import local.openapi.directories
import local.openapi.presence
from local.openapi import scim, scim_schemas
from shared.api_contract import Operation, Parameter, SuccessResponse
from shared.http import JSON, PROBLEM_JSON
from web.openapi.schemas import Json, Schemas, parameter, reference

VERSION = "1.0"
_ABOUT = (
    "People of companies' directories with their Teams presence, for a contact centre. The JSON API is for signed-in "
    "people and for programs with an app role: `Directory.Admin`, or `Directory.Reader` for contacts. SCIM is for the "
    "companies' provisioning services, each with its own address and security token."
)
_FEATURES = (
    ("Directories", local.openapi.directories.OPERATIONS),
    ("Contacts", local.openapi.contacts.OPERATIONS),
    ("Presence", local.openapi.presence.OPERATIONS),
)
_REFUSALS = {
    400: "The request is not valid; `detail` names the field, the fault and the remedy.",
    401: "Not signed in.",
    403: "Signed in without the required role, or a cross-site request.",
    404: "The resource does not exist, was deleted, or belongs to another account.",
    409: "Not possible in the present state.",
    412: "The resource was changed since it was read (`If-Match`).",
    413: "The body is too large.",
    429: "Too many requests; `Retry-After` says when to continue.",
    503: "The storage or Microsoft does not respond; `Retry-After` says when to continue.",
}
_ALWAYS = (401, 403, 429, 503)
_PROBLEM: Json = {
    "type": "object",
    "description": "An error (RFC 9457).",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string", "description": "The status in words."},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Identifies the problem for programs."},
        "detail": {
            "type": "string",
            "description": "What is wrong and what helps, in English.",
            "x-ms-primary-error-message": True,
        },
        "field": {"type": "string", "description": "The field at fault."},
        "reason": {"type": "string", "description": "The code of why presence fails."},
    },
    "required": ["type", "title", "status", "code", "detail"],
}
_DOCUMENT: Json = {"type": "object", "description": "An OpenAPI document."}
_SIGN_IN = "Sign-in with Microsoft Entra ID in front of the app; programs send a token of an allowed application."


def describe() -> Json:
    """Return the OpenAPI 3.1 document.

    Its `servers` are a placeholder, which the app replaces by its own address when it serves the
    document.
    """
    schemas = Schemas()
    schemas.named |= {"Problem": _PROBLEM, "OpenApiDocument": _DOCUMENT}
    paths: dict[str, Json] = {}
    for tag, operations in _FEATURES:
        for operation in operations:
            item = paths.setdefault(operation.path, {"x-function": operation.function})
            item[operation.method] = _operation(operation, tag, schemas)
    paths |= scim.paths()
    schemas.named |= scim_schemas.schemas()
    paths["/api/openapi.json"] = {"x-function": "api_description", "get": _own()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "External Directories",
            "version": VERSION,
            "description": _ABOUT,
            "license": {"name": "MIT"},
        },
        "servers": [{"url": "/"}],
        "security": [{"signIn": []}],
        "tags": [
            {"name": name}
            for name in ("Directories", "Contacts", "Presence", "SCIM", "Description")
        ],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.named.items())),
            "securitySchemes": {
                "signIn": {"type": "http", "scheme": "bearer", "description": _SIGN_IN},
                "securityToken": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The directory's security token, or an access token of its token endpoint.",
                },
            },
        },
    }


def _own() -> Json:
    version = Parameter(
        "version", "Of the OpenAPI Specification.", {"type": "string", "enum": ["3.0", "3.1"]}
    )
    content = {JSON: {"schema": reference("OpenApiDocument")}}
    return {
        "operationId": "readDescription",
        "tags": ["Description"],
        "summary": "Read this description",
        "parameters": [parameter(version)],
        "responses": {
            "200": {"description": "The description.", "content": content},
            "400": _refusal(400),
        },
    }


def _operation(operation: Operation, tag: str, schemas: Schemas) -> Json:
    found: Json = {
        "operationId": operation.name,
        "tags": [tag],
        "summary": operation.summary,
    }
    if operation.text:
        found["description"] = operation.text
    if operation.parameters:
        found["parameters"] = [parameter(one) for one in operation.parameters]
    if operation.body is not None:
        content = {"schema": schemas.ref(operation.body), "example": operation.example}
        found["requestBody"] = {
            "required": not operation.is_body_optional,
            "content": {JSON: content},
        }
    responses = {
        status: _response(response, operation, schemas)
        for status, response in operation.responses.items()
    }
    responses |= {status: _refusal(status) for status in (*_ALWAYS, *operation.refusals)}
    found["responses"] = {str(status): response for status, response in sorted(responses.items())}
    return found


def _response(response: SuccessResponse, operation: Operation, schemas: Schemas) -> Json:
    found: Json = {"description": response.text}
    if response.headers:
        found["headers"] = {
            name: {"description": text, "schema": {"type": "string"}}
            for name, text in response.headers.items()
        }
    schema = _schema(response, operation, schemas)
    if schema is not None:
        example: Any = {"example": response.example} if response.example is not None else {}
        found["content"] = {media: {"schema": schema, **example} for media in response.media_types}
    return found


def _schema(response: SuccessResponse, operation: Operation, schemas: Schemas) -> Json | None:
    if response.union:
        name = f"{operation.name[:1].upper()}{operation.name[1:]}Result"
        return schemas.union(name, response.union)
    if response.model is not None:
        return schemas.ref(response.model)
    return None if response.media_types == (JSON,) else {"type": "string"}


def _refusal(status: int) -> Json:
    return {
        "description": _REFUSALS[status],
        "content": {PROBLEM_JSON: {"schema": reference("Problem")}},
    }
