"""The ranges of rows to read, and their order, for digits that an agent types; they may be any part of a number."""

from collections.abc import Callable
from dataclasses import dataclass

from contacts.index_scan import Range
from scim.users import store
from scim.users.index_rows import ranges_of, turned_back
from scim.users.models import UserRecord
from shared import keys
from shared.numbers.plan import dialling
from shared.numbers.typed import MIN_PART, Typed, typed_of
from shared.tables.schema.contacts import FIND, NUMBER

_LAST_DIGIT = ":"  # sorts after each digit and before the separator of a key's parts


@dataclass(frozen=True, slots=True)
class NumberRange:
    """A range of rows by a prefix of their first key part; `keep` accepts or rejects a row by that part.

    `is_sparse`: most of its rows may be rejected.
    """

    rows: Range
    keep: Callable[[str], bool]
    is_sparse: bool = False

    def first_position(self, user: UserRecord) -> str:
        """Return the position of a user's first row in the range, or "" if the user has none."""
        start, stop = self.rows.row_keys()
        own = (key for key in store.stored_keys(user) if start <= key < stop)
        found = [key for key in own if self.keep(key.split(keys.SEPARATOR)[1])]
        return min(found).partition(keys.SEPARATOR)[2] if found else ""


@dataclass(frozen=True, slots=True)
class Stage:
    """Ranges that are read at the same time; with `is_last_resort` only if no earlier stage found a person."""

    ranges: tuple[NumberRange, ...]
    is_last_resort: bool = False


def stages_of(text: str, region: str) -> list[Stage]:
    """Return the stages for digits that are typed in a directory of the region.

    The first stage reads the beginnings of numbers in international form, or the ends of numbers; the next ones read
    the middle. Three digits are searched for only at the beginning and the end. After a plus or an exit code, the
    middle is a last resort. After a trunk zero and three digits, which may also be the beginning of a national
    number, only the least selective range of the middle is a last resort. The beginnings of numbers after a carrier
    code or a similar prefix are read with the middle if four digits of the national number are typed, else as a last
    resort.
    """
    typed = typed_of(text, region)
    if not typed.digits:
        return []

    def begun(digits: str) -> NumberRange:
        return NumberRange(Range(FIND, digits), lambda part: typed.is_in(turned_back(part)))

    beginnings = tuple(map(begun, typed.beginnings))
    enough = MIN_PART + len(dialling(region).code)
    likely = tuple(begun(one) for one in typed.after_prefix if len(one) >= enough)
    unlikely = tuple(begun(one) for one in typed.after_prefix if len(one) < enough)
    middle = _middle(typed, region)
    if typed.is_international:
        return [Stage(beginnings), Stage(middle, is_last_resort=True)]
    backwards = (typed.part or typed.digits)[::-1]
    end = NumberRange(Range(NUMBER, backwards), lambda part: typed.is_in(part[::-1]))
    if len(typed.digits) < MIN_PART and not typed.has_exit_code:
        word = NumberRange(Range(FIND, typed.digits), lambda part: "." not in part)
        return [Stage((end, word, *beginnings))]
    if typed.has_exit_code:
        last = (*middle, *likely, *unlikely)
        return [Stage((*beginnings, end)), Stage(last, is_last_resort=True)]
    if len(typed.national) < MIN_PART:
        return [
            Stage((end,)),
            Stage((*beginnings, *likely, *middle[:2])),
            Stage((*middle[2:], *unlikely), is_last_resort=True),
        ]
    return [Stage((end,)), Stage((*middle, *likely)), Stage(unlikely, is_last_resort=True)]


def whole_stage(digits: tuple[str, ...]) -> Stage:
    """Return a stage that finds the people who have a number with the same digits as one of `digits`."""
    return Stage(tuple(_exactly(one[::-1]) for one in digits))


def _exactly(backwards: str) -> NumberRange:
    rows = Range(NUMBER, backwards, start=backwards + _LAST_DIGIT)
    return NumberRange(rows, lambda part: part == backwards)


def _middle(typed: Typed, region: str) -> tuple[NumberRange, ...]:
    if not (part := typed.part):
        return ()

    def keep(word: str) -> bool:
        number = turned_back(word)
        if not number:
            return word.startswith(typed.digits)  # a room or a shop that is called by a number
        return part in number if typed.is_international else typed.is_in(number)

    beginnings = list(ranges_of(part))
    code = dialling(region).code
    if len(code) > 1 and part.startswith(code[1:]):
        beginnings.append(code[0] + part)  # no row begins with the second digit of a country code
    return tuple(
        NumberRange(Range(FIND, one), keep, is_sparse=True) for one in dict.fromkeys(beginnings)
    )
