"""Compares names with a query by spelling and sound, and plans the ranges of rows that contain similar people.

Every word of the query must resemble one of the person's names. The rows are the `sound` and `find` rows of
`scim.users.search_terms`. A mistyped or misheard word has the sound code of the right word if only vowels, doubled
letters or letters that sound alike differ. If a consonant differs, either the beginning of the word is right, and
`find` rows are sorted by it, or the end of its code is right, and `sound` rows are sorted by that. In a directory of
100,000 people each range holds fewer rows than one round trip returns.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from contacts import person_words
from contacts.index_scan import Range
from contacts.name_query import NameQuery
from scim.users.contact_cards import EncodedCard, Names
from scim.users.search_terms import main_words
from shared.sounds import code, distance, in_latin
from shared.tables.schema.contacts import FIND, SOUND
from shared.words import PARTICLES, collapse, is_unspaced

MIN_SIMILAR = 3  # letters of a word that may sound like another one
MIN_MISTYPED, MIN_TWICE_MISTYPED = 5, 9  # letters of a word for one and two typing errors
_MIN_UNSPACED = (
    3  # letters of a name in a script without spaces for one error: each is a syllable or more
)
_GIVEN = 2  # syllables that most Chinese, Japanese and Korean given names have
_UNFINISHED = 0.35  # how much further a word is from a name that it only begins, with an error
_PER_MISTYPED = 2  # letters that only one of two words has, for each typing error
_OTHER_SCRIPT = 0.2  # how far a word at least is from a name of another script
_OTHER_SPELLINGS = 1  # letters of a name that are spelt otherwise in Latin letters, such as Hnatiuk
_ARTICLES = ("al", "el", "\u0627\u0644")  # before Arabic names, also without a space
# The first part of Arabic names such as Abdelrahman, "servant of", which many people write as a word of its own. It
# ends with the article, whose vowel varies and whose consonant can be that of the next word.
_SERVANTS = frozenset("abdul abdel abdal abdoul abdur abder abdus abdes abdun abden".split())
_WITHOUT_ARTICLE = 0.3  # how much further a word is from a name without its article
_ABBREVIATIONS = {
    "st": "saint",
    "ste": "sainte",
    "mohd": "mohammed",
    "muhd": "mohammed",
    "md": "mohammed",
}
_ABBREVIATED = 0.2  # how far a name is from its abbreviation
Resemblance = Literal["spelling", "sound"]
_Comparison = tuple[float, bool] | None
_BEGINNING = 3  # letters of a word
_END = 3  # letters of a code


@dataclass(frozen=True, slots=True)
class Similarity:
    """How far a person is from the query, the words that the name only resembles, and whether by spelling or by sound."""

    cost: float
    words: tuple[str, ...]
    by: Resemblance


@dataclass(frozen=True, slots=True)
class _Reading:
    """How similar names are, provided that the person has the word `missing` ("" for none) outside the names."""

    similarity: Similarity
    missing: str = ""
    constant: bytes = b""  # the part of `missing` that is in each of its spellings


class Similarities:
    """Compares people with one query; the results of equal names are cached."""

    def __init__(self, query: NameQuery) -> None:
        self._near = [(_near(query.words), query.typed)]
        if len(query.groups) < len(query.words):
            self._near.append((_near(query.groups), query.groups))
        joined = _with_servants_joined(query.groups)
        if len(joined) < len(query.groups):
            self._near.append((_near(joined), joined))
        self._longest = max(map(len, query.collapsed), default=0)
        self._is_unspaced = bool(unspaced_name(query))
        self._known = dict[Names, list[_Reading]]()

    def of(self, person: EncodedCard) -> Similarity | None:
        """Return how similar the person is to the query, or None if not at all."""
        readings = self._known.get(person.names)
        if readings is None:
            readings = self._known[person.names] = self._readings(person.names)
        for one in readings:
            # A word such as a title may be part of the query together with a name, as in an exact search.
            if not one.missing:
                return one.similarity
            if person.may_hold(one.constant) and person_words.has_other(person, one.missing):
                return one.similarity
        return None

    def _readings(self, names: Names) -> list[_Reading]:
        """Return the readings of the query that the names resemble, most similar first."""
        sequences = person_words.name_sequences(names)
        words = person_words.name_words(sequences)
        is_longer = max(map(len, words), default=0) + 1 < self._longest
        has_particle = not PARTICLES.isdisjoint(words) or not _SERVANTS.isdisjoint(words)
        if is_longer or has_particle:
            words += tuple(person_words.joined_words(sequences))
        if is_longer:
            words += tuple([collapse("".join(own)) for own in sequences if len(own) > 2])
        if self._is_unspaced:
            words += tuple(person_words.joined_names(sequences))
        words += person_words.uncollapsed(sequences)
        found = [_resemblance(near, typed, words) for near, typed in self._near]
        return sorted([one for one in found if one], key=lambda one: one.similarity.cost)


def _with_servants_joined(words: Sequence[str]) -> tuple[str, ...]:
    """Return the words with each of `_SERVANTS` joined to the word after it."""
    found = list[str]()
    for word in words:
        if found and found[-1] in _SERVANTS:
            found[-1] += word
        else:
            found.append(word)
    return tuple(found)


def _near(words: Sequence[str]) -> list["_Near"]:
    return [_Near(word, is_last=at == len(words) - 1) for at, word in enumerate(words)]


def _resemblance(
    near: Sequence["_Near"], typed: Sequence[str], names: Sequence[str]
) -> _Reading | None:
    cost, unlike, is_sound = 0.0, list[str](), True
    missing, constant = "", b""
    for one, as_typed in zip(near, typed, strict=True):
        found = one.nearest(names)
        if found is None:
            if missing or len(near) == 1:
                return None
            missing, constant = one.forms[0].word, one.constant
        elif found[0] > 0:
            cost += found[0]
            unlike.append(as_typed)
            is_sound = is_sound and found[1]
    similarity = Similarity(cost, tuple(unlike), "sound" if is_sound else "spelling")
    return _Reading(similarity, missing, constant)


class _Near:
    """A word of the query, with a cache of its comparisons with names.

    A comparison is the distance, and whether both sound alike. `forms` are the collapsed word and,
    if that differs, the uncollapsed word: an error may separate or create two letters that
    `collapse` replaces by one.
    """

    def __init__(self, word: str, *, is_last: bool) -> None:
        self.forms = [_Form(one, is_last=is_last) for one in dict.fromkeys((collapse(word), word))]
        self.constant = person_words.constant_part(self.forms[0].word).encode()
        self._known: dict[str, _Comparison] = {}

    def nearest(self, names: Sequence[str]) -> _Comparison:
        """Return the smallest distance between the word and a name, and whether that name sounds like the word.

        Return None if no name is near.
        """
        best: _Comparison = None
        for name in names:
            if name.startswith(self.forms[0].word):
                return 0.0, True
            if name in self._known:
                found = self._known[name]
            else:
                found = self._known[name] = self._compared(name)
            if found is not None and (best is None or found < best):
                best = found
        return best

    def _compared(self, name: str) -> _Comparison:
        if _is_abbreviation(self.forms[0].word, name):
            return _ABBREVIATED, True
        found = [one.compared(name) for one in self.forms]
        if not any(found) and name.startswith(_ARTICLES) and len(name) > MIN_MISTYPED:
            found = [_further(one.compared(name[2:])) for one in self.forms]
        return min([one for one in found if one], default=None)


def _is_abbreviation(word: str, name: str) -> bool:
    """Return whether one of the words is short for the other, or for a spelling of it."""
    if word not in _ABBREVIATIONS and name not in _ABBREVIATIONS:
        return False
    return code(_ABBREVIATIONS.get(word, word)) == code(_ABBREVIATIONS.get(name, name))


def _further(found: _Comparison) -> _Comparison:
    """Return a comparison with a name without its article, with a larger distance."""
    return (found[0] + _WITHOUT_ARTICLE, found[1]) if found else None


class _Form:
    """A form of a query's word, which is compared with names."""

    def __init__(self, word: str, *, is_last: bool) -> None:
        self.word = word
        self._is_last = is_last
        self._code = code(word)
        self._letters = frozenset(word)
        self._is_unspaced = is_unspaced(word)

    def compared(self, name: str) -> _Comparison:
        """Return the distance between the word and a name, and whether both sound alike.

        Return None if the name isn't near.
        """
        if name.isascii() == self.word.isascii():
            return self._near(name)
        if name.isascii():
            found = self._in_latin._near(name) if self._in_latin else None
        else:
            latin = in_latin(name)
            found = self._near(latin, _OTHER_SPELLINGS) if latin.isascii() else None
        return (max(found[0], _OTHER_SCRIPT), found[1]) if found else None

    @cached_property
    def _in_latin(self) -> "_Form | None":
        """Return the form of the word in Latin letters, or None for a script without a transcription, such as Thai."""
        latin = in_latin(self.word)
        return _Form(latin, is_last=self._is_last) if latin.isascii() else None

    def _near(self, name: str, other_letters: int = 0) -> _Comparison:
        length = max(len(self.word), len(name))
        if length < MIN_SIMILAR:
            return None
        least = _MIN_UNSPACED if self._is_unspaced else MIN_MISTYPED
        most = 2.0 if length >= MIN_TWICE_MISTYPED else 1.0 if length >= least else 0.0
        is_sound = code(name) == self._code
        if is_sound:
            most = max(most, 1.2 + 0.18 * length)
        if not most:
            return None
        begun = name
        if self._is_last and len(name) > len(self.word) + 1 >= MIN_MISTYPED:
            begun = name[: len(self.word)]
        if not is_sound and not self._may_be_near(begun, most + other_letters):
            return None
        cost = distance(self.word, name, most)
        if cost > most and begun is not name:
            most -= _UNFINISHED
            cost = distance(self.word, begun, most) + _UNFINISHED
            most += _UNFINISHED
        return (cost, is_sound) if cost <= most else None

    def _may_be_near(self, name: str, most: float) -> bool:
        """Return False if the letters alone show that the name can't be near; this costs a tenth of a comparison."""
        if abs(len(name) - len(self.word)) > most + 1:
            return False
        return len(self._letters.symmetric_difference(name)) <= 1 + most * _PER_MISTYPED


