"""The Group schema (RFC 7643 sections 4.2 and 8.7.1)."""

from scim.core.attributes import Attribute, Schema

GROUP_URN = "urn:ietf:params:scim:schemas:core:2.0:Group"


def _fixed(name: str, description: str, type: str = "string", **rest: object) -> Attribute:
    """Return a sub-attribute of a member; it is immutable, so a member can only be added or removed."""
    return Attribute(name, type=type, description=description, mutability="immutable", **rest)  # type: ignore[arg-type]


_MEMBERS = Attribute(
    "members",
    type="complex",
    multi_valued=True,
    description="The members of the group.",
    needed=True,
    sub_attributes=(
        _fixed("value", "The id of the member.", case_exact=True),
        _fixed(
            "$ref",
            "The URI of the member.",
            "reference",
            reference_types=("User", "Group"),
            case_exact=True,
        ),
        _fixed("type", "The kind of member.", canonical_values=("User", "Group")),
    ),
)

GROUP_SCHEMA = Schema(
    GROUP_URN,
    "Group",
    "Group",
    (
        Attribute(
            "displayName",
            description="The name of the group.",
            required=True,
            uniqueness="server",
            needed=True,
        ),
        _MEMBERS,
    ),
)
