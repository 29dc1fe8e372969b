"""The words of a person in the forms that a search compares: folded, and collapsed (`shared.words.collapse`)."""

from collections.abc import Sequence

from scim.users.contact_cards import Card
from scim.users.search_terms import collapsed_words
from shared.keys import search_key
from shared.words import PARTICLES, collapse, group_end, words_of


def name_sequences(card: Card) -> list[tuple[str, ...]]:
    """Return each name of a person as a tuple of folded words.

    These are the display name, the given and family names if the display name lacks them, and each other name
    followed by the family name.
    """
    shown = words_of(card.name)
    if not (card.given or card.family or card.other_names):
        return [shown]
    found = [shown]
    given, family = words_of(card.given), words_of(card.family)
    if not {*given, *family}.issubset(shown):
        found.append(given + family)
    if card.other_names:
        found += [(word, *(family or shown)) for word in words_of(card.other_names)]
    return found


def name_words(sequences: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return every word of the names."""
    return tuple(map(collapse, dict.fromkeys(word for words in sequences for word in words)))


def joined_names(sequences: Sequence[Sequence[str]]) -> list[str]:
    """Return the names without spaces, from each word on, because a search text may start at any word."""
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


def has_other(card: Card, word: str) -> bool:
    """Return whether `word` is the start of a word of title, department, organization, place, employee number or address."""
    for text in (card.title, card.department, card.employee_number, *card.further_texts):
        if text and any(own.startswith(word) for own in collapsed_words(text)):
            return True
    for address in dict.fromkeys((card.mail, card.user_name)):
        folded = search_key(address)
        # Most addresses lack the word, and to divide one into words takes ten times as long.
        if folded.startswith(word) or (
            _may_hold(folded, word)
            and any(collapse(own).startswith(word) for own in words_of(folded.partition("@")[0]))
        ):
            return True
    return False


def _may_hold(address: str, word: str) -> bool:
    """Return False only if no word of the address starts with `word`; words have no apostrophes."""
    is_plain = address.isascii() and "'" not in address and "`" not in address
    return not is_plain or word in collapse(address)


def addresses(card: Card) -> list[str]:
    """Return the e-mail address and the user name, folded."""
    return [search_key(one) for one in dict.fromkeys((card.mail, card.user_name)) if one]
