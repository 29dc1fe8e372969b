"""SCIM 2.0 (RFC 7643, 7644, 9865) and the OAuth token endpoint, from the schemas that the service provider goes by."""

from scim.core.attributes import Attribute, ResourceType
from scim.core.errors import ERROR_URN
from scim.core.patch import PATCH_URN
from scim.core.schemas import GROUP, USER
from scim.http import SCIM_JSON, SEARCH_REQUEST
from scim.query import LIST_RESPONSE, MAX_COUNT
from web.openapi.directories_api import ID
from web.openapi.parts import (
    Json,
    answer,
    array,
    body,
    header,
    path,
    path_parameter,
    query,
    ref,
    text,
    thing,
)

TAG = "SCIM"
_TYPES = {
    "string": {"type": "string"},
    "reference": {"type": "string"},
    "binary": {"type": "string", "contentEncoding": "base64"},
    "dateTime": {"type": "string", "format": "date-time"},
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer"},
    "decimal": {"type": "number"},
}
_BULK = "urn:ietf:params:scim:api:messages:2.0:Bulk"
_WHY = {
    400: "Not valid; `scimType` and `detail` name the attribute, its fault and the remedy",
    401: "The token is missing, wrong, expired or revoked",
    404: "There is no such resource",
    409: "A unique value is taken; `detail` names by whom",
    412: "Another version than `If-Match` names",
    413: "Too large",
    429: "Too many requests; `Retry-After` says when to go on",
    501: "Not supported",
    503: "Storage does not answer; `Retry-After` says when to ask again",
}
_PROJECTION = [
    query("attributes", "Only these attributes (RFC 7644 section 3.9)"),
    query("excludedAttributes", "All but these attributes"),
]
_LIST = [
    query("filter", 'Such as `userName eq "anna@contoso.example"` (section 3.4.2.2)'),
    query("startIndex", "From 1", {"type": "integer"}),
    query("count", f"At most {MAX_COUNT}", {"type": "integer"}),
    query("cursor", "RFC 9865: empty to begin, then `nextCursor`"),
    query("sortBy", "An attribute"),
    query("sortOrder", "ascending or descending", {"enum": ["ascending", "descending"]}),
    *_PROJECTION,
]
_IF_MATCH = header("If-Match", "Only if the resource still has this `ETag`")
_IF_NONE_MATCH = header("If-None-Match", "304 where the resource still has this `ETag`")


def schemas() -> Json:
    """Users and groups from their SCIM schemas, and the messages."""
    operation = thing({"op": {"enum": ["add", "remove", "replace"]}}, {"path": text(), "value": {}})
    bulk = {"method": {"enum": ["POST", "PUT", "PATCH", "DELETE"]}, "path": text()}
    resources = thing(
        {"schemas": array(text()), "Resources": array({"type": "object"})},
        {name: {"type": "integer"} for name in ("totalResults", "itemsPerPage", "startIndex")}
        | {"nextCursor": text()},
    )
    return {
        "User": _resource(USER),
        "Group": _resource(GROUP),
        "ScimList": resources,
        "Patch": thing({"schemas": array({"const": PATCH_URN}), "Operations": array(operation)}),
        "Search": thing(
            {"schemas": array({"const": SEARCH_REQUEST})},
            {parameter["name"]: parameter["schema"] for parameter in _LIST[:6]},
        ),
        "Bulk": thing(
            {"Operations": array(thing(bulk, {"bulkId": text(), "data": {"type": "object"}}))},
            {"schemas": array(text()), "failOnErrors": {"type": "integer"}},
        ),
        "ScimError": thing(
            {"schemas": array({"const": ERROR_URN}), "status": text()},
            {"scimType": text(), "detail": text()},
        ),
    }


def _resource(kind: ResourceType) -> Json:
    properties = {
        attribute.name: _attribute(attribute)
        for attribute in (*kind.common, *kind.schema.attributes)
    }
    for extension in kind.extensions:
        own = {attribute.name: _attribute(attribute) for attribute in extension.attributes}
        properties[extension.id] = {
            "type": "object",
            "description": extension.description,
            "properties": own,
        }
    required = [attribute.name for urn, attribute in kind.required if not urn]
    return {"type": "object", "properties": properties, "required": required}


def _attribute(attribute: Attribute) -> Json:
    if attribute.type == "complex":
        schema: Json = {
            "type": "object",
            "properties": {sub.name: _attribute(sub) for sub in attribute.sub_attributes},
        }
    else:
        schema = dict(_TYPES[attribute.type])
    if attribute.multi_valued:
        schema = array(schema)
    if attribute.description:
        schema["description"] = attribute.description
    if attribute.mutability == "readOnly":
        schema["readOnly"] = True
    return schema


