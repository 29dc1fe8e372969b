"""The attribute mapping that the wizard shows: attributes of Entra or Okta and their targets."""

from dataclasses import dataclass
from typing import Literal

from shared.messages import Message


@dataclass(frozen=True, slots=True)
class MappingRow:
    """A row; `source` can be copied if it is more than one name."""

    label: Message
    source: str
    need: Literal["required", "recommended", "optional"]
    target: str
    hint: Message | None = None
    copy_source: bool = False


_PHONE = 'phoneNumbers[type eq "work"].value'
_MAIL = 'emails[type eq "work"].value'
ENTRA = (
    MappingRow(Message("map_user_name"), "userPrincipalName", "required", "userName"),
    MappingRow(
        Message("map_object_id"),
        "objectId",
        "required",
        "externalId",
        Message("map_hint_object_id"),
    ),
    MappingRow(
        Message("map_active"),
        'Switch([IsSoftDeleted], , "False", "True", "True", "False")',
        "recommended",
        "active",
        Message("map_hint_active"),
        True,
    ),
    MappingRow(
        Message("map_phone"),
        "Coalesce([telephoneNumber], [mobile])",
        "optional",
        _PHONE,
        Message("map_hint_phone"),
        True,
    ),
    MappingRow(
        Message("map_first_name"),
        "givenName",
        "optional",
        "name.givenName",
        Message("map_hint_first_name"),
    ),
    MappingRow(
        Message("map_last_name"),
        "surname",
        "optional",
        "name.familyName",
        Message("map_hint_last_name"),
    ),
    MappingRow(Message("map_email"), "mail", "optional", _MAIL),
    MappingRow(Message("map_title"), "jobTitle", "optional", "title"),
)
OTHER = (
    MappingRow(Message("map_user_name"), "userName", "required", "userName"),
    MappingRow(
        Message("map_object_id"), "id", "required", "externalId", Message("map_hint_okta_id")
    ),
    MappingRow(Message("map_first_name"), "firstName", "required", "name.givenName"),
    MappingRow(Message("map_last_name"), "lastName", "required", "name.familyName"),
    MappingRow(Message("map_email"), "email", "required", _MAIL),
    MappingRow(
        Message("map_phone"),
        "user.primaryPhone != null ? user.primaryPhone : user.mobilePhone",
        "optional",
        _PHONE,
        Message("map_hint_okta_phone"),
        True,
    ),
    MappingRow(Message("map_title"), "title", "optional", "title"),
)
