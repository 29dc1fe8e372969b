"""The terms by which a person is found: what the keys of `find` and `sound` rows hold, derived from the card alone.

A `find` term is a word, a space, and the beginning of the rest of the name, joined: `anna mariamull`, `muller annamaria`. So
a range of keys answers a word with its beginnings, whole words first, and also a word with the next ones in any division.
A `sound` term is the code of a name's word backwards, a space, and the end of the code of its partner backwards (of a given
name the family name, and the other way round): `ln nt`. Backwards, since the beginning of a word is what `find` rows are
sorted by: a mistyped letter leaves one of the two intact.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from scim.users.contact_cards import Card
from shared.keys import fold
from shared.sounds import code
from shared.words import ALSO_NAMES, PARTICLES, collapse, group_end, is_unspaced, words_of

MAX_TERMS = 18
MAX_SOUNDS = 5
MAX_REST = 12  # letters of the rest of the name
MAX_PARTNER = 3  # letters of the partner's code
_MAX_OTHER_WORDS = (
    3  # of an organization, and of a place: their further words are found beside the first only
)


def find_terms(card: Card) -> list[str]:
    """Return the person's find terms, most telling first, none twice, at most MAX_TERMS."""
    found = dict[str, None]()
    whole = words_of(card.name)
    found.update(dict.fromkeys(leads(card.name)))
    for words, rest in _further_names(card, whole):
        found.update(dict.fromkeys(_term(lead, rest) for lead in words))
    name = _rest(whole)
    own = [card.employee_number, card.title, card.department]
    for text in own:
        found.update(dict.fromkeys(_term(word, name) for word in words_of(text)))
    for address in dict.fromkeys((card.mail, card.user_name)):
        if address:
            found[fold(address)] = None
            known = {term.partition(" ")[0] for term in found}
            parts = words_of(address.partition("@")[0])
            found.update(dict.fromkeys(_term(w, name) for w in parts if collapse(w) not in known))
    for text in (card.organization, card.place):
        words = words_of(text)[:_MAX_OTHER_WORDS]
        found.update(dict.fromkeys(_term(word, name) for word in words))
    return list(found)[:MAX_TERMS]


def leads(name: str) -> list[str]:
    """Return the find terms of a name: each of its words, or several that are written joined as well, leads once."""
    words, joins = _with_joins(name)
    found = dict[str, None]()
    for start, end in joins:
        lead = "".join(words[start:end])
        if is_unspaced(words[start]):
            first = start
            while first and is_unspaced(words[first - 1]):
                first -= 1
            lead += "".join(words[first:start])
            start = first
        found[_term(lead, _rest(words[end:] + words[:start]))] = None
    return list(found)


def _with_joins(name: str) -> tuple[list[str], list[tuple[int, int]]]:
    """The words of a name, and which of them lead, alone or joined: from (inclusive) to (exclusive)."""
    words, joins = list[str](), list[tuple[int, int]]()
    for part in name.split():
        own = words_of(part)
        if len(own) > 1:
            joins.append((len(words), len(words) + len(own)))
        words += own
    for start, word in enumerate(words):
        end = start + 1
        if is_unspaced(word):
            while end < len(words) and is_unspaced(words[end]):
                end += 1
        elif word in PARTICLES:
            end = group_end(words, start)
            if end > start + 1 and word in ALSO_NAMES:
                joins.append((start, start + 1))
        joins.append((start, end))
    return words, joins


def _further_names(card: Card, shown: Sequence[str]) -> Iterator[tuple[list[str], str]]:
    """The words of names that the display name lacks, with the rest of the name to stand behind each of them."""
    known = {*shown, "".join(shown)}
    given, family = words_of(card.given), words_of(card.family)
    yield [word for word in given if word not in known], _rest(family)
    yield [word for word in family if word not in known], _rest(given)
    known.update(given, family)
    others = [word for word in words_of(card.other_names) if word not in known]
    yield others, _rest(family or shown)


def _term(word: str, rest: str) -> str:
    if not rest:
        return collapse(word)
    return f"{collapse(word)}{'' if is_unspaced(word) else ' '}{rest}"


def _rest(words: Sequence[str]) -> str:
    return collapse("".join(words))[:MAX_REST]


def sound_terms(card: Card) -> list[str]:
    """Return the person's sound terms, those of the display name first, at most MAX_SOUNDS."""
    given, family = main_words(words_of(card.given)), main_words(words_of(card.family))
    shown = main_words(words_of(card.name))
    if not (given and family) and shown:
        given, family = shown[:1], shown[-1:]
    found = dict[str, None]()
    for word in dict.fromkeys([*shown, *given, *family, *main_words(words_of(card.other_names))]):
        if len(word) > 1 and not is_unspaced(word):
            partner = (
                given[0] if word in family and word not in given else family[0] if family else ""
            )
            found[sound_term(word, partner if partner != word else "")] = None
    return list(found)[:MAX_SOUNDS]


@lru_cache(maxsize=4096)
def sound_term(word: str, partner: str) -> str:
    """Return the sound term of a name's word beside its partner; ends in the space if there is none."""
    own = code(collapse(word))[::-1]
    return f"{own} {code(collapse(partner))[::-1][:MAX_PARTNER]}"


def main_words(words: Sequence[str]) -> list[str]:
    """Return the words without particles such as `von` or `al`; all of them if nothing else is left."""
    return [word for word in words if word not in PARTICLES] or list(words)
