"""Which directory reads which Entra tenant's presence, and which account the tenant belongs to (table `tenants`).

One partition holds all, so that a link is one transaction: a row for the tenant (owner, its directories, whether
presence is on) and a row for each directory (its tenant, how far its connection has come).
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Literal

import orjson

from shared import keys, versions
from shared.tables.port import AlreadyExists, Changed, Delete, Insert, NotFound, Operation, Replace, Row, Tables, Upsert

TABLE = "tenants"
PARTITION = "tenant"
DirectoryState = Literal["propagating", "linked", "removed"]
_ATTEMPTS = 4


class OwnedByAnother(Exception):
    """Another account linked this tenant first."""


@dataclass(frozen=True, slots=True)
class TenantLink:
    """A tenant that is linked. `paused_until` (milliseconds): no sync before; `reason`: why consent counts as lost."""

    tenant_id: str
    owner: str
    directories: tuple[str, ...]
    reason: str = ""
    since: int = 0
    paused_until: int = 0


@dataclass(frozen=True, slots=True)
class DirectoryLink:
    """A directory's connection. `probe_id`: the object id of the administrator, whose presence is asked for first.

    `probed_at`, `probes`, `reason`: the last look whether consent has arrived, how many there were, what stood in the
    way. A removed connection keeps the tenant's id, so that it can be checked that access is gone.
    """

    directory_id: str
    tenant_id: str
    account: str
    state: DirectoryState = "linked"
    since: int = 0
    probe_id: str = ""
    probed_at: int = 0
    probes: int = 0
    reason: str = ""


async def tenant(tables: Tables, tenant_id: str) -> TenantLink | None:
    """The tenant's link."""
    row = await tables.get(TABLE, PARTITION, _tenant_key(tenant_id))
    return _tenant(row) if row else None


async def tenants(tables: Tables) -> list[TenantLink]:
    """Every linked tenant; a round trip for each 1,000."""
    start, stop = keys.prefix_range("tenant", "")
    found: list[TenantLink] = []
    while True:
        rows = await tables.query(TABLE, PARTITION, start, stop)
        found += map(_tenant, rows)
        if len(rows) < 1000:
            return found
        start = keys.after(rows[-1].key)


async def directory(tables: Tables, directory_id: str) -> DirectoryLink | None:
    """The directory's connection; None where there is none."""
    row = await tables.get(TABLE, PARTITION, _directory_key(directory_id))
    return _directory(row) if row else None


async def directories(tables: Tables) -> list[DirectoryLink]:
    """Every directory's connection, removed ones too; a round trip for each 1,000."""
    start, stop = keys.prefix_range("directory", "")
    found: list[DirectoryLink] = []
    while True:
        rows = await tables.query(TABLE, PARTITION, start, stop)
        found += map(_directory, rows)
        if len(rows) < 1000:
            return found
        start = keys.after(rows[-1].key)


async def note(tables: Tables, link: DirectoryLink) -> None:
    """Store a directory's connection as it is; joining and leaving a tenant have their own functions."""
    await tables.transact(TABLE, PARTITION, [Upsert(_directory_key(link.directory_id), _encode(link))])


async def forget(tables: Tables, directory_id: str) -> None:
    """Delete what is known of a directory that does not exist any more."""
    try:
        await tables.transact(TABLE, PARTITION, [Delete(_directory_key(directory_id))])
    except NotFound:
        return


async def join(tables: Tables, link: DirectoryLink, now: int) -> TenantLink:
    """Link the directory to its tenant, which the account owns from the first link on. Raises OwnedByAnother."""
    linked = replace(link, state="linked", since=now, probed_at=0, probes=0, reason="")

    def joined(old: TenantLink | None) -> TenantLink:
        if old is not None and old.owner != link.account:
            raise OwnedByAnother
        others = old.directories if old else ()
        directories = tuple(dict.fromkeys((*others, link.directory_id)))
        return TenantLink(link.tenant_id, link.account, directories, since=now)

    found = await _change(tables, link.tenant_id, joined, Upsert(_directory_key(link.directory_id), _encode(linked)))
    assert found is not None
    return found


async def leave(tables: Tables, link: DirectoryLink, now: int) -> TenantLink | None:
    """Unlink the directory; what is left of the tenant's link, or None where no other directory shares it."""
    removed = replace(link, state="removed", since=now, probe_id="", probed_at=0, probes=0, reason="")

    def left(old: TenantLink | None) -> TenantLink | None:
        rest = tuple(one for one in old.directories if one != link.directory_id) if old else ()
        return replace(old, directories=rest) if old and rest else None

    return await _change(tables, link.tenant_id, left, Upsert(_directory_key(link.directory_id), _encode(removed)))


async def pause(tables: Tables, tenant_id: str, reason: str, since: int, until: int) -> None:
    """Note why a tenant's presence is lost and when to look again; an empty reason: it is back."""

    def paused(old: TenantLink | None) -> TenantLink | None:
        return replace(old, reason=reason, since=since, paused_until=until) if old else None

    await _change(tables, tenant_id, paused, None)


async def _change(
    tables: Tables, tenant_id: str, change: Callable[[TenantLink | None], TenantLink | None], also: Operation | None
) -> TenantLink | None:
    """Replace the tenant's row by what `change` makes of it, in one transaction with `also`."""
    for _ in range(_ATTEMPTS):
        row = await tables.get(TABLE, PARTITION, _tenant_key(tenant_id))
        new = change(_tenant(row) if row else None)
        operations = _operations(_tenant_key(tenant_id), row, new)
        if also is not None:
            operations.append(also)
        try:
            if operations:
                await tables.transact(TABLE, PARTITION, operations)
            return new
        except (AlreadyExists, Changed, NotFound):
            continue
    raise Changed(_tenant_key(tenant_id))


def _operations(key: str, row: Row | None, new: TenantLink | None) -> list[Operation]:
    if new is None:
        return [Delete(key, row.etag)] if row else []
    return [Replace(key, _encode(new), row.etag) if row else Insert(key, _encode(new))]


def _tenant_key(tenant_id: str) -> str:
    return keys.key("tenant", tenant_id)


def _directory_key(directory_id: str) -> str:
    return keys.key("directory", directory_id)


def _encode(link: TenantLink | DirectoryLink) -> bytes:
    return orjson.dumps({"v": 1, **asdict(link)})


def _tenant(row: Row) -> TenantLink:
    content = versions.fields(TenantLink, versions.read(row.value, "tenant"))
    return TenantLink(**{**content, "directories": tuple(content["directories"])})


def _directory(row: Row) -> DirectoryLink:
    link: DirectoryLink = versions.build(DirectoryLink, versions.read(row.value, "directory link"))
    return link
