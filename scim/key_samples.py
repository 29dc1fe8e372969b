"""The key of every thousandth resource, so that a jump to a far `startIndex` counts a thousand keys at most.

The sample only tells roughly how many resources come before a key, since deletions move them; RFC 7644 section 3.4.2.4
promises no more. A walk from page to page doesn't use it (`page_starts`). Up to number 1,000 keys are counted.
"""

from dataclasses import dataclass, field

import orjson

from scim import resource_rows
from shared import row_versions
from shared.app import App
from shared.cache import LruCache
from shared.tables.port import StorageUnavailable, Upsert
from shared.tables.schema.base import CONTACTS, OnePart
from shared.tables.schema.contacts import KEY_SAMPLE

EVERY = 1000
_RECOUNT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class KeySample:
    """The keys number 1,000, 2,000, … and when all of them were counted (Unix seconds)."""

    keys: tuple[str, ...] = ()
    at: float = 0.0


@dataclass(slots=True)
class _Created:
    """The number of resources that this instance created since it last extended a sample."""

    counts: LruCache[tuple[str, str], int] = field(default_factory=lambda: LruCache(1024))


async def key_of(app: App, directory_id: str, family: OnePart, number: int) -> str | None:
    """Return the key of the resource with this number, from 1, or None if there are fewer."""
    if number <= EVERY:
        return await resource_rows.key_at(app, directory_id, family, "", number)
    sample = await _read(app, directory_id, family)
    if abs(app.clock.now().timestamp() - sample.at) > _RECOUNT_SECONDS:
        app.background.start_optional(recount(app, directory_id, family), "scim.key_sample")
    known = min(number // EVERY, len(sample.keys))
    after = sample.keys[known - 1] if known else ""
    rest = number - known * EVERY
    if not rest:
        return after
    return await resource_rows.key_at(app, directory_id, family, after, rest)


async def recount(app: App, directory_id: str, family: OnePart) -> None:
    """Count all keys and store the sample."""
    await _count(app, directory_id, family, KeySample())


def created(app: App, directory_id: str, family: OnePart) -> None:
    """Extend the sample in the background after each thousand resources that this instance created."""
    counts, place = app.state(_Created).counts, (directory_id, family.name)
    count = (counts.get(place) or 0) + 1
    counts.put(place, count % EVERY)
    if count == EVERY:
        app.background.start_optional(_extend(app, directory_id, family), "scim.key_sample")


async def _extend(app: App, directory_id: str, family: OnePart) -> None:
    await _count(app, directory_id, family, await _read(app, directory_id, family))


async def _count(app: App, directory_id: str, family: OnePart, known: KeySample) -> None:
    sampled, at = list(known.keys), app.clock.now().timestamp()
    total = len(sampled) * EVERY
    async for key in resource_rows.record_keys(
        app, directory_id, family, sampled[-1] if sampled else ""
    ):
        total += 1
        if total % EVERY == 0:
            sampled.append(key)
    sample = KeySample(tuple(sampled), known.at if known.keys else at)
    try:
        row = Upsert(KEY_SAMPLE.key(family.name), encode(sample))
        await app.tables.transact(CONTACTS, directory_id, [row])
    except StorageUnavailable:
        return  # the next jump counts again


async def _read(app: App, directory_id: str, family: OnePart) -> KeySample:
    row = await app.tables.get(CONTACTS, directory_id, KEY_SAMPLE.key(family.name))
    return decode(row.value) if row else KeySample()


def encode(sample: KeySample) -> bytes:
    """Return the value of the row."""
    return orjson.dumps({"v": 1, "keys": sample.keys, "at": round(sample.at, 3)})


def decode(value: bytes) -> KeySample:
    """Return the sample that `encode` wrote. Raise UnsupportedRowVersion."""
    stored = row_versions.read(value, "key sample")
    return KeySample(tuple(stored["keys"]), float(stored["at"]))
