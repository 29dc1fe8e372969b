"""Who is to be asked for: the active people of the tenant's directories, by external id.

Events of the provisioning log tell who may have come or gone; before somebody is dropped, the directory's own row
`ext|{externalId}|…` decides, since two people of a directory may share an id. Events are read again for a while,
because one that was dated first may be stored last.
"""

import asyncio
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import orjson

from presence.moments import DAY, SECOND, is_recent
from presence.statuses.head import Roll
from shared import keys
from shared.ids import ulid
from shared.tables.port import Tables

_CONTACTS = "contacts"
_OVERLAP = 60 * SECOND
_EVENTS_AT_ONCE = 20_000
_LOOK_UPS = 100  # beyond these, going through all people costs less
_OBJECT_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(slots=True)
class Moves:
    """What changed in one directory's roster. `everybody` replaces the roster; else `came` and `went` amend it."""

    roll: Roll
    everybody: frozenset[str] | None = None
    came: set[str] = field(default_factory=set)
    went: set[str] = field(default_factory=set)
    not_ids: int | None = None


def is_object_id(text: str) -> bool:
    """Whether the text, in lower case, has the form of an Entra object id; anything else Graph would refuse."""
    return _OBJECT_ID.fullmatch(text) is not None


async def moves(tables: Tables, roll: Roll, is_known: Callable[[str], bool], now: int) -> Moves:
    """What changed in a directory since `roll`; `is_known`: whether it had that id. One round trip where nothing did.

    Once a day, at first, and after a clock that was wrong, everybody is gone through (a round trip for each 1,000).
    """
    if not is_recent(roll.full_at, now, DAY) or roll.cursor > keys.key("event", ulid(now)):
        return await _everybody(tables, roll.id, now)
    touched, cursor = await _touched(tables, roll, now)
    found = Moves(Roll(roll.id, cursor, roll.full_at), came={one.lower() for one, there in touched.items() if there})
    doubtful = {one for one, there in touched.items() if not there and is_known(one.lower())}
    if len(doubtful) > _LOOK_UPS:
        return await _everybody(tables, roll.id, now)
    found.went = {one.lower() for one in await _gone(tables, roll.id, doubtful)} - found.came
    return found


async def _everybody(tables: Tables, directory_id: str, now: int) -> Moves:
    start, stop = keys.prefix_range("ext", "")
    people: set[str] = set()
    not_ids = 0
    while True:
        rows = await tables.query(_CONTACTS, directory_id, start, stop)
        for row in rows:
            if _is_active(row.value):
                object_id = keys.split(row.key)[1].lower()
                if is_object_id(object_id):
                    people.add(object_id)
                else:
                    not_ids += 1
        if len(rows) < 1000:
            break
        start = keys.after(rows[-1].key)
    return Moves(Roll(directory_id, _cursor(now), now), everybody=frozenset(people), not_ids=not_ids)


def _is_active(value: bytes) -> bool:
    return bool(orjson.loads(value).get("a") == 1)


def _cursor(now: int) -> str:
    return keys.key("event", ulid(now - _OVERLAP))


async def _touched(tables: Tables, roll: Roll, now: int) -> tuple[dict[str, bool], str]:
    """External ids that events name, with whether the last one says that the person is there; then the next cursor."""
    touched: dict[str, bool] = {}
    start, stop = roll.cursor, keys.prefix_range("event", "")[1]
    for _ in range(_EVENTS_AT_ONCE // 1000):
        rows = await tables.query(_CONTACTS, roll.id, start, stop)
        for row in rows:
            _note(orjson.loads(row.value), touched)
        if len(rows) < 1000:
            return touched, _cursor(now)
        start = keys.after(rows[-1].key)
    return touched, start


def _note(event: dict[str, object], touched: dict[str, bool]) -> None:
    """Take in one event; what is neither clearly there nor clearly gone counts as in doubt, which is looked up."""
    kind = str(event.get("kind", ""))
    if not kind.startswith("user."):
        return
    now, before = str(event.get("external_id", "")), str(event.get("was_external_id", ""))
    if before and before != now and is_object_id(before.lower()):
        touched[before] = False
    if is_object_id(now.lower()):
        touched[now] = kind != "user.deleted" and event.get("active") is True


async def _gone(tables: Tables, directory_id: str, doubtful: Iterable[str]) -> set[str]:
    """Those of `doubtful` that the directory has no active person for."""
    ids = sorted(doubtful)
    held = await asyncio.gather(*(_is_held(tables, directory_id, object_id) for object_id in ids))
    return {object_id for object_id, is_held in zip(ids, held, strict=True) if not is_held}


async def _is_held(tables: Tables, directory_id: str, object_id: str) -> bool:
    rows = await tables.query(_CONTACTS, directory_id, *keys.prefix_range("ext", object_id, ""))
    return any(_is_active(row.value) for row in rows)
