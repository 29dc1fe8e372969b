"""Rows of a family: a record `user|{id}` with the memberships `user|{id}|{group}` right behind it (likewise `group`).

One range therefore reads a resource with the groups that it is in, and a walk reads many of them.
"""

from collections.abc import Iterator
from typing import Any

import orjson

from scim.core.attributes import Attribute, ResourceType
from shared import keys
from shared.app import App
from shared.ids import is_id
from shared.tables.limits import MAX_QUERY_ROWS
from shared.tables.port import Row, query_all

TABLE = "contacts"
_MOST_BYTES = 4 * 1024 * 1024  # of one page: four times a thousand usual people


async def get(app: App, directory_id: str, family: str, identifier: str) -> list[Row]:
    """The record's row and its membership rows, in one round trip (more where there are thousands); [] if unknown.

    All ids are of one length, so none begins another: a part of one would be the range of everybody's rows.
    """
    if not is_id(identifier):
        return []
    start = keys.key(family, identifier)
    found = await query_all(
        app.tables, TABLE, directory_id, start, start + keys.SEPARATOR + keys.MAX_KEY_CHAR
    )
    return found if found and found[0].key == start else []


async def ids(app: App, directory_id: str, *parts: str) -> list[str]:
    """The ids at the end of the keys below `parts`: of an index, or of memberships."""
    start = keys.key(*parts, "")
    found = await query_all(
        app.tables, TABLE, directory_id, start, start + keys.MAX_KEY_CHAR, keys_only=True
    )
    return [row.key.rpartition(keys.SEPARATOR)[2] for row in found]


# Attributes whose uniqueness has rows of their own, or that the service assigns.
_UNIQUE_BY_NAME = ("id", "userName", "displayName")


def unique_keys(resource_type: ResourceType, resource: dict[str, Any]) -> Iterator[str]:
    """Yield the key of each value that no other resource of the directory may have (RFC 7643 section 2.2).

    For every attribute with `uniqueness` server or global, of the core and of extensions, but for those by which users
    and groups are found anyway. Values are compared as the attribute's caseExact says.
    """
    for urn, attribute in resource_type.unique:
        if not urn and attribute.name in _UNIQUE_BY_NAME:
            continue
        holder = resource.get(urn, {}) if urn else resource
        value = holder.get(attribute.name)
        if value is not None and not isinstance(value, list | dict):
            text = str(value) if attribute.case_exact else keys.fold_case(str(value))
            yield keys.key("unique", resource_type.name, attribute.path.lower(), text)


def unique_attribute(resource_type: ResourceType, key: str) -> Attribute | None:
    """Return the attribute that a key of `unique_keys` belongs to; None for another key."""
    family, *parts = keys.split(key)
    if family != "unique":
        return None
    found = (own for _, own in resource_type.unique if own.path.lower() == parts[1])
    return next(found, None)


async def owner_ids(app: App, directory_id: str, key: str) -> list[str]:
    """Return the id in the value of a unique row, [] if the row isn't there."""
    row = await app.tables.get(TABLE, directory_id, key)
    return [str(orjson.loads(row.value)["id"])] if row else []


async def page(
    app: App, directory_id: str, family: str, after: str, count: int
) -> tuple[list[list[Row]], bool]:
    """At most `count` records with their memberships, in the order of creation, from behind the row key `after`.

    And whether there are more. Fewer come with more behind where they are very large. One round trip while nobody in it
    is in a group, else as many as the rows need.
    """
    start, stop = _bounds(family, after)
    limit, found, size = min(MAX_QUERY_ROWS, count + 1), list[list[Row]](), 0
    while True:
        rows = await app.tables.query(TABLE, directory_id, start, stop, limit=limit)
        for row in rows:
            if _is_record(row.key):
                if len(found) == count or size > _MOST_BYTES:
                    return found, True
                found.append([row])
            elif found and row.key.startswith(found[-1][0].key):
                found[-1].append(row)
            size += len(row.value)
        if len(rows) < limit:
            return found, False
        start, limit = keys.successor(rows[-1].key), MAX_QUERY_ROWS


async def key_at(app: App, directory_id: str, family: str, after: str, skip: int) -> str | None:
    """The key of the record `skip` places behind the row key `after`, along keys only; None past the end."""
    start, stop = _bounds(family, after)
    while True:
        rows = await app.tables.query(TABLE, directory_id, start, stop, keys_only=True)
        for row in rows:
            if _is_record(row.key):
                skip -= 1
                if skip == 0:
                    return row.key
        if len(rows) < MAX_QUERY_ROWS:
            return None
        start = keys.successor(rows[-1].key)


def _bounds(family: str, after: str) -> tuple[str, str]:
    prefix = family + keys.SEPARATOR
    # Behind a record come its memberships, which a walk has read with it.
    return (
        after + keys.SEPARATOR + keys.MAX_KEY_CHAR if after else prefix
    ), prefix + keys.MAX_KEY_CHAR


def _is_record(key: str) -> bool:
    return key.count(keys.SEPARATOR) == 1
