"""The exact numbers of people and groups of a directory, and its last day's results.

The row `total` (table `contacts`) has the sums up to the event `through`; the counters in the keys
of later events are added to them, so that no people are counted. A transaction may be committed
after another one that has an event with a later key. So the row includes only events older than five
minutes, and an instance's memory only events older than ten seconds; the keys of later events are
read each time. If a transaction is committed more than ten seconds after the time in its event's
key, the memory lacks the event, but for a minute at most: then the sums in memory are replaced by
those in storage.
"""

import dataclasses
import logging
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import orjson

from directories import events
from shared import keys, log, row_versions
from shared.app import App
from shared.limits import LruCache
from shared.tables.port import (
    AlreadyExists,
    Insert,
    NotFound,
    PreconditionFailed,
    Replace,
    query_all,
)
from shared.tables.schema.base import CONTACTS
from shared.tables.schema.contacts import EVENT, GROUP, LIST, TOTAL, USER

LAG = timedelta(minutes=5)
RECENT = timedelta(seconds=10)
_REVIEW_SECONDS = 60.0
_WORTH_FOLDING = 500  # add the old events to the row if there are so many
# The first characters of a key, up to the time with a precision of 1.024 s.
_TO_A_SECOND = len(EVENT.name) + 1 + 8
# Hours that are counted: 24 hours include parts of 25.
_HOURS = 25


@dataclass(frozen=True, slots=True)
class Totals:
    """The numbers of people (`users`), of active people, and of groups.

    `hours` has the numbers of changes and of refused requests in each recent hour (such as
    "2026-01-01T07").
    """

    users: int = 0
    groups: int = 0
    active: int = 0
    hours: dict[str, tuple[int, int]] = field(default_factory=dict)
    unknown_fields: Mapping[str, Any] = field(
        default_factory=dict, compare=False, repr=False, kw_only=True
    )

    def last_day(self, now: datetime) -> tuple[int, int]:
        """Return the numbers of changes and of refused requests in the 24 hours before `now`, to the hour."""
        first = _hour(now - timedelta(hours=_HOURS - 1))
        recent = [counts for hour, counts in self.hours.items() if hour >= first]
        return sum(done for done, _ in recent), sum(refused for _, refused in recent)

    def plus(self, row_keys: Iterable[str]) -> "Totals":
        """Return the totals after adding the counters of the events with these keys."""
        users, groups, active = self.users, self.groups, self.active
        done, refused = Counter[str](), Counter[str]()
        # After an import, thousands of keys have the same second and the same counters: parse each combination once.
        sorts = Counter(
            [(row_key[:_TO_A_SECOND], row_key[events.MARKS_AT :]) for row_key in row_keys]
        )
        for (time, suffix), count in sorts.items():
            marks = events.marks_in(suffix)
            users += marks.users * count
            groups += marks.groups * count
            active += marks.active * count
            hour = _hour_of(time)
            refused[hour] += marks.refused * count
            done[hour] += 0 if marks.refused or marks.turned_away else count
        hours = dict(self.hours)
        for hour in done:
            before = hours.get(hour, (0, 0))
            hours[hour] = (before[0] + done[hour], before[1] + refused[hour])
        latest = dict(sorted(hours.items())[-_HOURS:])
        return dataclasses.replace(self, users=users, groups=groups, active=active, hours=latest)


@dataclass(slots=True)
class _Known:
    """The totals of a directory in an instance's memory.

    They are the sums up to the event `through`, last replaced from storage at `reviewed` (monotonic
    seconds). `tail` are the events after it that were read last, and `present` the sums with them.
    """

    totals: Totals
    through: str
    reviewed: float
    _: KW_ONLY
    tail: list[str] = field(default_factory=list)
    present: Totals | None = None

    def plus(self, tail: list[str]) -> Totals:
        """Return the sums including `tail`, the keys of all events after `through`.

        If `present` includes the first of these events already, only the others are added to it.
        """
        known = len(self.tail)
        if self.present is None or tail[:known] != self.tail:
            return self.totals.plus(tail)
        return self.present.plus(tail[known:]) if len(tail) > known else self.present


@dataclass(slots=True)
class _Memory:
    known: LruCache[str, _Known] = field(default_factory=lambda: LruCache(2048))


async def read(app: App, directory_id: str) -> Totals:
    """Return the present totals: two round trips at first, one while they are in this instance's memory."""
    memory, now = app.state(_Memory).known, app.clock.monotonic()
    known = memory.get(directory_id)
    reviewed = known is None or now - known.reviewed >= _REVIEW_SECONDS
    if known is None or reviewed:
        known = _Known(*(await _stored(app, directory_id))[:2], now)
    behind = await _keys_between(app, directory_id, known.through, events.end())
    if reviewed and _older(app, behind, LAG)[_WORTH_FOLDING - 1 :]:
        app.background.start_optional(keep_up(app, directory_id), "totals.keep_up")
    _learn(app, behind)
    present, settled = known.plus(behind), _older(app, behind, RECENT)
    tail = behind[len(settled) :]
    if settled:
        base = known.totals.plus(settled)
        known = _Known(base, settled[-1], known.reviewed, tail=tail, present=present)
    else:
        known = _Known(known.totals, known.through, known.reviewed, tail=tail, present=present)
    memory.put(directory_id, known)
    return present


