"""Operations of every engine, and their errors. Other packages don't know which engine is in use."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from shared import keys

MAX_QUERY_ROWS = 1000  # of one round trip


class Row(NamedTuple):
    """A stored row: its key within the partition, its value (UTF-8 JSON, opaque here) and the tag of this version."""

    key: str
    value: bytes
    etag: str


# Operations are made by the dozen for each write, and a frozen dataclass takes three times as long to make.
@dataclass(unsafe_hash=True, slots=True)
class Insert:
    """Store a new row; fails with AlreadyExists if the key is taken.

    `is_unique`: no other transaction ever inserts this key. So if its answer is lost, the row tells that the
    transaction was stored.
    """

    key: str
    value: bytes
    is_unique: bool = False


@dataclass(unsafe_hash=True, slots=True)
class Upsert:
    """Store a row, whether or not it exists."""

    key: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Replace:
    """Store a new value if the row still has this tag; fails with PreconditionFailed or NotFound."""

    key: str
    value: bytes
    etag: str


@dataclass(unsafe_hash=True, slots=True)
class Delete:
    """Remove a row, if `etag` is given only while it still has it; fails with NotFound or PreconditionFailed."""

    key: str
    etag: str | None = None


Operation = Insert | Upsert | Replace | Delete


class TableError(Exception):
    """Base of the errors of a table operation."""


@dataclass(eq=False)
class AlreadyExists(TableError):
    """An inserted key is taken; nothing of the transaction was stored."""

    key: str


@dataclass(eq=False)
class NotFound(TableError):
    """A row to replace or delete is not there; nothing of the transaction was stored."""

    key: str


@dataclass(eq=False)
class PreconditionFailed(TableError):
    """A row has another tag than expected; nothing of the transaction was stored."""

    key: str


@dataclass(eq=False)
class LimitExceeded(TableError):
    """A limit of the table service would be passed; nothing was sent."""

    limit: str
    size: int
    allowed: int

    def __str__(self) -> str:
        return f"{self.limit}: {self.size}, at most {self.allowed}"


# The act by which the operator corrects it, if that is known.
Cause = Literal["", "full", "damaged", "read_only", "missing", "role"]


@dataclass(eq=False)
class StorageUnavailable(TableError):
    """Storage did not answer or can't carry out the operation; `reason` is for the operator's log.

    Whether a transaction was stored isn't known. Worth another try after some seconds.
    """

    reason: str
    retry_after: int = 5
    cause: Cause = ""


class Tables(Protocol):
    """Rows by table, partition and key. Each call that reaches storage is one round trip."""

    async def get(self, table: str, partition: str, key: str) -> Row | None:
        """Return the row, or None."""
        ...

    async def query(
        self,
        table: str,
        partition: str,
        start: str,
        stop: str,
        *,
        limit: int = 1000,
        keys_only: bool = False,
    ) -> list[Row]:
        """Return at most `limit` (1 to 1,000) rows with start <= key < stop in ordinal order.

        If there are fewer, no more follow.

        Continue with `start=keys.successor(rows[-1].key)`. With `keys_only`, values and tags are left empty.
        """
        ...

    async def transact(
        self, table: str, partition: str, operations: Sequence[Operation]
    ) -> list[str]:
        """Carry out 1 to 100 operations on different keys, all or none.

        Return the new tags ("" for a delete).

        Raises AlreadyExists, NotFound, PreconditionFailed, LimitExceeded or StorageUnavailable.
        """
        ...

    async def close(self) -> None:
        """Close connections and files."""
        ...


async def query_all(
    tables: Tables,
    table: str,
    partition: str,
    start: str = "",
    stop: str = keys.MAX_KEY_CHAR,
    *,
    keys_only: bool = False,
) -> list[Row]:
    """Return all rows with start <= key < stop (by default the whole partition), 1,000 per round trip."""
    rows: list[Row] = []
    while True:
        found = await tables.query(
            table, partition, start, stop, limit=MAX_QUERY_ROWS, keys_only=keys_only
        )
        rows += found
        if len(found) < MAX_QUERY_ROWS:
            return rows
        start = keys.successor(found[-1].key)
