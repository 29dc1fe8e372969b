"""The stored user, the row that holds it, and the resource that clients see (RFC 7643 section 4.1)."""

import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from scim.core.errors import ScimError
from scim.core.schemas import USER
from shared import keys, row_versions
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
    every row of this user. So a change removes exactly the existing rows, even if another release or
    default region derived them. `index_version` and `index_region` are the version of the rules and the
    region that derived them: version 1 and "" in rows of the first release, which stored neither.
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

    def indexed(self, index: tuple[str, ...], version: int, region: str) -> "UserRecord":
        """Return the record with the keys of its index rows, and the version and region of the rules that derived them."""
        # `dataclasses.replace` takes four times as long.
        return UserRecord(
            id=self.id,
            resource=self.resource,
            created=self.created,
            modified=self.modified,
            version=self.version,
            index=index,
            index_version=version,
            index_region=region,
            unknown_fields=self.unknown_fields,
        )

    def changed(self, resource: dict[str, Any], modified: str) -> "UserRecord":
        """Return the next version with another resource."""
        return replace(self, resource=resource, modified=modified, version=self.version + 1)


@dataclass(frozen=True, slots=True)
class StoredUser:
    """A user, with the ids of the groups that have it as a direct member, and the storage tag of its record.

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
        """The SCIM resource as stored, without id, groups and meta."""
        return self.record.resource

    @property
    def etag(self) -> str:
        """The weak entity tag (RFC 7644 section 3.14), which changes with memberships, too."""
        return _etag(self.record.version, self.groups)


def encode(record: UserRecord) -> bytes:
    """Encode the record, without its id, as a row's value. Raise ScimError 413 if it is too large."""
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
    """Decode a row's value."""
    row = row_versions.decode(value, "user", VERSION)
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
    """Return the resource with id, groups and meta; `base_url` is the directory's SCIM base URL.

    It always has `active`, because clients compare it and filter by it (Okta's SCIM 2.0 test requires it).
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


def _etag(version: int | str, groups: Sequence[str]) -> str:
    if not groups:
        return f'W/"{version}"'
    return f'W/"{version}.{zlib.crc32("|".join(groups).encode()):x}"'


# What a row of `encode` has around its resource. A quotation mark within a text has a backslash before it, so
# `},"created":"` is never part of a text; it is a name of the row, since no attribute of a user is called so.
_BEFORE_RESOURCE = b'{"v":1,"resource":'
_AFTER_RESOURCE = b'},"created":"'
_REST = re.compile(
    rb'\},"created":"([0-9TZ:.-]+)","modified":"([0-9TZ:.-]+)","version":([0-9]+),"index":\['
)
# Attributes that a response has only if the client requests them, or never.
_HIDDEN = tuple(
    f'"{attribute.name}":'.encode()
    for _, attribute in USER.placed_attributes()
    if attribute.returned in ("never", "request")
)


class UserJson(NamedTuple):
    """A user as clients see it: the key of its row, its JSON, its entity tag."""

    key: str
    json: bytes
    etag: str


def represent_row(row: Row, groups: Sequence[str], base_url: str) -> UserJson:
    """Return the user of a row as JSON, as `represent` does.

    The resource in a row of this release is copied unchanged, a twentieth of the work of decoding
    it. A row in another form is decoded.
    """
    identifier, value = row.key.rpartition(keys.SEPARATOR)[2], row.value
    end = value.rfind(_AFTER_RESOURCE)  # only times and short index keys follow
    rest = _REST.match(value, end) if end > 0 else None
    if rest is None or not value.startswith(_BEFORE_RESOURCE):
        return _represent_decoded(row, identifier, groups, base_url)
    resource = value[len(_BEFORE_RESOURCE) : end]
    for name in _HIDDEN:
        if name in resource:
            return _represent_decoded(row, identifier, groups, base_url)
    created, modified, version = rest.groups()
    base, own_id, tag = _in_json(base_url), identifier.encode(), _etag(version.decode(), groups)
    json = b"".join(
        (
            resource,
            b"" if b'"active":' in resource else b',"active":true',
            b',"id":"',
            own_id,
            b'"',
            _groups_in_json(groups, base) if groups else b"",
            b',"meta":{"resourceType":"User","created":"',
            created,
            b'","lastModified":"',
            modified,
            b'","location":"',
            base,
            b"/Users/",
            own_id,
            b'","version":"W/\\"',
            tag[len('W/"') : -1].encode(),
            b'\\""}}',
        )
    )
    return UserJson(row.key, json, tag)


def _groups_in_json(groups: Sequence[str], base: bytes) -> bytes:
    listed = [
        b'{"value":"%b","$ref":"%b/Groups/%b","type":"direct"}' % (group, base, group)
        for group in map(str.encode, groups)
    ]
    return b',"groups":[%b]' % b",".join(listed)


@lru_cache(maxsize=256)
def _in_json(text: str) -> bytes:
    """Return the text escaped for a JSON string and encoded as UTF-8, without quotation marks."""
    return orjson.dumps(text)[1:-1]


def _represent_decoded(row: Row, identifier: str, groups: Sequence[str], base_url: str) -> UserJson:
    user = StoredUser(decode(identifier, row.value), tuple(groups), row.etag)
    resource = {
        name: part
        for name, part in represent(user, base_url).items()
        if f'"{name}":'.encode() not in _HIDDEN
    }
    return UserJson(row.key, orjson.dumps(resource), user.etag)
