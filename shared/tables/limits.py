"""The limits of the Azure table service, enforced for every engine, because the emulator doesn't enforce all of them.

Source: learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model and
performing-entity-group-transactions. Sizes of text are counted in UTF-16, two bytes per unit.
"""

from collections.abc import Sequence

import orjson

from shared.keys import MAX_KEY_CHARACTERS
from shared.tables.port import MAX_QUERY_ROWS as MAX_QUERY_ROWS
from shared.tables.port import Delete, LimitExceeded, Operation, TableError

MAX_OPERATIONS = 100
MAX_TRANSACTION_BYTES = 4 * 1024 * 1024
MAX_ENTITY_BYTES = 1024 * 1024
PROPERTY_CHARACTERS = 32 * 1024  # 64 KiB of UTF-16; longer values are split over properties
MAX_PROPERTIES = 252
_ENTITY_OVERHEAD = 2 * 1024  # names and types of the properties, timestamp
_MAX_ESCAPED = 6  # bytes that one byte of a value may need on the wire
_OPERATION_OVERHEAD = 1024  # MIME headers, URL and braces of one operation in a transaction's body


class DuplicateKey(TableError):
    """A transaction has two operations on one key, which is an error of the calling code."""


def check(operations: Sequence[Operation]) -> None:
    """Raise LimitExceeded or DuplicateKey if the service would refuse the transaction."""
    if not 1 <= len(operations) <= MAX_OPERATIONS:
        raise LimitExceeded("operations in a transaction", len(operations), MAX_OPERATIONS)
    if len({operation.key for operation in operations}) != len(operations):
        raise DuplicateKey
    total = _OPERATION_OVERHEAD * len(operations)
    for operation in operations:
        key_bytes = 2 * len(operation.key)
        if key_bytes > 2 * MAX_KEY_CHARACTERS:
            check_key(operation.key)
        total += key_bytes
        if not isinstance(operation, Delete):
            size = len(operation.value)
            total += size
            # UTF-16 never has more units than UTF-8 has bytes, so most values need no decoding.
            if 2 * size > MAX_ENTITY_BYTES - _ENTITY_OVERHEAD - key_bytes:
                _check_value(operation.key, operation.value)
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
    room = MAX_ENTITY_BYTES - _ENTITY_OVERHEAD - 2 * len(key)
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
