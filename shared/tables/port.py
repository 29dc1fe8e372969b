"""The interface of all engines: operations, errors and limits. Other packages don't know which engine is in use.

The limits are those of the Azure table service. This module enforces them for every engine, because
the emulator doesn't enforce all of them
(learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model and
performing-entity-group-transactions). Sizes of text are counted in UTF-16, two bytes per unit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import orjson

from shared import keys
from shared.keys import MAX_KEY_CHARACTERS

MAX_QUERY_ROWS = 1000  # per round trip
# Why storage is unavailable, if it is known; the operator's remedy depends on it.
Cause = Literal["", "full", "damaged", "read_only", "missing", "role"]
MAX_OPERATIONS = 100
MAX_TRANSACTION_BYTES = 4 * 1024 * 1024
MAX_ENTITY_BYTES = 1024 * 1024
PROPERTY_CHARACTERS = 32 * 1024  # 64 KiB of UTF-16; longer values are split over properties
_ENTITY_OVERHEAD = 2 * 1024  # names and types of the properties, timestamp
# Bytes of a value that fits next to any key: UTF-16 has at most twice as many bytes as UTF-8.
_ALWAYS_FITS = (MAX_ENTITY_BYTES - _ENTITY_OVERHEAD) // 2 - MAX_KEY_CHARACTERS
_MAX_ESCAPED = 6  # bytes that one byte of a value may need on the wire
_OPERATION_OVERHEAD = 1024  # MIME headers, URL and braces of one operation in a transaction's body


class Row(NamedTuple):
    """A stored row: its key within the partition, its value (UTF-8 JSON, not parsed here) and its ETag."""

    key: str
    value: bytes
    etag: str


# Not frozen: a write creates a dozen operations, and creating a frozen object takes three times as long.
@dataclass(unsafe_hash=True, slots=True)
class Insert:
    """Store a new row; the transaction fails with AlreadyExists if the key exists.

    `is_unique` means that no other transaction ever inserts this key. So if the response is lost,
    the presence of the row proves that the transaction was stored.
    """

    key: str
    value: bytes
    is_unique: bool = False


@dataclass(unsafe_hash=True, slots=True)
class Upsert:
    """Store a row and replace an existing one."""

    key: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Replace:
    """Replace the value of a row that still has this ETag; otherwise fail with PreconditionFailed or NotFound."""

    key: str
    value: bytes
    etag: str


@dataclass(unsafe_hash=True, slots=True)
class Delete:
    """Delete a row; fail with NotFound if there is none, with PreconditionFailed if `etag` is given and differs."""

    key: str
    etag: str | None = None


Operation = Insert | Upsert | Replace | Delete


class TableError(Exception):
    """Base class of the errors of table operations."""


@dataclass(eq=False)
class AlreadyExists(TableError):
    """The key of an Insert exists; nothing of the transaction was stored."""

    key: str


@dataclass(eq=False)
class NotFound(TableError):
    """A row to replace or delete doesn't exist; nothing of the transaction was stored."""

    key: str


@dataclass(eq=False)
class PreconditionFailed(TableError):
    """A row has another ETag than the operation names; nothing of the transaction was stored."""

    key: str


@dataclass(eq=False)
class LimitExceeded(TableError):
    """The transaction would exceed a limit of the table service; nothing was sent."""

    limit: str
    size: int
    allowed: int

    def __str__(self) -> str:
        return f"{self.limit}: {self.size}, at most {self.allowed}"


@dataclass(eq=False)
class StorageUnavailable(TableError):
    """Storage didn't respond or can't carry out the operation; `reason` is for the operator's log.

    It is unknown whether a transaction was stored. The caller may try again after `retry_after`
    seconds.
    """

    reason: str
    retry_after: int = 5
    cause: Cause = ""


class Tables(Protocol):
    """Access to rows by table, partition and key. Each operation that reaches storage is one round trip."""

    async def get(self, table: str, partition: str, key: str) -> Row | None:
        """Return the row, or None if it doesn't exist."""
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
        """Return at most `limit` (1 to 1,000) rows with start <= key < stop, in the order of their keys.

        A result of fewer than `limit` rows is the end of the range. Otherwise continue with
        `start=keys.successor(rows[-1].key)`. With `keys_only`, the values and tags are empty.
        """
        ...

    async def transact(
        self, table: str, partition: str, operations: Sequence[Operation]
    ) -> list[str]:
        """Carry out 1 to 100 operations on different keys of a partition, all or none.

        Return the new ETag per operation, "" for a Delete. Raise AlreadyExists, NotFound,
        PreconditionFailed, LimitExceeded or StorageUnavailable.
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


class DuplicateKey(TableError):
    """A transaction has two operations on one key, which is an error of the calling code."""


def check(operations: Sequence[Operation]) -> None:
    """Raise LimitExceeded or DuplicateKey if the service would refuse the transaction."""
    if not 1 <= len(operations) <= MAX_OPERATIONS:
        raise LimitExceeded("operations in a transaction", len(operations), MAX_OPERATIONS)
    row_keys = [operation.key for operation in operations]
    if len(set(row_keys)) != len(row_keys):
        raise DuplicateKey
    check_key(max(row_keys, key=len))
    sizes = [len(operation.value) for operation in operations if not isinstance(operation, Delete)]
    if max(sizes, default=0) > _ALWAYS_FITS:
        for operation in operations:
            if not isinstance(operation, Delete):
                _check_value(operation.key, operation.value)
    total = _OPERATION_OVERHEAD * len(row_keys) + 2 * sum(map(len, row_keys)) + sum(sizes)
    if total > MAX_TRANSACTION_BYTES // _MAX_ESCAPED:
        _check_sent(operations)


def _check_sent(operations: Sequence[Operation]) -> None:
    """Raise LimitExceeded if the transaction is too large as it is sent.

    A value is sent as a JSON string, in which a quotation mark takes 2 bytes and a control
    character 6.
    """
    total = 0
    for operation in operations:
        total += _OPERATION_OVERHEAD + 2 * len(operation.key)
        if not isinstance(operation, Delete):
            total += len(orjson.dumps(operation.value.decode()))
    if total > MAX_TRANSACTION_BYTES:
        raise LimitExceeded("bytes in a transaction", total, MAX_TRANSACTION_BYTES)


def check_key(key: str) -> None:
    """Raise LimitExceeded if a key is longer than 1 KiB of UTF-16.

    Nothing else can be wrong with a key, because `shared.keys` escapes it.
    """
    if len(key) > MAX_KEY_CHARACTERS:
        raise LimitExceeded("bytes in a key", 2 * len(key), 2 * MAX_KEY_CHARACTERS)


def _check_value(key: str, value: bytes) -> None:
    # UTF-16 never has more units than UTF-8 has bytes, so most values need no decoding.
    room = MAX_ENTITY_BYTES - _ENTITY_OVERHEAD - 2 * len(key)
    if 2 * len(value) <= room:
        return
    size = len(value.decode().encode("utf-16-le"))
    if size > room:
        raise LimitExceeded("bytes in a row", size, room)


def split(text: str) -> list[str]:
    """Return `text` in pieces that each fit into a property: at most 32 Ki UTF-16 units.

    A character outside the basic plane counts as two units.
    """
    if len(text) <= PROPERTY_CHARACTERS // 2 or (
        text.isascii() and len(text) <= PROPERTY_CHARACTERS
    ):
        return [text]
    step = PROPERTY_CHARACTERS if text.isascii() else PROPERTY_CHARACTERS // 2
    return [text[at : at + step] for at in range(0, len(text), step)]
