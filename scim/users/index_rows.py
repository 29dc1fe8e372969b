"""The index of a user: pure functions that derive its index rows from its record.

A user never has more than `MAX_OPERATIONS` rows to change, so that every write is one transaction.

A phone number is found by its last digits (incoming calls), by any of its digits (typing), and by its PBX. A row at
*offset* o holds the digits from o on, then a dot and the digits before it: `79460958.4420`. Digits typed from the
middle of a number start at some offset. There is a row at every third offset, so one of the first three typed digits
is the first digit of a row. Therefore three ranges find all matches: rows that start with the typed digits, rows that
start with them without the first digit, and without the first two; the digits before the dot confirm the match. The
end of a number is found by its reversed digits.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import orjson

from scim import resource_rows
from scim.core import schemas
from scim.users import contact_cards, search_terms
from scim.users.models import UserRecord
from shared import keys
from shared.numbers.number import Key, KeyKind, Number, derive
from shared.tables.schema.contacts import (
    EXCHANGE,
    EXTERNAL_ID,
    FIND,
    HIDDEN_NUMBER,
    LIST,
    MAIL,
    MANAGER,
    NAME,
    NUMBER,
    SOUND,
    UNIQUE,
    UNPARSED,
)
from shared.words import fold_case, search_key

# An element beyond these is stored and returned but not found by. A change may remove and add every one, and the
# record, the event and five single rows (name, ext, list, unparsed, manager) come on top:
# 2 * (8 + 17 + 5 + 14 + 5) + 2 = 100 of 100 operations. The terms are those of `search_terms`.
MAX_MAILS = 8
MAX_NUMBERS = 12
MAX_NUMBER_ROWS = 14  # of one person: twelve ends, and the rest for parts and exchanges
_MAX_TYPED = 2  # numbers with a row for their first digits in any case
_LETTERS: dict[KeyKind, str] = {
    "international": "i",
    "national": "n",
    "raw": "r",
    "possible": "p",
}
_KINDS: dict[str, KeyKind] = {letter: kind for kind, letter in _LETTERS.items()}
_OFFSET_STEP = 3
_MIN_TYPED = 4
_DOT = "."


def name_key(user_name: str) -> str:
    """Return the key that makes a user name unique; userName isn't case-exact (RFC 7643 section 4.1.1)."""
    return NAME.key(fold_case(user_name))


def derived(record: UserRecord, region: str) -> list[tuple[str, Number]]:
    """Return (type, number) of each phone number, main number first; `region` is used to parse national numbers."""
    found = contact_cards.numbers(record.resource)[:MAX_NUMBERS]
    return [(str(entry.get("type", "")), derive(entry["value"], region)) for entry in found]


def card_of(record: UserRecord, own: list[tuple[str, Number]]) -> contact_cards.Card:
    """Return the person's card; `own` are the person's parsed numbers."""
    main = (own[0][1].e164 or own[0][1].raw) if own else ""
    return contact_cards.card_of(record.id, record.resource, main)


# Families whose rows hold the card and nothing else.
_CARD_FAMILIES = (LIST.name, FIND.name, SOUND.name, MANAGER.name, EXCHANGE.name)


class _Shown(NamedTuple):
    """The data from which the values of a person's rows are derived."""

    active: bool
    card: contact_cards.Card
    own: list[tuple[str, Number]]

    @classmethod
    def of(cls, record: UserRecord, region: str) -> "_Shown":
        own = derived(record, region)
        return cls(record.active, card_of(record, own), own)


