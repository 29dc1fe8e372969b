"""All schemas and resource types of this service provider (RFC 7643)."""

from dataclasses import replace

from scim.core.attributes import SCHEMA_URN, Attribute, ResourceType, Schema, Target
from scim.core.discovery_schemas import (
    RESOURCE_TYPE_SCHEMA,
    RESOURCE_TYPE_URN,
    SCHEMA_SCHEMA,
    SERVICE_PROVIDER_CONFIG_SCHEMA,
    SERVICE_PROVIDER_CONFIG_URN,
)
from scim.core.group_schema import GROUP_SCHEMA as _GROUP_SCHEMA
from scim.core.group_schema import GROUP_URN
from scim.core.user_schema import ENTERPRISE_SCHEMA, ENTERPRISE_URN, PASSWORD, USER_URN
from scim.core.user_schema import USER_SCHEMA as _USER_SCHEMA

__all__ = [
    "ENTERPRISE_SCHEMA",
    "ENTERPRISE_URN",
    "GROUP",
    "GROUP_SCHEMA",
    "GROUP_URN",
    "RESOURCE_TYPES",
    "RESOURCE_TYPE_SCHEMA",
    "RESOURCE_TYPE_URN",
    "SCHEMAS",
    "SCHEMA_SCHEMA",
    "SCHEMA_URN",
    "SERVICE_PROVIDER_CONFIG_SCHEMA",
    "SERVICE_PROVIDER_CONFIG_URN",
    "USER",
    "USER_SCHEMA",
    "USER_URN",
    "Attribute",
    "ResourceType",
    "Schema",
    "Target",
]


def _id() -> Attribute:
    return Attribute(
        "id",
        description="The id that the service provider gave the resource.",
        case_exact=True,
        mutability="readOnly",
        returned="always",
        uniqueness="server",
    )


def _external_id() -> Attribute:
    return Attribute(
        "externalId",
        description="The id that the client gave the resource.",
        case_exact=True,
        needed=True,
    )


def _meta_part(name: str, type: str, description: str, case_exact: bool = False) -> Attribute:
    return Attribute(
        name, type=type, description=description, case_exact=case_exact, mutability="readOnly"
    )


def _meta() -> Attribute:
    """Return the attribute `meta` (RFC 7643 section 3.1)."""
    return Attribute(
        "meta",
        type="complex",
        description="What the service provider knows about the resource.",
        mutability="readOnly",
        sub_attributes=(
            _meta_part("resourceType", "string", "The name of the resource type.", True),
            _meta_part("created", "dateTime", "When the resource was created."),
            _meta_part("lastModified", "dateTime", "When the resource was last changed."),
            _meta_part("location", "reference", "The URI of the resource.", True),
            _meta_part(
                "version", "string", "The version of the resource, as in the ETag header.", True
            ),
        ),
    )


def _schemas() -> Attribute:
    """Return the attribute `schemas`, which filters may use although /Schemas doesn't list it."""
    return Attribute(
        "schemas",
        type="reference",
        multi_valued=True,
        description="The URNs of the resource's schemas.",
        returned="always",
    )


# RFC 7643 section 3.1 lets schemas list the common attributes, and Microsoft's gallery test looks for those that can be
# mapped. `meta` cannot, and clients that build classes from /Schemas (scim2-client) stumble over one of their own.
USER_SCHEMA = replace(_USER_SCHEMA, listed=(_id(), _external_id()))
GROUP_SCHEMA = replace(_GROUP_SCHEMA, listed=(_id(), _external_id()))

USER = ResourceType(
    "User",
    "/Users",
    USER_SCHEMA,
    extensions=(ENTERPRISE_SCHEMA,),
    common=(_schemas(), *USER_SCHEMA.listed, _meta(), PASSWORD),
    description="User Account",
)
GROUP = ResourceType(
    "Group",
    "/Groups",
    GROUP_SCHEMA,
    extensions=(),
    common=(_schemas(), *GROUP_SCHEMA.listed, _meta()),
    description="Group",
)

RESOURCE_TYPES = {resource_type.name: resource_type for resource_type in (USER, GROUP)}

SCHEMAS: dict[str, Schema] = {
    schema.id: schema
    for schema in (
        USER_SCHEMA,
        ENTERPRISE_SCHEMA,
        GROUP_SCHEMA,
        SERVICE_PROVIDER_CONFIG_SCHEMA,
        RESOURCE_TYPE_SCHEMA,
        SCHEMA_SCHEMA,
    )
}
