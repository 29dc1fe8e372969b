"""A directory's people as a file, in chunks of bounded size that simply follow each other.

An answer must be complete in 230 s and below 100 MB (limits of the host), which a directory of several 100,000 people
does not promise. So an answer holds at most `MOST` people and names the next chunk in a `Link` header (RFC 8288).
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from contacts import csv_export, vcard_export
from directories.models import Directory
from scim.users import index_rows, store
from scim.users.managers import ManagerNames
from scim.users.record import UserRecord
from shared.app import App
from shared.concurrency import TimeSlice
from shared.numbers.number import Number

MOST = 20_000
_PAGE = 999  # with the row that tells whether there are more, one round trip


@dataclass(frozen=True, slots=True)
class Format:
    """How people are written; `head` stands once at the beginning of the file."""

    media_type: str
    extension: str
    head: bytes
    entry: Callable[[UserRecord, list[tuple[str, Number]], str], bytes]


FORMATS = {
    "csv": Format(
        "text/csv; charset=utf-8; header=present", "csv", csv_export.HEAD, csv_export.entry
    ),
    "vcard": Format("text/vcard; charset=utf-8", "vcf", b"", vcard_export.entry),
}


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of the file; `cursor` asks for the next one, "" behind the last."""

    content: bytes
    cursor: str


async def export(
    app: App, directory: Directory, form: Format, limit: int, cursor: str = ""
) -> Chunk:
    """The next `limit` users of the directory, the inactive ones left out; a thousand a round trip."""
    parts = [] if cursor else [form.head]
    after, left = index_rows.user_key(cursor) if cursor else "", limit
    names = ManagerNames(app, directory.id)
    while True:
        count = min(_PAGE, left)
        page, more = await store.page(app, directory.id, after, count)
        users = [user.record for user in page]
        await names.add(users)
        parts += await _entries(app, form, directory, users, names)
        left -= len(page)
        if not more:
            return Chunk(b"".join(parts), "")
        if not left:
            return Chunk(b"".join(parts), page[-1].record.id)
        after = index_rows.user_key(page[-1].record.id)
        await asyncio.sleep(0)  # others want their turn


async def _entries(
    app: App, form: Format, directory: Directory, users: Iterable[UserRecord], names: ManagerNames
) -> list[bytes]:
    """Return the active users as written; to read a person's numbers takes up to some milliseconds."""
    found, time_slice = list[bytes](), TimeSlice(app.clock)
    for user in users:
        if user.active:
            numbers = index_rows.derived(user, directory.region)
            found.append(form.entry(user, numbers, names.of(user)))
            await time_slice.yield_when_over()
    return found
