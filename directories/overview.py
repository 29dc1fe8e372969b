"""The overview of an account: the stored state of each directory, so that a list needs few reads.

A list of 1,000 directories is sorted and filtered by state, and computing one state takes five
round trips. So an overview row per directory, in the account's partition, stores the state as of a
time. Each request for the list recomputes the oldest states in the background, so they are at most
about `MAX_AGE` old while the list is in use. `directories.store.replace` deletes the row when a
directory changes.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

import orjson

from directories import deletion, status, store
from directories.hooks import FaultSources, Severity
from directories.models import Directory, Kind
from directories.status import DirectoryStatus
from shared import row_versions
from shared.app import App
from shared.clock import timestamp
from shared.concurrency import each
from shared.tables.port import MAX_OPERATIONS, TableError, Upsert, query_all
from shared.tables.schema.base import DIRECTORIES, account_partition, overview_partition

MAX_AGE = timedelta(minutes=5)
MAX_REFRESHED = 100  # states that are recomputed per request for the list

State = Literal["attention", "setup", "waiting", "good", "deleted"]
STATES: tuple[State, ...] = ("attention", "setup", "waiting", "good", "deleted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """A directory in a list.

    `severity` distinguishes an `attention` that can wait ("warn") from an urgent one ("bad").
    `last_call` is "" before the first provisioning request; `at` is the time as of which the state
    was computed.
    """

    id: str
    name: str
    kind: Kind
    created: str
    state: State
    severity: Severity = ""
    people: int = 0
    last_call: str = ""
    at: str


async def of_account(app: App, account: str) -> list[Overview]:
    """Return the overviews of the account's directories, unsorted; compute and store those that are missing.

    Two round trips per 1,000 directories, and about five per missing overview.
    """
    rows, entries = await asyncio.gather(
        query_all(app.tables, DIRECTORIES, overview_partition(account)),
        query_all(app.tables, DIRECTORIES, account_partition(account), keys_only=True),
    )
    ids = {entry.key for entry in entries}
    known = {row.key: decode(row.key, row.value) for row in rows if row.key in ids}
    missing = [directory_id for directory_id in ids if directory_id not in known]
    found = [*known.values(), *await _read(app, account, missing)]
    await keep(app, account, found[len(known) :], [row.key for row in rows if row.key not in ids])
    return found


def refresh_due(app: App, account: str, found: Iterable[Overview]) -> int:
    """Recompute the oldest states in the background, and return how many are older than MAX_AGE."""
    oldest = timestamp(app.clock.now() - MAX_AGE)
    due = sorted([one for one in found if one.at < oldest], key=lambda one: one.at)
    if due:
        work = _refresh(app, account, [one.id for one in due[:MAX_REFRESHED]])
        app.background.start_optional(work, "directory.overview")
    return len(due)


def keep_seen(
    app: App, account: str, before: Iterable[Overview], after: Iterable[Overview]
) -> None:
    """In the background, store the overviews `after`, which a page has computed, if they differ from `before`."""
    stored = {one.id: one for one in before}
    changed = [
        one for one in after if one.id not in stored or replace(stored[one.id], at=one.at) != one
    ]
    if changed:
        app.background.start_optional(keep(app, account, changed), "directory.overview")


async def _refresh(app: App, account: str, ids: Sequence[str]) -> None:
    """Recompute and store the overviews of these directories; remove those of directories that don't exist any more."""
    found = await _read(app, account, ids)
    gone = set(ids) - {one.id for one in found}
    await keep(app, account, found, sorted(gone))


async def keep(app: App, account: str, found: Sequence[Overview], gone: Sequence[str] = ()) -> None:
    """Store overviews, and remove those of the directories in `gone`.

    An error of storage is ignored, because the next request for the list does the same again.
    """
    work = [Upsert(one.id, encode(one)) for one in found]
    for at in range(0, len(work), MAX_OPERATIONS):
        try:
            part = work[at : at + MAX_OPERATIONS]
            await app.tables.transact(DIRECTORIES, overview_partition(account), part)
        except TableError:
            return
    for directory_id in gone:
        await store.remove(app.tables, overview_partition(account), directory_id)


async def _read(app: App, account: str, ids: Sequence[str]) -> list[Overview]:
    async def one(directory_id: str) -> Overview | None:
        directory = await store.get(app.tables, directory_id)
        if directory is None or directory.account != account:
            return None
        if not directory.is_active:
            is_restorable = deletion.is_restorable(app, directory)
            return of_deleted(app, directory) if is_restorable else None
        found = await status.glance(app, directory, last_refusal=False)
        severities = [await read(app, directory) for read in app.state(FaultSources).sources]
        return describe(app, directory, found, severities)

    return [overview for overview in await each(ids, one) if overview is not None]


def describe(
    app: App, directory: Directory, found: DirectoryStatus, severities: Sequence[Severity] = ()
) -> Overview:
    """Return the overview of an active directory with the status `found`.

    `severities` are the severities of faults that other features report (`hooks.FaultSources`).
    """
    severity = max([_severity(found), *severities], key=("", "warn", "bad").index)
    state: State = "good" if found.stage == "provisioning" else "waiting"
    if directory.setup != "done":
        state = "setup"
    elif severity:
        state = "attention"
    return Overview(
        id=directory.id,
        name=directory.name,
        kind=directory.kind,
        created=directory.created,
        state=state,
        severity=severity,
        people=found.totals.active,
        # A test of the connection does not provision people.
        last_call=found.last_call if found.stage == "provisioning" else "",
        at=timestamp(app.clock.now()),
    )


def of_deleted(app: App, directory: Directory) -> Overview:
    """Return the overview of a deleted directory that can still be restored."""
    return Overview(
        id=directory.id,
        name=directory.name,
        kind=directory.kind,
        created=directory.created,
        state="deleted",
        at=timestamp(app.clock.now()),
    )


def _severity(found: DirectoryStatus) -> Severity:
    is_ending = any(ending.is_urgent for ending in found.endings)
    if found.denied or not found.has_credential or is_ending:
        return "bad"
    if found.quarantine.outlook == "beyond":
        return "bad"
    return "warn" if found.quarantine.failures or found.endings else ""


def encode(overview: Overview) -> bytes:
    """Return the value of an overview's row; the directory's ID is in the key."""
    return orjson.dumps({**row_versions.as_row(overview, "id"), "v": 1})


def decode(directory_id: str, value: bytes) -> Overview:
    """Return the overview of a row; raise UnsupportedRowVersion if a later release wrote it."""
    stored = row_versions.decode(value, "overview")
    overview: Overview = row_versions.build(Overview, {**stored, "id": directory_id})
    return overview
