"""The first people of a directory with their numbers, which the set-up page uses as a test."""

from dataclasses import dataclass

from directories.models import Directory
from scim.users import index_rows, models
from shared.app import App
from shared.numbers.number import Number
from shared.tables.schema.base import CONTACTS
from shared.tables.schema.contacts import USER

_READ = 50  # people, of whom some may be inactive


@dataclass(frozen=True, slots=True)
class PersonNumbers:
    """A person's name, and phone numbers with their types, main number first."""

    name: str
    numbers: list[tuple[str, Number]]


async def first_people(app: App, directory: Directory, most: int) -> list[PersonNumbers]:
    """Return up to `most` active people, oldest first. One round trip."""
    rows = await app.tables.query(CONTACTS, directory.id, *USER.all(), limit=_READ)
    found = list[PersonNumbers]()
    for row in rows:
        user = models.decode(USER.parts_of(row.key)[0], row.value)
        if user.active:
            numbers = index_rows.derived(user, directory.region)
            found.append(PersonNumbers(index_rows.card_of(user, numbers).name, numbers))
    return found[:most]
