"""A parsed search text: its words, the people who match it, and how well they match.

A person matches if every word is the start of one of the person's words, in any order and however names are joined or
divided (`al hassan` finds `Alhassan`), or is part of a phone number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from contacts import person_words
from contacts.forms_of_address import split_titles
from contacts.person_words import Person
from scim.users.contact_cards import Card, EncodedCard, Names
from scim.users.search_terms import MAX_REST
from shared.numbers.text import digits_of
from shared.words import (
    ALSO_NAMES,
    PARTICLES,
    collapse,
    fold_case,
    group_end,
    is_unspaced,
    search_key,
    words_of,
)

_MIN_DIGITS = 3  # beside other words; fewer are in nearly every number
_PUNCTUATION = (
    ',;."()[]\u201c\u201d\u201e\u00ab\u00bb'  # around a word; an apostrophe is part of it
)
_MAX_WORDS = 12  # of a query; further ones are ignored
_MAX_RUN = 4  # words of a query that may be one word of a name


class Closeness(NamedTuple):
    """A sort key for how closely a person matches.

    All values are 0 or False if the whole name was typed as it is spelled.
    """

    is_part: bool  # the name has more words
    others: int  # words of the query that are in no name
    repeated: (
        int  # words that are only the start of a name's word that another word of the query has
    )
    beginnings: int  # words of the query that only begin a name
    is_spelt_otherwise: bool


@dataclass(frozen=True)
class NameQuery:
    """A parsed search text.

    Attributes:
        typed: The words as typed.
        words: The same words, folded.
        addresses: The words with an @.
        titles: Titles, which need not match, such as `dr.`
    """

    typed: tuple[str, ...]
    words: tuple[str, ...]
    addresses: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()

    @classmethod
    def of(cls, text: str) -> "NameQuery":
        """Parse the text that an agent typed."""
        typed, words, addresses = list[str](), list[str](), dict[str, None]()
        tokens, titles = split_titles(text.split())
        for token in tokens:
            if "@" in token.strip("@"):
                addresses[search_key(token)] = None
                continue
            own = words_of(token)
            words += own
            typed += [token.strip(_PUNCTUATION).lower()] if len(own) == 1 else own
        return cls(
            tuple(typed[:_MAX_WORDS]),
            tuple(words[:_MAX_WORDS]),
            tuple(addresses),
            tuple(title.strip(_PUNCTUATION).lower() for title in titles),
        )

    def __bool__(self) -> bool:
        return bool(self.words or self.addresses)

    @cached_property
    def collapsed(self) -> tuple[str, ...]:
        """Return the words in the form that index terms have (`shared.words.collapse`)."""
        return tuple(map(collapse, self.words))

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """Return the words in groups: a name particle with the word after it, and adjacent words of a script without spaces."""
        found, at = list[str](), 0
        while at < len(self.words):
            end = at + 1
            if is_unspaced(self.words[at]):
                while end < len(self.words) and is_unspaced(self.words[end]):
                    end += 1
            elif self.words[at] in PARTICLES:
                end = group_end(self.words, at)
            found.append("".join(self.words[at:end]))
            at = end
        return tuple(found)

    def likely(self) -> str:
        """Return the prefix of the index terms of people who probably have all of these words; "" for a single word.

        It starts with the longest word; the words after it follow, then those before it. The last of these is cut off
        at its last consonant, because the name may differ from there on.
        """
        if len(self.groups) < 2 or self.addresses:
            return ""
        at = self.groups.index(_longest(self.groups))
        others = (*self.groups[at + 1 :], *self.groups[:at])
        rest, last = collapse("".join(others)), collapse(others[-1])
        end = len(rest) - len(last) + _stem(last) if rest.endswith(last) else len(rest)
        return f"{collapse(self.groups[at])} {rest[: min(end, MAX_REST)]}"

    def wide(self) -> str:
        """Return the prefix of the index terms of people who have the search text's longest word."""
        if self.addresses:
            return max(self.addresses, key=len)
        return collapse(_longest(self.groups))

    def joined(self) -> str:
        """Return the key prefix by which people are found who have the two words of the text as one.

        The second of them is the longest word, the first the one before it. Return "" if there is none. People who
        have the longest word joined to the word after it are found by `wide`.
        """
        at = 0 if self.addresses else self.groups.index(_longest(self.groups))
        before = self.groups[at - 1] if at else ""
        is_part = len(before) > 1 and not before.isdigit() and not is_unspaced(before)
        return collapse(before + self.groups[at]) if is_part else ""

    def alone(self) -> str:
        """Return the prefix that `wide` would return if no word were treated as a name particle.

        Return "" if no particle of the text can be a name or the start of one.
        """
        may_be_name = any(
            len(self.words) > at + 1
            and (len(word) == 1 or word in ALSO_NAMES or (at == 0 and word in PARTICLES))
            and (len(self.words[at + 1]) == 1 or self.words[at + 1] not in PARTICLES)
            for at, word in enumerate(self.words)
        )
        if not may_be_name or len(self.groups) == len(self.words):
            return ""
        return collapse(_longest(self.words))

    def first_rules(self) -> str:
        """Return the prefix of index rows of the first release that have the most selective word."""
        return "" if self.addresses or not self.words else _longest(self.words)

    def matches(self, person: Person) -> bool:
        """Return whether every word of the search text is the start of a word of the person."""
        return self.matches_with_missing(self.missing_in(person.names), person)

    def missing_in(self, names: Names) -> tuple[int, ...]:
        """Return the indexes of those words of the query that aren't the beginning of any word of `names`.

        Return () if `names` contain all the query's words once words are joined or divided differently.
        """
        sequences = person_words.name_sequences(names)
        own = person_words.name_words(sequences)
        missing = tuple(
            [
                at
                for at, word in enumerate(self.collapsed)
                if not any(name.startswith(word) for name in own)
            ]
        )
        return () if self._has_joined(missing, sequences) else missing

    def matches_with_missing(self, missing: tuple[int, ...], person: Person) -> bool:
        """Return whether the person matches; `missing` is the result of `missing_in` for the person's names.

        Each of these words must be in another text of the person, such as the title, or in the names if they are
        joined or divided differently. Every address in the search text must be the start of an address of the person.
        """
        if self.addresses:
            own = person_words.addresses(person)
            if not all(any(one.startswith(a) for one in own) for a in self.addresses):
                return False
        left = tuple([at for at in missing if not self._is_other(at, person)])
        if not left or left == missing:
            return not left
        return self._has_joined(left, person_words.name_sequences(person.names))

    def _is_other(self, at: int, person: Person) -> bool:
        word = self.words[at]
        is_enough = len(word) >= _MIN_DIGITS or len(self.words) == 1
        if word.isdigit() and is_enough and word in digits_of(person.number):
            return True
        return person_words.has_other(person, self.collapsed[at])

    def _has_joined(self, missing: Sequence[int], sequences: Sequence[Sequence[str]]) -> bool:
        """Return whether the names contain the missing words if words are joined or divided differently."""
        return not missing or (
            self._may_be_joined(missing, sequences)
            and self._is_joined(missing, person_words.joined_names(sequences))
        )

    def _may_be_joined(self, missing: Sequence[int], sequences: Sequence[Sequence[str]]) -> bool:
        """Return False if the joined names don't contain the missing words, which is so for most people."""
        for words in sequences:
            joined = "".join(words) * 2
            collapsed = collapse(joined)
            if all(self.words[at] in joined or self.collapsed[at] in collapsed for at in missing):
                return True
        return False

    def maybe_joined(self, missing: Sequence[int], names: Names) -> list[int]:
        """Return those of the missing words that the names may contain if words are joined or divided differently."""
        sequences = person_words.name_sequences(names)
        return [at for at in missing if self._may_be_joined((at,), sequences)]

    def _is_joined(self, missing: Sequence[int], names: Sequence[str]) -> bool:
        """Return whether each run of missing words, joined, is the start of a name written without its spaces."""
        reached = [True] + [False] * len(self.words)
        for start in range(len(self.words)):
            if not reached[start]:
                continue
            if start not in missing:
                reached[start + 1] = True
            for end in range(start + 1, min(start + _MAX_RUN, len(self.words)) + 1):
                run = collapse("".join(self.words[start:end]))
                if not reached[end] and any(name.startswith(run) for name in names):
                    reached[end] = True
        return reached[-1]

    def closeness(self, card: Card) -> Closeness:
        """Return how closely a person matches this query."""
        sequences = person_words.name_sequences(card.names)
        own, names = person_words.name_words(sequences), person_words.joined_names(sequences)
        joined = collapse("".join(self.words))
        others = beginnings = repeated = 0
        left = [name for name in own if name not in self.collapsed]
        for word in self.collapsed:
            if word in own:
                continue
            if any(name.startswith(word) for name in names):
                beginnings += 1
                repeated += not _remove_first(word, left) and any(
                    one.startswith(word) for one in own
                )
            elif person_words.has_other(card, word):
                others += 1
        shown = fold_case(card.name)
        spelt = all(typed in shown for typed in (*self.typed, *self.titles))
        return Closeness(joined not in names, others, repeated, beginnings, not spelt)


