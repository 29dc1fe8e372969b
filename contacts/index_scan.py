"""Scans index rows of one or more directories in a common order, with a cursor from which any instance can continue.

The order is that of the row keys (word or name, then id), which is the same in every directory. So the rows of many
directories merge like sorted lists, and a cursor is only the last position shown.

Each letter typed is a new query of one round trip per directory. After some letters most directories have no match, so
a negative cache holds prefixes without rows.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from contacts.cursors import Cursor, encode_cursor, position_in
from directories.models import Directory
from scim.users.contact_cards import Card, decode
from shared import keys
from shared.app import App
from shared.concurrency import TimeSlice, each
from shared.keys import TwoParts
from shared.limits import LruCache
from shared.tables.port import MAX_QUERY_ROWS
from shared.tables.schema.base import CONTACTS

_MIN_ROWS = 16  # of a directory in one round trip
_MAX_ROWS = 8000  # for one page of all directories: it may come short, its cursor goes on
RowFilter = Callable[[Directory, str, Card], bool]
RawRowFilter = Callable[[Directory, bytes], bool]
PartFilter = Callable[[str], bool]
MANY_DIRECTORIES = 16  # directories; fewer are asked anyway
EMPTY_SECONDS = 5.0  # seconds until a new person is found
_MAX_EMPTY = 20_000


@dataclass(frozen=True, slots=True)
class Range:
    """The rows of a family with a first key part that starts with `beginning`, in key order.

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A person found in a directory.

    `position` is the row key at which the scan found the person. `numbers` holds the digits of all the person's phone
    numbers if the record was read, else it is empty. `similar_to` is the part of the search text that the name only
    resembles, "" for an exact match; `similar_by` says whether the spelling or the sound is similar.
    """

    directory: Directory
    card: Card
    position: str = ""
    numbers: tuple[str, ...] = ()
    similar_to: str = ""
    similar_by: Literal["spelling", "sound"] = "spelling"


@dataclass(frozen=True, slots=True)
class Page:
    """A page of people; `cursor` requests the next page, and is "" after the last.

    `round_trips`: the most that any directory took. `unconfirmed`: how many people were left out because their status
    wasn't confirmed.
    """

    found: list[Found]
    cursor: str = ""
    round_trips: int = 0
    unconfirmed: int = 0


@dataclass(slots=True)
class EncodedRow:
    """A row that a scan read: its directory, the id of its person (`identifier`), and its value, not decoded."""

    directory: Directory
    identifier: str
    value: bytes


@dataclass(slots=True)
class _Stretch:
    """The people found so far in one directory.

    All of its people up to the position `scanned_to` have been read; "" means up to the end of the range.
    """

    directory: Directory
    found: list[Found]
    scanned_to: str


@dataclass(frozen=True, slots=True)
class _Batch:
    """How many rows of each directory to read per round trip, given the size of the page."""

    rows: int
    people: int


def _everybody(_directory: Directory, _word: str, _card: Card) -> bool:
    return True


def _anybody(_directory: Directory, _value: bytes) -> bool:
    return True


def _any_part(_part: str) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which rows of a range a scan returns, and how many rows it reads to find them.

    `keep` decides by directory, word and card. `may_keep` and `keep_part` reject a row by its stored value or by the
    first part of its key, before the value is decoded. All directories together read `ahead` times the number of rows
    requested, so that one round trip per directory is enough if few rows are rejected. Further round trips follow, at
    most `round_trips` per directory, until `enough` people are found. Rows that `may_keep` or `keep` rejects are
    appended to `rejected`, if that is a list.
    """

    keep: RowFilter = _everybody
    may_keep: RawRowFilter = _anybody
    keep_part: PartFilter = _any_part
    ahead: int = 1
    enough: int = MAX_QUERY_ROWS
    round_trips: int = _MAX_ROWS
    rejected: list[EncodedRow] | None = None


_ALL_ROWS = Selection()


