"""Maintenance of agents' data: removes entries of erased directories, old recents, expired notes and unused lists."""

import contextlib
from dataclasses import replace
from datetime import timedelta

from contacts import agent_lists, note_search
from contacts.agent_lists import UNUSED_DAYS, AgentLists
from directories import audit_relay, store
from directories.audit_relay import Outbox
from directories.models import Directory
from shared import keys
from shared.app import App
from shared.clock import timestamp
from shared.tables.port import (
    Delete,
    NotFound,
    Operation,
    PreconditionFailed,
    Replace,
    Row,
    query_all,
)
from shared.tables.schema.base import CONTACTS, DIRECTORIES, account_partition, agents_partition


async def tidy(app: App, directory_id: str) -> None:
    """Remove the directory's expired notes; if it is the account's first directory, also tidy all agents' lists.

    Maintenance calls it once a day for each directory, so the lists of an account are tidied once a day.
    """
    directory = await store.get(app.tables, directory_id)
    if directory is None:
        return
    await audit_relay.relay_waiting(app, Outbox(CONTACTS, directory_id))
    await note_search.tidy(app, directory)
    partition = account_partition(directory.account)
    first = await app.tables.query(
        DIRECTORIES, partition, "", keys.MAX_KEY_CHAR, limit=1, keys_only=True
    )
    if not first or first[0].key != directory_id:
        return
    now = app.clock.now()
    oldest = timestamp(now - timedelta(days=UNUSED_DAYS))
    agents = agents_partition(directory.account)
    for row in await query_all(app.tables, CONTACTS, agents):
        lists = agent_lists.decode(row.value)
        await _store(app, agents, row, AgentLists() if lists.used < oldest else lists.current(now))


async def forget_directory(app: App, directory: Directory) -> None:
    """Remove the people and groups of a directory from the lists of all agents, because the directory is being erased.

    First copy the audit events of notes that are still in the directory's outbox to the account's log.
    """
    await audit_relay.relay_waiting(app, Outbox(CONTACTS, directory.id))
    agents = agents_partition(directory.account)
    for row in await query_all(app.tables, CONTACTS, agents):
        lists = agent_lists.decode(row.value)
        await _store(app, agents, row, lists.without_directory(directory.id))


async def _store(app: App, partition: str, row: Row, lists: AgentLists) -> None:
    """Store changed lists. If the agent changes them at the same time, do nothing: the next run tidies them."""
    before = agent_lists.decode(row.value)
    if lists == before:
        return
    operation: Operation = Delete(row.key, row.etag)
    if not lists.is_empty:
        tidied = replace(lists, used=before.used, unknown_fields=before.unknown_fields)
        operation = Replace(row.key, agent_lists.encode(tidied), row.etag)
    with contextlib.suppress(NotFound, PreconditionFailed):
        await app.tables.transact(CONTACTS, partition, [operation])
