"""The words of a person in the forms that a search compares: folded, and collapsed (`shared.words.collapse`)."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

from scim.users.contact_cards import Names
from scim.users.search_terms import collapsed_words
from shared.words import PARTICLES, collapse, group_end, search_key, words_of

_CACHED = 4096
_UNDIVIDED = re.compile("[^aoud]*[aoud]?")


class Person(Protocol):
    """What a query is compared with: a card, decoded or not."""

    @property
    def names(self) -> Names:
        """The names."""

    @property
    def texts(self) -> tuple[str, ...]:
        """Title, department, employee number, organization, place."""

    @property
    def addresses(self) -> tuple[str, str]:
        """The e-mail address and the user name."""

    @property
    def number(self) -> str:
        """The main number."""


def name_sequences(names: Names) -> list[tuple[str, ...]]:
    """Return each name of a person as a tuple of folded words.

    These are the display name, the given and family names if the display name lacks them, and each other name
    followed by the family name.
    """
    shown = words_of(names.shown)
    if not (names.given or names.family or names.others):
        return [shown]
    found = [shown]
    given, family = words_of(names.given), words_of(names.family)
    if not {*given, *family}.issubset(shown):
        found.append(given + family)
    if names.others:
        found += [(word, *(family or shown)) for word in words_of(names.others)]
    return found


def name_words(sequences: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return every word of the names."""
    return tuple(map(collapse, dict.fromkeys(word for words in sequences for word in words)))


def uncollapsed(sequences: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return the words of the names that `collapse` would change, in their uncollapsed form."""
    return tuple([word for words in sequences for word in words if collapse(word) != word])


def joined_names(sequences: Sequence[Sequence[str]]) -> list[str]:
    """Return each name without spaces, once per word: this word first, the words before it last.

    Used because a search text may start at any word of a name.
    """
    return [
        collapse("".join((*words[at:], *words[:at])))
        for words in sequences
        for at in range(len(words))
    ]


def joined_words(sequences: Sequence[Sequence[str]]) -> list[str]:
    """Return words that are sometimes written as one: two adjacent words, or particles with the word that follows."""
    found = list[str]()
    for words in sequences:
        for at in range(len(words) - 1):
            end = group_end(words, at) if words[at] in PARTICLES else at + 2
            found.append(collapse("".join(words[at:end])))
    return found


def has_other(person: Person, word: str) -> bool:
    """Return whether `word` is the start of a word of title, department, organization, place, employee number or address."""
    if _has_text(person.texts, word):
        return True
    for address in dict.fromkeys(person.addresses):
        folded = search_key(address)
        # Most addresses lack the word, and to divide one into words takes ten times as long.
        if folded.startswith(word) or (
            _may_hold(folded, word)
            and any(collapse(own).startswith(word) for own in words_of(folded.partition("@")[0]))
        ):
            return True
    return False


@lru_cache(maxsize=_CACHED)
def _has_text(texts: tuple[str, ...], word: str) -> bool:
    """Return whether a word of the texts starts with `word`; cached, because many people share such texts."""
    return any(own.startswith(word) for text in texts if text for own in collapsed_words(text))


def _may_hold(address: str, word: str) -> bool:
    """Return False only if no word of the address starts with `word`.

    It is always True for an address with an apostrophe or a letter outside ASCII, because its words
    are then spelled differently.
    """
    is_plain = address.isascii() and "'" not in address and "`" not in address
    return not is_plain or constant_part(word) in address


@lru_cache(maxsize=_CACHED)
def constant_part(word: str) -> str:
    """Return the longest part of a collapsed word that is in every spelling of it in ASCII.

    `collapse` leaves out letters only after `a`, `o`, `u` and `d`, so the word is divided after each of these.
    """
    parts: list[str] = _UNDIVIDED.findall(word)
    return max(parts, key=len)


def addresses(person: Person) -> list[str]:
    """Return the e-mail address and the user name, folded."""
    return [search_key(one) for one in dict.fromkeys(person.addresses) if one]
