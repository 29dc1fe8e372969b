"""The users of a directory as a source for queries, with the indexes that answer filters."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from directories import totals
from scim import resource_rows
from scim.context import Context
from scim.core.filter_ast import Equality
from scim.core.schemas import USER
from scim.list_response import Item
from scim.users import store
from scim.users.models import UserJson
from shared.concurrency import each
from shared.numbers.number import MIN_DIGITS, derive
from shared.tables import schema
from shared.tables.schema.contacts import EXTERNAL_ID, HIDDEN_NUMBER, MAIL, MEMBER, NUMBER
from shared.words import fold_case

# Users that an index names are read one by one if that is less work than to read all, and never more than a response
# may have; to read one alone costs as much as to read about thirty of hundreds.
POINT_READ_LIMIT, MAX_POINT_READS, SCAN_COST_RATIO = 32, 1000, 32


@dataclass(frozen=True, slots=True)
class Users:
    """The users of a directory as a source for queries."""

    context: Context
    resource_type = USER

    @property
    def directory_id(self) -> str:
        """Return the ID of the users' directory."""
        return self.context.directory.id

    async def page(self, after: str, count: int) -> tuple[list[Item], bool]:
        """Return users, oldest first, and whether more follow."""
        context = self.context
        found, more = await store.page_json(
            context.app, self.directory_id, after, count, context.base_url
        )
        return [Item(user.key, json=user.json) for user in found], more

    async def key_of(self, number: int) -> str | None:
        """Return the key of the user at this position, counted from 1."""
        return await resource_rows.key_of_number(
            self.context.app, self.directory_id, schema.contacts.USER, number
        )

    async def total(self) -> int:
        """Return how many users the directory has, active or not."""
        return (await totals.read(self.context.app, self.directory_id)).users

    async def lookup(self, equalities: Sequence[Equality]) -> list[str] | None:
        """Return the ids that match the first equality for which there is an index, or None if there is none."""
        paths = [_without_selection(equality.path) for equality in equalities]
        for path in _INDEXES if len(paths) > 1 else _INDEXES.keys() & paths:
            for equality, own in zip(equalities, paths, strict=True):
                if own == path and isinstance(equality.value, str):
                    ids = await _INDEXES[path](self.context, equality.value)
                    if ids is not None and not await self._are_many(ids):
                        return ids
        return None

    async def _are_many(self, ids: list[str]) -> bool:
        """Return whether reading all users is less work than reading the users with these ids one by one."""
        return len(ids) > POINT_READ_LIMIT and (
            len(ids) > MAX_POINT_READS or len(ids) * SCAN_COST_RATIO > await self.total()
        )

    async def read(self, ids: Sequence[str]) -> list[Item]:
        """Return the users with these ids, in the order of `ids`; skip ids that don't exist."""
        app, directory_id, base_url = self.context.app, self.directory_id, self.context.base_url

        def read(identifier: str) -> Awaitable[UserJson | None]:
            return store.get_json(app, directory_id, identifier, base_url)

        found = await each(ids, read)
        return [Item(user.key, json=user.json) for user in found if user is not None]


def _without_selection(path: str) -> str:
    """Return a path without its brackets: `emails.value` for `emails[type eq "work"].value`."""
    before, bracket, rest = path.partition("[")
    return before + rest.rpartition("]")[2] if bracket and "]" in rest else path


async def _by_id(context: Context, value: str) -> list[str]:
    return [value]


async def _by_user_name(context: Context, value: str) -> list[str]:
    return await store.ids_by_user_name(context.app, context.directory.id, value)


async def _by_external_id(context: Context, value: str) -> list[str]:
    return await resource_rows.ids(context.app, context.directory.id, EXTERNAL_ID, value)


async def _by_mail(context: Context, value: str) -> list[str]:
    return await resource_rows.ids(context.app, context.directory.id, MAIL, fold_case(value))


async def _by_number(context: Context, value: str) -> list[str] | None:
    """Return the ids of users with an international number; None for any other number.

    Other numbers depend on the region, so the index can't answer for them.
    """
    digits = derive(value, context.directory.region).digits
    if not value.startswith("+") or len(digits) < MIN_DIGITS:
        return None
    app, directory_id, ending = context.app, context.directory.id, digits[::-1]
    shown, hidden = await asyncio.gather(
        resource_rows.ids(app, directory_id, NUMBER, ending),
        resource_rows.ids(app, directory_id, HIDDEN_NUMBER, ending),
    )
    return shown + hidden


async def _by_group(context: Context, value: str) -> list[str]:
    return await resource_rows.ids(context.app, context.directory.id, MEMBER, value)


# By path without a selection of elements, the most selective index first.
_INDEXES: dict[str, Callable[[Context, str], Awaitable[list[str] | None]]] = {
    "id": _by_id,
    "userName": _by_user_name,
    "externalId": _by_external_id,
    "emails.value": _by_mail,
    "phoneNumbers.value": _by_number,
    "groups.value": _by_group,
}
