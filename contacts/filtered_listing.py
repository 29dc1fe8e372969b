"""Lists people who meet a condition, such as being free, sorted by name."""

from collections.abc import Sequence

from contacts import listing
from contacts.condition import Condition
from contacts.index_scan import Found, Page, Range, Selection, walk
from directories.models import Directory
from shared.app import App
from shared.concurrency import each
from shared.tables.schema.contacts import LIST
from shared.words import search_key

_MAX_PAGES = 4  # of the list that are looked through for people who are free
_MAX_FEW = 32  # free people of whom the rows are read instead of everyone's
_AHEAD = 8  # rows read for each free person wanted


async def list_meeting(
    app: App,
    directories: Sequence[Directory],
    limit: int,
    cursor: str,
    condition: Condition,
) -> Page:
    """Return the next people who meet a condition, sorted by name.

    If only a few people can meet it, their records are read one by one; otherwise the list of all people is read.
    """
    selection = Selection(
        keep=lambda directory, _word, card: condition.meets(directory, card),
        may_keep=condition.may_meet,
        ahead=_AHEAD,
        round_trips=_MAX_PAGES,
    )
    few = _few(condition.within(directories), limit) if not cursor else None
    if few is not None and (found := await _read_few(app, few, directories, condition)) is not None:
        return Page(found)
    return await walk(app, directories, Range(LIST), limit, cursor, selection)


def _few(condition: Condition, limit: int) -> list[tuple[str, str]] | None:
    """Return (directory id, object ID) of everyone who is ready, if they are few enough to be read one by one; else None."""
    found, most = list[tuple[str, str]](), min(_MAX_FEW, limit)
    for directory_id, ready in condition.ready.items():
        ids = ready.ids(condition.wanted, most) if condition.wanted else None
        if ids is None or len(found) + len(ids) > most:
            return None
        found += [(directory_id, one) for one in ids]
    return found


async def _read_few(
    app: App,
    few: Sequence[tuple[str, str]],
    directories: Sequence[Directory],
    condition: Condition,
) -> list[Found] | None:
    """Return the people with these object IDs, sorted by name.

    Return None if no person who meets the condition is found for one of the IDs. The reason may be
    the ID's spelling: presence stores object IDs in lower case, a client may send them in upper
    case, and external IDs are case exact (RFC 7643 section 3.1). Two round trips per person.
    """
    by_id = {one.id: one for one in directories}

    async def one(item: tuple[str, str]) -> list[Found] | None:
        directory = by_id[item[0]]
        ids = await listing.ids_by_external_id(app, directory.id, item[1])
        people = [await listing.read_person(app, directory, identifier) for identifier in ids]
        return [one for one in people if one and condition.meets(directory, one.card)] or None

    people_by_group = await each(few, one)
    found = [one for own in people_by_group if own for one in own]
    if None in people_by_group:
        return None
    return sorted(found, key=lambda one: (search_key(one.card.name), one.card.id))
