"""The rows that a person's numbers are found by: by their end (calls), by any part of them (typing), by their exchange."""

from collections.abc import Iterator, Mapping, Sequence

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


def rows_by_end(identifier: str, card: bytes, own: Sequence[Number]) -> dict[str, bytes]:
    """Return an active person's number rows by a number's end, with their values."""
    # Of two numbers with the same digits the main one has the last word.
    return {
        NUMBER.key(key.digits[::-1], identifier): contact_cards.with_number_key(
            card, key.extension, _LETTERS[key.kind]
        )
        for key in reversed(_ends(own))
    }


def other_keys(identifier: str, own: Sequence[Number], by_end: Mapping[str, bytes]) -> list[str]:
    """Return the keys of an active person's other number rows, which hold the card alone."""
    return list(dict.fromkeys(_others(identifier, own)))[: MAX_ROWS - len(by_end)]


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