async def stored(app: App, directory_id: str) -> Totals:
    """Return the present totals from storage alone, without this instance's memory and without writing."""
    base, through, _ = await _stored(app, directory_id)
    return base.plus(await _keys_between(app, directory_id, through, events.end()))


async def keep_up(app: App, directory_id: str) -> None:
    """Add old events to the row `total` if there are 500 or more."""
    await fold(app, directory_id, _WORTH_FOLDING)


async def fold(app: App, directory_id: str, at_least: int = 1) -> str:
    """Add the events older than five minutes to the row if there are `at_least` of them.

    Return the key of the last event that the row then includes.
    """
    totals, through, etag = await _stored(app, directory_id)
    until = events.bound(app.clock.now() - LAG)
    old = await _keys_between(app, directory_id, through, until)
    if len(old) < max(1, at_least):
        return through
    value = encode(totals.plus(old), old[-1])
    operation = Replace(TOTAL.key, value, etag) if etag else Insert(TOTAL.key, value)
    try:
        await app.tables.transact(CONTACTS, directory_id, [operation])
    except (AlreadyExists, PreconditionFailed, NotFound):
        return through  # another instance has changed the row
    return old[-1]


async def recount(app: App, directory_id: str) -> int | None:
    """Count people and groups by their keys, and correct the row.

    Return the sum of the differences from the row, 0 if it was right; None, with nothing changed,
    if the directory changed during the count. One round trip per 1,000 rows.
    """
    before = await _snapshot(app, directory_id)
    users, groups = [
        sum(
            1
            for row in await query_all(
                app.tables, CONTACTS, directory_id, *family.all(), keys_only=True
            )
            if family.has(row.key)
        )
        for family in (USER, GROUP)
    ]
    # Each active user has one row of the family `list`.
    active = len(await query_all(app.tables, CONTACTS, directory_id, *LIST.all(), keys_only=True))
    after = await _snapshot(app, directory_id)
    if before != after:
        return None
    totals, through, etag, behind = after
    current = totals.plus(behind)
    wrong = (users - current.users, groups - current.groups, active - current.active)
    if not any(wrong):
        return 0
    corrected = dataclasses.replace(
        totals,
        users=totals.users + wrong[0],
        groups=totals.groups + wrong[1],
        active=totals.active + wrong[2],
    )
    value = encode(corrected, through)
    operation = Replace(TOTAL.key, value, etag) if etag else Insert(TOTAL.key, value)
    try:
        await app.tables.transact(CONTACTS, directory_id, [operation])
    except (AlreadyExists, PreconditionFailed, NotFound):
        return None
    app.state(_Memory).known.forget(directory_id)
    count = sum(map(abs, wrong))
    log.event("totals.repaired", level=logging.WARNING, directory_id=directory_id, count=count)
    return count


async def _snapshot(app: App, directory_id: str) -> tuple[Totals, str, str, list[str]]:
    """Return the row's sums, the event key up to which they count, its ETag, and the keys of later events."""
    totals, through, etag = await _stored(app, directory_id)
    return totals, through, etag, await _keys_between(app, directory_id, through, events.end())


def _learn(app: App, behind: list[str]) -> None:
    """Move the event clock forward to the newest of the event keys in `behind`."""
    clock = events.clock_of(app)
    clock.looked = app.clock.monotonic()
    if behind:
        clock.seen(behind[-1])


async def _stored(app: App, directory_id: str) -> tuple[Totals, str, str]:
    """Return the row's sums, the event key up to which they count, and its ETag; empty values without a row."""
    row = await app.tables.get(CONTACTS, directory_id, TOTAL.key)
    if row is None:
        return Totals(), "", ""
    totals, through = decode(row.value)
    return totals, through, row.etag


def encode(totals: Totals, through: str) -> bytes:
    """Return the value of the row, with the sums up to the event with the key `through`."""
    return orjson.dumps({**row_versions.as_row(totals), "v": 1, "through": through})


def decode(value: bytes) -> tuple[Totals, str]:
    """Return a row's sums and the event key up to which they count.

    Raise UnsupportedRowVersion if a later release wrote the row.
    """
    stored = row_versions.decode(value, "total")
    through = str(stored.pop("through"))
    pairs = stored.get("hours", {}).items()
    stored["hours"] = {hour: (counts[0], counts[1]) for hour, counts in pairs}
    totals: Totals = row_versions.build(Totals, stored)
    return totals, through


async def _keys_between(app: App, directory_id: str, cursor: str, stop: str) -> list[str]:
    """Return the keys of the events after the key `cursor` ("" for the first) and before the key `stop`."""
    start = keys.successor(cursor) if cursor else EVENT.all()[0]
    if start >= stop:
        return []
    return [
        row.key
        for row in await query_all(app.tables, CONTACTS, directory_id, start, stop, keys_only=True)
    ]


def _older(app: App, row_keys: list[str], lag: timedelta) -> list[str]:
    """Return the first keys of a sorted list, those of events older than `lag`."""
    return row_keys[: bisect_left(row_keys, events.bound(app.clock.now() - lag))]


@lru_cache(maxsize=4096)
def _hour_of(beginning: str) -> str:
    return _hour(events.moment_of(beginning + "ZZ"))


def _hour(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H}"
