"""The User schema and its enterprise extension (RFC 7643 sections 4.1, 4.3 and 8.7.1)."""

from scim.core.attributes import Attribute, Schema

USER_URN = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE_URN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def text(name: str, description: str, **rest: object) -> Attribute:
    """Return a singular text attribute with this name and description."""
    return Attribute(name, description=description, **rest)  # type: ignore[arg-type]


def _plural(
    name: str,
    description: str,
    value: Attribute,
    types: tuple[str, ...] = (),
    *,
    needed: bool = False,
) -> Attribute:
    """Return a multi-valued attribute with the default sub-attributes of RFC 7643 section 2.4."""
    subs = (
        value,
        text("display", "A name of the value for people to read."),
        text("type", "What the value is used for.", canonical_values=types),
        Attribute(
            "primary",
            type="boolean",
            description="Whether the value is the preferred one; true at most once.",
        ),
    )
    return Attribute(
        name,
        type="complex",
        multi_valued=True,
        description=description,
        sub_attributes=subs,
        needed=needed,
    )


def _reference(name: str, description: str, *types: str, **rest: object) -> Attribute:
    return Attribute(name, type="reference", description=description, reference_types=types, **rest)  # type: ignore[arg-type]


_NAME = Attribute(
    "name",
    type="complex",
    description="The components of the person's name.",
    required=True,
    needed=True,
    sub_attributes=(
        text("formatted", "The full name, formatted for display."),
        text("familyName", "The family name, or last name."),
        text("givenName", "The given name, or first name."),
        text("middleName", "The middle name or names."),
        text("honorificPrefix", "The title before the name, such as 'Dr.'."),
        text("honorificSuffix", "The suffix behind the name, such as 'III'."),
    ),
)

_ADDRESS_PARTS = (
    text("formatted", "The full address, formatted for display; may have line breaks."),
    text("streetAddress", "Street, house number, post-office box."),
    text("locality", "The city."),
    text("region", "The state or region."),
    text("postalCode", "The postal code."),
    text("country", "The country, as ISO 3166-1 alpha-2 code where the client knows it."),
    text("type", "What the address is used for.", canonical_values=("work", "home", "other")),
    Attribute(
        "primary",
        type="boolean",
        description="Whether the address is the preferred one; true at most once.",
    ),
)

_GROUPS = Attribute(
    "groups",
    type="complex",
    multi_valued=True,
    description="The groups the person belongs to; changed through the groups.",
    mutability="readOnly",
    sub_attributes=(
        text("value", "The id of the group.", mutability="readOnly", case_exact=True),
        _reference(
            "$ref", "The URI of the group.", "Group", mutability="readOnly", case_exact=True
        ),
        text("display", "The name of the group.", mutability="readOnly"),
        text(
            "type",
            "How the membership came about.",
            canonical_values=("direct", "indirect"),
            mutability="readOnly",
        ),
    ),
)

_CERTIFICATE = Attribute(
    "value", type="binary", description="The DER-encoded certificate, in base64.", case_exact=True
)

_PHONES = ("work", "home", "mobile", "fax", "pager", "other")
_MESSENGERS = ("aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo")

# Known so that it is neither stored nor noted as unknown, but not announced: this service provider keeps no passwords.
PASSWORD = text(
    "password",
    "Accepted and never kept.",
    mutability="writeOnly",
    returned="never",
    case_exact=True,
)

USER_SCHEMA = Schema(
    USER_URN,
    "User",
    "User Account",
    (
        text(
            "userName",
            "The name that identifies the person to the client.",
            needed=True,
            required=True,
            uniqueness="server",
        ),
        _NAME,
        text(
            "displayName",
            "The name of the person as shown to others.",
            needed=True,
        ),
        text(
            "nickName",
            "What the person is casually called.",
            needed=True,
        ),
        _reference(
            "profileUrl", "A page that shows the person's profile.", "external", case_exact=True
        ),
        text(
            "title",
            "The person's title, such as 'Vice President'.",
            needed=True,
        ),
        text(
            "userType",
            "The relationship between the organisation and the person, such as 'Employee'.",
        ),
        text("preferredLanguage", "The preferred language, as in the Accept-Language header."),
        text("locale", "The person's locale, such as 'en-US'."),
        text("timezone", "The time zone in IANA format, such as 'America/Los_Angeles'."),
        Attribute(
            "active",
            type="boolean",
            description="Whether the person is shown; false hides them. Without it, true.",
            required=True,
            needed=True,
        ),
        _plural(
            "emails",
            "E-mail addresses.",
            text("value", "The e-mail address."),
            ("work", "home", "other"),
            needed=True,
        ),
        _plural(
            "phoneNumbers",
            "Phone numbers.",
            text("value", "The number, best in E.164 form."),
            _PHONES,
            needed=True,
        ),
        _plural("ims", "Instant messaging addresses.", text("value", "The address."), _MESSENGERS),
        _plural(
            "photos",
            "URLs of photos.",
            _reference("value", "The URL of a photo.", "external", case_exact=True),
            ("photo", "thumbnail"),
        ),
        Attribute(
            "addresses",
            type="complex",
            multi_valued=True,
            description="Postal addresses.",
            sub_attributes=_ADDRESS_PARTS,
        ),
        _GROUPS,
        _plural(
            "entitlements", "What the person is entitled to.", text("value", "The entitlement."), ()
        ),
        _plural("roles", "The person's roles.", text("value", "The role."), ()),
        _plural("x509Certificates", "Certificates issued to the person.", _CERTIFICATE, ()),
    ),
)

_MANAGER = Attribute(
    "manager",
    type="complex",
    description="The person's manager.",
    needed=True,
    sub_attributes=(
        text("value", "The id of the manager's resource.", case_exact=True),
        _reference("$ref", "The URI of the manager's resource.", "User", case_exact=True),
        text("displayName", "The name of the manager.", mutability="readOnly"),
    ),
)

ENTERPRISE_SCHEMA = Schema(
    ENTERPRISE_URN,
    "EnterpriseUser",
    "Enterprise User",
    (
        text("employeeNumber", "The number of the person in the organisation."),
        text("costCenter", "The name of a cost centre."),
        text("organization", "The name of an organisation."),
        text("division", "The name of a division."),
        text("department", "The name of a department.", needed=True),
        _MANAGER,
    ),
)
