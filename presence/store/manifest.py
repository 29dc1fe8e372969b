"""The head row of a tenant's presence: what changes with every sync, apart from people. All times in milliseconds."""

from dataclasses import asdict, dataclass, field

import orjson

from shared import row_versions


@dataclass(slots=True)
class LinkedDirectory:
    """One linked directory: from where its events are read, when all its people were last gone through, and up to
    which moment the events were read (0: not known).
    """

    id: str
    cursor: str = ""
    full_at: int = 0
    read_at: int = 0


@dataclass(slots=True)
class Counts:
    """What the last sync found, and totals since the link."""

    people: int = 0
    unknown: int = 0
    quarantined: int = 0
    not_ids: int = 0  # external ids that are no object ids, so that presence cannot be asked for
    failed: int = 0
    calls: int = 0
    calls_total: int = 0
    throttled_total: int = 0
    unfamiliar_total: int = 0
    syncs_total: int = 0
    took: int = 0


@dataclass(slots=True)
class Trouble:
    """Why presence does not come, `since` when; `hits` of the same kind in a row; `lost`: consent is gone."""

    reason: str = ""
    since: int = 0
    hits: int = 0
    lost: bool = False


@dataclass(slots=True)
class Manifest:
    """`seq`: the newest delta, `first`: the oldest that counts; the `pages` rows of `generation` hold what was before.

    `epoch` tells a tenant that was unlinked and linked again from the one it was.
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
    trouble: Trouble = field(default_factory=Trouble)
    counts: Counts = field(default_factory=Counts)
    unfamiliar: list[str] = field(default_factory=list)

    def bit(self, directory_id: str) -> int:
        """The bit that stands for a linked directory; 0 where it is not linked."""
        for number, roll in enumerate(self.directories):
            if roll is not None and roll.id == directory_id:
                return 1 << number
        return 0

    def rolls(self) -> list[LinkedDirectory]:
        """The linked directories."""
        return [roll for roll in self.directories if roll is not None]


def encode(head: Manifest) -> bytes:
    """The value of the row."""
    return orjson.dumps({"v": 1, **asdict(head)})


def decode(value: bytes) -> Manifest:
    """The head that a row holds."""
    content = row_versions.fields(Manifest, row_versions.read(value, "presence head"))
    content["directories"] = [
        row_versions.build(LinkedDirectory, roll) if roll else None
        for roll in content["directories"]
    ]
    content["trouble"] = row_versions.build(Trouble, content.get("trouble", {}))
    content["counts"] = row_versions.build(Counts, content.get("counts", {}))
    return Manifest(**content)
