"""What is indexed of a user: pure functions from a record to the rows that stand beside it.

One user never has more than `MAX_OPERATIONS` rows to change, so that every write is one transaction.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

import orjson

from scim.users import contact_cards, number_rows
from scim.users.number_rows import MAX_NUMBERS
from scim.users.record import UserRecord, encode
from shared import keys
from shared.numbers.number import Number, derive
from shared.tables.port import Delete, Insert, Operation, Replace, Upsert

# An element beyond these is stored and returned but not found by. A change may remove and add every one, and the
# record, the event and four single rows come on top: 2 * (8 + 22 + 14 + 4) + 2 = 98 of 100 operations.
MAX_MAILS = 8
MAX_WORDS = 22
_EMPTY = b"{}"


def user_key(identifier: str) -> str:
    """The key of the record."""
    return keys.key("user", identifier)


def name_key(user_name: str) -> str:
    """The key that makes a user name unique; userName is not case-exact (RFC 7643 section 4.1.1)."""
    return keys.key("name", keys.fold_case(user_name))


def derived(record: UserRecord, region: str) -> list[tuple[str, Number]]:
    """The person's numbers with their types, the main one first; national ones are read as of `region`."""
    found = contact_cards.numbers(record.resource)[:MAX_NUMBERS]
    return [(str(entry.get("type", "")), derive(entry["value"], region)) for entry in found]


def card_of(record: UserRecord, own: list[tuple[str, Number]]) -> contact_cards.Card:
    """The person's card; `own` are the numbers that were derived."""
    main = (own[0][1].e164 or own[0][1].raw) if own else ""
    return contact_cards.card_of(record.id, record.resource, main)


class _Shown(NamedTuple):
    """All that the values of a person's rows are made of."""

    active: bool
    card: contact_cards.Card
    own: list[tuple[str, Number]]

    @classmethod
    def of(cls, record: UserRecord, region: str) -> "_Shown":
        own = derived(record, region)
        return cls(record.active, card_of(record, own), own)


class _Values(NamedTuple):
    """The values of a person's rows: the same in all of a family, but each number's own by its end.

    `numbers` are the rows by the ends of numbers, `others` the keys of the other rows of numbers.
    """

    families: dict[str, bytes]
    numbers: dict[str, bytes]
    others: list[str]

    @classmethod
    def of(cls, shown: _Shown) -> "_Values":
        card = contact_cards.encode(shown.card)
        faults = [
            {"value": n.raw, "type": kind, "fault": n.fault} for kind, n in shown.own if n.fault
        ]
        families = {
            "name": orjson.dumps({"id": shown.card.id}),
            "ext": b'{"a":1}' if shown.active else b'{"a":0}',
            "mail": _EMPTY,
            "off": _EMPTY,
            "list": card,
            "find": card,
            "exchange": card,
        }
        if faults and shown.active:
            families["unparsed"] = orjson.dumps(
                {"v": 1, "name": shown.card.name, "numbers": faults}
            )
        if not shown.active:
            return cls(families, {}, [])
        by_end, others = number_rows.shown_rows(shown.card, [number for _, number in shown.own])
        return cls(families, by_end, others)

    def at(self, key: str) -> bytes | None:
        """The value of the row with this key; None if none is derived."""
        family = key.partition(keys.SEPARATOR)[0]
        return self.numbers.get(key) if family == "num" else self.families.get(family)


def index_rows(record: UserRecord, region: str) -> dict[str, bytes]:
    """Every row besides the record that stands for the user, by key."""
    shown = _Shown.of(record, region)
    return _rows_of(record, shown, _Values.of(shown))


def _rows_of(record: UserRecord, shown: _Shown, values: _Values) -> dict[str, bytes]:
    families = values.families
    found = {
        key: families[key[: key.index(keys.SEPARATOR)]]
        for key in _keys_of(record, shown, "unparsed" in families)
    }
    found |= {key: families[key[: key.index(keys.SEPARATOR)]] for key in values.others}
    return found | values.numbers


def _keys_of(record: UserRecord, shown: _Shown, unparsed: bool) -> Iterator[str]:
    """The keys of all rows but those of an active person's numbers."""
    resource, identifier = record.resource, record.id
    yield name_key(resource["userName"])
    if external_id := resource.get("externalId"):
        yield keys.key("ext", external_id, identifier)
    for address in list(dict.fromkeys(map(keys.fold_case, contact_cards.addresses(resource))))[
        :MAX_MAILS
    ]:
        yield keys.key("mail", address, identifier)
    if unparsed:
        yield keys.key("unparsed", identifier)
    yield from _shown_keys(shown) if shown.active else _hidden_keys(shown)


def _hidden_keys(shown: _Shown) -> Iterator[str]:
    """The rows by which only clients find an inactive person's numbers."""
    return number_rows.hidden_keys(shown.card.id, [number for _, number in shown.own])


def _shown_keys(shown: _Shown) -> Iterator[str]:
    """The rows by which agents find an active person by name."""
    card = shown.card
    yield keys.key("list", keys.fold(card.name), card.id)
    for word in card.words()[:MAX_WORDS]:
        yield keys.key("find", word, card.id)


def insertion(record: UserRecord, region: str) -> list[Operation]:
    """The operations that store a new user."""
    rows = index_rows(record, region)
    stored = replace(record, index=_names(rows, record.id))
    return [
        Insert(user_key(record.id), encode(stored)),
        *(Insert(key, value) for key, value in rows.items()),
    ]


def replacement(old: UserRecord, new: UserRecord, etag: str, region: str) -> list[Operation]:
    """The operations that turn a stored user, read with this tag, into its next version: no row that stays the same."""
    was, shown = _Shown.of(old, region), _Shown.of(new, region)
    before, after = set(stored_keys(old)), _rows_of(new, shown, _Values.of(shown))
    operations: list[Operation] = [
        Replace(user_key(new.id), encode(replace(new, index=_names(after, new.id))), etag),
        *(Delete(key) for key in before if key not in after),
        *(Insert(key, value) for key, value in after.items() if key not in before),
    ]
    if shown != was:
        written = _written(was, before)
        operations += [
            Upsert(key, after[key]) for key in after if key in before and written(key) != after[key]
        ]
    return operations


def _written(was: _Shown, before: set[str]) -> Callable[[str], bytes | None]:
    """What stands in a row of the stored user. Where its numbers were read otherwise, as of another region, so may
    have been its card: nothing is known then, and every row is written again."""
    values = _Values.of(was)
    return values.at if values.numbers.keys() <= before else lambda key: None


def removal(record: UserRecord, etag: str) -> list[Operation]:
    """The operations that remove a user, read with this tag, with all that stands for it."""
    return [Delete(user_key(record.id), etag), *(Delete(key) for key in stored_keys(record))]


def _names(rows: dict[str, bytes], identifier: str) -> tuple[str, ...]:
    """Row keys without the id at their end, which would only be repeated in the record."""
    suffix = keys.SEPARATOR + identifier
    return tuple(key.removesuffix(identifier) if key.endswith(suffix) else key for key in rows)


def stored_keys(record: UserRecord) -> Iterator[str]:
    """The keys of the rows that were written for this version of the user."""
    return (name + record.id if name.endswith(keys.SEPARATOR) else name for name in record.index)
