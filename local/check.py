"""The invariants of a directory's rows: every record and every row that stands for it agree, totals are true."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import orjson

from directories import totals
from directories.directory import Directory
from scim.groups import record as group_record
from scim.users import record as user_record
from scim.users import rows as user_rows
from scim.users.record import UserRecord
from shared import keys
from shared.services import Services
from shared.tables.limits import MAX_QUERY_ROWS
from shared.tables.port import Row

_INDEX_FAMILIES = ("name", "ext", "mail", "list", "find", "num", "unparsed", "gname", "gext", "member")


@dataclass(slots=True)
class Findings:
    """What a check found in one directory; no faults: everything agrees."""

    directory_id: str
    users: int = 0
    groups: int = 0
    rows: int = 0
    faults: list[str] = field(default_factory=list)


async def check(services: Services, directory: Directory) -> Findings:
    """Read every row of the directory once and compare each with what it stands for.

    Keys hold names and numbers, so faults name only the kind of row and the id that it belongs to.
    """
    directory_id = directory.id
    findings = Findings(directory_id)
    expected: dict[str, str] = {}  # key of an index row -> id of its owner
    values: dict[str, bytes] = {}  # key of an index row -> what this release would write there
    memberships: set[tuple[str, str]] = set()  # (group, member) seen from the member
    found: dict[str, bytes] = {}
    known: set[str] = set()
    async for row in _rows(services, directory_id):
        findings.rows += 1
        parts = row.key.split(keys.SEPARATOR)
        match parts:
            case ["user", identifier]:
                findings.users += 1
                known.add(identifier)
                user = user_record.decode(identifier, row.value)
                expected |= _expected_of_user(user)
                values |= user_rows.index_rows(user, directory.region)
            case ["group", identifier]:
                findings.groups += 1
                known.add(identifier)
                expected |= _expected_of_group(identifier, row.value)
            case ["user" | "group", member, group]:
                memberships.add((group, member))
            case [family, *_] if family in _INDEX_FAMILIES:
                found[row.key] = row.value
    _compare(findings, expected, memberships, found, known)
    stale = [key for key, value in values.items() if key in found and found[key] != value]
    findings.faults += [f"{key.partition(keys.SEPARATOR)[0]} row of {expected.get(key, '?')} is stale" for key in stale]
    stored = await totals.read(services, directory_id)
    if (stored.users, stored.groups) != (findings.users, findings.groups):
        findings.faults.append(
            f"totals say {stored.users} users and {stored.groups} groups, there are {findings.users}"
            f" and {findings.groups}"
        )
    return findings


def _compare(
    findings: Findings,
    expected: dict[str, str],
    memberships: set[tuple[str, str]],
    found: dict[str, bytes],
    known: set[str],
) -> None:
    for key, owner in expected.items():
        if key not in found:
            findings.faults.append(f"{key.partition(keys.SEPARATOR)[0]} row of {owner} is missing")
    for key, value in found.items():
        family, *_, last = key.split(keys.SEPARATOR)
        if family == "member":
            group, member = key.split(keys.SEPARATOR)[1:]
            if (group, member) not in memberships:
                findings.faults.append(f"member row of {member} in {group} has no counterpart")
        elif key not in expected:
            owner = orjson.loads(value)["id"] if family in ("name", "gname") else last
            findings.faults.append(f"{family} row of {owner} stands for nobody")
    for group, member in memberships:
        if group not in known or member not in known:
            findings.faults.append(f"membership of {member} in {group}: one of them does not exist")
        if keys.key("member", group, member) not in found:
            findings.faults.append(f"membership of {member} in {group} has no member row")


def _expected_of_user(user: UserRecord) -> dict[str, str]:
    return dict.fromkeys(user_rows.stored_keys(user), user.id)


def _expected_of_group(identifier: str, value: bytes) -> dict[str, str]:
    group = group_record.decode(identifier, value)
    return dict.fromkeys(group_record.index_rows(group), identifier)


async def _rows(services: Services, directory_id: str) -> AsyncIterator[Row]:
    start = ""
    while True:
        rows = await services.tables.query("contacts", directory_id, start, keys.LAST)
        for row in rows:
            yield row
        if len(rows) < MAX_QUERY_ROWS:
            return
        start = keys.after(rows[-1].key)
