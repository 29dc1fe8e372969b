"""Whose number is it: call history and incoming calls, up to a hundred numbers in one request.

A number is one round trip in each directory. Where many are asked for, all numbers of a directory that has few of them
are one round trip; what is left to look up one by one is bounded for a request.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from directories.models import Directory
from scim.users.contact_cards import Card, decode
from shared import keys
from shared.app import App
from shared.concurrency import each
from shared.numbers import MIN_DIGITS, MIN_SUFFIX, Query, query_forms
from shared.tables.limits import MAX_QUERY_ROWS
from shared.tables.port import Row
from shared.tables.schema import CONTACTS, NUMBER

MAX_NUMBERS = 100
MOST_LOOKUPS = 2000  # round trips of one request, beside one for each directory
_WORTH_A_LOOK = 20  # numbers from which on it pays to look whether a directory has few
_MOST = 200  # people who share the end of a number


class TooManyLookups(Exception):
    """So many numbers are not looked up at once in so many large directories; `most` would be."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.most = most


@dataclass(frozen=True, slots=True)
class Match:
    """A person who has the number. `exact`: it is the same number; `possible`: one is the end of the other."""

    directory: Directory
    card: Card
    kind: Literal["exact", "possible"]


@dataclass(slots=True)
class _Asked:
    """What is asked of one directory: ranges of rows by their starts, and those that are read."""

    directory: Directory
    starts: Sequence[str]
    rows: dict[str, list[Row]] = field(default_factory=dict)


async def lookup_numbers(
    app: App, directories: Sequence[Directory], texts: Sequence[str]
) -> list[list[Match]]:
    """All matches of each number in all the directories, exact ones first; a round trip a number and directory at most.

    Raises TooManyLookups.
    """
    queries = {
        one.region: {text: query_forms(text, one.region) for text in texts} for one in directories
    }
    starts = {
        region: sorted({_start(query) for query in own.values()} - {""})
        for region, own in queries.items()
    }
    asked = [_Asked(directory, starts[directory.region]) for directory in directories]
    await _read(app, asked)
    matches: dict[str, list[Match]] = {text: [] for text in texts}
    for text, own in matches.items():
        for one in asked:
            query = queries[one.directory.region][text]
            if rows := one.rows.get(_start(query)):
                own += await _matches(app, one.directory, query, rows[:_MOST])
    return [sorted(matches[text], key=lambda match: match.kind != "exact") for text in texts]


async def in_directory(app: App, directory: Directory, text: str) -> list[Match]:
    """The matches in one directory, whose region says how a national number is meant."""
    query = query_forms(text, directory.region)
    start = _start(query)
    return (
        await _matches(app, directory, query, await _rows(app, directory, start)) if start else []
    )


def _start(query: Query) -> str:
    """Where the rows begin that can match: those of the number's end, and of an internal extension its own alone,
    since the end of a longer number says nothing. "": none can.
    """
    backwards = query.number.digits[::-1]
    if len(backwards) < MIN_DIGITS:
        return ""
    if len(backwards) < MIN_SUFFIX:
        return NUMBER.under(backwards)[0]
    return NUMBER.beginning(backwards[:MIN_SUFFIX])[0]


async def _read(app: App, asked: Sequence[_Asked]) -> None:
    """Read all ranges of all directories."""
    count = sum(len(one.starts) for one in asked)
    many = [
        one
        for one in asked
        if len(one.starts) >= _WORTH_A_LOOK or (one.starts and count > MOST_LOOKUPS)
    ]
    await each(many, lambda one: _look(app, one))
    left = [(one, start) for one in asked for start in one.starts if start not in one.rows]
    numbers = max((len(one.starts) for one in asked), default=0)
    if len(left) > MOST_LOOKUPS and numbers > 1:
        raise TooManyLookups(max(1, MOST_LOOKUPS // len({one.directory.id for one, _ in left})))

    async def read(place: tuple[_Asked, str]) -> None:
        one, start = place
        one.rows[start] = await _rows(app, one.directory, start)

    await each(left, read)


async def _look(app: App, one: _Asked) -> None:
    """Read all numbers of the directory, as far as they are one round trip, and keep what is asked for."""
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
        CONTACTS, directory.id, start, start + keys.MAX_KEY_CHAR, limit=_MOST
    )


async def _matches(
    app: App, directory: Directory, query: Query, rows: Sequence[Row]
) -> list[Match]:
    own = _ranked(directory, query, rows)
    if len(own) >= _MOST and not any(match.kind == "exact" for match in own):
        exact = await _rows(app, directory, NUMBER.under(query.number.digits[::-1])[0])
        return _ranked(directory, query, exact) + own
    return own


def _ranked(directory: Directory, query: Query, rows: Sequence[Row]) -> list[Match]:
    found = list[tuple[int, Match]]()
    for row in rows:
        backwards, identifier = NUMBER.parts_of(row.key)
        card, digits = decode(identifier, row.value), backwards[::-1]
        if query.is_exact(digits):
            found.append((_extension_rank(query, card), Match(directory, card, "exact")))
        elif query.is_possible(digits):
            found.append((3, Match(directory, card, "possible")))
    # Another extension of the same line is somebody else, possibly a colleague who takes the calls.
    ranked = [
        (rank, Match(m.directory, m.card, "possible") if rank == 2 else m) for rank, m in found
    ]
    once: dict[str, Match] = {}
    for _, match in sorted(
        ranked, key=lambda pair: (pair[0], keys.search_key(pair[1].card.name), pair[1].card.id)
    ):
        once.setdefault(match.card.id, match)
    return list(once.values())


def _extension_rank(query: Query, card: Card) -> int:
    """0: the extension asked for, or none asked; 1: the line itself; 2: another extension."""
    asked = query.number.extension
    if not asked or card.extension == asked:
        return 0
    return 2 if card.extension else 1