def _operation(
    name: str,
    summary: str,
    responses: dict[int, Json],
    refusals: tuple[int, ...] = (),
    parameters: list[Json] | None = None,
    takes: Json | None = None,
) -> Json:
    refused = {
        status: answer(_WHY[status], ref("ScimError"), SCIM_JSON)
        for status in (401, 429, 503, *refusals)
    }
    answers = {
        str(status): response for status, response in sorted({**responses, **refused}.items())
    }
    return {
        "operationId": name,
        "tags": [TAG],
        "summary": summary,
        "security": [{"securityToken": []}],
        **({"parameters": parameters} if parameters else {}),
        **({"requestBody": takes} if takes else {}),
        "responses": answers,
    }


def _of(kind: ResourceType, example: Json, functions: tuple[str, str]) -> Json:
    """The paths of one resource type."""
    base, name = f"/scim/{{directoryId}}/v2{kind.endpoint}", kind.name
    one = {200: answer("The resource", ref(name), SCIM_JSON)}
    listed = {
        200: answer(
            "A page",
            ref("ScimList"),
            SCIM_JSON,
            {"schemas": [LIST_RESPONSE], "totalResults": 0, "Resources": []},
        )
    }
    patch = {
        "schemas": [PATCH_URN],
        "Operations": [{"op": "replace", "path": "displayName", "value": "Anna"}],
    }
    patched = (
        one
        if kind is USER
        else {204: {"description": "Done"}, 200: answer("With `attributes`", ref(name), SCIM_JSON)}
    )
    resource = body(ref(name), example, SCIM_JSON)
    none = {304: {"description": "The client's version is current"}}
    return {
        base: path(
            functions[0],
            parameters=[ID],
            get=_operation(
                f"list{name}s", f"{name}s by filter, page by page", listed, (400,), _LIST
            ),
            post=_operation(
                f"create{name}",
                f"Create a {name.lower()}",
                {201: answer("Created", ref(name), SCIM_JSON)},
                (400, 409, 413),
                _PROJECTION,
                resource,
            ),
        ),
        f"{base}/.search": path(
            functions[1],
            parameters=[ID],
            post=_operation(
                f"search{name}s",
                "As GET, with the query in the body",
                listed,
                (400, 413),
                [],
                body(ref("Search"), {"schemas": [SEARCH_REQUEST], "count": 10}, SCIM_JSON),
            ),
        ),
        f"{base}/{{id}}": path(
            functions[1],
            parameters=[ID, path_parameter("id", f"The {name.lower()}'s id")],
            get=_operation(
                f"read{name}",
                f"Read a {name.lower()}",
                {**one, **none},
                (400, 404),
                [*_PROJECTION, _IF_NONE_MATCH],
            ),
            put=_operation(
                f"replace{name}",
                f"Replace a {name.lower()}",
                one,
                (400, 404, 409, 412, 413),
                [*_PROJECTION, _IF_MATCH],
                resource,
            ),
            patch=_operation(
                f"patch{name}",
                f"Change parts of a {name.lower()}",
                patched,
                (400, 404, 409, 412, 413),
                [*_PROJECTION, _IF_MATCH],
                body(ref("Patch"), patch, SCIM_JSON),
            ),
            delete=_operation(
                f"delete{name}",
                f"Delete a {name.lower()}",
                {204: {"description": "Done"}},
                (404, 412),
                [_IF_MATCH],
            ),
        ),
    }


def _reading(function: str, name: str, summary: str, parameters: list[Json] | None = None) -> Json:
    found = {200: answer("As RFC 7643 writes it", {"type": "object"}, SCIM_JSON)}
    get = _operation(name, summary, found, (403, 404) if parameters else (403,))
    return path(function, parameters=[ID, *(parameters or [])], get=get)


_WHY[403] = "A filter is not possible here (RFC 7644 section 4)"


