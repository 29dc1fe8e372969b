"""What is indexed of a user: pure functions from a record to the rows that stand beside it.

One user never has more than `MAX_OPERATIONS` rows to change, so that every write is one transaction.
"""

from collections.abc import Iterator
from dataclasses import replace

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


def index_rows(record: UserRecord, region: str) -> dict[str, bytes]:
    """Every row besides the record that stands for the user, by key."""
    resource, identifier = record.resource, record.id
    own = derived(record, region)
    rows = {name_key(resource["userName"]): orjson.dumps({"id": identifier})}
    if external_id := resource.get("externalId"):
        rows[keys.key("ext", external_id, identifier)] = b'{"a":1}' if record.active else b'{"a":0}'
    for address in list(dict.fromkeys(map(keys.fold_case, cards.addresses(resource))))[:MAX_MAILS]:
        rows[keys.key("mail", address, identifier)] = _EMPTY
    faults = [{"value": n.raw, "type": kind, "fault": n.fault} for kind, n in own if n.fault]
    if faults:
        named = {"name": cards.display_name(resource), "numbers": faults}
        rows[keys.key("unparsed", identifier)] = orjson.dumps({"v": 1, **named})
    if record.active:
        rows.update(_shown_rows(record, own))
    else:
        rows.update(_hidden_rows(record, own))
    return rows


def _hidden_rows(record: UserRecord, own: list[tuple[str, numbers.Number]]) -> Iterator[tuple[str, bytes]]:
    """The rows by which only clients find an inactive person's numbers."""
    for _, number in own:
        if len(number.digits) >= numbers.MIN_DIGITS:
            yield keys.key("off", numbers.reversed_digits(number), record.id), _EMPTY


def _shown_rows(record: UserRecord, own: list[tuple[str, numbers.Number]]) -> Iterator[tuple[str, bytes]]:
    """The rows by which agents find an active person."""
    main = (own[0][1].e164 or own[0][1].raw) if own else ""
    card = cards.card_of(record.id, record.resource, main)
    value = cards.encode(card)
    yield keys.key("list", keys.fold(card.name), record.id), value
    for word in card.words()[:MAX_WORDS]:
        yield keys.key("find", word, record.id), value
    for digits in [number.digits for _, number in own if number.e164][:MAX_TYPED]:
        yield keys.key("find", digits, record.id), value
    for _, number in reversed(own):  # of two with the same digits the main one has the last word
        if len(number.digits) >= numbers.MIN_DIGITS:
            card_of_number = replace(card, extension=number.extension)
            yield keys.key("num", numbers.reversed_digits(number), record.id), cards.encode(card_of_number)


def insertion(record: UserRecord, region: str) -> list[Operation]:
    """The operations that store a new user."""
    rows = index_rows(record, region)
    stored = replace(record, index=_names(rows, record.id))
    return [Insert(user_key(record.id), encode(stored)), *(Insert(key, value) for key, value in rows.items())]


def replacement(old: UserRecord, new: UserRecord, etag: str, region: str) -> list[Operation]:
    """The operations that turn a stored user, read with this tag, into its next version."""
    before, after = set(stored_keys(old)), index_rows(new, region)
    unchanged = index_rows(old, region)
    operations: list[Operation] = [
        Replace(user_key(new.id), encode(replace(new, index=_names(after, new.id))), etag),
        *(Delete(key) for key in before if key not in after),
        *(Insert(key, value) for key, value in after.items() if key not in before),
        *(Upsert(key, value) for key, value in after.items() if key in before and unchanged.get(key) != value),
    ]
    return operations


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
