"""The partitions with the rows of a deployment.

Rows can be listed only per partition, so the partitions are found through known ones: the index of
all directories, their accounts, and the linked tenants.

In the file, the index of all directories comes first, and each directory's record after its people,
so that an interrupted import knows its state and no client can use an incomplete directory. Tenants
come last, because presence is synced as soon as they exist.
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
    """Return the sections of one directory, which are consistent only if they are read together."""
    return [Section(CONTACTS, directory_id), Section(DIRECTORIES, directory_id)]


async def directory_ids(tables: Tables) -> list[str]:
    """Return the ID of every directory in the index, whatever its state."""
    return [row.key async for row in rows(tables, INDEX, keys_only=True)]


async def account_sections(tables: Tables, ids: list[str]) -> list[Section]:
    """Return the sections of the accounts that own these directories: index, names and agents' lists."""
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
    """Return the audit log of each account, even of one without directories, then the index of these logs."""
    index = Section(DIRECTORIES, AUDIT_ACCOUNTS)
    accounts = [row.key async for row in rows(tables, index, keys_only=True)]
    return [*(Section(DIRECTORIES, account_audit_partition(each)) for each in accounts), index]


async def presence_sections(tables: Tables) -> list[Section]:
    """Return the presence sections of the linked tenants.

    They are exported because a tenant is synced only if it has a head row, also after a restore.
    """
    return [Section(PRESENCE, link.tenant_id) for link in await tenant_links.tenants(tables)]


def last_sections() -> list[Section]:
    """Return the sections at the end of the file: deletions in progress, and tenant links.

    Other sections of table `work` are not exported: heartbeats and the progress of a reindex
    concern only the exported deployment, and `import` is the progress of the command itself.
    """
    return [Section(WORK, DELETIONS), Section(TENANTS, TENANT_LINKS)]


async def rows(
    tables: Tables, section: Section, *, keys_only: bool = False, start: str = ""
) -> AsyncIterator[Row]:
    """Yield every row of a partition from key `start` on, in the order of the keys, up to 1,000 in memory at a time."""
    while True:
        found = await tables.query(
            section.table, section.partition, start, keys.MAX_KEY_CHAR, keys_only=keys_only
        )
        for row in found:
            yield row
        if len(found) < MAX_QUERY_ROWS:
            return
        start = keys.successor(found[-1].key)
