"""What is typed to find a person: the words, whom they mean, and how well.

A person is meant exactly if every word of the query begins one of the person's words, in any order and division (`al hassan`
for `Alhassan`), or is part of the number. Otherwise a person may be similar: every word is near one of the person's names.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from scim.users.contact_cards import Card
from scim.users.search_terms import MAX_REST, main_words
from shared.keys import fold, fold_case
from shared.numbers import digits_of
from shared.sounds import code, distance
from shared.words import ALSO_NAMES, PARTICLES, collapse, group_end, is_unspaced, words_of

_MOST_WORDS = 12  # of a query; more are not asked for
_LONGEST_RUN = 4  # words that may be one word of the name
MIN_MISTYPED, MIN_TWICE_MISTYPED = 5, 9  # letters of a word for one and two typing errors
MIN_SIMILAR = 3  # letters of a word that may be similar to another one
_UNFINISHED = 0.35  # how much worse a word is that begins a similar one
Resemblance = Literal["spelling", "sound"]


@dataclass(frozen=True, slots=True)
class Similarity:
    """How far a person is from the query, which words of it the name only resembles, and in which way."""

    cost: float
    words: tuple[str, ...]
    by: Resemblance


@dataclass(frozen=True)
class NameQuery:
    """The words of a query: `typed` as they were, `words` folded, `addresses` those with an @."""

    typed: tuple[str, ...]
    words: tuple[str, ...]
    addresses: tuple[str, ...] = ()
    _costs: dict[tuple[str, str], float] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, text: str) -> "NameQuery":
        """Return the query of a typed text."""
        typed, words, addresses = list[str](), list[str](), dict[str, None]()
        for token in text.split():
            if "@" in token.strip("@"):
                addresses[fold(token)] = None
                continue
            for word in words_of(token):
                words.append(word)
                typed.append(token.strip(",;.").lower() if len(words_of(token)) == 1 else word)
        return cls(tuple(typed[:_MOST_WORDS]), tuple(words[:_MOST_WORDS]), tuple(addresses))

    def __bool__(self) -> bool:
        return bool(self.words or self.addresses)

    @cached_property
    def collapsed(self) -> tuple[str, ...]:
        """The words as terms have them."""
        return tuple(map(collapse, self.words))

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """The words, particles joined with what they belong to, and so are names in scripts without spaces."""
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

    def narrow(self) -> str:
        """Return the beginning of the terms of people with these words in this order; "" for a single word.

        The last word may lack what follows its last but one consonant: people with an error there are read as well.
        """
        if len(self.groups) < 2 or self.addresses:
            return ""
        rest = collapse("".join(self.groups[1:]))
        return f"{collapse(self.groups[0])} {rest[: _stem(rest, collapse(self.groups[-1]))][:MAX_REST]}"

    def wide(self) -> str:
        """Return the beginning of the terms of people with the word that tells most."""
        if self.addresses:
            return max(self.addresses, key=len)
        words = [group for group in self.groups if not group.isdigit()] or self.groups
        # Of words of one length the last one: the family name, which fewer people share.
        return collapse(max(reversed(words), key=len))

    def is_meant(self, card: Card) -> bool:
        """Return whether every word of the query begins one of the person's words."""
        own = Words.of(card)
        if not all(
            any(one.startswith(address) for one in own.addresses) for address in self.addresses
        ):
            return False
        reached = [True] + [False] * len(self.collapsed)
        for at, word in enumerate(self.words):
            if not reached[at]:
                continue
            if own.has(self.collapsed[at]) or (word.isdigit() and word in digits_of(card.number)):
                reached[at + 1] = True
            joined = word
            for end in range(at + 2, min(at + _LONGEST_RUN, len(self.words)) + 1):
                joined += self.words[end - 1]
                if not reached[end] and own.begins(collapse(joined)):
                    reached[end] = True
        return reached[-1]

    def closeness(self, card: Card) -> tuple[bool, int, int, bool]:
        """Return how well a person is meant, best first: the whole name, words that are no name, that only begin one, spelling."""
        own = Words.of(card)
        joined = collapse("".join(self.words))
        whole = any(len(one) == len(joined) and one == joined for one in own.names)
        other = beginning = 0
        for word in self.collapsed:
            if word in own.tokens:
                continue
            if any(one.startswith(word) for one in own.names):
                beginning += 1
            elif any(one.startswith(word) for one in own.others):
                other += 1
        spelt = fold_case(card.name)
        return not whole, other, beginning, not all(typed in spelt for typed in self.typed)

    def similar_words(self) -> list[str]:
        """Return the words of names to which somebody may be similar, none if there are none."""
        words = [collapse(one) for one in main_words(self.words) if not one.isdigit()]
        if self.addresses or not any(
            len(one) >= MIN_SIMILAR and not is_unspaced(one) for one in words
        ):
            return []
        return words

    def similarity(self, card: Card) -> Similarity | None:
        """Return how similar a person's names are to the query; None if they aren't."""
        own = Words.of(card)
        best: tuple[float, list[str], bool] | None = None
        for words, typed in self._readings:
            cost, unlike, heard = 0.0, list[str](), True
            for at, word in enumerate(words):
                found, by_sound = self._nearest(own, word, last=at == len(words) - 1)
                if found is None:
                    break
                cost += found
                if found > 0:
                    unlike.append(typed[at])
                    heard = heard and by_sound
            else:
                if best is None or cost < best[0]:
                    best = cost, unlike, heard
        if best is None:
            return None
        return Similarity(best[0], tuple(best[1]), "sound" if best[2] else "spelling")

    @cached_property
    def _readings(self) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
        """The words as they are divided, and joined with their particles."""
        found = [(self.collapsed, self.typed)]
        if len(self.groups) < len(self.words):
            found.append((tuple(map(collapse, self.groups)), self.groups))
        return found

    def _nearest(self, own: "Words", word: str, *, last: bool) -> tuple[float | None, bool]:
        """The cost of the nearest of the person's names, and whether it sounds alike."""
        if own.has(word):
            return 0.0, True
        best: float | None = None
        by_sound = False
        for name in own.units:
            if (cost := self._cost(word, name, last=last)) is not None and (
                best is None or cost < best
            ):
                best, by_sound = cost, code(word) == code(name)
        return best, by_sound

    def _cost(self, word: str, name: str, *, last: bool) -> float | None:
        most = _allowed(word, name)
        if (kept := self._costs.get((word, name))) is None:
            cost = (
                distance(word, name, most) if abs(len(word) - len(name)) <= most / 0.3 else most + 1
            )
            if cost > most and last and len(name) > len(word) >= MIN_MISTYPED - 1:
                begun = name[: len(word)]
                cost = min(cost, distance(word, begun, most) + _UNFINISHED)
            kept = self._costs[word, name] = cost
        return kept if kept <= most else None


