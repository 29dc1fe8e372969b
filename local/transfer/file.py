"""The file of an export, as JSON lines.

It has a header, sections (one partition each) with their rows and a checksum, and a last line that
only a complete file has.

    {"format":"external-directories","version":1,"created":"2026-01-01T00:00:00.000Z"}
    {"table":"contacts","partition":"contoso"}
    {"k":"user|…","v":"{…}"}
    {"rows":1,"sha256":"…"}
    {"sections":1,"rows":1,"sha256":"…"}

A section's checksum covers its lines, and the last line's checksum covers the sections' checksums.
Values are text.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import orjson

from local.transfer.partitions import Section
from shared.tables.port import Row

FORMAT = "external-directories"
VERSION = 1


class TransferError(Exception):
    """A transfer isn't possible; the text is the reason, for the user of the command."""


@dataclass(slots=True)
class Sum:
    """The number and the checksum of a section's rows so far."""

    section: Section
    rows: int = 0
    _hash: Any = field(default=None)

    def __post_init__(self) -> None:
        self._hash = hashlib.sha256(section_line(self.section))

    def add(self, line: bytes) -> None:
        """Add the line of one row."""
        self.rows += 1
        self._hash.update(line)

    @property
    def sha256(self) -> str:
        """The checksum in hexadecimal."""
        return str(self._hash.hexdigest())


@dataclass(frozen=True, slots=True)
class Overview:
    """The summary of a complete file; `sha256` identifies its content."""

    created: str
    sections: int
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Begin:
    """The beginning of a section."""

    section: Section


@dataclass(frozen=True, slots=True)
class End:
    """The end of a section whose checksum is right."""

    section: Section
    rows: int
    sha256: str


Part = Begin | Row | End | Overview


def header_line(created: str) -> bytes:
    """Return the first line of a file."""
    return _line({"format": FORMAT, "version": VERSION, "created": created})


def section_line(section: Section) -> bytes:
    """Return the line that begins a section."""
    return _line({"table": section.table, "partition": section.partition})


def row_line(row: Row) -> bytes:
    """Return the line of a row, without the row's ETag, because that belongs to the engine."""
    return _line({"k": row.key, "v": row.value.decode()})


def end_line(found: Sum) -> bytes:
    """Return the line that ends a section."""
    return _line({"rows": found.rows, "sha256": found.sha256})


def complete_line(sections: int, rows: int, sha256: str) -> bytes:
    """Return the last line of a complete file."""
    return _line({"sections": sections, "rows": rows, "sha256": sha256})


def _line(value: dict[str, Any]) -> bytes:
    return orjson.dumps(value) + b"\n"


def read(path: Path) -> Iterator[Part]:
    """Yield the parts of a file, with one in memory at a time; the Overview is the last.

    Raises:
        TransferError: The file can't be read, is not complete, is damaged, or is from a later
            release.
    """
    try:
        with path.open("rb") as file:
            yield from _parts(file)
    except OSError as error:
        raise TransferError(f"{path} can't be read: {error.strerror}.") from None


def overview(path: Path) -> Overview:
    """Read the whole file, check every checksum, and return the summary. Raise TransferError as `read` does."""
    last: Part | None = None
    for last in read(path):  # noqa: B007
        pass
    assert isinstance(last, Overview)
    return last


def _parts(file: IO[bytes]) -> Iterator[Part]:
    created, number = _header(file.readline()), 1
    everything = hashlib.sha256()
    current: Sum | None = None
    sections = rows = 0
    for line in file:
        number += 1
        value = _value(line, number)
        if "k" in value and current is not None:
            current.add(line)
            yield Row(value["k"], value["v"].encode(), "")
        elif "table" in value and current is None:
            current = Sum(Section(value["table"], value["partition"]))
            yield Begin(current.section)
        elif "sections" in value and current is None:
            if (value["sections"], value["rows"], value["sha256"]) != (
                sections,
                rows,
                everything.hexdigest(),
            ):
                raise _damaged(number)
            yield Overview(created, sections, rows, everything.hexdigest())
            return
        elif "rows" in value and current is not None:
            if (value["rows"], value["sha256"]) != (current.rows, current.sha256):
                raise _damaged(number)
            sections, rows = sections + 1, rows + current.rows
            everything.update(current.sha256.encode())
            yield End(current.section, current.rows, current.sha256)
            current = None
        else:
            raise _damaged(number)
    raise TransferError("The file is not complete: its export was stopped. Export again.")


def _header(line: bytes) -> str:
    try:
        value = orjson.loads(line)
        kind, version, created = value["format"], value["version"], value["created"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        kind, version, created = "", 0, ""
    if kind != FORMAT:
        raise TransferError(
            "The file is no export of this product: `python -m local export` writes one."
        )
    if version != VERSION:
        raise TransferError(
            f"The file has format {version}, this release reads {VERSION}. Use the release it is from."
        )
    return str(created)


def _value(line: bytes, number: int) -> dict[str, Any]:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        if not line.endswith(b"\n"):
            raise TransferError(
                "The file is not complete: its export was stopped. Export again."
            ) from None
        raise _damaged(number) from None
    if not isinstance(value, dict):
        raise _damaged(number)
    return value


def _damaged(number: int) -> TransferError:
    return TransferError(
        f"The file is damaged at line {number}: what stands there does not agree with its checksum."
    )