class _Values(NamedTuple):
    """The values of a person's rows: one value per family, but each number row has its own.

    `numbers` are the values of rows by the last digits of a number. The row of the card's e-mail address, `mail_key`,
    also holds the card, so that agents find an active person by that address.
    """

    families: dict[str, bytes]
    numbers: dict[str, bytes]
    mail_key: str

    @classmethod
    def of(cls, shown: _Shown) -> "_Values":
        card = contact_cards.encode(shown.card)
        faults = [
            {"value": n.raw, "type": kind, "fault": n.fault.text()}
            for kind, n in shown.own
            if n.fault
        ]
        owner = orjson.dumps(resource_rows.Owner(shown.card.id))
        families = {
            **dict.fromkeys(_CARD_FAMILIES, card),
            NAME.name: owner,
            UNIQUE.name: owner,
            EXTERNAL_ID.name: resource_rows.ACTIVE[shown.active],
            MAIL.name: resource_rows.NOTHING,
            HIDDEN_NUMBER.name: resource_rows.NOTHING,
        }
        if faults and shown.active:
            families[UNPARSED.name] = resource_rows.encode_unparsed(
                resource_rows.UnparsedNumbers(shown.card.name, faults)
            )
        if not shown.active:
            return cls(families, {}, "")
        own = [number for _, number in shown.own]
        by_end = _rows_by_end(shown.card.id, card, own)
        mail_key = MAIL.key(fold_case(shown.card.mail), shown.card.id)
        return cls(families, by_end, mail_key)

    def at(self, key: str) -> bytes | None:
        """Return the value of the row with this key, or None if there is no such row."""
        if key == self.mail_key:
            return self.families[FIND.name]
        family = _family_of(key)
        return self.numbers.get(key) if family == NUMBER.name else self.families.get(family)


def index_rows(record: UserRecord, region: str) -> dict[str, bytes]:
    """Return all index rows of the user, by key."""
    shown = _Shown.of(record, region)
    return _rows_of(record, shown, _Values.of(shown))


def _rows_of(record: UserRecord, shown: _Shown, values: _Values) -> dict[str, bytes]:
    families, identifier = values.families, record.id
    found = _rows_of_any(record, families)
    own = [number for _, number in shown.own]
    if not shown.active:
        hidden = _hidden_keys(identifier, own)
        return found | dict.fromkeys(hidden, families[HIDDEN_NUMBER.name])
    card = families[FIND.name]
    if manager := contact_cards.manager_value(record.resource):
        found[MANAGER.key(fold_case(manager), identifier)] = card
    found |= dict.fromkeys(_shown_keys(shown.card), card)
    found |= dict.fromkeys(_other_number_keys(identifier, own, values.numbers), card)
    if values.mail_key in found:
        found[values.mail_key] = card
    return found | values.numbers


def _rows_of_any(record: UserRecord, families: dict[str, bytes]) -> dict[str, bytes]:
    """Return the rows that a user has whether active or not; only an active one has unparsed numbers."""
    resource, identifier = record.resource, record.id
    found = {name_key(resource["userName"]): families[NAME.name]}
    if external_id := resource.get("externalId"):
        found[EXTERNAL_ID.key(external_id, identifier)] = families[EXTERNAL_ID.name]
    addresses = dict.fromkeys(map(fold_case, contact_cards.addresses(resource)))
    mail_keys = MAIL.keys(list(addresses)[:MAX_MAILS], identifier)
    found |= dict.fromkeys(mail_keys, families[MAIL.name])
    if UNPARSED.name in families:
        found[UNPARSED.key(identifier)] = families[UNPARSED.name]
    if schemas.USER.unique:
        unique = resource_rows.unique_keys(schemas.USER, resource)
        found |= dict.fromkeys(unique, families[UNIQUE.name])
    return found


def _shown_keys(card: contact_cards.Card) -> list[str]:
    """Return the keys of the rows by which agents find an active person by name; each row holds the card."""
    return [
        LIST.key(search_key(card.name), card.id),
        *FIND.keys(search_terms.find_terms(card), card.id),
        *SOUND.keys(search_terms.sound_terms(card), card.id),
    ]


class ChangedRows(NamedTuple):
    """The rows of a user after a change, and the keys of those whose value differs from the row before the change."""

    rows: dict[str, bytes]
    differing: Collection[str]


def changed_rows(old: UserRecord, new: UserRecord, region: str) -> ChangedRows:
    """Return the rows of `new`, compared with the rows that the current rules derive from `old`."""
    was, shown = _Shown.of(old, region), _Shown.of(new, region)
    rows = _rows_of(new, shown, _Values.of(shown))
    if was == shown:
        return ChangedRows(rows, ())
    written = _Values.of(was)
    return ChangedRows(rows, [key for key, value in rows.items() if written.at(key) != value])


