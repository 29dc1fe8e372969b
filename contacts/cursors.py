"""Cursors: a position in a range of rows, encoded as text from which any instance can continue."""

import base64
import binascii
from dataclasses import dataclass

import orjson

from shared import keys
from shared.http import HttpError
from shared.messages import Message
from shared.tables.schema.base import TwoParts


@dataclass(frozen=True, slots=True)
class Range:
    """The rows of a family whose first key part starts with `beginning`, in key order.

    If set, `start` is the first included value of that part, and `stop` the first excluded one.
    """

    family: TwoParts
    beginning: str = ""
    start: str = ""
    stop: str = ""

    @property
    def name(self) -> str:
        """Return the name of the range in cursors: the unescaped start of the keys of its rows."""
        bounds = f"{keys.SEPARATOR}{self.start}{keys.SEPARATOR}{self.stop}"
        own = f"{self.family.name}{keys.SEPARATOR}{self.beginning}"
        return own + bounds if self.start or self.stop else own

    def row_keys(self) -> tuple[str, str]:
        """Return the first key of the range, and the first key after it."""
        start, stop = self.family.beginning(self.beginning)
        if self.start:
            start = max(start, self.family.beginning(self.start)[0])
        if self.stop:
            stop = min(stop, self.family.beginning(self.stop)[0])
        return start, stop


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last position shown of the range with this name; "" for the start of the range.

    `shown` holds the names of the ranges that earlier pages have shown completely.
    """

    where: str
    position: str = ""
    shown: tuple[str, ...] = ()


def write_cursor(cursor: Cursor) -> str:
    """Encode the cursor as text for clients."""
    family, _, beginning = cursor.where.partition(keys.SEPARATOR)
    parts = [family, beginning, cursor.position, *cursor.shown]
    return base64.urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


def read_cursor(text: str) -> Cursor:
    """Decode a text that `write_cursor` returned.

    Raises:
        HttpError: 400 for any other text.
    """
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        parts = orjson.loads(base64.b64decode(padded, b"-_", validate=True))
        family, beginning, position, *shown = parts
    except (binascii.Error, ValueError, TypeError):
        raise bad_cursor() from None
    # A storage account answers with an error to a key that no row can have.
    if not all(isinstance(one, str) for one in parts) or not keys.is_key(position):
        raise bad_cursor()
    return Cursor(f"{family}{keys.SEPARATOR}{beginning}", position, tuple(shown))


def position_in(text: str, where: Range) -> str:
    """Decode a cursor of this range and return its position; "" if `text` is empty.

    Raises:
        HttpError: 400 for a cursor of another range.
    """
    if not text:
        return ""
    cursor = read_cursor(text)
    if cursor.where != where.name:
        raise bad_cursor()
    return cursor.position


def bad_cursor() -> HttpError:
    """Return the error for a cursor that doesn't belong to the query."""
    return HttpError(400, Message("cursor_not_valid"), field="cursor")
