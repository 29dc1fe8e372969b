"""Phone numbers that need the administrator's attention: they have no E.164 form, so no call can be matched to them."""

from dataclasses import dataclass
from typing import cast

from contacts.response_models import UnparsedNumber
from directories.models import Directory
from scim.resource_rows import decode_unparsed
from shared import keys
from shared.app import App
from shared.tables.schema.base import CONTACTS
from shared.tables.schema.contacts import UNPARSED


@dataclass(frozen=True, slots=True)
class Unparsed:
    """A person with numbers that can't be parsed.

    Each number has the `value` as sent, its `type`, and the `fault` with its remedy.
    """

    id: str
    name: str
    numbers: list[UnparsedNumber]


async def count_unparsed(app: App, directory: Directory, most: int) -> int:
    """Return how many people have numbers that can't be parsed, or `most` + 1 if more than `most` do. One round trip."""
    start, stop = UNPARSED.all()
    rows = await app.tables.query(
        CONTACTS, directory.id, start, stop, limit=most + 1, keys_only=True
    )
    return len(rows)


async def list_unparsed(
    app: App, directory: Directory, limit: int, cursor: str = ""
) -> tuple[list[Unparsed], str]:
    """Return the next `limit` people with numbers that can't be parsed, oldest first, and the next cursor.

    The cursor is "" after the last page.
    """
    start, stop = UNPARSED.all()
    if cursor:
        start = keys.successor(UNPARSED.key(cursor))
    rows = await app.tables.query(CONTACTS, directory.id, start, stop, limit=limit + 1)
    found = []
    for row in rows[:limit]:
        unparsed = decode_unparsed(row.value)
        numbers = cast(list[UnparsedNumber], unparsed.numbers)
        found.append(Unparsed(UNPARSED.parts_of(row.key)[0], unparsed.name, numbers))
    return found, found[-1].id if len(rows) > limit else ""
