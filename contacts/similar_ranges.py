"""Ranges of `sound` and `find` rows that contain names similar to a word.

The rows are those of `scim.users.search_terms`. A mistyped or misheard word has the code of the
right one if only vowels, doubled letters or letters that sound alike differ. If a consonant
differs, either the beginning of the word is intact, by which `find` rows are sorted, or the end of
its code, by which `sound` rows are. Ranges are so long that they hold fewer rows than one round
trip returns, in a directory of 100,000 people.
"""

from dataclasses import dataclass

from contacts.cursors import Range
from contacts.similarity import MIN_MISTYPED, MIN_SIMILAR
from shared.sounds import code
from shared.tables.schema import FIND, SOUND

_BEGINNING = 3  # letters of a word
_END = 3  # letters of a code


@dataclass(frozen=True, slots=True)
class Plan:
    """Ranges to read at once, and one to read afterwards, which depends on whether they could be read to their end."""

    ranges: list[Range]
    if_complete: Range | None = None
    if_truncated: Range | None = None


def of_one(word: str) -> Plan:
    """Return the ranges for a word alone."""
    if len(word) < MIN_SIMILAR:
        return Plan([])
    backwards = code(word)[::-1]
    if len(word) < MIN_MISTYPED - 1:
        return Plan([_with_sound(word)])
    begun = Range(FIND, word[:_BEGINNING])
    if len(backwards) <= _END:
        ends = [Range(SOUND, backwards[:-1])] if len(backwards) > 1 else []
        return Plan([_with_sound(word), begun, *ends])
    return Plan(
        [Range(SOUND, backwards[:_END]), begun],
        Range(SOUND, backwards[: _END - 1]),
        Range(FIND, word[: _BEGINNING + 1]),
    )


def of_two(searched: str, other: str, *, was_truncated: bool) -> Plan:
    """Return the ranges for two words: first taking `other` as correct, then `searched`.

    All people whose terms begin with `searched` were read before, unless `was_truncated`.
    """
    if was_truncated:
        return Plan([_with_sound(other), _with_sound(searched, beside=other)])
    backwards = code(searched)[::-1]
    ending = backwards[: _END if len(backwards) > _END else _END - 1]
    return Plan([_with_sound(other)], Range(SOUND, ending), _with_sound(other, beside=searched))


def _with_sound(word: str, beside: str = "") -> Range:
    """Return the range of people with a word of this sound and another word that ends like `beside`."""
    return Range(SOUND, f"{code(word)[::-1]} {code(beside)[::-1][:1]}")
