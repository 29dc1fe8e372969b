"""Where people stand whose names are similar to a word: ranges of `sound` and `find` rows (`scim.users.search_terms`).

A mistyped or misheard word has the code of the right one if only vowels, doubled letters or letters that sound alike differ.
If a consonant differs, either the beginning of the word is intact, by which `find` rows are sorted, or the end of its code,
by which `sound` rows are.
"""

from contacts.index_scan import Range
from contacts.name_query import MIN_MISTYPED, MIN_SIMILAR
from shared.sounds import code

_END = 2  # letters of a code


def with_sound(word: str, beside: str = "") -> Range:
    """Return the range of people with a word of this sound; `beside` a word whose code ends like that of this one."""
    return Range("sound", f"{code(word)[::-1]} {code(beside)[::-1][:1]}")


def ending(word: str) -> Range:
    """Return the range of people with a word whose code ends like that of this one."""
    return Range("sound", code(word)[::-1][:_END])


def of_one(word: str) -> list[Range]:
    """Return the ranges for a word alone: of the same sound, the same beginning, the same end of the code."""
    if len(word) < MIN_SIMILAR:
        return []
    found = [with_sound(word)]
    if len(word) >= MIN_MISTYPED - 1:
        half = max(3, len(word) // 2) if len(word) >= MIN_MISTYPED else 2
        found.append(Range("find", word[:half]))
        backwards = code(word)[::-1]
        behind = len(code(word[half:]).removeprefix("a"))
        found.append(Range("sound", backwards[: max(1, min(behind, len(backwards) - 1))]))
    return found
