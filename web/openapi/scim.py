"""SCIM 2.0 (RFC 7643, 7644, 9865) and the token endpoint, from the service provider's own schemas."""

from collections.abc import Iterator
from typing import Any

from directories.operations import DIRECTORY_ID
from scim.core.attributes import Attribute, ResourceType
from scim.core.errors import ERROR_URN
from scim.core.patch import PATCH_URN
from scim.core.schemas import GROUP, USER
from scim.http import SCIM_JSON, SEARCH_REQUEST
from scim.query import MAX_COUNT
from shared.api_contract import IF_MATCH, IF_NONE_MATCH, Parameter
from shared.http import FORM, JSON
from web.openapi.schemas import Json, parameter, reference

_BASE = "/scim/{directoryId}/v2"
_BULK_URN = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
_TYPES: dict[str, Json] = {
    "string": {"type": "string"},
    "reference": {"type": "string"},
    "binary": {"type": "string", "contentEncoding": "base64"},
    "dateTime": {"type": "string", "format": "date-time"},
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer"},
    "decimal": {"type": "number"},
}
_TEXT: Json = {"type": "string"}
_INTEGER: Json = {"type": "integer"}
_TEXTS: Json = {"type": "array", "items": _TEXT}
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
_QUERY = (
    Parameter("filter", 'Such as `userName eq "anna@contoso.example"` (section 3.4.2.2).'),
    Parameter("startIndex", "The first resource, from 1.", _INTEGER),
    Parameter("count", f"At most {MAX_COUNT}.", _INTEGER),
    Parameter("cursor", "Empty for the first page, then `nextCursor` (RFC 9865)."),
    Parameter("sortBy", "An attribute."),
    Parameter("sortOrder", "The order.", {"type": "string", "enum": ["ascending", "descending"]}),
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
_METADATA_LISTS = (
    "response_types_supported",
    "grant_types_supported",
    "scopes_supported",
    "token_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg_values_supported",
)
_GRANT = {
    "grant_type": "client_credentials",
    "client_id": "k3v9x0q2m7r5t8w1z4b6",
    "client_secret": "extdirsec_…",
}


def schemas() -> dict[str, Json]:
    """Return users and groups from their SCIM schemas, and the messages."""
    operation = _object(
        ("op",),
        op={"type": "string", "enum": ["add", "remove", "replace"]},
        path=_TEXT,
        value={},
    )
    methods = {"type": "string", "enum": ["POST", "PUT", "PATCH", "DELETE"]}
    request = _object(
        ("method", "path"), method=methods, path=_TEXT, bulkId=_TEXT, data={"type": "object"}
    )
    outcome = _object(
        ("method", "status"),
        method=methods,
        bulkId=_TEXT,
        location=_TEXT,
        version=_TEXT,
        status=_TEXT,
        response=reference("ScimDocument"),
    )
    error = _object(
        ("schemas", "status"),
        schemas=_TEXTS,
        status=_TEXT,
        scimType=_TEXT,
        detail={**_TEXT, "x-ms-primary-error-message": True},
    )
    return {
        "User": _resource(USER),
        "Group": _resource(GROUP),
        "UserList": _list(reference("User")),
        "GroupList": _list(reference("Group")),
        "ResourceList": _list(reference("ScimDocument")),
        "ScimDocument": {"type": "object", "description": "JSON that /Schemas describes."},
        "PatchRequest": _object(
            ("schemas", "Operations"), schemas=_constants(PATCH_URN), Operations=_array(operation)
        ),
        "SearchRequest": _object(
            ("schemas",),
            schemas=_constants(SEARCH_REQUEST),
            **{one.name: dict(one.schema) for one in _QUERY},
        ),
        "BulkRequest": _object(
            ("Operations",), schemas=_TEXTS, Operations=_array(request), failOnErrors=_INTEGER
        ),
        "BulkResponse": _object(
            ("schemas", "Operations"), schemas=_TEXTS, Operations=_array(outcome)
        ),
        "ScimError": error | {"description": f"An error ({ERROR_URN}, RFC 7644 section 3.12)."},
        "TokenRequest": _object(
            ("grant_type",),
            **dict.fromkeys(
                (
                    "grant_type",
                    "client_id",
                    "client_secret",
                    "client_assertion",
                    "client_assertion_type",
                    "assertion",
                ),
                _TEXT,
            ),
        ),
        "AccessToken": _object(
            ("access_token", "token_type", "expires_in", "scope"),
            access_token=_TEXT,
            token_type={"type": "string", "const": "Bearer"},
            expires_in=_INTEGER,
            scope={"type": "string", "const": "scim"},
        ),
        "TokenEndpointMetadata": _object(
            ("issuer", "token_endpoint", *_METADATA_LISTS, "service_documentation"),
            issuer=_TEXT,
            token_endpoint=_TEXT,
            **dict.fromkeys(_METADATA_LISTS, _TEXTS),
            service_documentation=_TEXT,
        ),
        "TokenError": _object(
            ("error",),
            error=_TEXT,
            error_description={**_TEXT, "x-ms-primary-error-message": True},
        ),
    }


def paths() -> dict[str, Json]:
    """Return every path under `/scim/{directoryId}`."""
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
    """Yield the paths of one resource type."""
    name, base = kind.name, f"{_BASE}{kind.endpoint}"
    many, one = f"scim_{name.lower()}s", f"scim_{name.lower()}"
    body = (name, example)
    yield (
        base,
        _path(
            many,
            get=_operation(
                f"list{name}s",
                f"List {name.lower()}s",
                {200: f"{name}List"},
                (400,),
                (*_QUERY, *_PROJECTION),
            ),
            post=_operation(
                f"create{name}",
                f"Create a {name.lower()}",
                {201: name},
                (400, 409, 413),
                _PROJECTION,
                body,
            ),
        ),
    )
    search = _operation(
        f"search{name}s",
        f"List {name.lower()}s, with the query in the body",
        {200: f"{name}List"},
        (400, 413),
        body=("SearchRequest", _SEARCH),
    )
    yield f"{base}/.search", _path(one, post=search)
    changing = ((400, 404, 409, 412, 413), (*_PROJECTION, IF_MATCH))
    patched: dict[int, str] = {200: name} if kind is USER else {200: name, 204: ""}
    yield (
        f"{base}/{{id}}",
        _path(
            one,
            *_parts("{id}"),
            get=_operation(
                f"read{name}",
                f"Read a {name.lower()}",
                {200: name, 304: ""},
                (400, 404),
                (*_PROJECTION, IF_NONE_MATCH),
            ),
            put=_operation(
                f"replace{name}", f"Replace a {name.lower()}", {200: name}, *changing, body
            ),
            patch=_operation(
                f"patch{name}",
                f"Change parts of a {name.lower()}",
                patched,
                *changing,
                ("PatchRequest", _PATCH),
            ),
            delete=_operation(
                f"delete{name}", f"Delete a {name.lower()}", {204: ""}, (404, 412), (IF_MATCH,)
            ),
        ),
    )


def _operation(
    name: str,
    summary: str,
    answers: dict[int, str],
    refusals: tuple[int, ...],
    parameters: tuple[Parameter, ...] = (),
    body: tuple[str, Any] | None = None,
) -> Json:
    """Return an operation; `answers` has the schema's name by status, "" for no body."""
    responses = {
        status: _answer(_REFUSALS[status], "ScimError") for status in (401, 429, 503, *refusals)
    }
    responses |= {status: _answer(_words(status), schema) for status, schema in answers.items()}
    found: Json = {
        "operationId": name,
        "tags": ["SCIM"],
        "summary": summary,
        "security": [{"securityToken": []}],
        "responses": {str(status): answer for status, answer in sorted(responses.items())},
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


def _answer(text: str, schema: str, media_type: str = SCIM_JSON) -> Json:
    if not schema:
        return {"description": text}
    return {"description": text, "content": {media_type: {"schema": reference(schema)}}}


def _token() -> Json:
    """Return the token endpoint (RFC 6749 section 4.4, RFC 7523 section 2)."""
    refused = {400: "RFC 6749 section 5.2.", 401: "The client is not known (invalid_client)."}
    refused |= {status: _REFUSALS[status] for status in (413, 429, 503)}
    responses = {str(status): _answer(text, "TokenError", JSON) for status, text in refused.items()}
    return {
        "operationId": "issueAccessToken",
        "tags": ["SCIM"],
        "summary": "Get an access token for a client secret, or for an assertion of a trusted issuer",
        "security": [],
        "requestBody": {
            "required": True,
            "content": {FORM: {"schema": reference("TokenRequest"), "example": _GRANT}},
        },
        "responses": {"200": _answer("An access token.", "AccessToken", JSON), **responses},
    }


def _metadata() -> Json:
    """Return the metadata of the token endpoint (RFC 8414 section 3.2)."""
    return {
        "operationId": "readTokenMetadata",
        "tags": ["SCIM"],
        "summary": "Describe the token endpoint (RFC 8414)",
        "security": [],
        "responses": {"200": _answer("The metadata.", "TokenEndpointMetadata", JSON)},
    }


def _path(function: str, *parameters: Parameter, **methods: Json) -> Json:
    listed = [parameter(one) for one in (DIRECTORY_ID, *parameters)]
    return {"x-function": function, "parameters": listed, **methods}


def _parts(template: str) -> Iterator[Parameter]:
    texts = {"id": "The resource's ID.", "name": "User or Group.", "urn": "The schema's URN."}
    for name, text in texts.items():
        if f"{{{name}}}" in template:
            yield Parameter(name, text, place="path")


def _resource(kind: ResourceType) -> Json:
    attributes = (*kind.common, *kind.schema.attributes)
    properties = {attribute.name: _attribute(attribute) for attribute in attributes}
    for extension in kind.extensions:
        properties[extension.id] = {
            "type": "object",
            "description": extension.description,
            "properties": {one.name: _attribute(one) for one in extension.attributes},
        }
    required = [attribute.name for urn, attribute in kind.required if not urn]
    return {"type": "object", "properties": properties, "required": required}


def _attribute(attribute: Attribute) -> Json:
    schema = dict(_TYPES.get(attribute.type, {}))
    if attribute.type == "complex":
        subs = {sub.name: _attribute(sub) for sub in attribute.sub_attributes}
        schema = {"type": "object", "properties": subs}
    if attribute.multi_valued:
        schema = _array(schema)
    if attribute.description:
        schema["description"] = attribute.description
    if attribute.mutability == "readOnly":
        schema["readOnly"] = True
    return schema


def _list(resource: Json) -> Json:
    return _object(
        ("schemas", "Resources"),
        schemas=_TEXTS,
        totalResults=_INTEGER,
        itemsPerPage=_INTEGER,
        startIndex=_INTEGER,
        nextCursor=_TEXT,
        Resources=_array(resource),
    )


def _object(required: tuple[str, ...], /, **properties: Json) -> Json:
    return {"type": "object", "properties": properties, "required": list(required)}


def _array(items: Json) -> Json:
    return {"type": "array", "items": items}


def _constants(value: str) -> Json:
    return _array({"type": "string", "const": value})
