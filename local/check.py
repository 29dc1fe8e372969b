"""Check the invariants of a deployment's stored rows.

Each record must agree with its index rows and memberships, totals must be right, every directory
must be in its indexes, and every tenant link must name existing directories. Because keys contain
names and numbers, a fault names only the kind of row and the ID of its record. The rows to compare
are kept in a temporary SQLite file, so that a directory of any size needs little memory.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from hashlib import blake2b

from directories import events, store, totals
from directories.models import Directory
from local.transfer import partitions
from local.transfer.partitions import Section
from presence import tenant_links
from presence.store.manifest import HEAD
from scim import resource_rows
from scim.groups import models as group_record
from scim.groups.models import GroupRecord
from scim.users import index_rows as user_rows
from scim.users import models as user_record
from scim.users import store as user_store
from scim.users.models import UserRecord
from shared import keys
from shared.app import App
from shared.tables import schema
from shared.tables.port import Row, StorageUnavailable
from shared.tables.schema.base import (
    ALL_DIRECTORIES,
    CONTACTS,
    DIRECTORIES,
    PRESENCE,
    account_partition,
)
from shared.tables.schema.contacts import (
    EVENT,
    EXCHANGE,
    EXTERNAL_ID,
    FIND,
    GROUP,
    GROUP_EXTERNAL_ID,
    GROUP_GROUP,
    GROUP_NAME,
    HIDDEN_NUMBER,
    LIST,
    MAIL,
    MANAGER,
    MEMBER,
    NAME,
    NUMBER,
    SOUND,
    UNIQUE,
    UNPARSED,
    USER,
    USER_GROUP,
)

MAX_FAULTS = 1000  # reported per kind
_INDEX_FAMILIES = (
    NAME,
    EXTERNAL_ID,
    MAIL,
    LIST,
    FIND,
    SOUND,
    NUMBER,
    EXCHANGE,
    HIDDEN_NUMBER,
    UNPARSED,
    GROUP_NAME,
    GROUP_EXTERNAL_ID,
    MANAGER,
    UNIQUE,
)
_SCHEMA = """
CREATE TABLE expected (key TEXT PRIMARY KEY, owner TEXT, digest BLOB) WITHOUT ROWID;
CREATE TABLE found (key TEXT PRIMARY KEY, owner TEXT, digest BLOB) WITHOUT ROWID;
CREATE TABLE known (id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE joined (group_id TEXT, member TEXT, PRIMARY KEY (group_id, member)) WITHOUT ROWID;
CREATE TABLE listed (group_id TEXT, member TEXT, PRIMARY KEY (group_id, member)) WITHOUT ROWID;
"""
_COMPARISONS = (
    (
        "{} row of {} is missing",
        "SELECT key, owner FROM expected WHERE key NOT IN (SELECT key FROM found)",
    ),
    (
        "{} row of {} stands for nobody",
        "SELECT key, owner FROM found WHERE key NOT IN (SELECT key FROM expected)",
    ),
    (
        "{} row of {} is stale",
        "SELECT key, expected.owner FROM expected JOIN found USING (key)"
        " WHERE expected.digest IS NOT NULL AND expected.digest != found.digest",
    ),
    (
        "{} row of {} names somebody else",
        "SELECT key, expected.owner FROM expected JOIN found USING (key) WHERE expected.owner != found.owner",
    ),
)
_MEMBERSHIPS = (
    (
        "member row of {} in {} has no counterpart",
        "SELECT member, group_id FROM listed EXCEPT SELECT member, group_id FROM joined",
    ),
    (
        "membership of {} in {} has no member row",
        "SELECT member, group_id FROM joined EXCEPT SELECT member, group_id FROM listed",
    ),
    (
        "membership of {} in {}: one of them does not exist",
        "SELECT member, group_id FROM joined WHERE member NOT IN known OR group_id NOT IN known",
    ),
)


@dataclass(slots=True, kw_only=True)
class Findings:
    """The counts and faults found in one directory; `faults` is empty if all rows agree.

    `to_reindex` counts records with index rows that the rules of an earlier release wrote, or
    for another region. They aren't faults, because a background run will write them again.
    """

    directory_id: str
    users: int = 0
    groups: int = 0
    active: int = 0
    rows: int = 0
    to_reindex: int = 0
    faults: list[str] = field(default_factory=list)


async def check(app: App, directory: Directory) -> Findings:
    """Read every row of the directory once and compare it with the record it belongs to."""
    findings = Findings(directory_id=directory.id)
    with closing(sqlite3.connect("", isolation_level=None)) as notes:
        notes.executescript(_SCHEMA)
        notes.execute("BEGIN")
        async for row in partitions.rows(app.tables, Section(CONTACTS, directory.id)):
            findings.rows += 1
            try:
                _note(notes, findings, row, directory.region)
            except StorageUnavailable as error:  # a row of a later release
                findings.faults.append(error.reason)
            except (ValueError, KeyError, TypeError, AttributeError):
                findings.faults.append(f"{_family(row.key)} row of {_owner(row)} can't be read")
        _compare(notes, findings)
    stored = await totals.stored(app, directory.id)
    stored_counts, found_counts = (
        (stored.users, stored.groups, stored.active),
        (findings.users, findings.groups, findings.active),
    )
    if stored_counts != found_counts:
        findings.faults.append(
            "totals say {} users, {} groups, {} active; there are {}, {}, {}".format(
                *stored_counts, *found_counts
            )
        )
    findings.faults += await _index_faults(app, directory)
    return findings


async def check_links(app: App) -> list[str]:
    """Return the faults of tenant links, after comparing tenants, directories and presence rows."""
    faults, tables = list[str](), app.tables
    linked = {link.tenant_id: link for link in await tenant_links.tenants(tables)}
    for link in linked.values():
        if await tables.get(PRESENCE, link.tenant_id, HEAD) is None:
            faults.append(f"tenant {link.tenant_id} is linked and has no presence head")
        for directory_id in link.directories:
            own = await tenant_links.directory(tables, directory_id)
            if own is None or own.tenant_id != link.tenant_id:
                faults.append(
                    f"tenant {link.tenant_id} names directory {directory_id}, which is not linked to it"
                )
            elif (found := await store.get(tables, directory_id)) is None:
                faults.append(
                    f"tenant {link.tenant_id} names directory {directory_id}, which does not exist"
                )
            elif found.account != link.owner:
                faults.append(
                    f"tenant {link.tenant_id} and its directory {directory_id} belong to two accounts"
                )
    return faults


async def _index_faults(app: App, directory: Directory) -> list[str]:
    partitions = {
        "the index": ALL_DIRECTORIES,
        "its account's index": account_partition(directory.account),
    }
    return [
        f"the directory is not in {name}"
        for name, partition in partitions.items()
        if await app.tables.get(DIRECTORIES, partition, directory.id) is None
    ]


def _note(notes: sqlite3.Connection, findings: Findings, row: Row, region: str) -> None:
    family = schema.family_of(CONTACTS, findings.directory_id, row.key)
    if family is USER:
        _note_user(notes, findings, row, region)
    elif family is GROUP:
        _note_group(notes, findings, row)
    elif family in (USER_GROUP, GROUP_GROUP):
        member, group_id = USER_GROUP.parts_of(row.key)
        notes.execute("INSERT INTO joined VALUES (?,?)", (group_id, member))
    elif family is MEMBER:
        group_id, member = MEMBER.parts_of(row.key)
        notes.execute("INSERT INTO listed VALUES (?,?)", (group_id, member))
    elif family in _INDEX_FAMILIES:
        notes.execute(
            "INSERT INTO found VALUES (?,?,?)",
            (row.key, _owner(row), _digest(row.key, row.value)),
        )
    elif family is EVENT:
        events.decode(row.value)
    elif family is None:
        findings.faults.append(f"{_family(row.key)} row is of no known kind")


def _note_user(notes: sqlite3.Connection, findings: Findings, row: Row, region: str) -> None:
    (identifier,) = USER.parts_of(row.key)
    user = user_record.decode(identifier, row.value)
    findings.users += 1
    findings.active += user.active
    findings.to_reindex += not user_store.is_current(user, region)
    _know(notes, identifier)
    _expect(notes, _of_user(user, region), identifier)


def _note_group(notes: sqlite3.Connection, findings: Findings, row: Row) -> None:
    (identifier,) = GROUP.parts_of(row.key)
    group = group_record.decode(identifier, row.value)
    findings.groups += 1
    findings.to_reindex += not group_record.is_current(group)
    _know(notes, identifier)
    _expect(notes, _of_group(group), identifier)


def _know(notes: sqlite3.Connection, identifier: str) -> None:
    notes.execute("INSERT INTO known VALUES (?)", (identifier,))


def _of_user(user: UserRecord, region: str) -> Iterator[tuple[str, bytes | None]]:
    """Yield the key of each index row that should exist for the user, with a hash of its value.

    The hash is None if earlier rules wrote the rows, because then only their keys can be checked.
    """
    values = user_rows.index_rows(user, region) if user_store.is_current(user, region) else {}
    for key in user_store.stored_keys(user):
        yield key, _digest(key, values[key]) if key in values else None


def _of_group(group: GroupRecord) -> Iterator[tuple[str, bytes | None]]:
    """Yield the key of each index row that should exist for the group, with a hash of its value.

    The hash is None if earlier rules wrote the rows, because then only their keys can be checked.
    """
    values = group_record.index_rows(group) if group_record.is_current(group) else {}
    for key in group_record.stored_keys(group):
        yield key, _digest(key, values[key]) if key in values else None


def _expect(
    notes: sqlite3.Connection, rows: Iterator[tuple[str, bytes | None]], owner: str
) -> None:
    notes.executemany(
        "INSERT OR REPLACE INTO expected VALUES (?,?,?)",
        ((key, owner, digest) for key, digest in rows),
    )


def _compare(notes: sqlite3.Connection, findings: Findings) -> None:
    for sentence, query in _COMPARISONS:
        for key, owner in notes.execute(f"{query} LIMIT {MAX_FAULTS}"):
            findings.faults.append(sentence.format(_family(key), owner))
    for sentence, query in _MEMBERSHIPS:
        for member, group_id in notes.execute(f"{query} LIMIT {MAX_FAULTS}"):
            findings.faults.append(sentence.format(member, group_id))


def _family(key: str) -> str:
    return key.partition(keys.SEPARATOR)[0]


def _owner(row: Row) -> str:
    """Return the ID of the user or group that an index row belongs to."""
    if _family(row.key) in (NAME.name, GROUP_NAME.name):
        return resource_rows.decode_owner(row.value)
    return row.key.rpartition(keys.SEPARATOR)[2]


def _digest(key: str, value: bytes) -> bytes:
    """Return a hash of a row's value, without the text of a number's fault, because a release may change that text."""
    if _family(key) == UNPARSED.name:
        content = resource_rows.decode_unparsed(value)
        numbers = [{**number, "fault": ""} for number in content.numbers]
        value = resource_rows.encode_unparsed(replace(content, numbers=numbers))
    return blake2b(value, digest_size=16).digest()
