"""Finds people by a number while it is typed: by all its digits, its beginning, its end, or four digits in between.

The search reads ranges of rows in stages (`number_ranges`) and returns each person once, at the person's first row. Its
cursor contains the stage, the range and the position reached, so everyone appears on some page, however many match.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from contacts import number_lookup
from contacts.condition import Condition
from contacts.cursors import Cursor, bad_cursor, decode_cursor, encode_cursor
from contacts.index_scan import Found, Page, Selection, walk
from contacts.listing import read_user
from contacts.number_lookup import Match
from contacts.number_ranges import NumberRange, Stage, stages_of, whole_stage
from directories.models import Directory
from scim.users.models import UserRecord
from shared.app import App
from shared.concurrency import each
from shared.keys import MAX_KEY_CHAR, SEPARATOR
from shared.numbers.query import query_of
from shared.tables.port import MAX_QUERY_ROWS

_MIN_PEOPLE = 5  # people; with so many on a page, the next stage is left to the next page
_MAX_READS = (
    8  # round trips of a range; a page without a match may be empty, and its cursor goes on
)
_EXACT, _DIGITS = "exact", "digits"  # the part that a cursor continues: exact matches, or stages


@dataclass(frozen=True, slots=True, order=True)
class _Position:
    """A position in the search: the stage, the index of the range in it, and the key of the last row shown."""

    stage: int = 0
    number: int = 0
    position: str = ""


@dataclass(frozen=True, slots=True)
class _Start:
    """Where a page starts, and how many rows it reads; `had` is true if an earlier stage found people."""

    name: str = _DIGITS
    position: _Position = _Position()
    had: bool = False


@dataclass(frozen=True, slots=True)
class _Hit:
    """A person, and the position of the row by which the person was found."""

    found: Found
    position: _Position

    @property
    def person(self) -> tuple[str, str]:
        """Return the directory id and the person's id."""
        return self.found.directory.id, self.found.card.id


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    """The directories to search, the stages of each, and the condition on people."""

    app: App
    directories: Sequence[Directory]
    stages: dict[str, list[Stage]]
    condition: Condition | None

    @property
    def length(self) -> int:
        """Return the number of stages."""
        return max((len(own) for own in self.stages.values()), default=0)

    def ranges_of(self, directory: Directory, stage: int) -> tuple[NumberRange, ...]:
        """Return the ranges of one stage of a directory; empty after its last stage."""
        own = self.stages[directory.id]
        return own[stage].ranges if stage < len(own) else ()

    def count(self, stage: int) -> int:
        """Return how many ranges this stage has, in the directory in which it has the most."""
        return max((len(self.ranges_of(one, stage)) for one in self.directories), default=0)

    def by_range(self, stage: int, number: int) -> list[tuple[NumberRange, list[Directory]]]:
        """Return each different range at index `number` of the stage, with the directories that have it.

        Directories of the same region have the same range.
        """
        found: dict[str, tuple[NumberRange, list[Directory]]] = {}
        for directory in self.directories:
            own = self.ranges_of(directory, stage)
            if number < len(own):
                found.setdefault(directory.region, (own[number], []))[1].append(directory)
        return list(found.values())

    def positions(self, directory: Directory) -> Iterator[tuple[_Position, NumberRange]]:
        """Yield a directory's ranges and their positions, in the order in which they are read."""
        for stage, own in enumerate(self.stages[directory.id]):
            yield from ((_Position(stage, number), one) for number, one in enumerate(own.ranges))

    def without_last_resort(self) -> "_Search":
        """Return the search without the stages that are used only if nothing else matches."""
        stages = {
            directory_id: [Stage(()) if one.is_last_resort else one for one in own]
            for directory_id, own in self.stages.items()
        }
        return replace(self, stages=stages)


