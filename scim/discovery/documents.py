"""The discovery documents of the endpoints (RFC 7643 sections 5 to 7, RFC 9865 section 4)."""

from typing import Any

from scim.core.schemas import GROUP, SCHEMAS, USER, ResourceType
from scim.list_query import CURSOR_TIMEOUT, DEFAULT_COUNT, MAX_COUNT
from scim.list_response import LIST_RESPONSE

_CORE = "urn:ietf:params:scim:schemas:core:2.0"
MAX_BULK_OPERATIONS = 1000
MAX_BULK_BYTES = 1024 * 1024


def service_provider_config(base_url: str) -> dict[str, Any]:
    """Return the ServiceProviderConfig of the directory at `base_url`."""
    return {
        "schemas": [f"{_CORE}:ServiceProviderConfig"],
        "documentationUri": "https://learn.microsoft.com/entra/identity/app-provisioning/use-scim-to-provision-users-and-groups",
        "patch": {"supported": True},
        "bulk": {
            "supported": True,
            "maxOperations": MAX_BULK_OPERATIONS,
            "maxPayloadSize": MAX_BULK_BYTES,
        },
        "filter": {"supported": True, "maxResults": MAX_COUNT},
        "changePassword": {"supported": False},
        "sort": {"supported": True},
        "etag": {"supported": True},
        "pagination": {
            "cursor": True,
            "index": True,
            "defaultPaginationMethod": "index",
            "defaultPageSize": DEFAULT_COUNT,
            "maxPageSize": MAX_COUNT,
            "cursorTimeout": CURSOR_TIMEOUT,
        },
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "Security token",
                "description": "The directory's security token as a bearer token (RFC 6750).",
                "specUri": "https://www.rfc-editor.org/rfc/rfc6750",
                "primary": True,
            },
            {
                "type": "oauth2",
                "name": "OAuth 2.0 client credentials",
                "description": "Client id with a secret (RFC 6749) or with an assertion signed by Entra ID (RFC 7523).",
                "specUri": "https://www.rfc-editor.org/rfc/rfc6749",
            },
        ],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": f"{base_url}/ServiceProviderConfig",
        },
    }


def resource_type(kind: ResourceType, base_url: str) -> dict[str, Any]:
    """Return one resource type (RFC 7643 section 6)."""
    extensions = [{"schema": extension.id, "required": False} for extension in kind.extensions]
    return {
        "schemas": [f"{_CORE}:ResourceType"],
        "id": kind.name,
        "name": kind.name,
        "description": kind.schema.description,
        "endpoint": kind.endpoint,
        "schema": kind.schema.id,
        **({"schemaExtensions": extensions} if extensions else {}),
        "meta": {
            "resourceType": "ResourceType",
            "location": f"{base_url}/ResourceTypes/{kind.name}",
        },
    }


def resource_types(base_url: str) -> list[dict[str, Any]]:
    """Return all resource types."""
    return [resource_type(kind, base_url) for kind in (USER, GROUP)]


def schemas(base_url: str) -> list[dict[str, Any]]:
    """Return all schemas (RFC 7643 section 7)."""
    return [
        {
            "schemas": [f"{_CORE}:Schema"],
            **schema.to_json(),
            "meta": {"resourceType": "Schema", "location": f"{base_url}/Schemas/{schema.id}"},
        }
        for schema in SCHEMAS.values()
    ]


def listed(resources: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the documents as a ListResponse; paging parameters are ignored (RFC 7644 section 4)."""
    return {
        "schemas": [LIST_RESPONSE],
        "totalResults": len(resources),
        "itemsPerPage": len(resources),
        "startIndex": 1,
        "Resources": resources,
    }
