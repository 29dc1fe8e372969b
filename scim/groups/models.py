"""The stored group with its rows, and the resource that clients see (RFC 7643 section 4.2); members are rows of their own."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from scim import resource_rows
from scim.core import schemas
from scim.core.errors import ScimError
from scim.groups.membership import Member
from shared import keys, row_versions
from shared.messages import Message
from shared.tables.port import Delete, Insert, Operation, Replace, Upsert
from shared.tables.schema.contacts import GROUP, GROUP_EXTERNAL_ID, GROUP_NAME, INDEX_VERSION
from shared.words import fold_case

VERSION = 1
MAX_BYTES = 64 * 1024
_MAX_SHOWN = 300  # characters
_NAME = GROUP_NAME.all()[0]
OwnRow = Insert | Replace | Delete


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRecord:
    """A group as stored; `version` counts its changes, including membership changes by SCIM requests.

    `index` holds the keys, without the id, of its index rows, and `index_version` the version of the rules that derived
    them. The first release stored neither; its rows count as version 1. `unknown_fields` are fields of a later release,
    which are kept when the record is rewritten.
    """

    id: str
    resource: dict[str, Any]
    created: str
    modified: str
    version: int = 1
    index: tuple[str, ...] = ()
    index_version: int = 1
    unknown_fields: Mapping[str, Any] = field(
        default_factory=dict, compare=False, repr=False, kw_only=True
    )

    @property
    def etag(self) -> str:
        """Return the weak entity tag of RFC 7644 section 3.14."""
        return f'W/"{self.version}"'

    @property
    def shown_name(self) -> str:
        """Return the name for lists, shortened, because a client may send a name of any length."""
        return str(self.resource["displayName"])[:_MAX_SHOWN]

    def changed(self, resource: dict[str, Any], modified: str) -> "GroupRecord":
        """Return the next version of the record, with another resource."""
        return replace(self, resource=resource, modified=modified, version=self.version + 1)


@dataclass(frozen=True, slots=True)
class StoredGroup:
    """A group with the storage tag of its record, and the ids of its parent groups."""

    record: GroupRecord
    parents: tuple[str, ...]
    tag: str

    @property
    def id(self) -> str:
        """Return the id of the group."""
        return self.record.id

    @property
    def resource(self) -> dict[str, Any]:
        """Return the SCIM resource as stored, without members."""
        return self.record.resource

    @property
    def etag(self) -> str:
        """Return the weak entity tag of RFC 7644 section 3.14; deleting a member doesn't change it."""
        return self.record.etag


def encode(record: GroupRecord) -> bytes:
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
        }
    )
    if len(value) > MAX_BYTES:
        raise ScimError(413, Message("group_too_large", count=len(value), most=MAX_BYTES))
    return value


def decode(identifier: str, value: bytes) -> GroupRecord:
    """Decode a row's value."""
    row = row_versions.decode(value, "group", VERSION)
    return GroupRecord(
        id=identifier,
        resource=row.pop("resource"),
        created=row.pop("created"),
        modified=row.pop("modified"),
        version=row.pop("version"),
        index=tuple(row.pop("index", ())),
        index_version=row.pop("index_version", 1),
        unknown_fields=row,
    )


def name_key(display_name: str) -> str:
    """Return the key that makes a display name unique, ignoring case, because Entra matches groups by it."""
    return GROUP_NAME.key(fold_case(display_name))


def index_rows(record: GroupRecord) -> dict[str, bytes]:
    """Return the group's index rows, by key."""
    rows = {name_key(record.resource["displayName"]): orjson.dumps(resource_rows.Owner(record.id))}
    if external_id := record.resource.get("externalId"):
        rows[GROUP_EXTERNAL_ID.key(external_id, record.id)] = resource_rows.NOTHING
    for key in resource_rows.unique_keys(schemas.GROUP, record.resource):
        rows[key] = orjson.dumps(resource_rows.Owner(record.id))
    return rows


def stored_keys(record: GroupRecord) -> list[str]:
    """Return the keys of the index rows that were written with this version of the group."""
    if record.index_version > 1:
        return [
            name + record.id if name.endswith(keys.SEPARATOR) else name for name in record.index
        ]
    name = record.resource["displayName"]
    # The first release compared texts of more than 256 characters without a Unicode normal form.
    folded = fold_case(name) if len(name) <= 256 else name.casefold()
    external_id = record.resource.get("externalId")
    return [
        GROUP_NAME.key(folded),
        *([GROUP_EXTERNAL_ID.key(external_id, record.id)] if external_id else []),
    ]


def is_current(record: GroupRecord) -> bool:
    """Return whether the group's index rows were derived by the current rules."""
    return record.index_version == INDEX_VERSION


def insertion(record: GroupRecord) -> list[OwnRow]:
    """Return the operations that store a new group; the operation on its record is the first."""
    index = index_rows(record)
    return [
        Insert(GROUP.key(record.id), encode(_with_index(record, index))),
        *(Insert(key, value) for key, value in index.items()),
    ]


def replacement(old: GroupRecord, new: GroupRecord, tag: str) -> list[OwnRow]:
    """Return the operations that replace the group `old` by `new`; the operation on the record is the first.

    `tag` is the storage tag of the record of `old`.
    """
    before, after = stored_keys(old), index_rows(new)
    return [
        Replace(GROUP.key(new.id), encode(_with_index(new, after)), tag),
        *(Delete(key) for key in before if key not in after),
        *(Insert(key, value) for key, value in after.items() if key not in before),
    ]


def reindexing(
    record: GroupRecord, tag: str, *, present: frozenset[str], keep_name: bool
) -> list[Operation]:
    """Return the operations that rewrite a group's index rows as the current rules derive them.

    The arguments have the same meaning as those of `scim.users.store.reindexing`.
    """
    rows = index_rows(record)
    if keep_name:
        value = rows.pop(name_key(record.resource["displayName"]))
        rows |= {key: value for key in present if key.startswith(_NAME)}
    return [
        Replace(GROUP.key(record.id), encode(_with_index(record, rows)), tag),
        *(Delete(key) for key in present if key not in rows),
        *(
            Insert(key, value)
            if key.startswith(_NAME) and key not in present
            else Upsert(key, value)
            for key, value in rows.items()
        ),
    ]


def removal(record: GroupRecord, tag: str) -> list[OwnRow]:
    """Return the operations that remove a group and its index rows; `tag` is the storage tag of its record."""
    return [Delete(GROUP.key(record.id), tag), *(Delete(key) for key in stored_keys(record))]


def _with_index(record: GroupRecord, rows: Iterable[str]) -> GroupRecord:
    suffix = keys.SEPARATOR + record.id
    names = tuple(key.removesuffix(record.id) if key.endswith(suffix) else key for key in rows)
    return replace(record, index=names, index_version=INDEX_VERSION)


def represent(
    group: StoredGroup, members: Sequence[Member] | None, base_url: str
) -> dict[str, Any]:
    """Return the resource with id, meta and, if `members` isn't None, its members.

    `base_url` is the directory's SCIM base URL.
    """
    record = group.record
    listed = [
        {"value": member.id, "$ref": f"{base_url}/{member.kind}s/{member.id}", "type": member.kind}
        for member in members or ()
    ]
    return {
        **record.resource,
        "id": record.id,
        **({"members": listed} if listed else {}),
        "meta": {
            "resourceType": "Group",
            "created": record.created,
            "lastModified": record.modified,
            "location": f"{base_url}/Groups/{record.id}",
            "version": record.etag,
        },
    }