def _remove_first(word: str, names: list[str]) -> bool:
    """Remove the first name that starts with `word` from `names`; return False if there is none."""
    found = next((name for name in names if name.startswith(word)), None)
    if found is not None:
        names.remove(found)
    return found is not None


class Matcher:
    """Decides which people match one query; caches the result of `missing_in`, because many people have equal names."""

    def __init__(self, query: NameQuery) -> None:
        self._query = query
        # Any text may have a number: see `NameQuery.matches_with_missing`.
        self._constants = [
            b"" if word.isdigit() else person_words.constant_part(word).encode()
            for word in query.collapsed
        ]
        self._missing = dict[Names, _Missing]()

    def matches(self, person: EncodedCard) -> bool:
        """Return whether every word of the search text is the start of a word of the person."""
        missing = self._missing.get(person.names)
        if missing is None:
            missing = self._missing[person.names] = self._missing_in(person.names)
        # Most people of a range are rejected here, at a third of the cost of the whole comparison.
        if not all(map(person.may_hold, missing.needed)):
            return False
        return self._query.matches_with_missing(missing.words, person)

    def _missing_in(self, names: Names) -> "_Missing":
        missing = self._query.missing_in(names)
        joined = self._query.maybe_joined(missing, names)
        needed = [self._constants[at] for at in missing if at not in joined]
        return _Missing(missing, needed)


@dataclass(frozen=True, slots=True)
class _Missing:
    """The indexes of the words that names lack, and parts of those words that the names lack in every division."""

    words: tuple[int, ...]
    needed: list[bytes]


def _longest(words: Sequence[str]) -> str:
    """Return the longest word; of equally long words the last.

    The last word is more often the family name, which fewer people share.
    """
    return max(reversed([word for word in words if not word.isdigit()] or words), key=len)


def _stem(word: str) -> int:
    """Return the length of the word without its last consonant and what follows it.

    The result is at least 3, and at least `len(word) - 3`.
    """
    end = len(word)
    while end > 1 and word[end - 1] in "aeiouy":
        end -= 1
    return max(end - 1, len(word) - 3, min(3, len(word)))
