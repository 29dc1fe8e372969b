"""Where a tenant's presence stands in the table `presence` (partition: the tenant's id)."""

import secrets
from collections.abc import Iterable

from presence.store import manifest
from presence.store.manifest import Manifest
from shared.tables.port import Insert, Row
from shared.tables.schema import DELTA, MANIFEST, PAGE

HEAD = MANIFEST.key


def first_head(directories: list[manifest.LinkedDirectory | None]) -> Insert:
    """The operation that begins a tenant's presence; the first sync clears away what a killed removal may have left."""
    return Insert(
        HEAD,
        manifest.encode(Manifest(epoch=secrets.token_hex(8), untidy=True, directories=directories)),
    )


def delta_key(seq: int) -> str:
    """The key of the delta with that number; those of all deltas sort before HEAD."""
    return DELTA.key(f"{seq:012}")


def seq_of(row_key: str) -> int:
    """The number of the delta that stands at this key."""
    return int(DELTA.parts_of(row_key)[0])


def page_keys(top: Manifest) -> list[str]:
    """The keys of the pages that the head counts."""
    return [PAGE.key(top.generation, f"{number:05}") for number in range(top.pages)]


def delta_keys(top: Manifest) -> list[str]:
    """The keys of the deltas that the head counts."""
    return [delta_key(seq) for seq in range(top.first, top.seq + 1)]


def head_of(rows: Iterable[Row]) -> Row | None:
    """The head among the rows."""
    return next((row for row in rows if row.key == HEAD), None)