async def walk(
    app: App,
    directories: Sequence[Directory],
    where: Range,
    limit: int,
    cursor: str = "",
    selection: Selection = _ALL_ROWS,
) -> Page:
    """Return the next `limit` people of the range that `selection` keeps, merged from all directories.

    Raises:
        HttpError: 400 for a cursor of another query.
    """
    after = position_in(cursor, where.name) if cursor else ""
    enough, round_trips = min(selection.enough, limit), 0
    most = min(MAX_QUERY_ROWS, limit * selection.ahead + 1)
    batch = min(most, max(_MIN_ROWS, 2 * most // max(1, len(directories))))
    asked = without_known_empty(app, directories, where.family.name, where.beginning)
    stretches = behind = [_Stretch(directory, [], after) for directory in asked]
    left = _MAX_ROWS
    batch = min(batch, max(_MIN_ROWS, left // max(1, len(directories))))
    while behind and left > 0 and round_trips < selection.round_trips:
        await each(behind, partial(_go_on, app, where, selection, _Batch(batch, limit)))
        left -= batch * len(behind)
        round_trips += 1
        if sum(len(stretch.found) for stretch in stretches) >= enough and enough < limit:
            break
        behind = _behind(stretches, limit)
        batch = min(MAX_QUERY_ROWS, max(_MIN_ROWS, left // max(1, len(behind))))
        await asyncio.sleep(0)  # the embedded engine answers at once; others want their turn
    page = _merged(stretches, where, limit)
    return Page(page.found, page.cursor, round_trips)


def _behind(stretches: Sequence[_Stretch], limit: int) -> list[_Stretch]:
    """Return the directories that may have more people for this page, so that more of their rows must be read."""
    positions = sorted(one.position for stretch in stretches for one in stretch.found)
    last = positions[limit - 1] if len(positions) >= limit else keys.MAX_KEY_CHAR
    return [stretch for stretch in stretches if stretch.scanned_to and stretch.scanned_to < last]


def _merged(stretches: Sequence[_Stretch], where: Range, limit: int) -> Page:
    """Merge the people found in all directories into one page.

    The page ends at the latest at the position up to which every directory was read.
    """
    horizon = min((stretch.scanned_to for stretch in stretches if stretch.scanned_to), default="")
    found = [
        one
        for stretch in stretches
        for one in stretch.found
        if not horizon or one.position <= horizon
    ]
    found.sort(key=lambda one: (one.position, one.directory.id))
    last = found[limit - 1].position if len(found) > limit else horizon
    return Page(found[:limit], encode_cursor(Cursor(where.name, last)) if last else "")


async def _go_on(
    app: App,
    where: Range,
    selection: Selection,
    batch: _Batch,
    stretch: _Stretch,
) -> None:
    """Read the next rows of one directory, and decode them until there are enough people for the page."""
    time_slice = TimeSlice(app)
    start, stop = where.row_keys()
    if stretch.scanned_to:
        start = max(
            start, keys.successor(f"{where.family.name}{keys.SEPARATOR}{stretch.scanned_to}")
        )
    rows = await app.tables.query(CONTACTS, stretch.directory.id, start, stop, limit=batch.rows)
    is_whole = not (where.start or where.stop or stretch.scanned_to)
    if not rows and is_whole:
        note_empty(app, stretch.directory, where.family.name, where.beginning)
    position, is_enough = "", False
    for row in rows:
        position = row.key.partition(keys.SEPARATOR)[2]
        word, _, identifier = position.rpartition(keys.SEPARATOR)
        is_candidate = selection.keep_part(word)
        card = None
        if is_candidate and selection.may_keep(stretch.directory, row.value):
            card = decode(identifier, row.value)
        if card is not None and selection.keep(stretch.directory, word, card):
            stretch.found.append(Found(directory=stretch.directory, card=card, position=position))
            # One more than the page has shows that there is another page.
            is_enough = len(stretch.found) > batch.people
            if is_enough:
                break
        elif is_candidate and selection.rejected is not None:
            selection.rejected.append(EncodedRow(stretch.directory, identifier, row.value))
        await time_slice.yield_when_over()
    has_more = is_enough or len(rows) == batch.rows
    stretch.scanned_to = position if has_more else ""


@dataclass(slots=True)
class _Empty:
    """The negative cache: by directory id, row family and prefix, the monotonic time at which no row was found."""

    noted_at: LruCache[tuple[str, str, str], float] = field(
        default_factory=lambda: LruCache(_MAX_EMPTY)
    )


def without_known_empty(
    app: App, directories: Sequence[Directory], family: str, beginning: str
) -> Sequence[Directory]:
    """Return the directories without those that are known to have no row with this prefix."""
    if len(directories) <= MANY_DIRECTORIES:
        return directories
    return [one for one in directories if not is_known_empty(app, one, family, beginning)]


def is_known_empty(app: App, directory: Directory, family: str, beginning: str) -> bool:
    """Return whether the negative cache has this prefix or a shorter one."""
    memory, now = app.state(_Empty).noted_at, app.clock.monotonic()
    beginnings = (beginning[:length] for length in range(1, len(beginning) + 1))
    times = (memory.get((directory.id, family, one)) for one in beginnings)
    return any(at is not None and 0 <= now - at < EMPTY_SECONDS for at in times)


def note_empty(app: App, directory: Directory, family: str, beginning: str) -> None:
    """Add a prefix without rows to the negative cache."""
    if beginning:
        app.state(_Empty).noted_at.put((directory.id, family, beginning), app.clock.monotonic())
