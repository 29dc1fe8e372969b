"""The terms by which a person is found: the keys of `find` and `sound` rows.

They are derived only from the card, which every row holds, so a search can compute which rows a person has.

A *find term* is a word, a space, and the beginning of the rest of the name without spaces: `anna mariamull`, `muller
annamaria`. So one range of keys finds a word by its beginning, whole words first, and also a word with the words
after it, however these are divided.

A *sound term* is the reversed sound code (`shared.sounds`) of a word of a name, a space, and the last letters of its
partner's code, reversed: `na rlm`. The partner of a given name is the family name, and vice versa. Codes are reversed
because `find` rows are sorted by the beginning of a word: a typing error leaves either the beginning or the end intact.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from scim.users.contact_cards import Card
from shared.sounds import code
from shared.words import (
    ALSO_NAMES,
    PARTICLES,
    collapse,
    group_end,
    is_unspaced,
    search_key,
    words_of,
)

MAX_TERMS = 17
MAX_SOUNDS = 5
MAX_REST = 12  # characters of the rest of the name
MAX_PARTNER = 3  # letters of the partner's code
_MAX_OTHER_WORDS = 3  # of an organization and of a place
_CACHED = 4096
# Words of titles and the like, not searched alone; with another word they are found.
_COMMON = frozenset("and at de der des du et for fur in of och og the to und y".split())


def find_terms(card: Card) -> list[str]:
    """Return the person's find terms, at most `MAX_TERMS`, most useful first."""
    shown = words_of(card.name)
    found = name_terms(card.name, shown)
    if card.given or card.family or card.other_names:
        _add_further_names(found, card, shown)
    rest = _rest(shown)
    if card.employee_number:
        for word in _joined_and_last(words_of(card.employee_number)):
            found.setdefault(word, f"{word} {rest}")
    for text in (card.title, card.department):
        if text:
            _add_words(found, _words_with_rests(text), rest)
    for address in dict.fromkeys((card.user_name, card.mail)):
        # An address has a row of its own family, which doesn't fold accents.
        if address != card.mail or not address.isascii():
            folded = search_key(address)
            found[folded] = folded
        _add_words(found, _local_words(address, found), rest)
    for text in card.further_texts:
        if text:
            _add_words(found, _words_with_rests(text)[:_MAX_OTHER_WORDS], rest)
    return list(found.values())[:MAX_TERMS]


def _local_words(address: str, found: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return (word, "") for each word before the @ of an address.

    Words of `found` followed by digits, such as `smith2`, are left out.
    """
    words = map(collapse, words_of(address.partition("@")[0]))
    return [(word, "") for word in words if word.rstrip("0123456789") not in found]


def _joined_and_last(words: Sequence[str]) -> list[str]:
    """Return the parts of an employee number joined, and its last part, so that `4711` also finds `E-4711`."""
    return [collapse("".join(words)), *words[1:][-1:]] if words else []


def _add_words(found: dict[str, str], words: Sequence[tuple[str, str]], name: str) -> None:
    """Add a find term to `found` for each word that isn't a name, unless the word has one.

    A term is the word, a space, the rest of the word's text, and then the person's name.
    """
    for word, rest in words:
        if word not in found:
            found[word] = f"{word} {(rest + name)[:MAX_REST]}"


@lru_cache(maxsize=_CACHED)
def _words_with_rests(text: str) -> tuple[tuple[str, str], ...]:
    """Return each word of a text such as a title, with the words after it and then those before it."""
    words = collapsed_words(text)
    return tuple(
        [
            (word, "".join(words[at + 1 :] + words[:at]))
            for at, word in enumerate(words)
            if word not in _COMMON and (len(word) > 1 or not word.isascii())
        ]
    )


@lru_cache(maxsize=_CACHED)
def collapsed_words(text: str) -> tuple[str, ...]:
    """Return the words of a text such as a title in the form that terms have."""
    return tuple(map(collapse, words_of(text)))


def name_terms(name: str, words: Sequence[str]) -> dict[str, str]:
    """Return the find terms of a name, by the first word of each term or by its first words joined."""
    found = dict[str, str]()
    for start, end in _spans(name, words):
        if "." in name and end == start + 1 and len(words[start]) == 1 and len(words) > 1:
            continue  # an initial alone finds no one, but is found with another word
        lead, after = words[start:end], words[end:]
        first = start
        if is_unspaced(words[start]):
            while first and is_unspaced(words[first - 1]):
                first -= 1
        lead = (*lead, *words[first:start])
        _add_term(found, "".join(lead), _rest((*after, *words[:first])))
    return found


def _add_term(found: dict[str, str], word: str, rest: str) -> None:
    lead = collapse(word)
    if lead not in found:
        space = "" if not rest or is_unspaced(lead) else " "
        found[lead] = f"{lead}{space}{rest}"


def _spans(name: str, words: Sequence[str]) -> list[tuple[int, int]]:
    """Return (start, end) for each run of words that begins a term: single words, and words that are also written as one.

    Words with a hyphen are found joined and alone, particles only joined to the word to which they belong.
    """
    if PARTICLES.isdisjoint(words) and "-" not in name and not any(map(is_unspaced, words)):
        return [(start, start + 1) for start in range(len(words))]
    spans, start = list[tuple[int, int]](), 0
    for part in name.split():
        length = len(words_of(part))
        if length > 1:
            spans.append((start, start + length))
        start += length
    for start, word in enumerate(words):
        end = start + 1
        if is_unspaced(word):
            while end < len(words) and is_unspaced(words[end]):
                end += 1
        elif word in PARTICLES:
            end = group_end(words, start)
            if end > start + 1 and word in ALSO_NAMES:
                spans.append((start, start + 1))
        spans.append((start, end))
    return spans


def _add_further_names(found: dict[str, str], card: Card, shown: Sequence[str]) -> None:
    """Add the terms of names that the display name lacks."""
    known = {*shown, "".join(shown)}
    given, family = words_of(card.given), words_of(card.family)
    for words, beside in ((given, family), (family, given)):
        if not known.issuperset(words):
            rest = _rest(beside)
            for word in words:
                if word not in known:
                    _add_term(found, word, rest)
    for word in words_of(card.other_names):
        _add_term(found, word, _rest(family or shown))


def _rest(words: Sequence[str]) -> str:
    return collapse("".join(words))[:MAX_REST]


def sound_terms(card: Card) -> list[str]:
    """Return the person's sound terms, at most `MAX_SOUNDS`; those of the display name come first."""
    shown = main_words(words_of(card.name))
    given, family = main_words(words_of(card.given)), main_words(words_of(card.family))
    if not (given and family):
        given, family = shown[:1], shown[-1:]
    own = dict.fromkeys((*shown, *given, *family))
    if card.other_names:
        own.update(dict.fromkeys(main_words(words_of(card.other_names))))
    found = dict[str, None]()
    for word in own:
        if len(word) > 1 and not is_unspaced(word):
            partners = given if word in family and word not in given else family
            partner = backwards(partners[0])[:MAX_PARTNER] if partners else ""
            found[f"{backwards(word)} {partner}"] = None
    return list(found)[:MAX_SOUNDS]


@lru_cache(maxsize=_CACHED)
def backwards(word: str) -> str:
    """Return the reversed sound code of a folded word, as sound terms contain it."""
    return code(collapse(word))[::-1]


def main_words(words: Sequence[str]) -> Sequence[str]:
    """Return the words without particles such as `von` or `al`; all words if only particles are there."""
    if PARTICLES.isdisjoint(words):
        return words
    return [word for word in words if word not in PARTICLES] or words
