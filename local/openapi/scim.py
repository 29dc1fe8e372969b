"""The OpenAPI paths of SCIM 2.0 (RFC 7644, 9865) and of the token endpoint."""

from collections.abc import Iterator
from typing import Any

from local.openapi.directories import DIRECTORY_ID
from local.openapi.scim_schemas import QUERY
from scim.core.attributes import ResourceType
from scim.core.patch import PATCH_URN
from scim.core.schemas import GROUP, USER
from scim.http import SCIM_JSON, SEARCH_REQUEST
from shared.api_contract import IF_MATCH, IF_NONE_MATCH, Parameter
from shared.http import FORM, JSON
from web.openapi.schemas import Json, parameter, reference

_BASE = "/scim/{directoryId}/v2"
_BULK_URN = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
_REFUSALS = {
    400: "The request is not valid; `scimType` and `detail` name the attribute, the fault and the remedy.",
    401: "The token is missing, wrong, expired or revoked.",
    403: "Filters are not available here (RFC 7644 section 4).",
    404: "No such resource.",
    409: "A unique value is taken; `detail` names the resource that has it.",
    412: "The resource has another version than `If-Match` names.",
    413: "The body is too large.",
    429: "Too many requests; `Retry-After` says when to continue.",
    501: "Not supported.",
    503: "The storage does not respond; `Retry-After` says when to continue.",
}
_PROJECTION = (
    Parameter("attributes", "Only these attributes (RFC 7644 section 3.9)."),
    Parameter("excludedAttributes", "All but these attributes."),
)
_USER = {
    "schemas": [USER.schema.id],
    "userName": "anna.mueller@contoso.example",
    "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
    "name": {"givenName": "Anna", "familyName": "Müller"},
    "emails": [{"type": "work", "value": "anna.mueller@contoso.example"}],
    "phoneNumbers": [{"type": "work", "value": "+49 30 901820"}],
    "title": "Head of Sales",
}
_GROUP = {"schemas": [GROUP.schema.id], "displayName": "Sales", "members": []}
_PATCH = {
    "schemas": [PATCH_URN],
    "Operations": [{"op": "replace", "path": "displayName", "value": "Anna"}],
}
_SEARCH = {"schemas": [SEARCH_REQUEST], "count": 10}
_BULK = {
    "schemas": [_BULK_URN],
    "Operations": [{"method": "POST", "path": "/Users", "bulkId": "a", "data": _USER}],
}
_GRANT = {
    "grant_type": "client_credentials",
    "client_id": "k3v9x0q2m7r5t8w1z4b6",
    "client_secret": "extdirsec_…",
}


def paths() -> dict[str, Json]:
    """Return all paths under `/scim/{directoryId}`, as OpenAPI path items by path."""
    discovery = {
        "ServiceProviderConfig": ("scim_service_provider_config", "readConfig"),
        "ResourceTypes": ("scim_resource_types", "listResourceTypes"),
        "ResourceTypes/{name}": ("scim_resource_types", "readResourceType"),
        "Schemas": ("scim_schemas", "listSchemas"),
        "Schemas/{urn}": ("scim_schemas", "readSchema"),
        "": ("scim_base", "readBase"),
    }
    found = dict(_of(USER, _USER)) | dict(_of(GROUP, _GROUP))
    found[f"{_BASE}/Bulk"] = _path(
        "scim_bulk",
        post=_operation(
            "bulk",
            "Send many operations",
            {200: "BulkResponse"},
            (400, 413),
            body=("BulkRequest", _BULK),
        ),
    )
    found[f"{_BASE}/.search"] = _path(
        "scim_search",
        post=_operation(
            "searchAllResources",
            "Search users and groups",
            {200: "ResourceList"},
            (400, 413),
            body=("SearchRequest", _SEARCH),
        ),
    )
    for name, (function, operation) in discovery.items():
        get = _operation(
            operation, "Read what the service provider supports", {200: "ScimDocument"}, (403, 404)
        )
        found[f"{_BASE}/{name}".rstrip("/")] = _path(function, *_parts(name), get=get)
    me = {
        method: _operation(f"{method}Me", "Not supported (RFC 7644 section 3.11)", {}, (501,))
        for method in ("get", "post", "put", "patch", "delete")
    }
    found[f"{_BASE}/Me"] = _path("scim_me", **me)
    found["/scim/{directoryId}/.well-known/oauth-authorization-server"] = _path(
        "scim_oauth_metadata", get=_metadata()
    )
    found["/scim/{directoryId}/oauth2/token"] = _path("scim_token", post=_token())
    return found


def _of(kind: ResourceType, example: Json) -> Iterator[tuple[str, Json]]:
    """Yield the paths of one resource type with their path items."""
    name, base = kind.name, f"{_BASE}{kind.endpoint}"
    search = _operation(
        f"search{name}s",
        f"List {name.lower()}s, with the query in the body",
        {200: f"{name}List"},
        (400, 413),
        body=("SearchRequest", _SEARCH),
    )
    function = f"scim_{name.lower()}"
    yield base, _path(f"{function}s", **_of_collection(name, example))
    yield f"{base}/.search", _path(function, post=search)
    yield f"{base}/{{id}}", _path(function, *_parts("{id}"), **_of_resource(name, example))