def is_unique(key: str) -> bool:
    """Return whether a row of this key makes a value unique in the directory."""
    return _family_of(key) in (NAME.name, UNIQUE.name)


def _family_of(key: str) -> str:
    return key.partition(keys.SEPARATOR)[0]


def _rows_by_end(identifier: str, card: bytes, own: Sequence[Number]) -> dict[str, bytes]:
    """Return an active person's rows by the last digits of a number, with their values, by key."""
    # Of two numbers with the same digits the main one has the last word.
    ends = _ends(own)[::-1]
    row_keys = NUMBER.keys([end.digits[::-1] for end in ends], identifier)
    return {
        key: contact_cards.with_number_key(card, end.extension, _LETTERS[end.kind])
        for key, end in zip(row_keys, ends, strict=True)
    }


def _other_number_keys(
    identifier: str, own: Sequence[Number], by_end: Mapping[str, bytes]
) -> list[str]:
    """Return the keys of an active person's other number rows, each of which holds the card alone.

    They are those of the rows by the beginning of a number, by PBX and by the middle of a number, most useful first.
    """
    typed = [digits for number in own for digits in _typed(number)]
    exchanges = [number.exchange for number in own if number.exchange]
    parts = [turned(digits, at) for digits in typed for at in offsets(len(digits))]
    found = dict.fromkeys(FIND.keys(typed[:_MAX_TYPED], identifier))
    if exchanges:
        found |= dict.fromkeys(EXCHANGE.keys(exchanges, identifier))
    found |= dict.fromkeys(FIND.keys(parts, identifier))
    return list(found)[: MAX_NUMBER_ROWS - len(by_end)]


def _hidden_keys(identifier: str, own: Sequence[Number]) -> Iterator[str]:
    """Yield the keys of rows by which only SCIM clients find an inactive person's numbers."""
    return (HIDDEN_NUMBER.key(key.digits[::-1], identifier) for key in _ends(own))


def key_kind_of(card: contact_cards.Card) -> KeyKind | None:
    """Return the kind of key of a row that is found by the last digits of a number; None for rows of older releases."""
    return _KINDS.get(card.key_kind)


def _ends(own: Sequence[Number]) -> list[Key]:
    """Return the keys by last digits of all numbers; the main key of each number comes before all other keys."""
    mains = [number.keys[0] for number in own if number.keys]
    rest = [key for number in own for key in number.keys[1:]]
    return [*mains, *rest][:MAX_NUMBERS]


def _typed(number: Number) -> list[str]:
    """Return the digits that a caller types for a number: with the extension if it is dialled directly."""
    if number.fault is not None and number.keys:
        return [key.digits for key in number.keys]
    return [number.keys[-1].digits] if number.keys else []


@lru_cache(maxsize=64)
def offsets(count: int) -> tuple[int, ...]:
    """Return the offsets at which a number with `count` digits has rows, 0 first.

    More than four digits follow the last offset, because the last four digits are found by the row of the number's end.
    Offset 1 is left out of long numbers, because it would only serve a text that starts with the second digit of a
    country code.
    """
    if count < _MIN_TYPED + 1:
        return (0,)
    inner = range(count - _MIN_TYPED - 1, 0, -_OFFSET_STEP)
    return (0, *(offset for offset in inner if offset > 1 or count < 10))


def turned(digits: str, offset: int) -> str:
    """Return the digits from the offset on, a dot, and the digits before it; at offset 0 only the digits."""
    return f"{digits[offset:]}{_DOT}{digits[:offset]}" if offset else digits


def turned_back(part: str) -> str:
    """Return the digits that were passed to `turned`; "" for a text that `turned` doesn't return."""
    rest, _, before = part.partition(_DOT)
    digits = before + rest
    return digits if digits.isascii() and digits.isdecimal() else ""


def ranges_of(part: str) -> Iterator[str]:
    """Yield the key prefixes of the rows of all numbers that have `part` (four digits or more) in the middle."""
    yield from (part[skipped:] for skipped in range(_OFFSET_STEP))
