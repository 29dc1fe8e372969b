"""Finds the people on whom agents have written notes, optionally by the words of the notes."""

from collections.abc import Sequence

from contacts import notes
from contacts.cursors import Cursor, bad_cursor, decode_cursor, encode_cursor
from contacts.index_scan import Found, Page
from contacts.listing import read_person
from directories.models import Directory
from shared import keys
from shared.app import App
from shared.clock import timestamp
from shared.concurrency import TimeSlice, each
from shared.tables.port import MAX_QUERY_ROWS
from shared.tables.schema.base import CONTACTS
from shared.tables.schema.contacts import NOTED
from shared.words import collapse, words_of

_NAME = f"{NOTED.name}{keys.SEPARATOR}"  # of the rows in a cursor


async def find_noted(
    app: App, directories: Sequence[Directory], text: str, limit: int, cursor: str = ""
) -> Page:
    """Return the next people whose notes match `text`, oldest people first.

    Notes match if each word of `text` is a word, or the start of a word, of any of the person's
    notes. If `text` is "", return everyone with notes. One round trip per directory and one per
    person. A page may be short or empty and still have a cursor.

    Raises:
        HttpError: 400 for a cursor of another list.
    """
    after = _position(cursor)
    wanted = [collapse(word) for word in words_of(text)]
    pages = await each(directories, lambda one: _rows(app, one, wanted, after))
    ends = [end for _, end in pages if end]
    end = min(ends, default="")
    found = [
        (person_id, directory)
        for directory, (own, _) in zip(directories, pages, strict=True)
        for person_id in own
        if not end or person_id <= end
    ]
    found.sort(key=lambda one: (one[0], one[1].id))
    last = found[limit - 1][0] if len(found) > limit else end

    async def person(one: tuple[str, Directory]) -> Found | None:
        return await read_person(app, one[1], one[0])

    people = await each(found[:limit], person)
    following = encode_cursor(Cursor(_NAME, last)) if last else ""
    return Page([one for one in people if one], following)


def _position(cursor: str) -> str:
    if not cursor:
        return ""
    parsed = decode_cursor(cursor)
    if parsed.where != _NAME:
        raise bad_cursor()
    return parsed.position


async def _rows(
    app: App, directory: Directory, wanted: Sequence[str], after: str
) -> tuple[list[str], str]:
    """Return the ids of people after `after` with notes that contain all the words, and the last id read.

    The last id is "" if there are no more people.
    """
    start, stop = NOTED.all()
    if after:
        start = keys.successor(NOTED.key(after))
    rows = await app.tables.query(CONTACTS, directory.id, start, stop)
    found, time_slice = list[str](), TimeSlice(app)
    for row in rows:
        noted = notes.decode_noted(row.value)
        if all(any(own.startswith(word) for own in noted.words) for word in wanted):
            found.append(NOTED.parts_of(row.key)[0])
        await time_slice.yield_when_over()
    last = NOTED.parts_of(rows[-1].key)[0] if len(rows) == MAX_QUERY_ROWS else ""
    return found, last


async def tidy(app: App, directory: Directory) -> None:
    """Remove a directory's expired notes."""
    now = timestamp(app.clock.now())
    start, stop = NOTED.all()
    while True:
        rows = await app.tables.query(CONTACTS, directory.id, start, stop)
        ended = [
            NOTED.parts_of(row.key)[0]
            for row in rows
            if notes.decode_noted(row.value).expires <= now
        ]
        await each(ended, lambda person_id: notes.remove_ended(app, directory, person_id))
        if len(rows) < MAX_QUERY_ROWS:
            return
        start = keys.successor(rows[-1].key)
