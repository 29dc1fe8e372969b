"""Cursors: a position in a range of rows, encoded as text from which any instance can continue."""

import base64
import binascii
from dataclasses import dataclass

import orjson

from shared import keys
from shared.http import HttpError
from shared.messages import Message


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last position shown of the range with this name; "" for the start of the range.

    `shown` holds the names of the ranges that earlier pages have shown completely.
    """

    where: str
    position: str = ""
    shown: tuple[str, ...] = ()


def encode_cursor(cursor: Cursor) -> str:
    """Encode the cursor as text for clients."""
    family, _, beginning = cursor.where.partition(keys.SEPARATOR)
    parts = [family, beginning, cursor.position, *cursor.shown]
    return base64.urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


def decode_cursor(text: str) -> Cursor:
    """Decode a text that `encode_cursor` returned.

    Raises:
        HttpError: 400 for any other text.
    """
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        parts = orjson.loads(base64.b64decode(padded, b"-_", validate=True))
        family, beginning, position, *shown = parts
    except (binascii.Error, ValueError, TypeError):
        raise bad_cursor() from None
    # A storage account rejects a key that no row can have.
    if not all(isinstance(one, str) for one in parts) or not keys.is_key(position):
        raise bad_cursor()
    return Cursor(f"{family}{keys.SEPARATOR}{beginning}", position, tuple(shown))


def position_in(text: str, where: str) -> str:
    """Decode a cursor of the range with the name `where` and return its position.

    Raises:
        HttpError: 400 for a cursor of another range.
    """
    cursor = decode_cursor(text)
    if cursor.where != where:
        raise bad_cursor()
    return cursor.position


def bad_cursor() -> HttpError:
    """Return the error for a cursor that doesn't belong to the query."""
    return HttpError(400, Message("cursor_not_valid"), field="cursor")