def _allowed(word: str, name: str) -> float:
    """How far the two may be from each other: one typing error from five letters, two from nine; more if they sound alike."""
    length = max(len(word), len(name))
    if length < MIN_SIMILAR:
        return 0.0
    most = 2.0 if length >= MIN_TWICE_MISTYPED else 1.0 if length >= MIN_MISTYPED else 0.0
    if code(word) == code(name):
        most = max(most, 1.2 + 0.15 * length)
    return most


def _stem(rest: str, last: str) -> int:
    """How much of the joined words to ask for: up to the last consonant of the last one, but at least three letters of it."""
    end = len(last)
    while end > 1 and last[end - 1] in "aeiouy":
        end -= 1
    kept = max(end - 1, len(last) - 3, min(3, len(last)))
    return len(rest) - len(last) + kept if rest.endswith(last) else len(rest)


@dataclass(frozen=True, slots=True)
class Words:
    """A person's words: `names` joined from each of their words on, so that every division of them begins one.

    `tokens` are the words of names, `units` those and what is written joined as well; `others` the words of title, department,
    organization, place, employee number and of the addresses' local parts.
    """

    names: tuple[str, ...]
    tokens: frozenset[str]
    units: tuple[str, ...]
    others: tuple[str, ...]
    addresses: tuple[str, ...]

    @classmethod
    def of(cls, card: Card) -> "Words":
        """Return the words of a card."""
        names, units, tokens = dict[str, None](), dict[str, None](), set[str]()
        for words in _sequences(card):
            for at, word in enumerate(words):
                names[collapse("".join(words[at:] + words[:at]))] = None
                tokens.add(collapse(word))
                units[collapse(word)] = None
                end = group_end(words, at) if word in PARTICLES else at + 1
                if end < at + 2 <= len(words):
                    end = at + 2
                if end > at + 1:
                    joined = collapse("".join(words[at:end]))
                    units[joined] = None
                    if words[at] in PARTICLES or words[at] in ALSO_NAMES:
                        tokens.add(joined)
        texts = (card.title, card.department, card.employee_number, card.organization, card.place)
        others = dict.fromkeys(collapse(word) for text in texts for word in words_of(text))
        addresses = tuple(fold(one) for one in dict.fromkeys((card.mail, card.user_name)) if one)
        for address in addresses:
            others[address] = None
            others.update(dict.fromkeys(map(collapse, words_of(address.partition("@")[0]))))
        return cls(tuple(names), frozenset(tokens), tuple(units), tuple(others), addresses)

    def has(self, word: str) -> bool:
        """Return whether one of the words begins with `word`."""
        return any(one.startswith(word) for one in self.names) or any(
            one.startswith(word) for one in self.others
        )

    def begins(self, joined: str) -> bool:
        """Return whether a name begins with several joined words of the query, in whatever division."""
        return any(one.startswith(joined) for one in self.names)


def _sequences(card: Card) -> list[list[str]]:
    """The names of a person, each as its words: as shown, given and family name, the others beside the family name."""
    shown, given, family = words_of(card.name), words_of(card.given), words_of(card.family)
    found = [shown]
    if (given or family) and {*given, *family} - {*shown}:
        found.append(given + family)
    for word in words_of(card.other_names):
        found.append([word, *(family or shown)])
    return found
