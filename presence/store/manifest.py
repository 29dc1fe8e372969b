"""The manifest, stored in the head row of a tenant's presence, and the keys of the other rows.

It has everything that changes with each sync except people: which pages and deltas count, the
lease, cursors, counters and failures. All times are in milliseconds since 1970.
"""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from shared import row_versions
from shared.tables.port import Insert, Row
from shared.tables.schema.presence import DELTA, MANIFEST, PAGE

HEAD = MANIFEST.key


@dataclass(slots=True, kw_only=True)
class LinkedDirectory:
    """A linked directory, and how far its provisioning log was read. Times are 0 for never.

    Attributes:
        cursor: The event key from which the events of a busy directory are read next.
        full_at: When all people were last read.
        read_at: The time up to which events were read.
        not_ids: The number of people with an external ID that isn't an object ID; None if not counted yet.
        people: The number of rows when all people were last read.
        recount: Whether the external IDs must be counted again.
        seen: The number of events in each half-minute of the last hour; None if the directory was busy
            or an earlier release wrote the row.
    """

    id: str
    cursor: str = ""
    full_at: int = 0
    read_at: int = 0
    not_ids: int | None = None  # people without an object ID as external ID; None: not counted yet
    people: int = 0
    recount: bool = False
    seen: dict[str, int] | None = None
    unknown_fields: Mapping[str, Any] = field(
        default_factory=dict, compare=False, repr=False, kw_only=True
    )


def is_probably_wrong_company(asked: int, known: int) -> bool:
    """Return whether a tenant knows none of the people, or fewer than a tenth of twenty or more."""
    if not known:
        return asked > 0
    return asked >= 20 and 10 * known < asked


@dataclass(slots=True, kw_only=True)
class Counts:
    """The figures of the last sync, and totals since the tenant was linked."""

    people: int = 0
    asked: int = 0  # people for whom presence was requested at least once
    known: int = 0  # those of them for whom Graph has a presence
    unknown: int = 0
    quarantined: int = 0
    not_ids: int = 0  # people without an object ID, so their presence can't be requested
    failed: int = 0
    calls: int = 0
    calls_total: int = 0
    throttled_total: int = 0
    unfamiliar_total: int = 0
    syncs_total: int = 0
    took: int = 0
    unknown_fields: Mapping[str, Any] = field(
        default_factory=dict, compare=False, repr=False, kw_only=True
    )

    @property
    def is_probably_wrong_company(self) -> bool:
        """Whether the tenant knows none or too few of the people."""
        return is_probably_wrong_company(self.asked, self.known)


@dataclass(slots=True)
class FailureState:
    """Why presence can't be read, and since when; `reason` is "" if it can.

    `hits` counts consecutive failures of the same kind; `lost` means that consent is gone.
    """

    reason: str = ""
    since: int = 0
    hits: int = 0
    lost: bool = False
    unknown_fields: Mapping[str, Any] = field(
        default_factory=dict, compare=False, repr=False, kw_only=True
    )


@dataclass(slots=True, kw_only=True)
class Manifest:
    """The state of a tenant's presence.

    Attributes:
        epoch: A random name, which is new when a tenant is linked again.
        seq: The number of the newest delta.
        first: The number of the oldest delta that isn't in the pages yet.
        generation: The name under which the current pages are stored.
        pages: The number of these pages.
        directories: The linked directories. A person's entry refers to a directory by its index in
            this list, as a bit; so a directory that left is replaced by None.
    """

    epoch: str = ""
    seq: int = 0
    first: int = 1
    generation: str = ""
    pages: int = 0
    logged: int = 0  # people in the deltas that count
    as_of: int = 0
    directories: list[LinkedDirectory | None] = field(default_factory=list)
    lease: str = ""
    lease_until: int = 0
    not_before: int = 0
    failures: int = 0
    untidy: bool = False  # rows wait to be deleted
    stale_noted: bool = False
    trouble: FailureState = field(default_factory=FailureState)
    counts: Counts = field(default_factory=Counts)
    unfamiliar: list[str] = field(default_factory=list)
    strangers_asked_at: int = 0  # when strangers' presence was last requested
    unknown_fields: Mapping[str, Any] = field(
        default_factory=dict, compare=False, repr=False, kw_only=True
    )

    def bit(self, directory_id: str) -> int:
        """Return the bit that marks the directory's people in entries; 0 if the directory isn't linked."""
        for number, linked in enumerate(self.directories):
            if linked is not None and linked.id == directory_id:
                return 1 << number
        return 0

    @property
    def not_ids(self) -> int:
        """The number of people with an external ID that isn't an object ID."""
        counted = [one.not_ids for one in self.linked_directories() if one.not_ids is not None]
        return sum(counted) if counted else self.counts.not_ids

    def linked_directories(self) -> list[LinkedDirectory]:
        """Return the directories that are still linked."""
        return [linked for linked in self.directories if linked is not None]


def encode(head: Manifest) -> bytes:
    """Return the value of the head row."""
    return orjson.dumps({**row_versions.as_row(head), "v": 1})


def decode(value: bytes) -> Manifest:
    """Return the manifest in the head row; raise UnsupportedRowVersion if a later release wrote it."""
    content = row_versions.decode(value, "presence head")
    content["directories"] = [
        row_versions.build(LinkedDirectory, linked) if linked else None
        for linked in content["directories"]
    ]
    content["trouble"] = row_versions.build(FailureState, content.get("trouble", {}))
    content["counts"] = row_versions.build(Counts, content.get("counts", {}))
    head: Manifest = row_versions.build(Manifest, content)
    return head


def first_head(directories: list[LinkedDirectory | None]) -> Insert:
    """Return the operation that stores the first manifest of a tenant.

    The manifest is marked as untidy, so that the first sync deletes rows that a killed removal
    left.
    """
    return Insert(
        HEAD,
        encode(Manifest(epoch=secrets.token_hex(8), untidy=True, directories=directories)),
    )


def delta_key(seq: int) -> str:
    """Return the key of the delta with this number; the keys of all deltas sort before HEAD."""
    return DELTA.key(f"{seq:012}")


def seq_of(row_key: str) -> int:
    """Return the number of the delta that has this key."""
    return int(DELTA.parts_of(row_key)[0])


def page_keys(top: Manifest) -> list[str]:
    """Return the keys of the pages that the manifest counts."""
    return [PAGE.key(top.generation, f"{number:05}") for number in range(top.pages)]


def delta_keys(top: Manifest) -> list[str]:
    """Return the keys of the deltas that the manifest counts."""
    return [delta_key(seq) for seq in range(top.first, top.seq + 1)]


def head_of(rows: Iterable[Row]) -> Row | None:
    """Return the head row among `rows`, or None."""
    return next((row for row in rows if row.key == HEAD), None)