def comparable_words(query: NameQuery) -> list[str]:
    """Return the words of the query without particles; empty if no name can be similar to it."""
    main = _with_servants_joined(main_words(query.words))
    words = [collapse(one) for one in main if not one.isdigit()]
    if query.addresses or not any(len(w) >= MIN_SIMILAR and not is_unspaced(w) for w in words):
        return []
    return words


def unspaced_name(query: NameQuery) -> str:
    """Return the query without its spaces if it is a name in a script without spaces, long enough for an error; else ""."""
    name = query.groups[0] if len(query.groups) == 1 and not query.addresses else ""
    return name if len(name) >= _MIN_UNSPACED and is_unspaced(name) else ""


@dataclass(frozen=True, slots=True)
class Plan:
    """The ranges to read for similar people: `ranges` at the same time, then at most one more.

    The last one is `if_complete` if all of `ranges` were read to their ends, else `if_truncated`;
    None to read no more.
    """

    ranges: list[Range]
    if_complete: Range | None = None
    if_truncated: Range | None = None


def with_group(plan: Plan, group: str) -> Plan:
    """Return the plan with the sound rows of `group`, the query's only word joined to its particles.

    A name that is written as one word has only a row for all of it: `Mc Leod` finds MacLeod, and
    `el Hassan` finds Alhassan. If the first range contains these rows, the plan is not changed:
    the particle may be an initial, so the other ranges of the word alone are needed.
    """
    (first, *rest), joined = plan.ranges, _with_sound(group)
    if joined.beginning.startswith(first.beginning):
        return plan
    return replace(plan, ranges=[first, joined, *rest])


