"""Walks along index rows of one or many directories in one common order, with a cursor that any instance can continue.

The order is that of the row keys (word or name, then id), which is the same in every directory; so the pages of many
directories merge like sorted lists and a cursor is nothing but the last position shown.
"""

import asyncio
import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import orjson

from contacts import empty_prefix_cache
from directories.models import Directory
from scim.users.contact_cards import Card, decode
from shared import keys
from shared.app import App
from shared.concurrency import each
from shared.http import HttpError
from shared.messages import Message
from shared.tables.limits import MAX_QUERY_ROWS
from shared.tables.schema import CONTACTS, TwoParts

_LEAST_ROWS = 16  # of a directory in one round trip
_MOST_ROWS = 8000  # for one page of all directories: it may come short, its cursor goes on
RowFilter = Callable[[str, Card], bool]
RawRowFilter = Callable[[bytes], bool]


@dataclass(frozen=True, slots=True)
class Found:
    """A person of a directory; `position` is where the walk met it, `numbers` all digits where the person was read."""

    directory: Directory
    card: Card
    position: str = ""
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the people asked for; `cursor` continues behind them, "" when there are no more."""

    found: list[Found]
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class Range:
    """The rows of a family whose first part begins with `beginning`."""

    family: TwoParts
    beginning: str = ""


@dataclass(slots=True)
class _Stretch:
    """What one directory has; `scanned_to` is the position up to which that is all, "" for the end of the range."""

    directory: Directory
    found: list[Found]
    scanned_to: str


def _everybody(_word: str, _card: Card) -> bool:
    return True


def _anybody(_value: bytes) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows of a range a walk returns, and how many it reads for them.

    `keep` accepts a row by its word and card. `may_keep` rejects a row by its stored value, before
    that is decoded. `ahead` times as many rows are read as are asked for, by all directories
    together, so that one round trip per directory suffices if few rows are rejected.
    """

    keep: RowFilter = _everybody
    may_keep: RawRowFilter = _anybody
    ahead: int = 1


_ALL_ROWS = Selection()


async def walk(
    app: App,
    directories: Sequence[Directory],
    where: Range,
    limit: int,
    cursor: str = "",
    selection: Selection = _ALL_ROWS,
) -> Page:
    """Return the next `limit` people of the range in all the directories whom `selection` keeps.

    Raises:
        HttpError: 400 for a cursor of another query.
    """
    after = _read_cursor(cursor, where)
    most = min(MAX_QUERY_ROWS, limit * selection.ahead + 1)
    batch = min(most, max(_LEAST_ROWS, 2 * most // max(1, len(directories))))
    asked = empty_prefix_cache.without_known_empty(
        app, directories, where.family.name, where.beginning
    )
    stretches = behind = [_Stretch(directory, [], after) for directory in asked]
    left = _MOST_ROWS
    while behind and left > 0:
        await each(behind, partial(_go_on, app, where, selection, batch))
        left -= batch * len(behind)
        behind = _behind(stretches, limit)
        batch = min(MAX_QUERY_ROWS, max(_LEAST_ROWS, left // max(1, len(behind))))
        await asyncio.sleep(0)  # the embedded engine answers at once; others want their turn
    return _merged(stretches, where, limit)


def _behind(stretches: Sequence[_Stretch], limit: int) -> list[_Stretch]:
    """The directories that may still have somebody for the page."""
    positions = sorted(one.position for stretch in stretches for one in stretch.found)
    last = positions[limit - 1] if len(positions) >= limit else keys.MAX_KEY_CHAR
    return [stretch for stretch in stretches if stretch.scanned_to and stretch.scanned_to < last]


def _merged(stretches: Sequence[_Stretch], where: Range, limit: int) -> Page:
    """One page of all: it ends where the directory that was read least far ends, if not before."""
    horizon = min((stretch.scanned_to for stretch in stretches if stretch.scanned_to), default="")
    found = [
        one
        for stretch in stretches
        for one in stretch.found
        if not horizon or one.position <= horizon
    ]
    found.sort(key=lambda one: (one.position, one.directory.id))
    last = found[limit - 1].position if len(found) > limit else horizon
    return Page(found[:limit], _write_cursor(last, where) if last else "")


async def _go_on(
    app: App,
    where: Range,
    selection: Selection,
    batch: int,
    stretch: _Stretch,
) -> None:
    """Read the next `batch` rows of one directory."""
    start, stop = where.family.beginning(where.beginning)
    if stretch.scanned_to:
        start = max(
            start, keys.successor(f"{where.family.name}{keys.SEPARATOR}{stretch.scanned_to}")
        )
    rows = await app.tables.query(CONTACTS, stretch.directory.id, start, stop, limit=batch)
    if not rows and not stretch.scanned_to:
        empty_prefix_cache.note(app, stretch.directory, where.family.name, where.beginning)
    position = ""
    for row in rows:
        position = row.key.partition(keys.SEPARATOR)[2]
        if not selection.may_keep(row.value):
            continue
        word, _, identifier = position.rpartition(keys.SEPARATOR)
        card = decode(identifier, row.value)
        if selection.keep(word, card):
            stretch.found.append(Found(stretch.directory, card, position))
    stretch.scanned_to = position if len(rows) == batch else ""


def _write_cursor(position: str, where: Range) -> str:
    token = orjson.dumps([where.family.name, where.beginning, position])
    return base64.urlsafe_b64encode(token).decode().rstrip("=")


def _read_cursor(cursor: str, where: Range) -> str:
    """The position in a cursor that `walk` wrote for the same range."""
    if not cursor:
        return ""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        family, beginning, position = orjson.loads(base64.b64decode(padded, b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError):
        raise _bad_cursor() from None
    is_ours = (family, beginning) == (where.family.name, where.beginning)
    # Where no row can stand a storage account answers with an error.
    if not is_ours or not isinstance(position, str) or not keys.is_key(position):
        raise _bad_cursor()
    return position


def _bad_cursor() -> HttpError:
    return HttpError(400, Message("cursor_not_valid"), field="cursor")
