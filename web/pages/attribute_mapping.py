"""The attribute mapping that the wizard shows: what Entra or Okta sends, and where it goes."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class MappingRow:
    """A row; `label` and `hint` are keys of texts, `source` is copyable where it is more than one name."""

    label: str
    source: str
    need: Literal["required", "recommended", "optional"]
    target: str
    hint: str = ""
    copy_source: bool = False


_PHONE = 'phoneNumbers[type eq "work"].value'
_MAIL = 'emails[type eq "work"].value'
ENTRA = (
    MappingRow("map_user_name", "userPrincipalName", "required", "userName"),
    MappingRow("map_object_id", "objectId", "required", "externalId", "map_hint_object_id"),
    MappingRow(
        "map_active",
        'Switch([IsSoftDeleted], , "False", "True", "True", "False")',
        "recommended",
        "active",
        "map_hint_active",
        True,
    ),
    MappingRow(
        "map_phone",
        "Coalesce([telephoneNumber], [mobile])",
        "optional",
        _PHONE,
        "map_hint_phone",
        True,
    ),
    MappingRow("map_first_name", "givenName", "optional", "name.givenName", "map_hint_first_name"),
    MappingRow("map_last_name", "surname", "optional", "name.familyName", "map_hint_last_name"),
    MappingRow("map_email", "mail", "optional", _MAIL),
    MappingRow("map_title", "jobTitle", "optional", "title"),
)
OTHER = (
    MappingRow("map_user_name", "userName", "required", "userName"),
    MappingRow("map_object_id", "id", "required", "externalId", "map_hint_okta_id"),
    MappingRow("map_first_name", "firstName", "required", "name.givenName"),
    MappingRow("map_last_name", "lastName", "required", "name.familyName"),
    MappingRow("map_email", "email", "required", _MAIL),
    MappingRow(
        "map_phone",
        "user.primaryPhone != null ? user.primaryPhone : user.mobilePhone",
        "optional",
        _PHONE,
        "map_hint_okta_phone",
        True,
    ),
    MappingRow("map_title", "title", "optional", "title"),
)
