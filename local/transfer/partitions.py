"""The partitions of a deployment's rows.

Tables can only be read partition by partition, so every partition is found from known ones: the
index of all directories, their accounts, and the linked tenants.

The order is that of the file. The index of all directories comes first and each directory's record
after its people, so that an interrupted import knows its state, and no client calls an incomplete
directory. Tenants come last: from then on presence is synced.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from directories import store
from presence import tenant_links
from shared import keys
from shared.tables.port import MAX_QUERY_ROWS, Row, Tables
from shared.tables.schema.base import (
    ALL_DIRECTORIES,
    AUDIT_ACCOUNTS,
    CONTACTS,
    DELETIONS,
    DIRECTORIES,
    PRESENCE,
    TENANT_LINKS,
    TENANTS,
    WORK,
    account_audit_partition,
    account_partition,
    agents_partition,
    names_partition,
)


@dataclass(frozen=True, slots=True)
class Section:
    """One partition of one table."""

    table: str
    partition: str


INDEX = Section(DIRECTORIES, ALL_DIRECTORIES)


def of_directory(directory_id: str) -> list[Section]:
    """Return the sections that belong to one directory and are only consistent together."""
    return [Section(CONTACTS, directory_id), Section(DIRECTORIES, directory_id)]


async def directory_ids(tables: Tables) -> list[str]:
    """Return the ID of every directory in the index, whatever its state."""
    return [row.key async for row in rows(tables, INDEX, keys_only=True)]


async def account_sections(tables: Tables, ids: list[str]) -> list[Section]:
    """Return the index, names and agents' lists of each account that owns a directory of these."""
    accounts = dict.fromkeys(
        [found.account for each in ids if (found := await store.get(tables, each))]
    )
    return [
        section
        for account in accounts
        for section in (
            Section(DIRECTORIES, account_partition(account)),
            Section(DIRECTORIES, names_partition(account)),
            Section(CONTACTS, agents_partition(account)),
        )
    ]


async def audit_sections(tables: Tables) -> list[Section]:
    """Return the audit log of each account, also of one without a directory left, then their index."""
    index = Section(DIRECTORIES, AUDIT_ACCOUNTS)
    accounts = [row.key async for row in rows(tables, index, keys_only=True)]
    return [*(Section(DIRECTORIES, account_audit_partition(each)) for each in accounts), index]


async def presence_sections(tables: Tables) -> list[Section]:
    """Return the presence of each linked tenant.

    Without its head row, syncs would not start again after a restore.
    """
    return [Section(PRESENCE, link.tenant_id) for link in await tenant_links.tenants(tables)]


def last_sections() -> list[Section]:
    """Return the sections that come last.

    Of table `work` these are only deletions under way: heartbeats and the progress of a reindex belong to the exported
    deployment, and `import` is the state of the command itself.
    """
    return [Section(WORK, DELETIONS), Section(TENANTS, TENANT_LINKS)]


async def rows(
    tables: Tables, section: Section, *, keys_only: bool = False, start: str = ""
) -> AsyncIterator[Row]:
    """Yield every row of a partition in the order of its keys, with a thousand in memory at a time."""
    while True:
        found = await tables.query(
            section.table, section.partition, start, keys.MAX_KEY_CHAR, keys_only=keys_only
        )
        for row in found:
            yield row
        if len(found) < MAX_QUERY_ROWS:
            return
        start = keys.successor(found[-1].key)
