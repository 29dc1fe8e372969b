"""People found by a number while it is typed: whole, by its beginning, its end, or any four digits of its middle."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from contacts import empty_prefix_cache, number_lookup
from contacts.index_scan import Found
from directories.models import Directory
from scim.users.contact_cards import decode
from shared.app import App
from shared.concurrency import each
from shared.numbers.index_keys import ranges_of, turned_back
from shared.numbers.plan import dialling
from shared.numbers.query import query_of
from shared.numbers.typed import MIN_PART, Typed, typed_of
from shared.tables.limits import MAX_QUERY_ROWS
from shared.tables.schema import CONTACTS, FIND, NUMBER, TwoParts

_ENOUGH = 5  # people; with so many by beginning or end, the middle is not looked at


@dataclass(frozen=True, slots=True)
class _Range:
    """The rows of a family by a prefix of their first part; `keep` selects among them by it."""

    family: TwoParts
    beginning: str
    keep: Callable[[str], bool]
    limit: int


async def find_by_number(
    app: App, directories: Sequence[Directory], text: str, limit: int
) -> list[Found]:
    """Return people of the directories with the number, else with one that contains the digits.

    It takes one round trip per directory for a whole number that exists, or for a prefix in
    international form; three for three digits; otherwise one for the end and three for the middle,
    and one more if a whole number has no match.
    """
    found = await each(
        directories, lambda directory: _in_one(app, directories, directory, text, limit)
    )
    return [one for own in found for one in own]


async def _in_one(
    app: App, directories: Sequence[Directory], directory: Directory, text: str, limit: int
) -> list[Found]:
    query, typed = query_of(text, directory.region), typed_of(text, directory.region)
    matches = list[number_lookup.Match]()
    # Digits that parse as a whole number may be one still being typed, as +44 20 7946 010 may be.
    if query.number.e164:
        matches = await number_lookup.in_directory(app, directory, text)
    whole = [Found(match.directory, match.card) for match in matches]
    if any(match.kind == "exact" for match in matches) or not typed.digits:
        return whole
    read, found = partial(_read, app, directories, directory), list[Found]()
    for stage in _stages(typed, directory.region, limit):
        if len(found) >= stage.enough:
            break
        found += [one for own in await each(stage.ranges, read) for one in own]
    return [*found, *whole]


@dataclass(frozen=True, slots=True)
class _Stage:
    """Ranges to read if fewer than `enough` people were found before."""

    ranges: list[_Range]
    enough: int = _ENOUGH


def _stages(typed: Typed, region: str, limit: int) -> list[_Stage]:
    """Return the stages: prefixes in international form, or the end; then the middle.

    Three digits are searched for at the beginning and at the end only. Four digits from a trunk
    zero on may also be the beginning of a national number; then the least selective range of the
    middle is read only if nothing was found. Digits from an exit code on may also be the middle of
    a number, but only if no number begins with them.
    """
    beginnings = [
        _Range(FIND, one, lambda part: typed.is_in(turned_back(part)), limit)
        for one in typed.beginnings
    ]
    middle = _middle(typed, region)
    if typed.is_international:
        return [_Stage(beginnings), _Stage(middle, 1)]
    backwards = (typed.part or typed.digits)[::-1]
    end = _Range(NUMBER, backwards, lambda part: typed.is_in(part[::-1]), limit)
    if len(typed.digits) < MIN_PART and not typed.has_exit_code:
        word = _Range(FIND, typed.digits, lambda part: "." not in part, limit)
        return [_Stage([end, word, *beginnings])]
    if typed.has_exit_code:
        return [_Stage([*beginnings, end]), _Stage(middle, 1)]
    if len(typed.national) < MIN_PART:
        return [_Stage([end]), _Stage([*beginnings, *middle[:2]]), _Stage(middle[2:], 1)]
    return [_Stage([end]), _Stage(middle)]


def _middle(typed: Typed, region: str) -> list[_Range]:
    if not (part := typed.part):
        return []

    def keep(word: str) -> bool:
        number = turned_back(word)
        if not number:
            return word.startswith(typed.digits)  # a room or a shop that is called by a number
        return part in number if typed.is_international else typed.is_in(number)

    beginnings = list(ranges_of(part))
    code = dialling(region).code
    if len(code) > 1 and part.startswith(code[1:]):
        beginnings.append(code[0] + part)  # no row begins with the second digit of a country code
    return [_Range(FIND, one, keep, MAX_QUERY_ROWS) for one in dict.fromkeys(beginnings)]


async def _read(
    app: App, directories: Sequence[Directory], directory: Directory, where: _Range
) -> list[Found]:
    """Return the people of one range, in one round trip; none if it is known to be empty."""
    is_many = len(directories) > empty_prefix_cache.MANY
    if is_many and empty_prefix_cache.is_known_empty(
        app, directory, where.family.name, where.beginning
    ):
        return []
    start, stop = where.family.beginning(where.beginning)
    rows = await app.tables.query(CONTACTS, directory.id, start, stop, limit=where.limit)
    if not rows:
        empty_prefix_cache.note(app, directory, where.family.name, where.beginning)
    found = list[Found]()
    for row in rows:
        part, identifier = where.family.parts_of(row.key)
        if where.keep(part):
            found.append(Found(directory, decode(identifier, row.value)))
    return found