def paths() -> Json:
    """Every path under `/scim/{directoryId}`."""
    base = "/scim/{directoryId}/v2"
    user = {
        "schemas": [USER.schema.id],
        "userName": "anna.mueller@contoso.example",
        "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
        "name": {"givenName": "Anna", "familyName": "Müller"},
        "emails": [{"type": "work", "value": "anna.mueller@contoso.example"}],
        "phoneNumbers": [{"type": "work", "value": "+49 30 901820"}],
        "title": "Head of Sales",
    }
    group = {"schemas": [GROUP.schema.id], "displayName": "Sales", "members": []}
    bulk = {
        "schemas": [f"{_BULK}Request"],
        "Operations": [{"method": "POST", "path": "/Users", "bulkId": "a", "data": user}],
    }
    config = "What the service provider can do"
    me = {501: answer(_WHY[501], ref("ScimError"), SCIM_JSON)}
    return {
        **_of(USER, user, ("scim_users", "scim_user")),
        **_of(GROUP, group, ("scim_groups", "scim_group")),
        f"{base}/Bulk": path(
            "scim_bulk",
            parameters=[ID],
            post=_operation(
                "bulk",
                "Many operations in one request",
                {200: answer("One result each", {"type": "object"}, SCIM_JSON)},
                (400, 413),
                [],
                body(ref("Bulk"), bulk, SCIM_JSON),
            ),
        ),
        f"{base}/.search": path(
            "scim_search",
            parameters=[ID],
            post=_operation(
                "searchAllResources",
                "Users and groups in one list",
                {200: answer("A page", ref("ScimList"), SCIM_JSON)},
                (400, 413),
                [],
                body(ref("Search"), {"schemas": [SEARCH_REQUEST], "count": 10}, SCIM_JSON),
            ),
        ),
        f"{base}/ServiceProviderConfig": _reading(
            "scim_service_provider_config", "readConfig", config
        ),
        f"{base}/ResourceTypes": _reading(
            "scim_resource_types", "listResourceTypes", "Users and groups"
        ),
        f"{base}/ResourceTypes/{{name}}": _reading(
            "scim_resource_types",
            "readResourceType",
            "One of them",
            [path_parameter("name", "User or Group")],
        ),
        f"{base}/Schemas": _reading("scim_schemas", "listSchemas", "Every attribute that is known"),
        f"{base}/Schemas/{{urn}}": _reading(
            "scim_schemas", "readSchema", "One schema", [path_parameter("urn", "Its URN")]
        ),
        base: _reading(
            "scim_base", "readBase", config + ", for clients that test the base address"
        ),
        f"{base}/Me": path(
            "scim_me",
            parameters=[ID],
            **{
                method: _operation(f"{method}Me", "Not supported (RFC 7644 section 3.11)", me)
                for method in ("get", "post", "put", "patch", "delete")
            },
        ),
        "/scim/{directoryId}/oauth2/token": path("scim_token", parameters=[ID], post=_token()),
        "/scim/{directoryId}/.well-known/oauth-authorization-server": path(
            "scim_oauth_metadata", parameters=[ID], get=_metadata()
        ),
    }


def _metadata() -> Json:
    """RFC 8414 section 3.2."""
    lists = (
        "response_types_supported",
        "grant_types_supported",
        "scopes_supported",
        "token_endpoint_auth_methods_supported",
        "token_endpoint_auth_signing_alg_values_supported",
    )
    found = thing(
        {
            "issuer": text(),
            "token_endpoint": text(),
            **{name: array(text()) for name in lists},
            "service_documentation": text(),
        }
    )
    return {
        "operationId": "readTokenMetadata",
        "tags": [TAG],
        "summary": "Describe the token endpoint (RFC 8414)",
        "security": [],
        "responses": {"200": answer("Metadata of the token endpoint", found)},
    }


def _token() -> Json:
    """RFC 6749 section 4.4, RFC 7523 section 2."""
    names = (
        "grant_type",
        "client_id",
        "client_secret",
        "client_assertion",
        "client_assertion_type",
        "assertion",
    )
    given = {
        "grant_type": "client_credentials",
        "client_id": "k3v9x0q2m7r5t8w1z4b6",
        "client_secret": "extdirsec_…",
    }
    issued = thing(
        {
            "access_token": text(),
            "token_type": {"const": "Bearer"},
            "expires_in": {"type": "integer"},
            "scope": {"const": "scim"},
        }
    )
    error = thing({"error": text()}, {"error_description": text()})
    refused = {
        status: answer(why, error)
        for status, why in ((400, "RFC 6749 section 5.2"), (401, "invalid_client"))
    }
    refused |= {status: answer(_WHY[status], error) for status in (413, 429, 503)}
    answers = {
        str(status): each
        for status, each in sorted({200: answer("An access token", issued), **refused}.items())
    }
    return {
        "operationId": "issueAccessToken",
        "tags": [TAG],
        "summary": "An access token for a client secret, or for an assertion that a trusted issuer signed",
        "security": [],
        "requestBody": body(
            thing({"grant_type": text()}, {name: text() for name in names[1:]}),
            given,
            "application/x-www-form-urlencoded",
        ),
        "responses": answers,
    }
