"""Read the audit log of a directory or account, newest first, and delete expired events."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from directories import audit
from directories.audit import AuditEvent
from shared.app import App
from shared.concurrency import TimeSlice
from shared.keys import OnePart, successor
from shared.tables.port import MAX_OPERATIONS, MAX_QUERY_ROWS, Delete, NotFound, Row, query_all
from shared.tables.schema.base import AUDIT_ACCOUNTS, DIRECTORIES, account_audit_partition
from shared.tables.schema.directories import ACCOUNT_AUDIT, AUDIT
from shared.words import fold_case

_MAX_QUERIES = 10  # per page; the next page continues after them
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Log:
    """Identifies an audit log by the partition of its rows, in table `directories`, and their family."""

    partition: str
    family: OnePart


def of_directory(directory_id: str) -> Log:
    """Return the log of one directory."""
    return Log(directory_id, AUDIT)


def of_account(account: str) -> Log:
    """Return the log of an account, with the events of all its directories, including deleted ones."""
    return Log(account_audit_partition(account), ACCOUNT_AUDIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Conditions that an event must satisfy; an empty one is always satisfied.

    Attributes:
        codes: Codes of acts, of which the event must have one.
        actor: The actor's object ID, or a part of the actor's name.
        directory_id: The directory of the event.
        since: The earliest time (inclusive).
        until: The latest time (exclusive).
    """

    codes: frozenset[str] = frozenset()
    actor: str = ""
    directory_id: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def has(self, event: AuditEvent) -> bool:
        """Return whether the event satisfies all conditions except those on its time."""
        if self.codes and event.act.code not in self.codes:
            return False
        if self.directory_id and event.directory_id != self.directory_id:
            return False
        actor = event.actor
        return (
            not self.actor
            or self.actor == actor.id
            or fold_case(self.actor) in fold_case(actor.name)
        )


ALL_ACTS = AuditFilter()


@dataclass(frozen=True, slots=True)
class AuditPage:
    """A page of events, newest first; `cursor` continues after them, or is "" at the end of the log."""

    events: list[AuditEvent]
    cursor: str


async def read(
    app: App, log: Log, cursor: str = "", limit: int = 50, wanted: AuditFilter = ALL_ACTS
) -> AuditPage:
    """Return the newest matching events after `cursor` ("" for the newest of all).

    A page may have fewer than `limit` events although more follow: after ten queries the search
    stops, and the page's `cursor` continues it.
    """
    found, reached, time_slice = list[AuditEvent](), cursor, TimeSlice(app)
    queries = 0
    async for rows in _pages(app, log, cursor, wanted):
        queries += 1
        for row in rows:
            identifier = log.family.parts_of(row.key)[0]
            event = audit.decode(identifier, row.value)
            if wanted.has(event):
                if len(found) == limit:
                    return AuditPage(found, reached)
                found.append(event)
            reached = identifier
            await time_slice.yield_when_over()
        if queries == _MAX_QUERIES and len(rows) == MAX_QUERY_ROWS:
            return AuditPage(found, reached)
    return AuditPage(found, "")


async def _pages(app: App, log: Log, cursor: str, wanted: AuditFilter) -> AsyncIterator[list[Row]]:
    """Yield the rows of the log after `cursor` and within the filter's times, 1,000 at a time."""
    start, stop = log.family.all()
    if wanted.until:
        start = log.family.key(audit.bound(wanted.until - _MILLISECOND))
    if wanted.since:
        stop = log.family.key(audit.bound(wanted.since - _MILLISECOND))
    if cursor:
        start = max(start, successor(log.family.key(cursor)))
    while start < stop:
        rows = await app.tables.query(DIRECTORIES, log.partition, start, stop)
        yield rows
        if len(rows) < MAX_QUERY_ROWS:
            return
        start = successor(rows[-1].key)


async def trim_accounts(app: App, deadline: float) -> None:
    """Delete events older than the retention from the logs of all accounts, until the monotonic `deadline`.

    The hourly maintenance calls it. Every run starts from the first account, because an account
    without old events costs only one query of keys.
    """
    for row in await query_all(app.tables, DIRECTORIES, AUDIT_ACCOUNTS, keys_only=True):
        if not await trim(app, of_account(row.key), deadline):
            return


async def trim(app: App, log: Log, deadline: float) -> bool:
    """Delete events older than the retention from a log; return False if the deadline came first."""
    oldest = app.clock.now() - timedelta(days=app.settings.audit_retention_days)
    start, stop = log.family.key(audit.bound(oldest)), log.family.all()[1]
    while app.clock.monotonic() < deadline:
        rows = await app.tables.query(DIRECTORIES, log.partition, start, stop, keys_only=True)
        for at in range(0, len(rows), MAX_OPERATIONS):
            await _drop(app, log, [row.key for row in rows[at : at + MAX_OPERATIONS]])
        if len(rows) < MAX_QUERY_ROWS:
            return True
    return False


async def _drop(app: App, log: Log, row_keys: list[str]) -> None:
    try:
        await app.tables.transact(DIRECTORIES, log.partition, [Delete(key) for key in row_keys])
    except NotFound:  # another run removed some of them
        if len(row_keys) > 1:
            for key in row_keys:
                await _drop(app, log, [key])
