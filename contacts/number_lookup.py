"""Looks up people by phone number for the call history and incoming calls, up to 100 numbers per request.

Each number takes one round trip per directory, and a second one if it has no exact match and its country dials
extensions directly after the number of a PBX. If many numbers are requested of a directory that has few, one round trip
reads all the directory's numbers instead. The total number of round trips per request is limited.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from directories.models import Directory
from scim.users.contact_cards import Card, decode
from scim.users.index_rows import key_kind_of
from shared import keys
from shared.app import App
from shared.concurrency import TimeSlice, each
from shared.numbers.number import MIN_DIGITS, MIN_SUFFIX
from shared.numbers.query import Query, query_of
from shared.tables.port import MAX_QUERY_ROWS, Row
from shared.tables.schema.base import CONTACTS
from shared.tables.schema.contacts import EXCHANGE, NUMBER
from shared.words import search_key

MAX_NUMBERS = 100
MAX_LOOKUPS = 2000  # round trips per request, in addition to one per directory
_WORTH_A_LOOK = 20  # numbers from which on it pays to look whether a directory has few
MAX_SHARED = 200  # people who share the end of a number
_NOT_EXACT = 9  # the rank of a possible match


class TooManyLookups(Exception):
    """Raised when a request would take more than `most` lookups in large directories."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.most = most


@dataclass(frozen=True, slots=True)
class Match:
    """A person who has the number.

    `exact`: the same number. `possible`: the person's number may be another form of it. `rank` sorts exact matches: the
    person who has it as the main number comes before people who share it.
    """

    directory: Directory
    card: Card
    kind: Literal["exact", "possible"]
    rank: int = _NOT_EXACT


@dataclass(slots=True)
class _Asked:
    """The query of one directory: the ranges of rows to read, by their first keys, and the rows that were read."""

    directory: Directory
    queries: dict[str, Query]
    starts: Sequence[str]
    rows: dict[str, list[Row]] = field(default_factory=dict)


async def lookup_numbers(
    app: App, directories: Sequence[Directory], texts: Sequence[str]
) -> list[list[Match]]:
    """Return, for each number, its matches in all the directories, exact ones first.

    One round trip per number and directory, and one more for numbers without an exact match that may be direct-dial
    numbers.

    Raises:
        TooManyLookups: The request would take too many round trips.
    """
    asked = await _asked(app, directories, texts)
    await _read(app, asked)
    matches: dict[str, list[Match]] = {text: [] for text in texts}
    time_slice = TimeSlice(app)
    for text, own in matches.items():
        for one in asked:
            query = one.queries[text]
            rows = [row for start in _starts(query) for row in one.rows.get(start, ())[:MAX_SHARED]]
            if rows:
                own += await _matches(app, one.directory, query, rows)
            await time_slice.yield_when_over()
    await _add_colleagues(app, asked, matches)
    return [sorted(matches[text], key=lambda match: match.rank) for text in texts]


async def _asked(app: App, directories: Sequence[Directory], texts: Sequence[str]) -> list[_Asked]:
    """Return the query of each directory.

    Other requests are served in between, because parsing a number takes up to 1 ms per region.
    """
    by_region: dict[str, dict[str, Query]] = {one.region: {} for one in directories}
    starts: dict[str, list[str]] = {}
    time_slice = TimeSlice(app)
    for region, own in by_region.items():
        found = set[str]()
        for text in texts:
            own[text] = query = query_of(text, region)
            found.update(_starts(query))
            await time_slice.yield_when_over()
        starts[region] = sorted(found)
    return [_Asked(one, by_region[one.region], starts[one.region]) for one in directories]


async def in_directory(app: App, directory: Directory, text: str) -> list[Match]:
    """Return the matches in one directory; its region is the default for parsing national numbers."""
    query = query_of(text, directory.region)
    found = await each(_starts(query), lambda start: _rows(app, directory, start))
    return await _matches(app, directory, query, [row for rows in found for row in rows])


def _starts(query: Query) -> list[str]:
    """Return the key prefixes of rows that can match.

    They are the last digits of the number or, for an internal extension, the extension alone, because equal last
    digits of a longer number don't make a match.
    """
    return [
        NUMBER.under(backwards)[0]
        if len(backwards) < MIN_SUFFIX
        else NUMBER.beginning(backwards)[0]
        for backwards in query.starts
        if len(backwards) >= MIN_DIGITS
    ]


