"""The stored user, the row that holds it, and the resource that clients see (RFC 7643 section 4.1)."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from scim.core.errors import ScimError
from shared import row_versions
from shared.messages import Message
from shared.tables.port import Row

VERSION = 1
MAX_BYTES = (
    64 * 1024
)  # about fifty times a real record; a page holds a thousand people, and each change is read


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRecord:
    """A user as stored.

    `resource` is the canonical SCIM JSON without id, meta and groups. `created` and `modified` are
    RFC 3339 times, `version` counts changes (the ETag). `index` holds the keys, without the id, of
    every row of this user, so that a change removes just those whatever release or default region
    derived them. `index_version` and `index_region` are the version of the rules and the region
    that derived them: version 1 and "" in rows of the first release, which stored neither.
    `unknown_fields` are those of a later release, which stay when the record is rewritten.
    """

    id: str
    resource: dict[str, Any]
    created: str
    modified: str
    version: int = 1
    index: tuple[str, ...] = ()
    index_version: int = 1
    index_region: str = ""
    unknown_fields: Mapping[str, Any] = field(
        default_factory=dict, compare=False, repr=False, kw_only=True
    )

    @property
    def active(self) -> bool:
        """Whether agents see the person; a user without `active` is active (RFC 7643 section 4.1.1 leaves it open)."""
        return self.resource.get("active", True) is not False

    @property
    def etag(self) -> str:
        """The weak entity tag of RFC 7644 section 3.14."""
        return f'W/"{self.version}"'

    def changed(self, resource: dict[str, Any], modified: str) -> "UserRecord":
        """Return the next version with another resource."""
        return replace(self, resource=resource, modified=modified, version=self.version + 1)


@dataclass(frozen=True, slots=True)
class StoredUser:
    """A user with the groups it is a direct member of and the storage tag of its record.

    `notes` are the rows of agents' notes, which are no SCIM data and are removed with the user.
    """

    record: UserRecord
    groups: tuple[str, ...]
    tag: str
    notes: tuple[Row, ...] = ()

    @property
    def id(self) -> str:
        """The id of the user."""
        return self.record.id

    @property
    def resource(self) -> dict[str, Any]:
        """The SCIM resource as it is stored."""
        return self.record.resource

    @property
    def etag(self) -> str:
        """The weak entity tag (RFC 7644 section 3.14), which changes with memberships, too."""
        if not self.groups:
            return self.record.etag
        return f'W/"{self.record.version}.{zlib.crc32("|".join(self.groups).encode()):x}"'


def encode(record: UserRecord) -> bytes:
    """Return the record as a row's value, without its id. Raise ScimError 413 if too large."""
    value = orjson.dumps(
        {
            **record.unknown_fields,
            "v": VERSION,
            "resource": record.resource,
            "created": record.created,
            "modified": record.modified,
            "version": record.version,
            "index": record.index,
            "index_version": record.index_version,
            "index_region": record.index_region,
        }
    )
    if len(value) > MAX_BYTES:
        raise ScimError(413, Message("user_too_large", count=len(value), most=MAX_BYTES))
    return value


def decode(identifier: str, value: bytes) -> UserRecord:
    """Return the record from a row's value."""
    row = row_versions.read(value, "user", VERSION)
    return UserRecord(
        id=identifier,
        resource=row.pop("resource"),
        created=row.pop("created"),
        modified=row.pop("modified"),
        version=row.pop("version"),
        index=tuple(row.pop("index")),
        index_version=row.pop("index_version", 1),
        index_region=row.pop("index_region", ""),
        unknown_fields=row,
    )


def represent(user: StoredUser, base_url: str) -> dict[str, Any]:
    """Return the resource with id, groups and meta; `base_url` is the directory's SCIM base.

    It always has `active`, which clients compare and filter by (Okta's SCIM 2.0 test asserts it).
    """
    record = user.record
    groups = [
        {"value": group_id, "$ref": f"{base_url}/Groups/{group_id}", "type": "direct"}
        for group_id in user.groups
    ]
    return {
        **record.resource,
        "active": record.active,
        "id": record.id,
        **({"groups": groups} if groups else {}),
        "meta": {
            "resourceType": "User",
            "created": record.created,
            "lastModified": record.modified,
            "location": f"{base_url}/Users/{record.id}",
            "version": user.etag,
        },
    }
