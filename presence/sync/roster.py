"""Find the people for whom presence is requested: the active people of the tenant's directories, by external ID.

Events of the provisioning log show who may have been added or removed. Instances date events by
clocks that can differ by minutes or even an hour, so a new event can appear anywhere in the last
hour, and an addition and a removal can be in the wrong order. So each sync reads the events of the
last 65 minutes and compares their number per half-minute with the numbers of the last sync: only
half-minutes with another number are evaluated.

If the events leave a doubt, the directory's own rows decide. There is a doubt if a person is to be
removed (two people of a directory may have the same ID), if there are events of both addition and
removal, and if an event that isn't new adds a person who should have been there already.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from directories import events
from directories.events import Event
from presence.store.manifest import LinkedDirectory
from scim.resource_rows import decode_active
from shared import keys
from shared.clock import DAY, HOUR, MINUTE, SECOND, is_recent
from shared.concurrency import each
from shared.ids import is_guid, ulid
from shared.tables.port import Row, Tables
from shared.tables.schema.base import CONTACTS
from shared.tables.schema.contacts import EVENT, EXTERNAL_ID

_WINDOW = HOUR + 5 * MINUTE
_WINDOW_PAGES = 3  # of 1,000 events; a directory with more in the window is busy
_OVERLAP = MINUTE  # the part of a busy directory's log that each sync reads again
_EVENTS_AT_ONCE = 20_000
_MAX_LOOKUPS = 100  # if more are needed, reading all people costs less
_SLOT_CHARACTERS = 7  # first characters of a ULID: 35 bits of its time, a precision of 32.768 s
_SLOT_AT = len(EVENT.from_time(""))
_ROWS_PER_PAGE = 1000


@dataclass(slots=True, kw_only=True)
class RosterDelta:
    """The change of a directory's people.

    `everybody`, if it isn't None, replaces all people; otherwise `came` and `went` are added and
    removed. `bit` is the directory's bit when this was read.
    """

    linked: LinkedDirectory
    bit: int = 0
    everybody: frozenset[str] | None = None
    came: set[str] = field(default_factory=set)
    went: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Evidence:
    """What the events show about one object ID.

    `present` and `absent` may both be true. `is_old` is true if no event is new; `spellings` are
    the ID's spellings in the events.
    """

    present: bool = False
    absent: bool = False
    is_old: bool = True
    spellings: set[str] = field(default_factory=set)

    def is_doubtful(self, is_known: bool) -> bool:
        """Return whether the directory's rows must decide; `is_known` is whether the snapshot has the person."""
        if self.present and self.absent:
            return True
        return is_known if self.absent else self.is_old and not is_known


@dataclass(slots=True)
class _Events:
    """The events to evaluate, and the directory with its new cursors."""

    rows: Sequence[Row]
    linked: LinkedDirectory


@dataclass(slots=True)
class _Findings:
    """The evidence by object ID (lower case), and whether an event has an external ID that isn't an object ID."""

    evidence: dict[str, _Evidence] = field(default_factory=dict)
    has_other_ids: bool = False


async def moves(
    tables: Tables, linked: LinkedDirectory, is_known: Callable[[str], bool], now: int
) -> RosterDelta:
    """Return the change of a directory's people since `linked` was stored.

    One round trip if nothing changed. At first, once a day, and if events don't suffice, all people
    are read, which takes one round trip per 1,000.

    Args:
        tables: The storage.
        linked: The directory as in the manifest.
        is_known: Returns whether the directory had a person with this object ID.
        now: Milliseconds since 1970.
    """
    to_read = await _read_window(tables, linked, now)
    was_busy = linked.seen is None
    if to_read is None and not was_busy:
        return await _scan(tables, replace(linked, seen=None), now)
    is_over = to_read is not None and was_busy and linked.full_at > 0
    max_age = DAY if to_read is not None else HOUR
    if is_over or not is_recent(linked.full_at, now, max_age):
        return await _scan(tables, to_read.linked if to_read else linked, now)
    if to_read is None:
        to_read = await _read_on(tables, linked, now)
    findings = _evaluate(to_read.rows, linked)
    doubtful = {
        one: found.spellings
        for one, found in findings.evidence.items()
        if found.is_doubtful(is_known(one))
    }
    needs_recount = findings.has_other_ids or linked.recount
    if len(doubtful) > _MAX_LOOKUPS or (needs_recount and _may_recount(linked, now)):
        return await _scan(tables, to_read.linked, now)
    held = await _held(tables, linked.id, doubtful)
    came = {one for one, found in findings.evidence.items() if found.present}
    linked = replace(to_read.linked, recount=needs_recount)
    return RosterDelta(
        linked=linked, came=(came - doubtful.keys()) | held, went=doubtful.keys() - held
    )