async def _read(app: App, asked: Sequence[_Asked]) -> None:
    """Read all ranges of all directories."""
    count = sum(len(one.starts) for one in asked)
    many = [
        one
        for one in asked
        if len(one.starts) >= _WORTH_A_LOOK or (one.starts and count > MAX_LOOKUPS)
    ]
    await each(many, lambda one: _look(app, one))
    left = [(one, start) for one in asked for start in one.starts if start not in one.rows]
    numbers = max((len(one.starts) for one in asked), default=0)
    if len(left) > MAX_LOOKUPS and numbers > 1:
        raise TooManyLookups(max(1, MAX_LOOKUPS // len({one.directory.id for one, _ in left})))

    async def read(pair: tuple[_Asked, str]) -> None:
        one, start = pair
        one.rows[start] = await _rows(app, one.directory, start)

    await each(left, read)


async def _look(app: App, one: _Asked) -> None:
    """Read all numbers of a small directory in one round trip, and keep the rows that match."""
    first, end = one.starts[0], one.starts[-1] + keys.MAX_KEY_CHAR
    rows = await app.tables.query(CONTACTS, one.directory.id, first, end, limit=MAX_QUERY_ROWS)
    found = [row.key for row in rows]
    known = end if len(rows) < MAX_QUERY_ROWS else found[-1]
    for start in one.starts:
        stop = start + keys.MAX_KEY_CHAR
        if stop <= known:
            one.rows[start] = rows[bisect_left(found, start) : bisect_left(found, stop)]


async def _rows(app: App, directory: Directory, start: str) -> list[Row]:
    return await app.tables.query(
        CONTACTS, directory.id, start, start + keys.MAX_KEY_CHAR, limit=MAX_SHARED
    )


async def _matches(
    app: App, directory: Directory, query: Query, rows: Sequence[Row]
) -> list[Match]:
    own = _ranked(directory, query, rows)
    if len(rows) >= MAX_SHARED and not any(match.kind == "exact" for match in own):
        exact = await _rows(app, directory, NUMBER.under(query.number.digits[::-1])[0])
        return _ranked(directory, query, [*exact, *rows])
    return own


def _ranked(directory: Directory, query: Query, rows: Sequence[Row]) -> list[Match]:
    """Return each person once, best match first."""
    hits = [_Hit.of(row) for row in rows]
    matching = _matching(query, hits)
    found = list[Match]()
    for hit in hits:
        if hit.digits in matching and hit.is_whole:
            rank = _rank(query, hit)
            kind: Literal["exact", "possible"] = "possible" if rank == _NOT_EXACT else "exact"
            found.append(Match(directory, hit.card, kind, rank))
        elif query.is_possible(hit.digits, key_kind_of(hit.card)):
            found.append(Match(directory, hit.card, "possible"))
    found.sort(key=lambda match: (match.rank, search_key(match.card.name), match.card.id))
    once: dict[str, Match] = {}
    for match in found:
        once.setdefault(match.card.id, match)
    return list(once.values())


@dataclass(frozen=True, slots=True)
class _Hit:
    """A row found by the last digits of a number: the digits under which it is stored, and the card."""

    digits: str
    card: Card

    @classmethod
    def of(cls, row: Row) -> "_Hit":
        backwards, identifier = NUMBER.parts_of(row.key)
        return cls(backwards[::-1], decode(identifier, row.value))

    @property
    def is_whole(self) -> bool:
        """Return whether the match can be exact, which requires that the person's field contains only one number."""
        return key_kind_of(self.card) != "possible"


def _matching(query: Query, hits: Sequence[_Hit]) -> frozenset[str]:
    """Return the stored digits that are an exact match for the number looked up.

    Digits without a country code can be parsed in several ways. The result is the most probable one if a person has
    it, else the only one that people have. If people have several of the less probable ones, the result is empty, and
    these people are possible matches.
    """
    stored = {hit.digits for hit in hits if hit.is_whole and query.is_exact(hit.digits)}
    own = stored & {key.digits for key in query.number.keys}
    if own or len(stored) == 1:
        return frozenset(own or stored)
    return frozenset()


def _rank(query: Query, hit: _Hit) -> int:
    """Return the sort key of a person among those who share a number.

    First come people with the extension that was looked up (without an extension, everyone), then
    people who have the line without an extension, and among each of these the person whose main
    number it is. Last come people with another extension, who may be colleagues of the person
    called.
    """
    asked, own = query.number.extension, hit.card.extension
    is_main = hit.card.number.lstrip("+") == hit.digits
    if not asked or own == asked:
        return 0 if is_main else 1
    if own:
        return _NOT_EXACT
    return 2 if is_main else 3


async def _add_colleagues(
    app: App, asked: Sequence[_Asked], matches: dict[str, list[Match]]
) -> None:
    """Add people of the same PBX as possible matches to numbers without an exact match."""
    missing = [
        (one, text)
        for text, own in matches.items()
        if not any(match.kind == "exact" for match in own)
        for one in asked
        if one.queries[text].exchanges
    ]
    found = await each(
        missing[:MAX_LOOKUPS],
        lambda pair: colleagues(app, pair[0].directory, pair[0].queries[pair[1]]),
    )
    for (_, text), own in zip(missing, found, strict=False):
        known = {(match.directory.id, match.card.id) for match in matches[text]}
        matches[text] += [
            match for match in own if (match.directory.id, match.card.id) not in known
        ]


async def colleagues(app: App, directory: Directory, query: Query) -> list[Match]:
    """Return, as possible matches, the people with a PBX that may own this number as a direct-dial number."""
    if query.exchanges is None:
        return []
    shortest, own = query.exchanges
    start, stop = EXCHANGE.beginning(shortest)
    rows = await app.tables.query(CONTACTS, directory.id, start, stop, limit=MAX_SHARED)
    found = list[Match]()
    for row in rows:
        exchange, identifier = EXCHANGE.parts_of(row.key)
        if own.startswith(exchange):
            card = decode(identifier, row.value)
            found.append(Match(directory, card, "possible"))
    return sorted(found, key=lambda match: (search_key(match.card.name), match.card.id))
