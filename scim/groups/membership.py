"""Members of a group as rows: `member|group|member` seen from the group, `user|member|group` seen from the member.

Both rows are written in one transaction with the member's record, whose tag is checked: a person who is deleted at the
same moment never stays behind as a member.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

import orjson

from scim.core.errors import ScimError
from scim.core.patch import MemberChange
from shared import keys
from shared.services import Services
from shared.tables.limits import MAX_OPERATIONS, MAX_QUERY_ROWS
from shared.tables.port import Delete, Operation, Replace, Row, Upsert

_CONTACTS = "contacts"
_AT_ONCE = 16
_ROWS_A_MEMBER = 3
# Beside the members, a transaction may hold the group's own rows and an event.
BATCH = (MAX_OPERATIONS - 8) // _ROWS_A_MEMBER


@dataclass(frozen=True, slots=True)
class Member:
    """A member: a user, or a group within the group."""

    id: str
    kind: str  # "User" or "Group"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a request means for a membership: `add` and `remove` by id; with `only`, everyone else leaves."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    only: bool = False

    @classmethod
    def of(cls, changes: Sequence[MemberChange]) -> "Plan":
        """The effect of changes carried out in order: the last word on a member counts."""
        only, wanted = False, dict[str, bool]()
        for change in changes:
            if change.kind in ("replace", "remove_all"):
                only, wanted = True, {}
            wanted.update(dict.fromkeys(change.members, change.kind != "remove"))
        return cls(
            tuple(member for member, stays in wanted.items() if stays),
            tuple(member for member, stays in wanted.items() if not stays),
            only,
        )


async def members(services: Services, directory_id: str, group_id: str) -> list[Member]:
    """All members of a group, a thousand a round trip."""
    start = keys.key("member", group_id, "")
    stop, found = start + keys.LAST, list[Row]()
    while True:
        rows = await services.tables.query(_CONTACTS, directory_id, start, stop)
        found += rows
        if len(rows) < MAX_QUERY_ROWS:
            return [Member(row.key.rpartition(keys.SEPARATOR)[2], orjson.loads(row.value)["t"]) for row in found]
        start = keys.after(rows[-1].key)


async def groups_of(services: Services, directory_id: str, member_id: str) -> list[str]:
    """The ids of the groups that a user or group is a direct member of."""
    found: list[str] = []
    for family in ("user", "group"):
        start = keys.key(family, member_id, "")
        rows = await services.tables.query(_CONTACTS, directory_id, start, start + keys.LAST, keys_only=True)
        found += [row.key.rpartition(keys.SEPARATOR)[2] for row in rows]
    return found


async def operations(services: Services, directory_id: str, group_id: str, plan: Plan) -> list[list[Operation]]:
    """The row operations that the plan still needs, a list a member; a member already there or already gone needs none.

    Raises 400 invalidValue for a member that the directory does not have.
    """
    leaving = set(plan.remove)
    if plan.only:
        staying = set(plan.add)
        leaving = {member.id for member in await members(services, directory_id, group_id)} - staying
    joins = await _each(plan.add, lambda member: _join(services, directory_id, group_id, member))
    leaves = await _each(leaving, lambda member: _leave(services, directory_id, group_id, member))
    return [own for own in (*joins, *leaves) if own]


async def _join(services: Services, directory_id: str, group_id: str, member_id: str) -> list[Operation]:
    for family, kind in (("user", "User"), ("group", "Group")):
        key, membership = keys.key(family, member_id), keys.key(family, member_id, group_id)
        record, known = await asyncio.gather(
            services.tables.get(_CONTACTS, directory_id, key), services.tables.get(_CONTACTS, directory_id, membership)
        )
        if record is None:
            continue
        if known is not None:
            return []
        seen_from_group = Upsert(keys.key("member", group_id, member_id), orjson.dumps({"t": kind}))
        return [Replace(key, record.value, record.etag), seen_from_group, Upsert(membership, b"{}")]
    raise ScimError(
        400,
        f"members: there is no user or group with id {member_id} in this directory. Provision it first, then add it.",
        "invalidValue",
    )


async def _leave(services: Services, directory_id: str, group_id: str, member_id: str) -> list[Operation]:
    key = keys.key("member", group_id, member_id)
    row = await services.tables.get(_CONTACTS, directory_id, key)
    return [Delete(key), Delete(_seen_from_member(member_id, group_id, row))] if row else []


def _seen_from_member(member_id: str, group_id: str, row: Row) -> str:
    return keys.key(orjson.loads(row.value)["t"].lower(), member_id, group_id)


async def _each(items: Iterable[str], read: Callable[[str], Awaitable[list[Operation]]]) -> list[list[Operation]]:
    """What `read` says of each item, some at a time: a large request must not take all of storage's attention."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(item: str) -> list[Operation]:
        async with gate:
            return await read(item)

    return await asyncio.gather(*(one(item) for item in items))


async def remove_all(services: Services, directory_id: str, group_id: str) -> None:
    """Take every member out, before the group itself goes; killed in between, a repeated DELETE finishes."""
    leaving = [
        [Delete(keys.key("member", group_id, member.id)), Delete(keys.key(member.kind.lower(), member.id, group_id))]
        for member in await members(services, directory_id, group_id)
    ]
    await write(services, directory_id, leaving)


def departures(family: str, member_id: str, groups: Sequence[str]) -> list[list[Operation]]:
    """The operations by which a user or group (`family`) leaves the groups that it is in."""
    return [
        [Delete(keys.key("member", group_id, member_id)), Delete(keys.key(family, member_id, group_id))]
        for group_id in groups
    ]


async def write(services: Services, directory_id: str, changes: Sequence[Sequence[Operation]]) -> None:
    """Write the changes of many members, each whole, in transactions of as many as fit."""
    for at in range(0, len(changes), BATCH):
        batch = [operation for own in changes[at : at + BATCH] for operation in own]
        await services.tables.transact(_CONTACTS, directory_id, batch)
