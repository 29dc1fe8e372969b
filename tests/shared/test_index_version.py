"""INDEX_VERSION must be raised with every change of the index rows."""

import hashlib
from collections.abc import Iterator
from typing import Any

from scim.core.attributes import Attribute
from scim.core.user_schema import ENTERPRISE_SCHEMA, USER_SCHEMA
from scim.groups import models as groups
from scim.users.index_rows import index_rows
from scim.users.models import UserRecord
from shared.tables.schema.contacts import INDEX_VERSION

# By version: the digest of the index rows of the users and the group below.
ROWS = {2: "6c8af3dec4a9d3f8"}
_ID = "01J00000000000000000000000"
_TIME = "2026-01-01T00:00:00.000Z"


def _value(attribute: Attribute) -> Any:
    """Return a value of the attribute that contains its name, so that its rows are recognisable."""
    if attribute.sub_attributes:
        value: Any = {sub.name: _value(sub) for sub in attribute.sub_attributes}
    elif attribute.name == "value" and attribute.path.startswith("phoneNumbers"):
        value = "+442079460958"
    else:
        value = (
            True
            if attribute.type == "boolean"
            else attribute.path.rpartition(":")[2].replace(".", "")
        )
    return [value] if attribute.multi_valued else value


def _rows() -> Iterator[tuple[str, bytes]]:
    """Yield the index rows of a group, and of one user per attribute, who has a value for it."""
    resources: list[dict[str, Any]] = [
        *({one.name: _value(one)} for one in USER_SCHEMA.attributes),
        *({ENTERPRISE_SCHEMA.id: {one.name: _value(one)}} for one in ENTERPRISE_SCHEMA.attributes),
    ]
    for resource in resources:
        user = UserRecord(
            id=_ID, resource={"userName": "someone", **resource}, created=_TIME, modified=_TIME
        )
        yield from index_rows(user, "GB").items()
    group = groups.GroupRecord(
        id=_ID, resource={"displayName": "Group", "externalId": "x"}, created=_TIME, modified=_TIME
    )
    yield from groups.index_rows(group).items()


def test_a_change_of_index_rows_raises_the_version() -> None:
    """Otherwise stored users aren't found by the new rows (shared/tables/schema/contacts.py).

    There is one user per attribute of the schemas, so making an attribute searchable is detected
    too.
    """
    digest = hashlib.sha256()
    for key, value in sorted(set(_rows())):
        digest.update(key.encode() + b"\0" + value + b"\n")
    found = digest.hexdigest()[:16]
    assert ROWS.get(INDEX_VERSION) == found, (
        f"index rows have changed: raise INDEX_VERSION, say why there, and add {found!r} here"
    )