def ranges_of_one(word: str) -> Plan:
    """Return the ranges for a query of one word."""
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


def ranges_of_unspaced(name: str) -> Plan:
    """Return the ranges for a name without spaces: either its beginning is right, or the given name at its end.

    The terms of a person have the family name and the given name in both orders.
    """
    syllables = unicodedata.normalize("NFC", name)  # Korean letters are stored one by one
    begun, ending = syllables[: len(syllables) // 2], syllables[-_GIVEN:]
    parts = [unicodedata.normalize("NFD", part) for part in (begun, ending)]
    return Plan([Range(FIND, part) for part in parts])


def ranges_of_two(searched: str, other: str, *, was_truncated: bool, had_particle: bool) -> Plan:
    """Return the ranges for two words: first as if `other` were right, then as if `searched` were.

    The exact search has already read all people whose terms start with `searched`, unless
    `was_truncated`. If `had_particle`, it read only those with the query's particle, which may be
    the wrong one (`van den Berg` for `van der Berg`).
    """
    if was_truncated:
        return Plan([_with_sound(other), _with_sound(searched, beside=other)])
    if had_particle:
        return Plan(
            [_with_sound(other)], _with_sound(searched), _with_sound(other, beside=searched)
        )
    backwards = code(searched)[::-1]
    ending = backwards[: _END if len(backwards) > _END else _END - 1]
    return Plan([_with_sound(other)], Range(SOUND, ending), _with_sound(other, beside=searched))


def _with_sound(word: str, beside: str = "") -> Range:
    """Return the key range of the sound rows of people who have a word that sounds like `word`.

    The key of a sound row contains the reversed sound codes of two words of a name. With `beside`, the range has only
    the rows with a second code that ends with the same letter as the code of `beside`.
    """
    return Range(SOUND, f"{code(word)[::-1]} {code(beside)[::-1][:1]}")
