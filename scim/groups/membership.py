"""Members of a group as pairs of rows: `member|group|member` lists a group's members, `user|member|group` a user's groups.

Both rows are written in one transaction with the member's record, on condition of its storage tag, so a person who is
deleted at the same time never remains a member.
"""

import asyncio
from bisect import bisect_right
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import orjson

from scim import resource_rows
from scim.core.errors import ScimError
from scim.core.patch import MemberChange
from shared import keys
from shared.app import App
from shared.concurrency import each
from shared.keys import OnePart, TwoParts
from shared.messages import Message
from shared.tables.port import (
    MAX_OPERATIONS,
    MAX_QUERY_ROWS,
    Delete,
    Operation,
    Replace,
    Row,
    Upsert,
    query_all,
)
from shared.tables.schema.base import CONTACTS
from shared.tables.schema.contacts import GROUP, GROUP_GROUP, MEMBER, USER, USER_GROUP

Kind = Literal["User", "Group"]
_RECORDS: dict[Kind, OnePart] = {"User": USER, "Group": GROUP}
_SEEN_FROM_MEMBER: dict[Kind, TwoParts] = {"User": USER_GROUP, "Group": GROUP_GROUP}
MAX_PAGE_MEMBERS = 50_000  # of one page of groups, unless a single group has more
_MAX_MEMBER_OPERATIONS = (
    MAX_OPERATIONS - 8
)  # besides the members, a transaction may hold the group's own rows and an event
# Of 4 MiB as sent, in which one byte may take six; a joining user's record is written again.
_MAX_MEMBER_BYTES = 400_000


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a group: a user, or another group."""

    id: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Move:
    """A member that joins or leaves, with the row operations for it."""

    member_id: str
    joins: bool
    operations: list[Operation]


@dataclass(frozen=True, slots=True)
class Plan:
    """Changes of a group's members: the ids to `add` and to `remove`.

    With `only`, the members in `add` replace all others.
    """

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    only: bool = False

    @classmethod
    def of(cls, changes: Sequence[MemberChange]) -> "Plan":
        """Return the combined effect of changes in order; the last change of a member counts."""
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


async def members(app: App, directory_id: str, group_id: str) -> list[Member]:
    """Return all members of a group. One round trip per thousand."""
    found = await query_all(app.tables, CONTACTS, directory_id, *MEMBER.under(group_id))
    return [member_of(row) for row in found]


async def members_between(
    app: App, directory_id: str, group_ids: Sequence[str]
) -> tuple[dict[str, list[Member]], int]:
    """Return the members by group id, and how many of the groups were read completely.

    The groups must follow each other in a scan. One round trip per thousand members. After
    MAX_PAGE_MEMBERS members, only the group being read is completed and the later ones are left
    out.
    """
    start, stop = MEMBER.under(group_ids[0])[0], MEMBER.under(group_ids[-1])[1]
    found, count, last = defaultdict[str, list[Member]](list), 0, group_ids[-1]
    more = True
    while more:
        rows = await app.tables.query(CONTACTS, directory_id, start, stop, limit=MAX_QUERY_ROWS)
        for row in rows:
            group_id = MEMBER.parts_of(row.key)[0]
            found[group_id].append(member_of(row))
        more, count = len(rows) == MAX_QUERY_ROWS, count + len(rows)
        if more:
            start = keys.successor(rows[-1].key)
        if more and count >= MAX_PAGE_MEMBERS:
            last = group_id
            stop = MEMBER.under(last)[1]
    return found, bisect_right(group_ids, last)


async def groups_of(app: App, directory_id: str, member_id: str) -> list[str]:
    """Return the ids of the groups of which a user or group is a direct member."""
    of_user = await resource_rows.ids(app, directory_id, USER_GROUP, member_id)
    return of_user or await resource_rows.ids(app, directory_id, GROUP_GROUP, member_id)


async def operations(app: App, directory_id: str, group_id: str, plan: Plan) -> list[Move]:
    """Return the moves that the plan still requires.

    Raise 400 invalidValue for a member that doesn't exist in the directory.
    """
    if plan.only:
        return await _exchange(app, directory_id, group_id, plan.add)
    joins = await each(
        plan.add, lambda member: _join_unless_in(app, directory_id, group_id, member)
    )
    leaves = await each(plan.remove, lambda member: _leave(app, directory_id, group_id, member))
    return [move for move in (*joins, *leaves) if move.operations]


async def again(app: App, directory_id: str, group_id: str, moves: Sequence[Move]) -> list[Move]:
    """Return the moves that are still required for a change of which a part is already stored.

    People deleted since then are left out, because a change that is partly stored can no longer be refused.
    """

    async def renewed(move: Move) -> Move | None:
        if not move.joins:
            return await _leave(app, directory_id, group_id, move.member_id)
        try:
            return await _join_unless_in(app, directory_id, group_id, move.member_id)
        except ScimError:
            return None

    found = await each(moves, renewed)
    return [move for move in found if move is not None and move.operations]


async def first(app: App, directory_id: str, group_id: str, plan: Plan) -> list[Move]:
    """Return the moves that add the initial members of a new group."""
    return await each(plan.add, lambda member: _join(app, directory_id, group_id, member))


async def _exchange(
    app: App, directory_id: str, group_id: str, staying: Sequence[str]
) -> list[Move]:
    """Return the moves that make the ids in `staying` the only members.

    Members that stay are not read again.
    """
    present = {member.id: member for member in await members(app, directory_id, group_id)}
    new = [member for member in staying if member not in present]
    joins = await each(new, lambda member: _join(app, directory_id, group_id, member))
    gone = present.keys() - set(staying)
    return [
        *joins,
        *(
            Move(member, False, _departure(present[member].kind, member, group_id))
            for member in sorted(gone)
        ),
    ]


async def _join_unless_in(app: App, directory_id: str, group_id: str, member_id: str) -> Move:
    known, joining = await asyncio.gather(
        app.tables.get(CONTACTS, directory_id, MEMBER.key(group_id, member_id)),
        _join(app, directory_id, group_id, member_id),
    )
    return Move(member_id, True, []) if known else joining


async def _join(app: App, directory_id: str, group_id: str, member_id: str) -> Move:
    for kind, family in _RECORDS.items():
        key = family.key(member_id)
        record = await app.tables.get(CONTACTS, directory_id, key)
        if record is not None:
            seen_from_group = Upsert(MEMBER.key(group_id, member_id), encode_kind(kind))
            seen_from_member = Upsert(
                _SEEN_FROM_MEMBER[kind].key(member_id, group_id), resource_rows.NOTHING
            )
            touch = Replace(key, record.value, record.etag)
            return Move(member_id, True, [touch, seen_from_group, seen_from_member])
    raise ScimError(
        400,
        Message("no_such_member", id=member_id),
        "invalidValue",
    )


async def _leave(app: App, directory_id: str, group_id: str, member_id: str) -> Move:
    row = await app.tables.get(CONTACTS, directory_id, MEMBER.key(group_id, member_id))
    operations = _departure(member_of(row).kind, member_id, group_id) if row else []
    return Move(member_id, False, operations)


def _departure(kind: Kind, member_id: str, group_id: str) -> list[Operation]:
    """Return the deletions of both rows of a membership."""
    return [
        Delete(MEMBER.key(group_id, member_id)),
        Delete(_SEEN_FROM_MEMBER[kind].key(member_id, group_id)),
    ]


def encode_kind(kind: Kind) -> bytes:
    """Encode the value of a `member` row: whether the member is a user or a group."""
    return orjson.dumps({"t": kind})


def member_of(row: Row) -> Member:
    """Decode a `member` row."""
    kind: Kind = orjson.loads(row.value)["t"]
    return Member(MEMBER.second_of(row.key), kind)


async def dissolve(
    app: App, directory_id: str, group_id: str, parents: Sequence[str]
) -> AsyncIterator[None]:
    """Remove all members from the group, and the group from its parent groups; yield after each transaction.

    If the instance is killed in between, the client's repeated DELETE finishes the work.
    """
    present = await members(app, directory_id, group_id)
    leaving = [
        Move(member.id, False, _departure(member.kind, member.id, group_id)) for member in present
    ]
    leaving += [Move(parent, False, _departure("Group", group_id, parent)) for parent in parents]
    for batch in batches(leaving):
        await app.tables.transact(CONTACTS, directory_id, operations_of(batch))
        yield


def operations_of(moves: Iterable[Move]) -> list[Operation]:
    """Return the row operations of the moves."""
    return [operation for move in moves for operation in move.operations]


def batches(moves: Iterable[Move]) -> Iterator[list[Move]]:
    """Yield as many moves at a time as fit in a transaction with the group's own rows; no move is divided."""
    batch, count, size = list[Move](), 0, 0
    for move in moves:
        more = sum(len(one.value) for one in move.operations if not isinstance(one, Delete))
        if batch and (
            count + len(move.operations) > _MAX_MEMBER_OPERATIONS or size + more > _MAX_MEMBER_BYTES
        ):
            yield batch
            batch, count, size = [], 0, 0
        batch.append(move)
        count += len(move.operations)
        size += more
    if batch:
        yield batch