async def find_by_number(
    app: App,
    directories: Sequence[Directory],
    text: str,
    limit: int,
    cursor: str = "",
    condition: Condition | None = None,
) -> Page:
    """Return the next people who have this number or, if there are none, a number that contains the digits.

    With a `condition`, only people who meet it are returned.

    Round trips per directory for the first page: one for a complete number that a person has, or for the beginning of a
    number in international form; three for three digits; otherwise one for the end of numbers and three for the middle,
    and one more if the text is a complete number that no one has. A later page takes one more per person, to leave out
    people whom an earlier page shows because of another of their numbers.

    Raises:
        HttpError: 400 for a cursor of another query.
    """
    start = _read(cursor)
    exact, possible = await _whole(app, directories, text, condition)
    is_cut = len(exact) > limit or len(exact) >= number_lookup.MAX_SHARED
    if start.name == _EXACT or (not cursor and is_cut):
        stages = {one.id: [whole_stage(query_of(text, one.region).readings)] for one in directories}
        search = _Search(app=app, directories=directories, stages=stages, condition=condition)
        return await _page(search, replace(start, name=_EXACT), limit)
    known = {match.directory.id for match in exact}
    others = [one for one in directories if one.id not in known]
    stages = {one.id: stages_of(text, one.region) for one in others}
    search = _Search(app=app, directories=others, stages=stages, condition=condition)
    whole = [_found(match) for match in (*exact, *possible)]
    if cursor:
        return await _page(search, start, limit, whole)
    page = await _page(search, start, max(1, limit - len(whole)))
    found = [*whole[: len(exact)], *page.found, *whole[len(exact) :]]
    return Page(_once(found)[:limit], page.cursor)


async def _whole(
    app: App, directories: Sequence[Directory], text: str, condition: Condition | None
) -> tuple[list[Match], list[Match]]:
    """Return the exact and the possible matches if the text can be parsed as a complete number, else two empty lists.

    A text that can be parsed may still be incomplete: +44 20 7946 010, for example.
    """

    async def in_one(directory: Directory) -> list[Match]:
        if not query_of(text, directory.region).number.e164:
            return []
        return await number_lookup.in_directory(app, directory, text)

    found = [one for own in await each(directories, in_one) for one in own]
    found = [one for one in found if condition is None or condition.meets(one.directory, one.card)]
    exact = [one for one in found if one.kind == "exact"]
    return exact, [one for one in found if one.kind != "exact"]


def _found(match: Match) -> Found:
    return Found(directory=match.directory, card=match.card)


def _once(found: Iterable[Found]) -> list[Found]:
    """Return each person once, at the first position."""
    once: dict[tuple[str, str], Found] = {}
    for one in found:
        once.setdefault((one.directory.id, one.card.id), one)
    return list(once.values())


async def _page(search: _Search, start: _Start, limit: int, shown: Sequence[Found] = ()) -> Page:
    """Return the next page, without the people in `shown`, and without people who were on an earlier page."""
    if start.had:
        search = search.without_last_resort()
    had, following, hits = start.had, None, list[_Hit]()
    for stage in range(start.position.stage, search.length):
        if hits:
            had, search = True, search.without_last_resort()
            if len(hits) >= min(_MIN_PEOPLE, limit) and search.count(stage):
                following = _Position(stage)
                break
        position = start.position if stage == start.position.stage else _Position(stage)
        own, following = await _read_stage(search, position, limit - len(hits))
        hits += own
        if following is not None:
            break
    if start.position != _Position():
        hits = await _not_shown_before(search, hits, shown)
    found = _once(one.found for one in hits)
    return Page(found, _written(_Start(start.name, following, had)) if following else "")


