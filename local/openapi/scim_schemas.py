"""The OpenAPI schemas of SCIM's resources and messages (RFC 7643, 7644, 9865) and of the token endpoint's messages."""

from scim.core.attributes import Attribute, ResourceType
from scim.core.errors import ERROR_URN
from scim.core.patch import PATCH_URN
from scim.core.schemas import GROUP, USER
from scim.http import SEARCH_REQUEST
from scim.list_query import MAX_COUNT
from shared.api_contract import Parameter
from web.openapi.schemas import Json, reference

_TEXT: Json = {"type": "string"}
_INTEGER: Json = {"type": "integer"}
_TEXTS: Json = {"type": "array", "items": _TEXT}
_ERROR_TEXT: Json = {**_TEXT, "x-ms-primary-error-message": True}
_METHODS: Json = {"type": "string", "enum": ["POST", "PUT", "PATCH", "DELETE"]}
_TYPES: dict[str, Json] = {
    "string": {"type": "string"},
    "reference": {"type": "string"},
    "binary": {"type": "string", "contentEncoding": "base64"},
    "dateTime": {"type": "string", "format": "date-time"},
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer"},
    "decimal": {"type": "number"},
}
QUERY = (
    Parameter("filter", 'Such as `userName eq "anna@contoso.example"` (section 3.4.2.2).'),
    Parameter("startIndex", "The first resource, from 1.", _INTEGER),
    Parameter("count", f"At most {MAX_COUNT}.", _INTEGER),
    Parameter("cursor", "Empty for the first page, then `nextCursor` (RFC 9865)."),
    Parameter("sortBy", "An attribute."),
    Parameter("sortOrder", "The order.", {"type": "string", "enum": ["ascending", "descending"]}),
)
_METADATA_LISTS = (
    "response_types_supported",
    "grant_types_supported",
    "scopes_supported",
    "token_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg_values_supported",
)
_GRANT_FIELDS = (
    "grant_type",
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "assertion",
)


def schemas() -> dict[str, Json]:
    """Return the schemas by name: users and groups, derived from their SCIM schemas, and the messages."""
    return {
        "User": _resource(USER),
        "Group": _resource(GROUP),
        "UserList": _list(reference("User")),
        "GroupList": _list(reference("Group")),
        "ResourceList": _list(reference("ScimDocument")),
        "ScimDocument": {"type": "object", "description": "JSON that /Schemas describes."},
        **_requests(),
        "BulkResponse": _bulk_response(),
        "ScimError": _error(),
        **_token_messages(),
    }


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


def _requests() -> dict[str, Json]:
    """Return the schemas of the bodies of PATCH, search and bulk requests, by name."""
    operation = _object(
        ("op",),
        op={"type": "string", "enum": ["add", "remove", "replace"]},
        path=_TEXT,
        value={},
    )
    request = _object(
        ("method", "path"), method=_METHODS, path=_TEXT, bulkId=_TEXT, data={"type": "object"}
    )
    patched = {"schemas": _constants(PATCH_URN), "Operations": _array(operation)}
    searched = {one.name: dict(one.schema) for one in QUERY}
    bulk = {"schemas": _TEXTS, "Operations": _array(request), "failOnErrors": _INTEGER}
    return {
        "PatchRequest": _object(("schemas", "Operations"), **patched),
        "SearchRequest": _object(("schemas",), schemas=_constants(SEARCH_REQUEST), **searched),
        "BulkRequest": _object(("Operations",), **bulk),
    }


def _bulk_response() -> Json:
    outcome = _object(
        ("method", "status"),
        method=_METHODS,
        bulkId=_TEXT,
        location=_TEXT,
        version=_TEXT,
        status=_TEXT,
        response=reference("ScimDocument"),
    )
    return _object(("schemas", "Operations"), schemas=_TEXTS, Operations=_array(outcome))


def _error() -> Json:
    error = _object(
        ("schemas", "status"),
        schemas=_TEXTS,
        status=_TEXT,
        scimType=_TEXT,
        detail=_ERROR_TEXT,
    )
    return error | {"description": f"An error ({ERROR_URN}, RFC 7644 section 3.12)."}


def _token_messages() -> dict[str, Json]:
    """Return the schemas of the token endpoint's messages, by name (RFC 6749 section 4.4, RFC 8414 section 3.2)."""
    return {
        "TokenRequest": _object(("grant_type",), **dict.fromkeys(_GRANT_FIELDS, _TEXT)),
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
        "TokenError": _object(("error",), error=_TEXT, error_description=_ERROR_TEXT),
    }


def _object(required: tuple[str, ...], /, **properties: Json) -> Json:
    return {"type": "object", "properties": properties, "required": list(required)}


def _array(items: Json) -> Json:
    return {"type": "array", "items": items}


def _constants(value: str) -> Json:
    return _array({"type": "string", "const": value})
