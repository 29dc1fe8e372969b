"""Numbers that need the administrator's attention: they have no E.164 form, so calls can't be matched to them."""

from dataclasses import dataclass

from contacts.index_scan import CONTACTS
from directories.models import Directory
from shared import keys, row_versions
from shared.app import App


@dataclass(frozen=True, slots=True)
class Unparsed:
    """A person with numbers as sent: `value`, `type` and `fault` with its remedy."""

    id: str
    name: str
    numbers: list[dict[str, str]]


async def list_unparsed(
    app: App, directory: Directory, limit: int, cursor: str = ""
) -> tuple[list[Unparsed], str]:
    """The next `limit` people, in the order of their creation, and the cursor that goes on ("": no more)."""
    start, stop = keys.prefix_range("unparsed", "")
    if cursor:
        start = keys.successor(keys.key("unparsed", cursor))
    rows = await app.tables.query(CONTACTS, directory.id, start, stop, limit=limit + 1)
    found = []
    for row in rows[:limit]:
        value = row_versions.read(row.value, "unparsed")
        found.append(Unparsed(keys.split(row.key)[1], value["name"], value["numbers"]))
    return found, found[-1].id if len(rows) > limit else ""