async def _read_stage(
    search: _Search, position: _Position, limit: int
) -> tuple[list[_Hit], _Position | None]:
    """Return the people of a stage from `position` on, and the position from which to continue, or None after the last."""
    numbers = range(position.number, search.count(position.stage))
    starts = [
        position if number == position.number else _Position(position.stage, number)
        for number in numbers
    ]
    pages = await each(starts, lambda start: _read_range(search, start, limit))
    hits = list[_Hit]()
    for start, page in zip(starts, pages, strict=True):
        room = limit - len(hits)
        if not room:
            return hits, start
        own = [_Hit(one, replace(start, position=one.position)) for one in page.found[:room]]
        hits += own
        if len(page.found) > room:
            return hits, own[-1].position
        if page.cursor:
            return hits, replace(start, position=decode_cursor(page.cursor).position)
    return hits, None


async def _read_range(search: _Search, position: _Position, limit: int) -> Page:
    """Return the people of a range from `position` on, in the common key order of all directories."""
    pages = await each(
        search.by_range(position.stage, position.number),
        lambda pair: _walk(search, pair[0], pair[1], position.position, limit),
    )
    if len(pages) == 1:
        return pages[0]
    ends = [decode_cursor(page.cursor).position for page in pages if page.cursor]
    end = min(ends, default=MAX_KEY_CHAR)
    found = [one for page in pages for one in page.found if one.position <= end]
    found.sort(key=lambda one: (one.position, one.directory.id))
    cursor = encode_cursor(Cursor(f"{_DIGITS}{SEPARATOR}", end)) if ends else ""
    return Page(found, cursor)


async def _walk(
    search: _Search,
    where: NumberRange,
    directories: Sequence[Directory],
    position: str,
    limit: int,
) -> Page:
    """Read one range of the directories of one region."""
    condition = search.condition
    is_sparse = where.is_sparse or condition is not None
    selection = Selection(
        keep=lambda directory, _, card: condition is None or condition.meets(directory, card),
        keep_part=where.keep,
        ahead=MAX_QUERY_ROWS if is_sparse else 1,
        enough=1 if is_sparse else limit,
        round_trips=_MAX_READS,
    )
    cursor = encode_cursor(Cursor(where.rows.name, position)) if position else ""
    return await walk(search.app, directories, where.rows, limit, cursor, selection)


async def _not_shown_before(
    search: _Search, hits: Sequence[_Hit], shown: Sequence[Found]
) -> list[_Hit]:
    """Return the people who were on no earlier page. One round trip per person."""
    known = {(one.directory.id, one.card.id) for one in shown}

    async def is_first(hit: _Hit) -> bool:
        if hit.person in known:
            return False
        user = await read_user(search.app, hit.found.directory, hit.found.card.id)
        return user is not None and hit.position <= _first_position(search, hit, user)

    first = await each(hits, is_first)
    return [hit for hit, is_new in zip(hits, first, strict=True) if is_new]


def _first_position(search: _Search, hit: _Hit, user: UserRecord) -> _Position:
    """Return the position of the first row by which the search finds a user."""
    for beginning, where in search.positions(hit.found.directory):
        if position := where.first_position(user):
            return replace(beginning, position=position)
    return hit.position


def _written(start: _Start) -> str:
    position, had = start.position, "1" if start.had else ""
    where = f"{start.name}{SEPARATOR}{position.stage}"
    return encode_cursor(Cursor(where, position.position, (str(position.number), had)))


def _read(cursor: str) -> _Start:
    """Decode the cursor into the position from which to continue.

    Raises:
        HttpError: 400 for a cursor of a search by name.
    """
    if not cursor:
        return _Start()
    parsed = decode_cursor(cursor)
    name, _, stage = parsed.where.partition(SEPARATOR)
    numbers = (stage, *parsed.shown[:1])
    if name not in (_EXACT, _DIGITS) or len(parsed.shown) != 2 or not all(map(_is_small, numbers)):
        raise bad_cursor()
    position = _Position(int(stage), int(parsed.shown[0]), parsed.position)
    return _Start(name, position, bool(parsed.shown[1]))


def _is_small(text: str) -> bool:
    return len(text) == 1 and text in "0123456789"
