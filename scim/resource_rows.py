"""Rows of users and groups: reading records with memberships, and encoding values of index rows.

The record of a user is the row `user|{id}`, followed by its memberships `user|{id}|{group}`; for
groups `group` takes the place of `user`. So one range of keys reads a resource with the groups that
it is in, and a scan reads many of them.

Values of index rows, apart from the cards of people (`scim.users.contact_cards`), are derived from
a record and written with it, so they have no version of their own: the record's `index_version`
applies.

A *key sample* holds the key of every thousandth resource, so that a jump to a far `startIndex`
counts at most about a thousand keys. It is only approximate, because deletions shift positions; RFC
7644 section 3.4.2.4 promises no more. It is used neither for paging from page to page
(`page_starts`) nor for a jump to one of the first 1,000 positions.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from scim.core.attributes import Attribute, ResourceType
from scim.core.errors import ScimError, uniqueness
from shared import keys, row_versions
from shared.app import App
from shared.ids import is_guid
from shared.keys import OnePart, TwoParts
from shared.limits import LruCache
from shared.tables.port import MAX_QUERY_ROWS, Row, StorageUnavailable, Upsert, query_all
from shared.tables.schema.base import CONTACTS
from shared.tables.schema.contacts import GROUP, KEY_SAMPLE, UNIQUE, USER
from shared.words import fold_case

_MAX_BYTES = 2 * 1024 * 1024  # of one page: twice a thousand usual people
_MIN_ROWS = 32
NOTHING = b"{}"  # the key holds everything
# The value of a user's externalId row, by whether the user is active.
ACTIVE = {True: b'{"a":1}', False: b'{"a":0}'}
KEYS_PER_SAMPLE = 1000
_RECOUNT_SECONDS = 60.0


async def get(app: App, directory_id: str, family: OnePart, identifier: str) -> list[Row]:
    """Return the record's row and its membership rows; an empty list if the id is unknown.

    One round trip, more for thousands of rows. Anything but a GUID is unknown: a shorter id could be a prefix of
    other ids, and their rows would be read.
    """
    if not is_guid(identifier):
        return []
    start = family.key(identifier)
    found = await query_all(
        app.tables, CONTACTS, directory_id, start, start + keys.SEPARATOR + keys.MAX_KEY_CHAR
    )
    return found if found and found[0].key == start else []


async def ids(app: App, directory_id: str, family: TwoParts, first: str) -> list[str]:
    """Return the ids that are the last parts of the keys under `first`, in an index or among memberships."""
    found = await query_all(
        app.tables, CONTACTS, directory_id, *family.under(first), keys_only=True
    )
    # Under a user are the notes of agents, too.
    return [family.second_of(row.key) for row in found if family.has(row.key)]


def unique_keys(resource_type: ResourceType, resource: dict[str, Any]) -> Iterator[str]:
    """Yield a key for each value that only one resource of the directory may have (RFC 7643 section 2.2).

    These are the values of every attribute with `uniqueness` server or global, in the core and in extensions, except
    the attributes with index rows of their own. Values are compared as the attribute's caseExact says.
    """
    for urn, attribute in resource_type.unique:
        holder = resource.get(urn, {}) if urn else resource
        value = holder.get(attribute.name)
        if value is not None and not isinstance(value, list | dict):
            text = str(value) if attribute.case_exact else fold_case(str(value))
            yield UNIQUE.key(_unique_name(resource_type, attribute), text)


def _unique_name(resource_type: ResourceType, attribute: Attribute) -> str:
    return f"{resource_type.name} {attribute.path.lower()}"


async def unique_conflict(
    app: App, directory_id: str, resource_type: ResourceType, key: str
) -> ScimError | None:
    """Return the error 409 if another resource has this key of `unique_keys`; None for a key of another family."""
    if not UNIQUE.has(key):
        return None
    name, value = UNIQUE.parts_of(key)
    row = await app.tables.get(CONTACTS, directory_id, key)
    owner = decode_owner(row.value) if row else ""
    for _, attribute in resource_type.unique:
        if _unique_name(resource_type, attribute) == name:
            return uniqueness(attribute.path, value, owner)
    return None


async def page(
    app: App, directory_id: str, family: OnePart, after: str, count: int
) -> tuple[list[list[Row]], bool]:
    """Return at most `count` records with their memberships after the row key `after`, and whether there are more.

    The order is that of creation. A page is shorter if records are very large. One round trip if no one on the page
    is in a group, otherwise as many as the rows need.
    """
    start, stop = _bounds(family, after)
    sizes, key = app.state(_RowSizes).by_family, (directory_id, family.name)
    limit, found, size = _row_limit(sizes.get(key), count + 1), list[list[Row]](), 0
    while True:
        rows = await app.tables.query(CONTACTS, directory_id, start, stop, limit=limit)
        if rows:
            sizes.put(key, sum([len(row.value) for row in rows]) / len(rows))
        for row in rows:
            if row.key.count(keys.SEPARATOR) == 1:
                if len(found) == count or size > _MAX_BYTES:
                    return found, True
                found.append([row])
            elif found and row.key.startswith(found[-1][0].key):
                found[-1].append(row)
            size += len(row.value)
        if len(rows) < limit:
            return found, False
        start, limit = keys.successor(rows[-1].key), _row_limit(sizes.get(key), MAX_QUERY_ROWS)


@dataclass(frozen=True, slots=True)
class _RowSizes:
    """The average size in bytes of the rows last read of each directory and family.

    It only determines how many rows to read in one round trip, so that few are read beyond the end of a page.
    """

    by_family: LruCache[tuple[str, str], float] = field(default_factory=lambda: LruCache(4096))


def _row_limit(average: float | None, wanted: int) -> int:
    """Return how many rows to read: the number wanted, or fewer if rows are large."""
    fitting = round(1.5 * _MAX_BYTES / average) if average else MAX_QUERY_ROWS
    return min(MAX_QUERY_ROWS, wanted, max(_MIN_ROWS, fitting))


async def key_at(app: App, directory_id: str, family: OnePart, after: str, skip: int) -> str | None:
    """Return the key of the record `skip` positions after the key `after`, or None past the end. Reads only keys."""
    async for key in record_keys(app, directory_id, family, after):
        skip -= 1
        if skip == 0:
            return key
    return None


async def record_keys(
    app: App, directory_id: str, family: OnePart, after: str = ""
) -> AsyncIterator[str]:
    """Yield the keys of the records after the key `after`, 1,000 rows per round trip."""
    start, stop = _bounds(family, after)
    while True:
        rows = await app.tables.query(CONTACTS, directory_id, start, stop, keys_only=True)
        for row in rows:
            if _is_record(row.key):
                yield row.key
        if len(rows) < MAX_QUERY_ROWS:
            return
        start = keys.successor(rows[-1].key)


def _bounds(family: OnePart, after: str) -> tuple[str, str]:
    start, stop = family.all()
    # After a record come its memberships, which a walk has read with it.
    return (after + keys.SEPARATOR + keys.MAX_KEY_CHAR if after else start), stop


def _is_record(key: str) -> bool:
    return key.count(keys.SEPARATOR) == 1


@dataclass(frozen=True, slots=True)
class UnparsedNumbers:
    """A person's name, and the numbers without an E.164 form: each with `value`, `type`, and `fault` with its remedy."""

    name: str
    numbers: list[dict[str, str]]


