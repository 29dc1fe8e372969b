"""The words of a person in the forms that a search compares: folded, and collapsed (`shared.words.collapse`)."""

from collections.abc import Sequence

from scim.users.contact_cards import Card
from scim.users.search_terms import collapsed_words
from shared.keys import search_key
from shared.words import PARTICLES, collapse, group_end, words_of


def name_sequences(card: Card) -> list[tuple[str, ...]]:
    """Return the names of a person, each as its folded words.

    They are the display name, the given and family names unless it contains them, and each other
    name together with the family name.
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
    """Return each word of the names."""
    return tuple(map(collapse, dict.fromkeys(word for words in sequences for word in words)))


def joined_names(sequences: Sequence[Sequence[str]]) -> list[str]:
    """Return the names joined, starting at each word: a query may begin with any of them."""
    return [
        collapse("".join((*words[at:], *words[:at])))
        for words in sequences
        for at in range(len(words))
    ]


def joined_words(sequences: Sequence[Sequence[str]]) -> list[str]:
    """Return words that are also written as one: two neighbours, or particles with their word."""
    found = list[str]()
    for words in sequences:
        for at in range(len(words) - 1):
            end = group_end(words, at) if words[at] in PARTICLES else at + 2
            found.append(collapse("".join(words[at:end])))
    return found


def has_other(card: Card, word: str) -> bool:
    """Return whether a word of title, department, organization, place, employee number or address begins so."""
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
    """Return False only if no word of the address begins with `word`; words have no apostrophes."""
    is_plain = address.isascii() and "'" not in address and "`" not in address
    return not is_plain or word in collapse(address)


def addresses(card: Card) -> list[str]:
    """Return the e-mail address and the user name, folded."""
    return [search_key(one) for one in dict.fromkeys((card.mail, card.user_name)) if one]
