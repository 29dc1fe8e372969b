"""Exports a directory's people as a file, in parts of bounded size; the parts joined together are the whole file.

The host limits a response to 230 s and 100 MB, and the memory of an instance is shared by all directories. So a
response holds at most `MAX_PEOPLE` people and ends at `MAX_CHUNK_BYTES`; a `Link` header (RFC 8288) is the address of
the next part.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from contacts import csv_export, vcard_export
from directories.models import Directory
from scim.users import index_rows, store
from scim.users.managers import ManagerNames
from scim.users.models import UserRecord
from shared.app import App
from shared.concurrency import TimeSlice
from shared.numbers.number import Number
from shared.tables.schema.contacts import USER

MAX_PEOPLE = 20_000
MAX_CHUNK_BYTES = 16 * 1024 * 1024  # and the person with whom it is reached
_PAGE = 999  # with the row that tells whether there are more, one round trip


@dataclass(frozen=True, slots=True)
class Format:
    """How to write people: `head` is the start of the file, `entry` writes one person."""

    media_type: str
    extension: str
    head: bytes
    entry: Callable[[UserRecord, list[tuple[str, Number]], str], bytes]


def csv_format(separator: str = "comma") -> Format:
    """Return the CSV format with one of the separators in `csv_export.SEPARATORS`."""
    character = csv_export.SEPARATORS[separator]

    def entry(user: UserRecord, numbers: list[tuple[str, Number]], manager: str) -> bytes:
        return csv_export.entry(user, numbers, manager, character)

    media_type = "text/csv; charset=utf-8; header=present"
    return Format(media_type, "csv", csv_export.head(character), entry)


def vcard_format(version: str = "3.0") -> Format:
    """Return the vCard format of a version in `vcard_export.VERSIONS`; most address books read 3.0."""

    def entry(user: UserRecord, numbers: list[tuple[str, Number]], manager: str) -> bytes:
        return vcard_export.entry(user, numbers, manager, version)

    return Format("text/vcard; charset=utf-8", "vcf", b"", entry)


FORMATS = {"csv": csv_format(), "vcard": vcard_format()}


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of the file; `cursor` requests the next part, and is "" after the last."""

    content: bytes
    cursor: str


async def export(
    app: App, directory: Directory, form: Format, limit: int, cursor: str = ""
) -> Chunk:
    """Return the next part of the file, read from up to `limit` users; inactive users are left out. 1,000 users per round trip.

    The part is shorter if it would be larger than MAX_CHUNK_BYTES.
    """
    parts, size = [] if cursor else [form.head], 0
    after, left = USER.key(cursor) if cursor else "", limit
    names = ManagerNames(app, directory.id)
    while True:
        count = min(_PAGE, left)
        page, more = await store.page(app, directory.id, after, count)
        users = [user.record for user in page]
        await names.add(users)
        entries, last = await _entries(app, form, directory, users, names, MAX_CHUNK_BYTES - size)
        parts += entries
        size += sum(map(len, entries))
        if last is not None:
            return Chunk(b"".join(parts), last)
        left -= len(page)
        if not more:
            return Chunk(b"".join(parts), "")
        if not left:
            return Chunk(b"".join(parts), page[-1].record.id)
        after = USER.key(page[-1].record.id)


async def _entries(
    app: App,
    form: Format,
    directory: Directory,
    users: Sequence[UserRecord],
    names: ManagerNames,
    room: int,
) -> tuple[list[bytes], str | None]:
    """Return the active users, each formatted as bytes, and the id after which the next part of the file must continue.

    The id is that of the last user returned if they need `room` bytes or more; it is None if all users fit.

    Yields to other requests in between, because parsing a person's numbers takes up to some milliseconds.
    """
    found, time_slice = list[bytes](), TimeSlice(app)
    for user in users:
        if not user.active:
            continue
        numbers = index_rows.derived(user, directory.region)
        found.append(form.entry(user, numbers, names.of(user)))
        room -= len(found[-1])
        if room <= 0:
            return found, user.id
        await time_slice.yield_when_over()
    return found, None
