"""Validate the agents who may see a directory; an administrator names them by app roles and Entra groups.

`contacts.account_directories` enforces these limits for everything that agents read.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from directories.errors import InvalidField
from directories.models import Readers
from shared.ids import is_guid
from shared.messages import Message

MAX_NAMED = 50  # roles, and groups, of one directory
MAX_ROLE = 120  # characters of an app role's value (Microsoft Graph, appRole)
_ROLE = re.compile(r"[A-Za-z0-9!#$%&'()*+,\-./:;<=>?@\[\]^_`{|}~]+")


def decode_readers(value: Mapping[str, Any] | None) -> Readers | None:
    """Return the readers that the JSON object `value` describes; None: all agents of the account.

    Raises:
        InvalidField: A role or group is malformed, there are too many, or there is none.
    """
    if value is None:
        return None
    roles = _distinct("readers.roles", value.get("roles", ()))
    groups = _distinct("readers.groups", [one.lower() for one in value.get("groups", ())])
    for role in roles:
        if len(role) > MAX_ROLE or not _ROLE.fullmatch(role):
            raise InvalidField("readers.roles", Message("readers_role", value=role[:60]))
    for group in groups:
        if not is_guid(group):
            raise InvalidField("readers.groups", Message("readers_group", value=group[:60]))
    if not roles and not groups:
        raise InvalidField("readers", Message("readers_none"))
    return Readers(roles, groups)


def _distinct(field: str, values: Iterable[str]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(value.strip() for value in values if value.strip()))
    if len(found) > MAX_NAMED:
        raise InvalidField(field, Message("readers_many", count=len(found), most=MAX_NAMED))
    return found
