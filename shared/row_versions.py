"""Versions of stored rows: `"v"` is the version of a row's kind, 1 if it is missing.

Index rows (a name, an id, a membership) have none: they are written with the record they belong to.

Fields may be added without a new version: readers give a missing one its default and pass over one that they do not
know, so the release before this one can read what this one wrote. A version number rises only where an older reader
would misread the row; the newer reader then takes both, and a row becomes new when it is next written. So an upgrade
changes no row at once, and a rollback over a new version is refused instead of misread.
"""

from typing import Any

import orjson

from shared import log
from shared.tables.port import StorageUnavailable

RETRY_AFTER = 300  # seconds; somebody has to deploy


class UnsupportedRowVersion(StorageUnavailable):
    """A later release wrote this row, and this release does not know what it means."""

    def __init__(self, kind: str, found: object, known: int) -> None:
        super().__init__(
            f"a {kind} row has version {found}, and this release knows up to {known}: a later release wrote it;"
            " roll forward to that release",
            RETRY_AFTER,
        )

    def __str__(self) -> str:
        return self.reason


def read(value: bytes, kind: str, known: int = 1) -> dict[str, Any]:
    """The JSON object of a row of this kind, whose versions are known up to `known`; raises NewerRow."""
    row: dict[str, Any] = orjson.loads(value)
    version = row.pop("v", 1)
    if version != 1 and not (isinstance(version, int) and 1 <= version <= known):
        log.event("row.newer", row=kind, known=known)
        raise UnsupportedRowVersion(kind, version, known)
    return row


def fields(of: type[Any], row: dict[str, Any]) -> dict[str, Any]:
    """The fields of `row` that the dataclass `of` knows."""
    return {name: row[name] for name in of.__dataclass_fields__ if name in row}


def build(of: type[Any], row: dict[str, Any]) -> Any:
    """The dataclass `of` from what it knows of `row`."""
    return of(**fields(of, row))
