"""Versions of stored rows: the field `"v"` of a row is the version of its kind; a row without it has version 1.

Index rows (a name, an ID, a membership) have no version, because they are written together with
their record.

A new field needs no new version: a reader uses the default for a missing field and ignores an
unknown one, so the previous release can read the rows of this one. A version is raised only if the
previous release would misread the row. The newer release then reads both versions, and a row gets
the new version when it is next written. So an upgrade rewrites no rows at once, and after a
rollback the rows of a new version are refused, not misread.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import orjson

from shared import log
from shared.tables.port import StorageUnavailable

_UNKNOWN = "unknown_fields"
RETRY_AFTER = 300  # seconds; a deployment is needed


class UnsupportedRowVersion(StorageUnavailable):
    """Raised for a row that a later release wrote in a version that this release can't read."""

    def __init__(self, kind: str, found: object, known: int) -> None:
        super().__init__(
            f"a {kind} row has version {found}, and this release knows up to {known}: a later release wrote it;"
            " roll forward to that release",
            RETRY_AFTER,
        )

    def __str__(self) -> str:
        return self.reason


def decode(value: bytes, kind: str, known: int = 1) -> dict[str, Any]:
    """Return the JSON object of a row, without `v`.

    Raise UnsupportedRowVersion if its version is above `known`, the latest one that this release
    can read for rows of this `kind`.
    """
    row: dict[str, Any] = orjson.loads(value)
    version = row.pop("v", 1)
    if version != 1 and not (isinstance(version, int) and 1 <= version <= known):
        log.event("row.newer", row=kind, known=known)
        raise UnsupportedRowVersion(kind, version, known)
    return row


def build(of: type[Any], row: Mapping[str, Any]) -> Any:
    """Return an object of the dataclass `of` from a row, or from the part of a row that it describes.

    If `of` has a field `unknown_fields`, it receives the row's other fields, so that rewriting the
    row keeps them.
    """
    fields = of.__dataclass_fields__
    known = {name: row[name] for name in fields if name in row and name != _UNKNOWN}
    if _UNKNOWN in fields:
        known[_UNKNOWN] = {name: row[name] for name in row if name not in known}
    return of(**known)


def as_row(value: Any, *without: str) -> Any:
    """Return the JSON value of a dataclass, from which `build` restores it, including unknown fields at every level.

    `without` names fields to leave out, such as the one that the row's key holds, or its ETag.
    """
    if isinstance(value, list | tuple):
        return [as_row(each) for each in value]
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return value
    row = dict(getattr(value, _UNKNOWN, {}))
    for field in dataclasses.fields(value):
        if field.name != _UNKNOWN and field.name not in without:
            row[field.name] = as_row(getattr(value, field.name))
    return row
