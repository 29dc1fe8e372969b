"""The index of a user: pure functions that derive its index rows from its record.

A user never has more than `MAX_OPERATIONS` rows to change, so that every write is one transaction.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from scim import resource_rows
from scim.core import schemas
from scim.users import contact_cards, number_rows, search_terms
from scim.users.models import UserRecord, encode
from scim.users.number_rows import MAX_NUMBERS
from shared import keys
from shared.numbers.number import Number, derive
from shared.tables.port import Delete, Insert, Operation, Replace, Upsert
from shared.tables.schema.contacts import (
    EXCHANGE,
    EXTERNAL_ID,
    FIND,
    HIDDEN_NUMBER,
    INDEX_VERSION,
    LIST,
    MAIL,
    MANAGER,
    NAME,
    NUMBER,
    SOUND,
    UNIQUE,
    UNPARSED,
    USER,
)

# An element beyond these is stored and returned but not found by. A change may remove and add every one, and the
# record, the event and five single rows (name, ext, list, unparsed, manager) come on top:
# 2 * (8 + 17 + 5 + 14 + 5) + 2 = 100 of 100 operations. The terms are those of `search_terms`, the numbers those of
# `number_rows`.
MAX_MAILS = 8


def name_key(user_name: str) -> str:
    """Return the key that makes a user name unique; userName isn't case-exact (RFC 7643 section 4.1.1)."""
    return NAME.key(keys.fold_case(user_name))


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
        owner = resource_rows.encode_owner(shown.card.id)
        families = {
            **dict.fromkeys(_CARD_FAMILIES, card),
            NAME.name: owner,
            UNIQUE.name: owner,
            EXTERNAL_ID.name: resource_rows.encode_active(is_active=shown.active),
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
        by_end = number_rows.rows_by_end(shown.card.id, card, own)
        mail_key = MAIL.key(keys.fold_case(shown.card.mail), shown.card.id)
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
        hidden = number_rows.hidden_keys(identifier, own)
        return found | dict.fromkeys(hidden, families[HIDDEN_NUMBER.name])
    card = families[FIND.name]
    if manager := contact_cards.manager_value(record.resource):
        found[MANAGER.key(keys.fold_case(manager), identifier)] = card
    found |= dict.fromkeys(_shown_keys(shown.card), card)
    found |= dict.fromkeys(number_rows.other_keys(identifier, own, values.numbers), card)
    if values.mail_key in found:
        found[values.mail_key] = card
    return found | values.numbers


def _rows_of_any(record: UserRecord, families: dict[str, bytes]) -> dict[str, bytes]:
    """Return the rows that a user has whether active or not; only an active one has unparsed numbers."""
    resource, identifier = record.resource, record.id
    found = {name_key(resource["userName"]): families[NAME.name]}
    if external_id := resource.get("externalId"):
        found[EXTERNAL_ID.key(external_id, identifier)] = families[EXTERNAL_ID.name]
    addresses = dict.fromkeys(map(keys.fold_case, contact_cards.addresses(resource)))
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
        LIST.key(keys.search_key(card.name), card.id),
        *FIND.keys(search_terms.find_terms(card), card.id),
        *SOUND.keys(search_terms.sound_terms(card), card.id),
    ]


def insertion(record: UserRecord, region: str) -> list[Operation]:
    """Return the operations that store a new user."""
    rows = index_rows(record, region)
    stored = _with_index(record, rows, region)
    return [
        Insert(USER.key(record.id), encode(stored)),
        *[Insert(key, value) for key, value in rows.items()],
    ]


def replacement(old: UserRecord, new: UserRecord, etag: str, region: str) -> list[Operation]:
    """Return the operations that replace the user `old` by `new`; `etag` is the storage tag of the record of `old`.

    Rows that stay the same are left out, unless an older version of the rules wrote them, because then their values are
    unknown.
    """
    shown = _Shown.of(new, region)
    before, after = set(stored_keys(old)), _rows_of(new, shown, _Values.of(shown))
    unchanged = {key: value for key, value in after.items() if key in before}
    return [
        Replace(USER.key(new.id), encode(_with_index(new, after, region)), etag),
        *[Delete(key) for key in before if key not in after],
        *[Insert(key, value) for key, value in after.items() if key not in before],
        *[Upsert(key, after[key]) for key in _outdated(old, shown, unchanged, region)],
    ]


def _outdated(
    old: UserRecord, shown: _Shown, unchanged: dict[str, bytes], region: str
) -> Iterable[str]:
    """Return the keys of `unchanged` under which another value may be stored than the one in `unchanged`."""
    if not is_current(old, region):
        return unchanged
    was = _Shown.of(old, region)
    if was == shown:
        return ()
    written = _Values.of(was)
    return [key for key, value in unchanged.items() if written.at(key) != value]


def reindexing(
    record: UserRecord, etag: str, region: str, *, present: frozenset[str], keep_name: bool
) -> list[Operation]:
    """Return the operations that rewrite a user's index rows as the current rules derive them.

    The user itself, its ETag and its times stay the same. `present` are the keys of the user's rows that exist,
    because deleting a missing row would fail. With `keep_name` the name row isn't written; used if the name now
    belongs to another user.
    """
    rows = index_rows(record, region)
    if keep_name:
        own = name_key(record.resource["userName"])
        value = rows.pop(own)
        rows |= {key: value for key in present if _family_of(key) == _family_of(own)}
    return [
        Replace(USER.key(record.id), encode(_with_index(record, rows, region)), etag),
        *(Delete(key) for key in present if key not in rows),
        *(_stored(key, value, present) for key, value in rows.items()),
    ]


def _stored(key: str, value: bytes, present: frozenset[str]) -> Operation:
    """Return the write of a row. A missing unique row is inserted: an Upsert could overwrite the row of another user's name."""
    is_unique = _family_of(key) in (NAME.name, UNIQUE.name) and key not in present
    return Insert(key, value) if is_unique else Upsert(key, value)


def is_current(record: UserRecord, region: str) -> bool:
    """Return whether the user's index rows were derived by the current rules, with this region for national numbers."""
    return (record.index_version, record.index_region) == (INDEX_VERSION, region)


def _with_index(record: UserRecord, rows: dict[str, bytes], region: str) -> UserRecord:
    return record.indexed(_names(rows, record.id), INDEX_VERSION, region)


def _family_of(key: str) -> str:
    return key.partition(keys.SEPARATOR)[0]


def removal(record: UserRecord, etag: str) -> list[Operation]:
    """Return the operations that remove a user and all its rows; `etag` is the storage tag of its record."""
    return [Delete(USER.key(record.id), etag), *[Delete(key) for key in stored_keys(record)]]


def _names(rows: dict[str, bytes], identifier: str) -> tuple[str, ...]:
    """Return row keys without their last part, the id, so that the record need not repeat it."""
    suffix, length = keys.SEPARATOR + identifier, -len(identifier)
    return tuple([key[:length] if key.endswith(suffix) else key for key in rows])


def stored_keys(record: UserRecord) -> Iterator[str]:
    """Yield the keys of the rows that were written with this version of the user."""
    return (name + record.id if name.endswith(keys.SEPARATOR) else name for name in record.index)
