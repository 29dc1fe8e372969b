"""The parts of a number that index rows begin with, so that any digits of it are the beginning of some row.

A row at *offset* o holds the digits from o on, then a dot and the digits before: `79460958.4420`. Digits typed from the
middle begin at some offset of the number; with a row at every third offset, one of the typed digits' first three is
the first digit of a row. So three ranges find them all: rows that begin with the typed digits, with them less the first
digit, and less its first two; the digits before the dot tell the rest. The end of a number is found by reversed digits.
"""

from collections.abc import Iterator

_STEP = 3
_MIN_TYPED = 4
_DOT = "."


def offsets(count: int) -> list[int]:
    """Return the offsets at which rows for a number of so many digits begin, 0 first.

    The rest after the last one is two digits more than _STEP, because the four last digits are an end. Offset 1
    is left out of long numbers: it would serve only a text that begins with the second digit of a country code.
    """
    if count < _MIN_TYPED + 1:
        return [0]
    inner = range(count - _MIN_TYPED - 1, 0, -_STEP)
    return [0, *(offset for offset in inner if offset > 1 or count < 10)]


def turned(digits: str, offset: int) -> str:
    """Return the digits from the offset on, a dot, and the digits before it; at offset 0 the digits alone."""
    return f"{digits[offset:]}{_DOT}{digits[:offset]}" if offset else digits


def turned_back(part: str) -> str:
    """Return the digits that `turned` was given, "" for anything else, such as a word with letters."""
    rest, _, before = part.partition(_DOT)
    digits = before + rest
    return digits if digits.isascii() and digits.isdecimal() else ""


def ranges_of(part: str) -> Iterator[str]:
    """Return the beginnings of the rows of all numbers that have `part` (four digits or more) in the middle."""
    yield from (part[skipped:] for skipped in range(_STEP))
