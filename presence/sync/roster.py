"""Who is to be asked for: the active people of the tenant's directories, by external id.

Events of the provisioning log tell who may have come or gone. Where they leave a doubt the directory's own rows
`ext|{externalId}|…` decide: before somebody is dropped, since two people of a directory may share an id; where events
tell of coming and of going, since instances date them by clocks of their own; and where one brings somebody whom the
sync before should have met. Events are read again for a while, because one that was dated first may be stored last.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from directories import events
from directories.events import Event
from presence.epoch_ms import DAY, SECOND, is_recent
from presence.graph.client import is_object_id
from presence.store.manifest import LinkedDirectory
from scim.index_values import decode_active
from shared import keys
from shared.concurrency import each
from shared.ids import ulid
from shared.tables.port import Tables
from shared.tables.schema import CONTACTS, EVENT, EXTERNAL_ID

_OVERLAP = 60 * SECOND
_EVENTS_AT_ONCE = 20_000
_LOOK_UPS = 100  # beyond these, going through all people costs less


@dataclass(slots=True)
class RosterDelta:
    """What changed in one directory's roster. `everybody` replaces the roster; else `came` and `went` amend it.

    `bit`: stood for the directory when this was read.
    """

    roll: LinkedDirectory
    bit: int = 0
    everybody: frozenset[str] | None = None
    came: set[str] = field(default_factory=set)
    went: set[str] = field(default_factory=set)
    not_ids: int | None = None


@dataclass(slots=True)
class _Told:
    """What the events say of one object id: `there` or `gone`, or both; in which `spellings`; nothing new: `again`."""

    there: bool = False
    gone: bool = False
    again: bool = True
    spellings: set[str] = field(default_factory=set)

    def is_doubtful(self, is_known: bool) -> bool:
        """Whether the directory's rows are to be asked."""
        if self.there and self.gone:
            return True
        return is_known if self.gone else self.again and not is_known


async def moves(
    tables: Tables, roll: LinkedDirectory, is_known: Callable[[str], bool], now: int
) -> RosterDelta:
    """What changed in a directory since `roll`; `is_known`: whether it had that id. One round trip where nothing did.

    Once a day, at first, and after a clock that was wrong, everybody is gone through (a round trip for each 1,000).
    """
    if not is_recent(roll.full_at, now, DAY) or roll.cursor > EVENT.from_time(ulid(now)):
        return await _everybody(tables, roll.id, now)
    told, moved = await _told(tables, roll, now)
    doubtful = {
        one: what.spellings for one, what in told.items() if what.is_doubtful(is_known(one))
    }
    if len(doubtful) > _LOOK_UPS:
        return await _everybody(tables, roll.id, now)
    held = await _held(tables, roll.id, doubtful)
    came = {one for one, what in told.items() if what.there and one not in doubtful}
    return RosterDelta(moved, came=came | held, went=doubtful.keys() - held)


async def _everybody(tables: Tables, directory_id: str, now: int) -> RosterDelta:
    start, stop = EXTERNAL_ID.all()
    people: set[str] = set()
    not_ids = 0
    while True:
        rows = await tables.query(CONTACTS, directory_id, start, stop)
        for row in rows:
            if decode_active(row.value):
                object_id = EXTERNAL_ID.parts_of(row.key)[0].lower()
                if is_object_id(object_id):
                    people.add(object_id)
                else:
                    not_ids += 1
        if len(rows) < 1000:
            break
        start = keys.successor(rows[-1].key)
    return RosterDelta(
        LinkedDirectory(directory_id, _cursor(now), now, now),
        everybody=frozenset(people),
        not_ids=not_ids,
    )


def _cursor(now: int) -> str:
    return EVENT.from_time(ulid(now - _OVERLAP))


async def _told(
    tables: Tables, roll: LinkedDirectory, now: int
) -> tuple[dict[str, _Told], LinkedDirectory]:
    """What the events say by object id (lower case), and up to where they are read."""
    told: dict[str, _Told] = {}
    start, stop = roll.cursor, EVENT.all()[1]
    seen_before = EVENT.from_time(ulid(roll.read_at)) if roll.read_at else start
    for _ in range(_EVENTS_AT_ONCE // 1000):
        rows = await tables.query(CONTACTS, roll.id, start, stop)
        for row in rows:
            _note(events.decode(row.value), told, is_new=row.key >= seen_before)
        if len(rows) < 1000:
            return told, replace(roll, cursor=_cursor(now), read_at=now)
        start = keys.successor(rows[-1].key)
    return told, replace(roll, cursor=start, read_at=0)


def _note(event: Event, told: dict[str, _Told], *, is_new: bool) -> None:
    """Take in one event; what does not say clearly that somebody is there counts as going, which is looked up."""
    if not event.kind.startswith("user."):
        return
    now, before = event.external_id, event.was_external_id
    is_there = event.kind != "user.deleted" and event.active is True
    for spelling, is_there_now in ((before if before != now else "", False), (now, is_there)):
        object_id = spelling.lower()
        if is_object_id(object_id):
            what = told.setdefault(object_id, _Told())
            what.there, what.gone = what.there or is_there_now, what.gone or not is_there_now
            what.again = what.again and not is_new
            what.spellings |= {spelling, object_id}


async def _held(
    tables: Tables, directory_id: str, doubtful: Mapping[str, Iterable[str]]
) -> set[str]:
    """Those of `doubtful` whom the directory has as active people, in whatever spelling."""
    looked = [(one, spelling) for one, spellings in doubtful.items() for spelling in spellings]
    found = await each(looked, lambda one: _is_held(tables, directory_id, one[1]))
    return {one for (one, _), is_held in zip(looked, found, strict=True) if is_held}


async def _is_held(tables: Tables, directory_id: str, external_id: str) -> bool:
    rows = await tables.query(CONTACTS, directory_id, *EXTERNAL_ID.under(external_id))
    return any(decode_active(row.value) for row in rows)