@dataclass(slots=True)
class Owner:
    """The id of the user or group that has a unique name. Its JSON is the value of the row that makes the name unique."""

    id: str


def decode_owner(value: bytes) -> str:
    """Return the id of the user or group with the name."""
    return str(orjson.loads(value)["id"])


def decode_active(value: bytes) -> bool:
    """Return whether the user of an externalId row is active."""
    return value == ACTIVE[True] or bool(orjson.loads(value).get("a") == 1)


def encode_unparsed(unparsed: UnparsedNumbers) -> bytes:
    """Encode the value of a row that lists unparsed numbers."""
    return orjson.dumps({"v": 1, "name": unparsed.name, "numbers": unparsed.numbers})


def decode_unparsed(value: bytes) -> UnparsedNumbers:
    """Decode the unparsed numbers of a row; raise UnsupportedRowVersion if a later release wrote it."""
    stored = row_versions.decode(value, "unparsed")
    return UnparsedNumbers(stored["name"], stored["numbers"])


@dataclass(frozen=True, slots=True)
class KeySample:
    """The keys at positions 1,000, 2,000, …, and when all keys were last counted (Unix seconds)."""

    keys: tuple[str, ...] = ()
    at: float = 0.0


async def key_of_number(app: App, directory_id: str, family: OnePart, number: int) -> str | None:
    """Return the key of the resource at this position, counted from 1, or None if there are fewer resources."""
    if number <= KEYS_PER_SAMPLE:
        return await key_at(app, directory_id, family, "", number)
    sample = await _read_key_sample(app, directory_id, family)
    if abs(app.clock.now().timestamp() - sample.at) > _RECOUNT_SECONDS:
        app.background.start_optional(recount_keys(app, directory_id, family), "scim.key_sample")
    known = min(number // KEYS_PER_SAMPLE, len(sample.keys))
    after = sample.keys[known - 1] if known else ""
    rest = number - known * KEYS_PER_SAMPLE
    if not rest:
        return after
    return await key_at(app, directory_id, family, after, rest)


async def recount_keys(app: App, directory_id: str, family: OnePart) -> None:
    """Count all keys and store the sample."""
    at = app.clock.now().timestamp()
    sampled = await _sampled_keys(app, directory_id, family, "")
    await _store_key_sample(app, directory_id, family, KeySample(sampled, at))


async def extend_key_samples(app: App, directory_id: str) -> None:
    """Add to the samples of a directory the keys of resources that were created since the samples were stored."""
    for family in (USER, GROUP):
        known, at = await _read_key_sample(app, directory_id, family), app.clock.now().timestamp()
        last = known.keys[-1] if known.keys else ""
        if added := await _sampled_keys(app, directory_id, family, last):
            sample = KeySample(known.keys + added, known.at if known.keys else at)
            await _store_key_sample(app, directory_id, family, sample)


async def _sampled_keys(
    app: App, directory_id: str, family: OnePart, after: str
) -> tuple[str, ...]:
    """Return the key of every thousandth resource after the key `after`."""
    sampled, count = list[str](), 0
    async for key in record_keys(app, directory_id, family, after):
        count += 1
        if count % KEYS_PER_SAMPLE == 0:
            sampled.append(key)
    return tuple(sampled)


async def _store_key_sample(
    app: App, directory_id: str, family: OnePart, sample: KeySample
) -> None:
    try:
        row = Upsert(KEY_SAMPLE.key(family.name), encode_key_sample(sample))
        await app.tables.transact(CONTACTS, directory_id, [row])
    except StorageUnavailable:
        return  # the next jump counts again


async def _read_key_sample(app: App, directory_id: str, family: OnePart) -> KeySample:
    row = await app.tables.get(CONTACTS, directory_id, KEY_SAMPLE.key(family.name))
    return decode_key_sample(row.value) if row else KeySample()


def encode_key_sample(sample: KeySample) -> bytes:
    """Encode the value of the row."""
    return orjson.dumps({"v": 1, "keys": sample.keys, "at": round(sample.at, 3)})


def decode_key_sample(value: bytes) -> KeySample:
    """Decode a row value that `encode_key_sample` returned.

    Raise UnsupportedRowVersion if a later release wrote it.
    """
    stored = row_versions.decode(value, "key sample")
    return KeySample(tuple(stored["keys"]), float(stored["at"]))
