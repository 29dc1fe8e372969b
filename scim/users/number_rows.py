"""The rows by which phone numbers are found: by last digits (incoming calls), by any digits (typing), and by PBX.

A row at *offset* o holds the digits from o on, then a dot and the digits before it: `79460958.4420`. Digits typed
from the middle of a number start at some offset. There is a row at every third offset, so one of the first three
typed digits is the first digit of a row. Therefore three ranges find all matches: rows that start with the typed
digits, rows that start with them without the first digit, and without the first two; the digits before the dot
confirm the match. The end of a number is found by its reversed digits.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from scim.users import contact_cards
from scim.users.contact_cards import Card
from shared.numbers.number import Key, KeyKind, Number
from shared.tables.schema.contacts import EXCHANGE, FIND, HIDDEN_NUMBER, NUMBER

MAX_NUMBERS = 12
MAX_ROWS = 14  # of one person's numbers: twelve ends, and the rest for parts and exchanges
_MAX_TYPED = 2  # numbers with a row for their first digits in any case
_LETTERS: dict[KeyKind, str] = {
    "international": "i",
    "national": "n",
    "raw": "r",
    "possible": "p",
}
_KINDS: dict[str, KeyKind] = {letter: kind for kind, letter in _LETTERS.items()}
_OFFSET_STEP = 3
_MIN_TYPED = 4
_DOT = "."


def rows_by_end(identifier: str, card: bytes, own: Sequence[Number]) -> dict[str, bytes]:
    """Return an active person's rows by the last digits of a number, with their values, by key."""
    # Of two numbers with the same digits the main one has the last word.
    ends = _ends(own)[::-1]
    row_keys = NUMBER.keys([end.digits[::-1] for end in ends], identifier)
    return {
        key: contact_cards.with_number_key(card, end.extension, _LETTERS[end.kind])
        for key, end in zip(row_keys, ends, strict=True)
    }


def other_keys(identifier: str, own: Sequence[Number], by_end: Mapping[str, bytes]) -> list[str]:
    """Return the keys of an active person's other number rows, each of which holds the card alone.

    They are those of the rows by the beginning of a number, by PBX and by the middle of a number, most useful first.
    """
    typed = [digits for number in own for digits in _typed(number)]
    exchanges = [number.exchange for number in own if number.exchange]
    parts = [turned(digits, at) for digits in typed for at in offsets(len(digits))]
    found = dict.fromkeys(FIND.keys(typed[:_MAX_TYPED], identifier))
    if exchanges:
        found |= dict.fromkeys(EXCHANGE.keys(exchanges, identifier))
    found |= dict.fromkeys(FIND.keys(parts, identifier))
    return list(found)[: MAX_ROWS - len(by_end)]


def hidden_keys(identifier: str, own: Sequence[Number]) -> Iterator[str]:
    """Yield the keys of rows by which only SCIM clients find an inactive person's numbers."""
    return (HIDDEN_NUMBER.key(key.digits[::-1], identifier) for key in _ends(own))


def kind_of(card: Card) -> KeyKind | None:
    """Return the kind of key of a row that is found by the last digits of a number; None for rows of older releases."""
    return _KINDS.get(card.key_kind)


def _ends(own: Sequence[Number]) -> list[Key]:
    """Return the keys by last digits of all numbers; the main key of each number comes before all other keys."""
    mains = [number.keys[0] for number in own if number.keys]
    rest = [key for number in own for key in number.keys[1:]]
    return [*mains, *rest][:MAX_NUMBERS]


def _typed(number: Number) -> list[str]:
    """Return the digits that a caller types for a number: with the extension if it is dialled directly."""
    if number.fault is not None and number.keys:
        return [key.digits for key in number.keys]
    return [number.keys[-1].digits] if number.keys else []


@lru_cache(maxsize=64)
def offsets(count: int) -> tuple[int, ...]:
    """Return the offsets at which a number with `count` digits has rows, 0 first.

    More than four digits follow the last offset, because the last four digits are found by the row of the number's end.
    Offset 1 is left out of long numbers, because it would only serve a text that starts with the second digit of a
    country code.
    """
    if count < _MIN_TYPED + 1:
        return (0,)
    inner = range(count - _MIN_TYPED - 1, 0, -_OFFSET_STEP)
    return (0, *(offset for offset in inner if offset > 1 or count < 10))


def turned(digits: str, offset: int) -> str:
    """Return the digits from the offset on, a dot, and the digits before it; at offset 0 only the digits."""
    return f"{digits[offset:]}{_DOT}{digits[:offset]}" if offset else digits


def turned_back(part: str) -> str:
    """Return the digits that were passed to `turned`; "" for a text that `turned` doesn't return."""
    rest, _, before = part.partition(_DOT)
    digits = before + rest
    return digits if digits.isascii() and digits.isdecimal() else ""


def ranges_of(part: str) -> Iterator[str]:
    """Yield the key prefixes of the rows of all numbers that have `part` (four digits or more) in the middle."""
    yield from (part[skipped:] for skipped in range(_OFFSET_STEP))
