"""The rows that a person's numbers are found by: by their end (calls), by any part of them (typing), by their exchange."""

from collections.abc import Iterator, Sequence

from scim.users import contact_cards
from scim.users.contact_cards import Card
from shared.numbers.index_keys import offsets, turned
from shared.numbers.number import Key, KeyKind, Number
from shared.tables.schema import EXCHANGE, FIND, HIDDEN_NUMBER, NUMBER

MAX_NUMBERS = 12
MAX_ROWS = 14  # of one person's numbers: twelve ends, and the rest for parts and exchanges
_MAX_TYPED = 2  # numbers with a row for their first digits in any case
_LETTERS: dict[KeyKind, str] = {
    "international": "i",
    "national": "n",
    "raw": "r",
    "possible": "p",
}
_KINDS: dict[str, KeyKind] = {letter: kind for kind, letter in _LETTERS.items()}


def shown_rows(
    identifier: str, card: bytes, own: Sequence[Number]
) -> tuple[dict[str, bytes], list[str]]:
    """Return an active person's number rows: by a number's end with their values, and the keys of all others."""
    ends, others = _ends(own), list[str]()
    # Of two numbers with the same digits the main one has the last word.
    by_end = {
        NUMBER.key(key.digits[::-1], identifier): contact_cards.with_number_key(
            card, key.extension, _LETTERS[key.kind]
        )
        for key in reversed(ends)
    }
    left = MAX_ROWS - len(by_end)
    for part_key in dict.fromkeys(_others(identifier, own)):
        if len(others) >= left:
            break
        others.append(part_key)
    return by_end, others


def hidden_keys(identifier: str, own: Sequence[Number]) -> Iterator[str]:
    """Yield the keys of rows by which only SCIM clients find an inactive person's numbers."""
    return (HIDDEN_NUMBER.key(key.digits[::-1], identifier) for key in _ends(own))


def kind_of(card: Card) -> KeyKind | None:
    """Return the kind of key of a row by the end of a number; None in rows of older releases."""
    return _KINDS.get(card.key_kind)


def _ends(own: Sequence[Number]) -> list[Key]:
    """Return the keys of all numbers, the main key of each number before any other key."""
    mains = [number.keys[0] for number in own if number.keys]
    rest = [key for number in own for key in number.keys[1:]]
    return [*mains, *rest][:MAX_NUMBERS]


def _others(identifier: str, own: Sequence[Number]) -> Iterator[str]:
    """Return the keys of the rows by a number's middle and by exchange, the most useful first."""
    typed = [digits for number in own for digits in _typed(number)]
    for digits in typed[:_MAX_TYPED]:
        yield FIND.key(digits, identifier)
    for number in own:
        if number.exchange:
            yield EXCHANGE.key(number.exchange, identifier)
    for digits in typed:
        for offset in offsets(len(digits)):
            yield FIND.key(turned(digits, offset), identifier)


def _typed(number: Number) -> list[str]:
    """Return the digits as a caller types them: with the extension if it is dialled directly."""
    if number.fault is not None and number.keys:
        return [key.digits for key in number.keys]
    return [number.keys[-1].digits] if number.keys else []
