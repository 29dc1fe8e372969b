"""Choose the people for whom a sync requests presence, and derive the delta from the responses, without I/O."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from presence.presence_states import NOTHING, GraphPresence, shown, unknown_values
from presence.store.codec import AS_OF_LAST_SYNC, NEVER_CONFIRMED, Delta, Entry
from presence.store.manifest import Counts, LinkedDirectory, Manifest
from presence.store.snapshot import Snapshot
from presence.sync.roster import RosterDelta
from shared.clock import HOUR, MINUTE, is_ahead, is_recent

_MAX_QUARANTINE = 24 * HOUR
STRANGERS_EVERY = 10 * MINUTE


@dataclass(slots=True)
class PolledPresence:
    """The presences from Graph that differ from the snapshot.

    `values` has, by object ID, the presence and the time of the request. `kinds` has each different
    presence in the responses once.
    """

    values: dict[str, tuple[GraphPresence, int]] = field(default_factory=dict)
    kinds: set[GraphPresence] = field(default_factory=set)

    def add_response(
        self,
        snapshot: Snapshot,
        ids: Iterable[str],
        found: Mapping[str, GraphPresence],
        asked_at: int,
    ) -> None:
        """Add one response; people whom Graph left out have no presence."""
        entries = snapshot.entries
        for object_id in ids:
            value = found.get(object_id, NOTHING)
            entry = entries.get(object_id)
            if entry is None or entry.value != value or entry.as_of or entry.retry_at:
                self.values[object_id] = value, asked_at
        self.kinds.update(found.values())


def roster(snapshot: Snapshot, moves: Collection[RosterDelta]) -> dict[str, int]:
    """Return the directories of each person whose directories changed, as bits by object ID.

    The bits are 0 for a person who is in no linked directory any more.
    """
    changed: dict[str, int] = {}
    for move in moves:
        bit = move.bit if _is_current(snapshot.head, move) else 0
        came, went = _came_and_went(snapshot, move, bit)
        for ids, mask, add in ((came, ~0, bit), (went, ~bit, 0)):
            for object_id in ids:
                changed[object_id] = (_bits(snapshot, changed, object_id) & mask) | add
    linked = sum(snapshot.head.bit(linked.id) for linked in snapshot.head.linked_directories())
    for object_id, entry in snapshot.entries.items():
        if entry.directories & ~linked:
            changed[object_id] = _bits(snapshot, changed, object_id) & linked
    return {
        one: bits for one, bits in changed.items() if bits != _bits(snapshot, {}, one) or bits == 0
    }


def _came_and_went(
    snapshot: Snapshot, move: RosterDelta, bit: int
) -> tuple[Iterable[str], Iterable[str]]:
    if not bit:
        return (), ()
    if move.everybody is None:
        return move.came, move.went
    had = [one for one, entry in snapshot.entries.items() if entry.directories & bit]
    return move.everybody, [one for one in had if one not in move.everybody]


def _is_current(head: Manifest, move: RosterDelta) -> bool:
    """Return whether the directory still has the connection that it had when `move`, a change of its roster, was read.

    Return False if it was disconnected and connected again since then: each connection gets a bit of its own in the
    masks that say to which directories a person belongs.
    """
    return head.bit(move.linked.id) == move.bit


def _bits(snapshot: Snapshot, changed: Mapping[str, int], object_id: str) -> int:
    if object_id in changed:
        return changed[object_id]
    entry = snapshot.entries.get(object_id)
    return entry.directories if entry else 0


def are_strangers_due(head: Manifest, now: int) -> bool:
    """Return whether this sync also requests the presence of people whom the tenant doesn't know.

    Each sync does so if the tenant knows enough of the people. Otherwise it is probably the wrong
    company, and only one sync in ten minutes does.
    """
    is_wrong = head.counts.is_probably_wrong_company
    return not is_wrong or not is_recent(head.strangers_asked_at, now, STRANGERS_EVERY)


def to_ask(snapshot: Snapshot, members: Mapping[str, int], now: int) -> tuple[list[str], list[str]]:
    """Return the IDs to request, and separately the bad IDs whose quarantine has expired.

    People whom the last syncs didn't reach come first, those with the oldest status before the
    others, so that several syncs together cover a tenant that is too large for one.
    """
    ids, suspects, late = [], [], list[tuple[int, str]]()
    with_strangers = are_strangers_due(snapshot.head, now)
    for object_id, entry in snapshot.entries.items():
        if not with_strangers and is_stranger(entry.value):
            continue
        if members and members.get(object_id, 1) == 0:
            continue
        if entry.retry_at:
            if not is_ahead(entry.retry_at, now, _MAX_QUARANTINE):
                suspects.append(object_id)
        elif entry.as_of == AS_OF_LAST_SYNC:
            ids.append(object_id)
        else:
            late.append((entry.as_of, object_id))
    new = [
        object_id
        for object_id, bits in members.items()
        if bits and object_id not in snapshot.entries
    ]
    return [*new, *(object_id for _, object_id in sorted(late)), *ids], suspects


def delta(
    snapshot: Snapshot,
    members: Mapping[str, int],
    learnt: PolledPresence,
    failed: Iterable[str],
    bad: Iterable[str],
    now: int,
) -> Delta:
    """Return the delta with the people whose entries change.

    `members` has the people whose directories changed, with the bits of their present directories.
    `learnt` has the presences that differ. `failed` are the IDs that this sync didn't confirm;
    their entries keep the time of the last confirmation. `bad` are the IDs to put into quarantine.
    """
    entries = snapshot.entries
    gone = tuple(one for one, bits in members.items() if bits == 0 and one in entries)
    changed: dict[str, Entry] = {}

    def current(object_id: str) -> Entry | None:
        known = changed.get(object_id) or entries.get(object_id)
        return _with_directories(known, members.get(object_id))

    for object_id in members:
        if (entry := current(object_id)) is not None:
            changed[object_id] = entry
    for object_id, (value, asked_at) in learnt.values.items():
        entry = current(object_id)
        # Keep the entry if a refresh on demand requested it later than the sync did.
        if entry is not None and not asked_at < entry.changed_at <= now:
            moved = entry.changed_at if entry.value == value else asked_at
            changed[object_id] = Entry(value, moved, entry.directories)
    for object_id in failed:
        entry = current(object_id)
        if entry is not None and entry.as_of == AS_OF_LAST_SYNC:
            changed[object_id] = replace(entry, as_of=snapshot.as_of(entry, now) or NEVER_CONFIRMED)
    for object_id in bad:
        entry = current(object_id)
        if entry is not None:
            changed[object_id] = _quarantined(entry, now)
    return Delta({one: entry for one, entry in changed.items() if entries.get(one) != entry}, gone)


def _with_directories(known: Entry | None, bits: int | None) -> Entry | None:
    """Return the entry with the directory bits `bits`, unchanged if None; None if the person is in no directory."""
    if known is None:
        return Entry(directories=bits, as_of=NEVER_CONFIRMED) if bits else None
    if bits is None:
        return known
    return replace(known, directories=bits) if bits else None


def _quarantined(entry: Entry, now: int) -> Entry:
    """Return the entry of a bad ID with its quarantine: an hour, doubled each time, up to a day."""
    wait = min(HOUR << min(entry.tries, 8), _MAX_QUARANTINE)
    return Entry(
        NOTHING,
        entry.changed_at,
        entry.directories,
        NEVER_CONFIRMED,
        retry_at=now + wait,
        tries=entry.tries + 1,
    )


def counts(entries: Mapping[str, Entry], before: Counts) -> Counts:
    """Return `before` with the present numbers of people: all, requested, known, unknown and quarantined."""
    quarantined = unknown = strangers = asked = 0
    for entry in entries.values():
        if entry.retry_at:
            quarantined += 1
            asked += 1
        elif entry.as_of != NEVER_CONFIRMED:
            asked += 1
        unknown += shown(entry.value)[0] == "unknown"
        strangers += is_stranger(entry.value)
    people = len(entries)
    return replace(
        before,
        people=people,
        asked=asked,
        known=people - strangers,
        unknown=unknown,
        quarantined=quarantined,
    )


@lru_cache(maxsize=4096)
def is_stranger(value: GraphPresence) -> bool:
    """Return whether this presence shows that the tenant doesn't know the person.

    It does if Graph returned no status; an unfamiliar status doesn't.
    """
    return shown(value)[0] == "unknown" and not unknown_values(value)


def linked_directories(
    head: Manifest, moves: Collection[RosterDelta]
) -> list[LinkedDirectory | None]:
    """Return the directories of the manifest with the cursors from `moves`."""
    moved = {move.linked.id: move.linked for move in moves if _is_current(head, move)}
    return [moved.get(linked.id, linked) if linked else None for linked in head.directories]
