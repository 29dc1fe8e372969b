"""The attribute mapping that the wizard shows: source attributes of Entra or Okta and their SCIM targets."""

from dataclasses import dataclass
from typing import Literal

from shared.messages import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingRow:
    """A row of the mapping.

    `copy_source` adds a button that copies `source`; used for an expression, but not for a plain name.
    """

    label: Message
    source: str
    need: Literal["required", "recommended", "optional"]
    target: str
    hint: Message | None = None
    copy_source: bool = False


_PHONE = 'phoneNumbers[type eq "work"].value'
_MAIL = 'emails[type eq "work"].value'
ENTRA = (
    MappingRow(
        label=Message("map_user_name"),
        source="userPrincipalName",
        need="required",
        target="userName",
    ),
    MappingRow(
        label=Message("map_object_id"),
        source="objectId",
        need="required",
        target="externalId",
        hint=Message("map_hint_object_id"),
    ),
    MappingRow(
        label=Message("map_active"),
        source='Switch([IsSoftDeleted], , "False", "True", "True", "False")',
        need="recommended",
        target="active",
        hint=Message("map_hint_active"),
        copy_source=True,
    ),
    MappingRow(
        label=Message("map_phone"),
        source="Coalesce([telephoneNumber], [mobile])",
        need="optional",
        target=_PHONE,
        hint=Message("map_hint_phone"),
        copy_source=True,
    ),
    MappingRow(
        label=Message("map_first_name"),
        source="givenName",
        need="optional",
        target="name.givenName",
        hint=Message("map_hint_first_name"),
    ),
    MappingRow(
        label=Message("map_last_name"),
        source="surname",
        need="optional",
        target="name.familyName",
        hint=Message("map_hint_last_name"),
    ),
    MappingRow(label=Message("map_email"), source="mail", need="optional", target=_MAIL),
    MappingRow(label=Message("map_title"), source="jobTitle", need="optional", target="title"),
)
OTHER = (
    MappingRow(
        label=Message("map_user_name"), source="userName", need="required", target="userName"
    ),
    MappingRow(
        label=Message("map_object_id"),
        source="id",
        need="required",
        target="externalId",
        hint=Message("map_hint_okta_id"),
    ),
    MappingRow(
        label=Message("map_first_name"),
        source="firstName",
        need="required",
        target="name.givenName",
    ),
    MappingRow(
        label=Message("map_last_name"), source="lastName", need="required", target="name.familyName"
    ),
    MappingRow(label=Message("map_email"), source="email", need="required", target=_MAIL),
    MappingRow(
        label=Message("map_phone"),
        source="user.primaryPhone != null ? user.primaryPhone : user.mobilePhone",
        need="optional",
        target=_PHONE,
        hint=Message("map_hint_okta_phone"),
        copy_source=True,
    ),
    MappingRow(label=Message("map_title"), source="title", need="optional", target="title"),
)
