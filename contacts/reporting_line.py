"""A person's reporting line: manager, reports and peers, from the row that each report has under its manager."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from contacts.index_scan import Found
from directories.models import Directory
from scim.users import contact_cards, index_rows
from scim.users.managers import find_manager, names_of
from scim.users.models import UserRecord
from shared.app import App
from shared.concurrency import TimeSlice, each
from shared.tables.schema.base import CONTACTS
from shared.tables.schema.contacts import MANAGER
from shared.words import fold_case, search_key

MAX_PEOPLE = 200  # reports of a manager that are read


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportingLine:
    """The people around a person, each list sorted by name.

    `has_more` is True if a manager has more reports than are read.
    """

    manager: Found | None = None
    peers: list[Found] = field(default_factory=list)
    reports: list[Found] = field(default_factory=list)
    has_more: bool = False

    def people(self) -> list[Found]:
        """Return the manager, the peers and the reports in one list."""
        return [*([self.manager] if self.manager else []), *self.peers, *self.reports]


async def read_reporting_line(app: App, directory: Directory, user: UserRecord) -> ReportingLine:
    """Return the active manager, reports and peers of a person.

    At most eight round trips, in three steps: one for the manager (three if it isn't named by its id), then at the same
    time one for each name by which reports may refer to the person or to the manager (id, externalId, user name).
    """
    value = contact_cards.manager_value(user.resource)
    reports, (manager, peers) = await asyncio.gather(
        _reports_of(app, directory, names_of(user)), _above(app, directory, value)
    )
    own = [one for one in peers if one.card.id != user.id]
    reports = [one for one in reports if one.card.id != user.id]
    return ReportingLine(
        manager=manager if manager and manager.card.id != user.id else None,
        peers=own[:MAX_PEOPLE],
        reports=reports[:MAX_PEOPLE],
        has_more=max(len(own), len(reports)) > MAX_PEOPLE,
    )


async def _above(app: App, directory: Directory, value: str) -> tuple[Found | None, list[Found]]:
    """Return the manager whom a value names, and the reports of that manager."""
    if not value:
        return None, []
    manager = await find_manager(app, directory.id, value)
    if manager is None:  # not provisioned yet: others may name the same manager
        return None, await _reports_of(app, directory, [value])
    reports = await _reports_of(app, directory, [value, *names_of(manager.record)])
    return found_of(directory, manager.record), reports


def found_of(directory: Directory, user: UserRecord) -> Found:
    """Return the person of a record as an entry of a list."""
    numbers = index_rows.derived(user, directory.region)
    digits = tuple(key.digits for _, number in numbers for key in number.keys)
    return Found(directory=directory, card=index_rows.card_of(user, numbers), numbers=digits)


async def _reports_of(app: App, directory: Directory, names: Iterable[str]) -> list[Found]:
    """Return the people who have one of `names` as their manager, sorted by name.

    At most MAX_PEOPLE + 1 are read per manager's name.
    """
    time_slice = TimeSlice(app)

    async def under(name: str) -> list[Found]:
        start, stop = MANAGER.under(name)
        rows = await app.tables.query(CONTACTS, directory.id, start, stop, limit=MAX_PEOPLE + 1)
        found = list[Found]()
        for row in rows:
            card = contact_cards.decode(MANAGER.second_of(row.key), row.value)
            found.append(Found(directory=directory, card=card))
            await time_slice.yield_when_over()
        return found

    reports = await each(dict.fromkeys(map(fold_case, names)), under)
    once = {one.card.id: one for own in reports for one in own}
    return sorted(once.values(), key=lambda one: (search_key(one.card.name), one.card.id))
