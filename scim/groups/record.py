"""The stored group: the SCIM resource without its members, which stand in rows of their own."""

from dataclasses import dataclass, replace
from typing import Any

import orjson

from scim.core.errors import ScimError
from shared import keys, row_versions
from shared.messages import Message
from shared.tables.port import Delete, Insert, Replace

VERSION = 1
MAX_BYTES = 64 * 1024
_MOST_SHOWN = 300  # characters
OwnRow = Insert | Replace | Delete


@dataclass(frozen=True, slots=True)
class GroupRecord:
    """A group as stored; `version` counts its changes, those of its membership by SCIM requests included."""

    id: str
    resource: dict[str, Any]
    created: str
    modified: str
    version: int = 1

    @property
    def etag(self) -> str:
        """The weak entity tag of RFC 7644 section 3.14."""
        return f'W/"{self.version}"'

    @property
    def shown_name(self) -> str:
        """The name as lists show it: a company may send one of any length."""
        return str(self.resource["displayName"])[:_MOST_SHOWN]

    def changed(self, resource: dict[str, Any], modified: str) -> "GroupRecord":
        """The next version with another resource."""
        return replace(self, resource=resource, modified=modified, version=self.version + 1)


def encode(record: GroupRecord) -> bytes:
    """The record as a row's value; its id is in the row's key. ScimError 413 for one that is too large."""
    stored = {"resource": record.resource, "created": record.created, "modified": record.modified}
    value = orjson.dumps({"v": VERSION, **stored, "version": record.version})
    if len(value) > MAX_BYTES:
        raise ScimError(413, Message("group_too_large", count=len(value), most=MAX_BYTES))
    return value


def decode(identifier: str, value: bytes) -> GroupRecord:
    """The record from a row's value."""
    row = row_versions.read(value, "group", VERSION)
    return GroupRecord(identifier, row["resource"], row["created"], row["modified"], row["version"])


def group_key(identifier: str) -> str:
    """The key of the record."""
    return keys.key("group", identifier)


def name_key(display_name: str) -> str:
    """The key that makes a display name unique, in any case: Entra matches groups by it."""
    return keys.key("gname", keys.fold_case(display_name))


def index_rows(record: GroupRecord) -> dict[str, bytes]:
    """The rows by which the group is found."""
    rows = {name_key(record.resource["displayName"]): orjson.dumps({"id": record.id})}
    if external_id := record.resource.get("externalId"):
        rows[keys.key("gext", external_id, record.id)] = b"{}"
    return rows


def insertion(record: GroupRecord) -> list[OwnRow]:
    """The operations that store a new group, its record's first."""
    index = index_rows(record)
    return [
        Insert(group_key(record.id), encode(record)),
        *(Insert(key, value) for key, value in index.items()),
    ]


def replacement(old: GroupRecord, new: GroupRecord, tag: str) -> list[OwnRow]:
    """The operations that turn a stored group, read with this tag, into its next version, its record's first."""
    before, after = index_rows(old), index_rows(new)
    return [
        Replace(group_key(new.id), encode(new), tag),
        *(Delete(key) for key in before if key not in after),
        *(Insert(key, value) for key, value in after.items() if key not in before),
    ]


def removal(record: GroupRecord, tag: str) -> list[OwnRow]:
    """The operations that remove a group, read with this tag, and its index rows."""
    return [Delete(group_key(record.id), tag), *(Delete(key) for key in index_rows(record))]
