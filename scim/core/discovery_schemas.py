"""The schemas of the discovery resources (RFC 7643 sections 5, 6, 7 and 8.7.2; RFC 9865 section 4)."""

from scim.core.attributes import SCHEMA_URN, Attribute, Schema

SERVICE_PROVIDER_CONFIG_URN = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
RESOURCE_TYPE_URN = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"


def _fixed(name: str, type: str, description: str, **rest: object) -> Attribute:
    return Attribute(name, type=type, description=description, mutability="readOnly", **rest)  # type: ignore[arg-type]


def _complex(
    name: str, description: str, *subs: Attribute, required: bool = True, plural: bool = False
) -> Attribute:
    return _fixed(
        name, "complex", description, required=required, multi_valued=plural, sub_attributes=subs
    )


def _supported() -> Attribute:
    return _fixed("supported", "boolean", "Whether the feature is supported.", required=True)


def _url(name: str, description: str, **rest: object) -> Attribute:
    return _fixed(name, "reference", description, case_exact=True, **rest)


def _text(name: str, description: str, **rest: object) -> Attribute:
    return _fixed(name, "string", description, **rest)


def _flag(name: str, description: str, required: bool = True) -> Attribute:
    return _fixed(name, "boolean", description, required=required)


def _number(name: str, description: str, required: bool = True) -> Attribute:
    return _fixed(name, "integer", description, required=required)


SERVICE_PROVIDER_CONFIG_SCHEMA = Schema(
    SERVICE_PROVIDER_CONFIG_URN,
    "Service Provider Configuration",
    "What the service provider supports",
    (
        _url("documentationUri", "Where the documentation is.", reference_types=("external",)),
        _complex("patch", "PATCH options.", _supported()),
        _complex(
            "bulk",
            "Bulk options.",
            _supported(),
            _number("maxOperations", "The greatest number of operations in a request."),
            _number("maxPayloadSize", "The greatest size of a request, in bytes."),
        ),
        _complex(
            "filter",
            "Filter options.",
            _supported(),
            _number("maxResults", "The greatest number of resources in an answer."),
        ),
        _complex("changePassword", "Options of changing a password.", _supported()),
        _complex("sort", "Sort options.", _supported()),
        _complex("etag", "ETag options.", _supported()),
        _complex(
            "pagination",
            "Pagination options (RFC 9865).",
            _flag("cursor", "Whether cursor-based pagination is supported."),
            _flag("index", "Whether index-based pagination is supported."),
            _text(
                "defaultPaginationMethod",
                "What is used when a client asks for neither: cursor or index.",
            ),
            _number(
                "defaultPageSize", "The resources on a page when a client asks for no count.", False
            ),
            _number("maxPageSize", "The greatest number of resources on a page.", False),
            _number("cursorTimeout", "The seconds for which a cursor is valid.", False),
            required=False,
        ),
        _complex(
            "authenticationSchemes",
            "The ways a client may authenticate.",
            _text(
                "type",
                "The kind of scheme.",
                required=True,
                canonical_values=("oauth", "oauth2", "oauthbearertoken", "httpbasic", "httpdigest"),
            ),
            _text("name", "The name of the scheme.", required=True),
            _text("description", "What the scheme is.", required=True),
            _url("specUri", "The specification of the scheme.", reference_types=("external",)),
            _url("documentationUri", "How to use the scheme.", reference_types=("external",)),
            _flag("primary", "Whether the scheme is the preferred one.", False),
            plural=True,
        ),
    ),
)

RESOURCE_TYPE_SCHEMA = Schema(
    RESOURCE_TYPE_URN,
    "ResourceType",
    "The kinds of resources there are",
    (
        _text("id", "The id of the resource type; its name."),
        _text("name", "The name of the resource type.", required=True),
        _text("description", "What the resource type is for."),
        _url(
            "endpoint",
            "Where the resources are, below the base URL.",
            required=True,
            reference_types=("uri",),
        ),
        _url("schema", "The URN of the base schema.", required=True, reference_types=("uri",)),
        _complex(
            "schemaExtensions",
            "The extensions of the base schema.",
            _url("schema", "The URN of the extension.", required=True, reference_types=("uri",)),
            _flag("required", "Whether a resource must have the extension."),
            required=False,
            plural=True,
        ),
    ),
)


def _characteristics() -> tuple[Attribute, ...]:
    """Return the attributes that describe an attribute in a schema (RFC 7643 section 7)."""
    return (
        _text("name", "The attribute's name.", required=True, case_exact=True),
        _text(
            "type",
            "The attribute's data type.",
            required=True,
            canonical_values=(
                "string", "complex", "boolean", "decimal", "integer", "dateTime", "reference", "binary",
            ),
        ),
        _flag("multiValued", "Whether the attribute has several values."),
        _text("description", "What the attribute is for."),
        _flag("required", "Whether the attribute must be given.", False),
        _text("canonicalValues", "Values that are suggested.", multi_valued=True, case_exact=True),
        _flag("caseExact", "Whether case matters in a comparison.", False),
        _text(
            "mutability",
            "When the attribute may be changed.",
            case_exact=True,
            canonical_values=("readOnly", "readWrite", "immutable", "writeOnly"),
        ),
        _text(
            "returned",
            "When the attribute is returned.",
            case_exact=True,
            canonical_values=("always", "never", "default", "request"),
        ),
        _text(
            "uniqueness",
            "Among which values it is unique.",
            case_exact=True,
            canonical_values=("none", "server", "global"),
        ),
        _text("referenceTypes", "What a reference may point to.", multi_valued=True, case_exact=True),
    )  # fmt: skip


SCHEMA_SCHEMA = Schema(
    SCHEMA_URN,
    "Schema",
    "What resources are made of",
    (
        _text("id", "The URN of the schema.", required=True),
        _text("name", "The name of the schema."),
        _text("description", "What the schema is for."),
        _complex(
            "attributes",
            "The attributes of the schema.",
            *_characteristics(),
            _complex(
                "subAttributes",
                "The parts of a complex attribute.",
                *_characteristics(),
                required=False,
                plural=True,
            ),
            plural=True,
        ),
    ),
)
