"""Versions of stored rows: `"v"` is the version of a row's kind, 1 if it is missing.

Index rows (a name, an id, a membership) have none: they are written with the record they belong to.

Fields may be added without a new version: readers give a missing one its default and pass over one that they do not
know, so the release before this one can read rows of this one. A version number rises only if an older reader
would misread the row; the newer reader then takes both, and a row becomes new when it is next written. So an upgrade
changes no row at once, and a rollback over a new version is refused instead of misread.
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
    """A later release wrote this row, and this release can't read it."""

    def __init__(self, kind: str, found: object, known: int) -> None:
        super().__init__(
            f"a {kind} row has version {found}, and this release knows up to {known}: a later release wrote it;"
            " roll forward to that release",
            RETRY_AFTER,
        )

    def __str__(self) -> str:
        return self.reason


def read(value: bytes, kind: str, known: int = 1) -> dict[str, Any]:
    """Return the JSON object of a row of this kind, whose versions are known up to `known`.

    Raises UnsupportedRowVersion.
    """
    row: dict[str, Any] = orjson.loads(value)
    version = row.pop("v", 1)
    if version != 1 and not (isinstance(version, int) and 1 <= version <= known):
        log.event("row.newer", row=kind, known=known)
        raise UnsupportedRowVersion(kind, version, known)
    return row


def build(of: type[Any], row: Mapping[str, Any]) -> Any:
    """Return the dataclass `of` from a row or a part of one.

    Fields that `of` doesn't know are kept in its field `unknown_fields`, if it has one: those of a row that is rewritten.
    """
    fields = of.__dataclass_fields__
    known = {name: row[name] for name in fields if name in row and name != _UNKNOWN}
    if _UNKNOWN in fields:
        known[_UNKNOWN] = {name: row[name] for name in row if name not in known}
    return of(**known)


def as_row(value: Any, *without: str) -> Any:
    """Return a dataclass as the JSON value that `build` reads, unknown fields of it and of its parts included.

    `without` names fields that aren't stored: those in the row's key, its tag.
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