def _may_recount(linked: LinkedDirectory, now: int) -> bool:
    """Return whether all people may be read again, to count external IDs that aren't object IDs.

    A directory of fewer than 2,000 people is read at most once a second. A larger one is read again
    only after one second for every 1,000 people.
    """
    return not is_recent(linked.full_at, now, max(linked.people // _ROWS_PER_PAGE, 1) * SECOND)


async def _scan(tables: Tables, linked: LinkedDirectory, now: int) -> RosterDelta:
    """Read all people of a directory, and return them with the directory's new cursors."""
    start, stop = EXTERNAL_ID.all()
    people: set[str] = set()
    count = not_ids = 0
    while True:
        rows = await tables.query(CONTACTS, linked.id, start, stop)
        count += len(rows)
        for row in rows:
            if decode_active(row.value):
                object_id = EXTERNAL_ID.parts_of(row.key)[0].lower()
                if is_guid(object_id):
                    people.add(object_id)
                else:
                    not_ids += 1
        if len(rows) < _ROWS_PER_PAGE:
            break
        start = keys.successor(rows[-1].key)
    linked = replace(
        linked,
        cursor=_event_key(now - _OVERLAP),
        full_at=now,
        read_at=now,
        not_ids=not_ids,
        people=count,
        recount=False,
    )
    return RosterDelta(linked=linked, everybody=frozenset(people))


def _event_key(milliseconds: int) -> str:
    return EVENT.from_time(ulid(milliseconds))


def _slot(row_key: str) -> str:
    return row_key[_SLOT_AT : _SLOT_AT + _SLOT_CHARACTERS]


async def _read_window(tables: Tables, linked: LinkedDirectory, now: int) -> _Events | None:
    """Return the events of each half-minute in which the number of events changed since the last sync.

    Return None for a directory with too many events.
    """
    first_slot = ulid(now - _WINDOW)[:_SLOT_CHARACTERS]
    start, stop = EVENT.from_time(first_slot), EVENT.all()[1]
    rows: list[Row] = []
    for _ in range(_WINDOW_PAGES):
        page = await tables.query(CONTACTS, linked.id, start, stop)
        rows += page
        if len(page) < _ROWS_PER_PAGE:
            break
        start = keys.successor(page[-1].key)
    else:
        return None
    counts = Counter([_slot(row.key) for row in rows])
    before = linked.seen or {}
    changed = {slot for slot, count in counts.items() if count != before.get(slot, 0)}
    linked = replace(linked, seen=dict(counts), cursor=_event_key(now - _OVERLAP), read_at=now)
    return _Events([row for row in rows if _slot(row.key) in changed], linked)


async def _read_on(tables: Tables, linked: LinkedDirectory, now: int) -> _Events:
    """Return up to 20,000 events of a busy directory from its cursor on."""
    rows: list[Row] = []
    start, stop = linked.cursor, EVENT.all()[1]
    for _ in range(_EVENTS_AT_ONCE // _ROWS_PER_PAGE):
        page = await tables.query(CONTACTS, linked.id, start, stop)
        rows += page
        if len(page) < _ROWS_PER_PAGE:
            cursor = _event_key(now - _OVERLAP)
            return _Events(rows, replace(linked, cursor=cursor, read_at=now))
        start = keys.successor(page[-1].key)
    return _Events(rows, replace(linked, cursor=start, read_at=0))


def _evaluate(rows: Sequence[Row], linked: LinkedDirectory) -> _Findings:
    findings = _Findings()
    seen_before = _event_key(linked.read_at) if linked.read_at else ""
    for row in rows:
        _note(events.decode(row.value), findings, is_new=row.key >= seen_before)
    return findings


def _note(event: Event, findings: _Findings, *, is_new: bool) -> None:
    """Add one event to the findings; unless it shows that a person is present, it counts as evidence of absence."""
    if not event.kind.startswith("user."):
        return
    now, before = event.external_id, event.was_external_id
    is_present = event.kind != "user.deleted" and event.active is True
    for spelling, is_present_now in ((before if before != now else "", False), (now, is_present)):
        object_id = spelling.lower()
        if is_guid(object_id):
            found = findings.evidence.setdefault(object_id, _Evidence())
            found.present |= is_present_now
            found.absent |= not is_present_now
            found.is_old &= not is_new
            found.spellings |= {spelling, object_id}
        elif spelling:
            findings.has_other_ids = True


async def _held(
    tables: Tables, directory_id: str, doubtful: Mapping[str, Iterable[str]]
) -> set[str]:
    """Return those of `doubtful` whom the directory has as active people, under any of the spellings."""
    lookups = [(one, spelling) for one, spellings in doubtful.items() for spelling in spellings]
    if not lookups:
        return set()
    found = await each(lookups, lambda one: _is_held(tables, directory_id, one[1]))
    return {one for (one, _), is_held in zip(lookups, found, strict=True) if is_held}


async def _is_held(tables: Tables, directory_id: str, external_id: str) -> bool:
    rows = await tables.query(CONTACTS, directory_id, *EXTERNAL_ID.under(external_id))
    return any(decode_active(row.value) for row in rows)
