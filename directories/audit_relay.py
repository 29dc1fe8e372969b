"""Copy audit events from outbox rows to the account's log, and to the directory's log if they are stored elsewhere.

An outbox row is written with the act and deleted when its event is in every log. The instance that
carried out the act copies the event at once; if it was killed, the hourly maintenance does. The key
of a log row is the event's ID, so copying an event twice changes nothing.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from directories import audit, store
from directories.audit import Act, Actor, AuditEvent
from shared import log
from shared.app import App
from shared.limits import LruCache
from shared.tables.port import (
    MAX_OPERATIONS,
    Delete,
    NotFound,
    Operation,
    TableError,
    Upsert,
    query_all,
)
from shared.tables.schema.base import AUDIT_ACCOUNTS, DIRECTORIES, account_audit_partition
from shared.tables.schema.directories import ACCOUNT_AUDIT, AUDIT, AUDIT_OUTBOX
from shared.tables.schema.presence import LINK_AUDIT_OUTBOX
from shared.tables.schema.work import CONSENT_AUDIT_OUTBOX

_BATCH = 40  # events per transaction


@dataclass(frozen=True, slots=True)
class Outbox:
    """The table and partition of outbox rows: the same as those of the rows that the acts change."""

    table: str
    partition: str

    @property
    def is_directory(self) -> bool:
        """Whether the partition is a directory's own; then its events are in the directory's log already."""
        return self.table == DIRECTORIES


# The outboxes for acts on connections to presence, and for acts on consents in progress.
LINKS = Outbox(LINK_AUDIT_OUTBOX.table, LINK_AUDIT_OUTBOX.partition)
CONSENTS = Outbox(CONSENT_AUDIT_OUTBOX.table, CONSENT_AUDIT_OUTBOX.partition)


@dataclass(slots=True)
class _Listed:
    """Accounts that this instance has written to the index of accounts with an audit log."""

    accounts: LruCache[str, bool] = field(default_factory=lambda: LruCache(4096))


async def record(app: App, actor: Actor, directory_id: str, name: str, act: Act) -> None:
    """Store the event of an act that changes no row, such as an export; call it before carrying the act out.

    Raises:
        TableError: The event can't be stored, so the act must not be carried out.
    """
    events = audit.new_events(app.clock, actor, [act], directory_id, name)
    await app.tables.transact(DIRECTORIES, directory_id, audit.operations(events))
    await relay(app, Outbox(DIRECTORIES, directory_id), events)


async def record_on_account(app: App, actor: Actor, act: Act) -> None:
    """Store the event of an act on the whole account; call it before carrying the act out. Raise TableError."""
    events = audit.new_events(app.clock, actor, [act], "")
    await append_to_account(app, actor.account, events)


def outbox_rows(events: Sequence[AuditEvent]) -> list[Operation]:
    """Return operations that store events as outbox rows, for transactions outside the directory's partition."""
    return [Upsert(AUDIT_OUTBOX.key(event.id), audit.encode(event)) for event in events]


async def relay(app: App, outbox: Outbox, events: Sequence[AuditEvent]) -> None:
    """Copy events that were just stored to the other logs; if storage fails, the maintenance does it later."""
    try:
        await _carry(app, outbox, events)
    except TableError as error:
        log.failure("audit.relay_late", error)


async def relay_waiting(app: App, outbox: Outbox) -> int:
    """Copy all events of an outbox to the other logs, and return how many there were."""
    start, stop = AUDIT_OUTBOX.all()
    rows = await query_all(app.tables, outbox.table, outbox.partition, start, stop)
    events = [audit.decode(AUDIT_OUTBOX.parts_of(row.key)[0], row.value) for row in rows]
    for at in range(0, len(events), _BATCH):
        await _carry(app, outbox, events[at : at + _BATCH])
    return len(events)


async def relay_common(app: App, deadline: float) -> None:
    """Copy the events in the outboxes of connections and consents; the hourly maintenance calls it."""
    for outbox in (LINKS, CONSENTS):
        if app.clock.monotonic() < deadline:
            await relay_waiting(app, outbox)


async def _carry(app: App, outbox: Outbox, events: Sequence[AuditEvent]) -> None:
    if not outbox.is_directory:
        events = [await _to_directory(app, event) for event in events]
    by_account = defaultdict[str, list[AuditEvent]](list)
    for event in events:
        by_account[event.actor.account].append(event)
    for account, some in by_account.items():
        await append_to_account(app, account, some)
    await _delete(app, outbox, [AUDIT_OUTBOX.key(event.id) for event in events])


async def append_to_account(app: App, account: str, events: Sequence[AuditEvent]) -> None:
    """Store events in the account's log; first add the account to the index of accounts with a log."""
    listed = app.state(_Listed).accounts
    if listed.get(account) is None:
        await app.tables.transact(DIRECTORIES, AUDIT_ACCOUNTS, [Upsert(account, b'{"v":1}')])
        listed.put(account, True)
    rows = [Upsert(ACCOUNT_AUDIT.key(event.id), audit.encode(event)) for event in events]
    await app.tables.transact(DIRECTORIES, account_audit_partition(account), rows)


async def _to_directory(app: App, event: AuditEvent) -> AuditEvent:
    """Store an event in its directory's log if the directory is active, and return it with the directory's name.

    The rows of a deleted directory are removed ten minutes after its deletion at the earliest, so
    this row is never written after their removal.
    """
    directory = await store.get(app.tables, event.directory_id)
    if directory is None:
        return event
    named = replace(event, directory_name=directory.name)
    if directory.is_active:
        row = Upsert(AUDIT.key(event.id), audit.encode(named))
        await app.tables.transact(DIRECTORIES, event.directory_id, [row])
    return named


async def _delete(app: App, outbox: Outbox, row_keys: Sequence[str]) -> None:
    for at in range(0, len(row_keys), MAX_OPERATIONS):
        batch = row_keys[at : at + MAX_OPERATIONS]
        try:
            await app.tables.transact(
                outbox.table, outbox.partition, [Delete(key) for key in batch]
            )
        except NotFound:  # another instance copied some of the events and deleted their rows
            for key in batch:
                await store.remove(app.tables, outbox.partition, key, table=outbox.table)
