"""What is indexed of a user: pure functions from a record to the rows that stand beside it.

One user never has more than `MAX_OPERATIONS` rows to change, so that every write is one transaction.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import orjson

from scim.users import cards
from scim.users.record import UserRecord, encode
from shared import keys, numbers
from shared.tables.port import Delete, Insert, Operation, Replace, Upsert

# An element beyond these is stored and returned but not found by. A change may remove and add every one, and the
# record, the event and four single rows come on top: 2 * (8 + 22 + 2 + 12 + 4) + 2 = 98 of 100 operations.
MAX_MAILS = 8
MAX_WORDS = 22
MAX_TYPED = 2  # numbers found by their beginning as they are typed
MAX_NUMBERS = 12
_EMPTY = b"{}"


def user_key(identifier: str) -> str:
    """The key of the record."""
    return keys.key("user", identifier)


def name_key(user_name: str) -> str:
    """The key that makes a user name unique; userName is not case-exact (RFC 7643 section 4.1.1)."""
    return keys.key("name", keys.fold_case(user_name))


def derived(record: UserRecord, region: str) -> list[tuple[str, numbers.Number]]:
    """The person's numbers with their types, the main one first; national ones are read as of `region`."""
    found = cards.numbers(record.resource)[:MAX_NUMBERS]
    return [(str(entry.get("type", "")), numbers.derive(entry["value"], region)) for entry in found]


class _Shown(NamedTuple):
    """All that the values of a person's rows are made of."""

    active: bool
    card: cards.Card
    own: list[tuple[str, numbers.Number]]

    @classmethod
    def of(cls, record: UserRecord, region: str) -> "_Shown":
        own = derived(record, region)
        main = (own[0][1].e164 or own[0][1].raw) if own else ""
        return cls(record.active, cards.card_of(record.id, record.resource, main), own)


def index_rows(record: UserRecord, region: str) -> dict[str, bytes]:
    """Every row besides the record that stands for the user, by key."""
    return _rows_of(record, _Shown.of(record, region))


def _rows_of(record: UserRecord, shown: _Shown) -> dict[str, bytes]:
    resource, identifier = record.resource, record.id
    rows = {name_key(resource["userName"]): orjson.dumps({"id": identifier})}
    if external_id := resource.get("externalId"):
        rows[keys.key("ext", external_id, identifier)] = b'{"a":1}' if shown.active else b'{"a":0}'
    for address in list(dict.fromkeys(map(keys.fold_case, cards.addresses(resource))))[:MAX_MAILS]:
        rows[keys.key("mail", address, identifier)] = _EMPTY
    faults = [{"value": n.raw, "type": kind, "fault": n.fault} for kind, n in shown.own if n.fault]
    if faults:
        rows[keys.key("unparsed", identifier)] = orjson.dumps({"v": 1, "name": shown.card.name, "numbers": faults})
    rows.update(_shown_rows(shown) if shown.active else _hidden_rows(shown))
    return rows


def _hidden_rows(shown: _Shown) -> Iterator[tuple[str, bytes]]:
    """The rows by which only clients find an inactive person's numbers."""
    for _, number in shown.own:
        if len(number.digits) >= numbers.MIN_DIGITS:
            yield keys.key("off", numbers.reversed_digits(number), shown.card.id), _EMPTY


def _shown_rows(shown: _Shown) -> Iterator[tuple[str, bytes]]:
    """The rows by which agents find an active person."""
    card, own = shown.card, shown.own
    value = cards.encode(card)
    yield keys.key("list", keys.fold(card.name), card.id), value
    for word in card.words()[:MAX_WORDS]:
        yield keys.key("find", word, card.id), value
    for digits in [number.digits for _, number in own if number.e164][:MAX_TYPED]:
        yield keys.key("find", digits, card.id), value
    for _, number in reversed(own):  # of two with the same digits the main one has the last word
        if len(number.digits) >= numbers.MIN_DIGITS:
            extended = cards.encode(replace(card, extension=number.extension)) if number.extension else value
            yield keys.key("num", numbers.reversed_digits(number), card.id), extended


def insertion(record: UserRecord, region: str) -> list[Operation]:
    """The operations that store a new user."""
    rows = index_rows(record, region)
    stored = replace(record, index=_names(rows, record.id))
    return [Insert(user_key(record.id), encode(stored)), *(Insert(key, value) for key, value in rows.items())]


def replacement(old: UserRecord, new: UserRecord, etag: str, region: str) -> list[Operation]:
    """The operations that turn a stored user, read with this tag, into its next version."""
    shown = _Shown.of(new, region)
    before, after = set(stored_keys(old)), _rows_of(new, shown)
    moved = shown != _Shown.of(old, region)  # cheaper than to derive the old rows, whose keys are known
    operations: list[Operation] = [
        Replace(user_key(new.id), encode(replace(new, index=_names(after, new.id))), etag),
        *(Delete(key) for key in before if key not in after),
        *(Insert(key, value) for key, value in after.items() if key not in before),
        *(Upsert(key, value) for key, value in after.items() if moved and key in before and _varies(key)),
    ]
    return operations


def _varies(key: str) -> bool:
    """Whether the value of a row can change while its key stays."""
    return not key.startswith(("name|", "mail|", "off|"))


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
