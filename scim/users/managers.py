"""A person's manager: `manager` is an id, externalId or user name (RFC 7643 section 4.3).

The manager is looked up whenever it is needed. So the manager may be provisioned after the report, renamed or deleted
without a change of the report's rows.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from scim import resource_rows
from scim.users import contact_cards, store
from scim.users.models import UserRecord
from shared.app import App
from shared.concurrency import each
from shared.ids import is_guid
from shared.tables.schema.contacts import EXTERNAL_ID
from shared.words import fold_case

_MAX_CANDIDATES = 5


@dataclass(frozen=True, slots=True)
class Manager:
    """The manager of a person: the record as stored, and the name that agents see."""

    record: UserRecord
    name: str

    @property
    def id(self) -> str:
        """The manager's id."""
        return self.record.id


def names_of(user: UserRecord) -> list[str]:
    """Return the names by which a `manager` may refer to this person: id, externalId, user name."""
    found = [user.id, user.resource.get("externalId", ""), user.resource["userName"]]
    return [name for name in found if name]


async def find_manager(app: App, directory_id: str, value: str) -> Manager | None:
    """Return the active person to whom a manager's `value` refers, or None if there is none.

    One round trip if the value is an id of this service, which Entra sends. Otherwise two at the
    same time for the indexes of externalId and user name, and one per person found there.
    """
    identifiers = [value] if is_guid(value) else []
    found = await _active(app, directory_id, identifiers)
    if found is None and value:
        by_external_id, by_user_name = await asyncio.gather(
            resource_rows.ids(app, directory_id, EXTERNAL_ID, value),
            store.ids_by_user_name(app, directory_id, value),
        )
        found = await _active(app, directory_id, [*by_external_id, *by_user_name][:_MAX_CANDIDATES])
    return found


async def _active(app: App, directory_id: str, identifiers: list[str]) -> Manager | None:
    for identifier in identifiers:
        user = await store.get(app, directory_id, identifier)
        if user is not None and user.record.active:
            return Manager(user.record, contact_cards.display_name(user.record.resource))
    return None


class ManagerNames:
    """The names of managers, collected while the people of a directory are read page by page."""

    def __init__(self, app: App, directory_id: str) -> None:
        self._app = app
        self._directory_id = directory_id
        self._names: dict[str, str] = {}

    async def add(self, users: Sequence[UserRecord]) -> None:
        """Add the names of these people, and look up those of their managers that aren't known yet."""
        for user in users:
            shown = contact_cards.display_name(user.resource) if user.active else ""
            for name in names_of(user):
                self._names[fold_case(name)] = shown
        values = {contact_cards.manager_value(user.resource) for user in users if user.active}
        missing = [value for value in values if value and fold_case(value) not in self._names]
        found = await each(
            missing, lambda value: find_manager(self._app, self._directory_id, value)
        )
        for value, manager in zip(missing, found, strict=True):
            self._names[fold_case(value)] = manager.name if manager else ""

    def of(self, user: UserRecord) -> str:
        """Return the name of a person's manager, "" if there is none."""
        value = contact_cards.manager_value(user.resource)
        return self._names.get(fold_case(value), "") if value else ""