def _of_collection(name: str, example: Json) -> dict[str, Json]:
    """Return the operations on all resources of a type, by HTTP method."""
    small = name.lower()
    query = (*QUERY, *_PROJECTION)
    body = (name, example)
    created = (400, 409, 413)
    return {
        "get": _operation(f"list{name}s", f"List {small}s", {200: f"{name}List"}, (400,), query),
        "post": _operation(
            f"create{name}", f"Create a {small}", {201: name}, created, _PROJECTION, body
        ),
    }


def _of_resource(name: str, example: Json) -> dict[str, Json]:
    """Return the operations on one resource of a type, by HTTP method."""
    small = name.lower()
    changing = ((400, 404, 409, 412, 413), (*_PROJECTION, IF_MATCH))
    patched: dict[int, str] = {200: name} if name == USER.name else {200: name, 204: ""}
    reading = (*_PROJECTION, IF_NONE_MATCH)
    body, patch = (name, example), ("PatchRequest", _PATCH)
    return {
        "get": _operation(
            f"read{name}", f"Read a {small}", {200: name, 304: ""}, (400, 404), reading
        ),
        "put": _operation(f"replace{name}", f"Replace a {small}", {200: name}, *changing, body),
        "patch": _operation(
            f"patch{name}", f"Change parts of a {small}", patched, *changing, patch
        ),
        "delete": _operation(
            f"delete{name}", f"Delete a {small}", {204: ""}, (404, 412), (IF_MATCH,)
        ),
    }


def _operation(
    name: str,
    summary: str,
    successes: dict[int, str],
    refusals: tuple[int, ...],
    parameters: tuple[Parameter, ...] = (),
    body: tuple[str, Any] | None = None,
) -> Json:
    """Return an OpenAPI operation.

    `successes` has the name of the response's schema by status, "" for no body. `body` is the name of
    the body's schema, and an example.
    """
    responses = {
        status: _response(_REFUSALS[status], "ScimError") for status in (401, 429, 503, *refusals)
    }
    responses |= {status: _response(_words(status), schema) for status, schema in successes.items()}
    found: Json = {
        "operationId": name,
        "tags": ["SCIM"],
        "summary": summary,
        "security": [{"securityToken": []}],
        "responses": {str(status): response for status, response in sorted(responses.items())},
    }
    if parameters:
        found["parameters"] = [parameter(one) for one in parameters]
    if body is not None:
        content = {"schema": reference(body[0]), "example": body[1]}
        found["requestBody"] = {"required": True, "content": {SCIM_JSON: content}}
    return found


def _words(status: int) -> str:
    words = {201: "Created.", 204: "Done.", 304: "The client's version is current."}
    return words.get(status, "The result.")


def _response(text: str, schema: str, media_type: str = SCIM_JSON) -> Json:
    if not schema:
        return {"description": text}
    return {"description": text, "content": {media_type: {"schema": reference(schema)}}}


def _token() -> Json:
    """Return the operation of the token endpoint (RFC 6749 section 4.4, RFC 7523 section 2)."""
    refused = {400: "RFC 6749 section 5.2.", 401: "The client is not known (invalid_client)."}
    refused |= {status: _REFUSALS[status] for status in (413, 429, 503)}
    responses = {
        str(status): _response(text, "TokenError", JSON) for status, text in refused.items()
    }
    return {
        "operationId": "issueAccessToken",
        "tags": ["SCIM"],
        "summary": "Get an access token for a client secret, or for an assertion of a trusted issuer",
        "security": [],
        "requestBody": {
            "required": True,
            "content": {FORM: {"schema": reference("TokenRequest"), "example": _GRANT}},
        },
        "responses": {"200": _response("An access token.", "AccessToken", JSON), **responses},
    }


def _metadata() -> Json:
    """Return the operation that reads the token endpoint's metadata (RFC 8414 section 3.2)."""
    return {
        "operationId": "readTokenMetadata",
        "tags": ["SCIM"],
        "summary": "Describe the token endpoint (RFC 8414)",
        "security": [],
        "responses": {"200": _response("The metadata.", "TokenEndpointMetadata", JSON)},
    }


def _path(function: str, *parameters: Parameter, **methods: Json) -> Json:
    listed = [parameter(one) for one in (DIRECTORY_ID, *parameters)]
    return {"x-function": function, "parameters": listed, **methods}


def _parts(template: str) -> Iterator[Parameter]:
    texts = {"id": "The resource's ID.", "name": "User or Group.", "urn": "The schema's URN."}
    for name, text in texts.items():
        if f"{{{name}}}" in template:
            yield Parameter(name, text, location="path")
