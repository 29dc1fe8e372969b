"""Rows that link directories to Entra tenants, and tenants to accounts (table `tenants`).

One partition has all rows, so that a link is one transaction: a row for the tenant (owner, directories, whether presence
is on) and a row for each directory (its tenant, the progress of its connection). A directory's row is replaced only in
the version that was read, so that a slow worker doesn't undo a newer change: a check for consent that took a second
must not restore a connection that was removed.
"""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar

import orjson

from directories.audit import AuditEvent
from directories.audit_relay import outbox_rows
from shared import row_versions
from shared.tables.port import (
    AlreadyExists,
    Delete,
    Insert,
    NotFound,
    Operation,
    PreconditionFailed,
    Replace,
    Row,
    Tables,
    query_all,
)
from shared.tables.schema.base import TENANT_LINKS, TENANTS, Family
from shared.tables.schema.presence import DIRECTORY_LINK, TENANT_LINK

DirectoryState = Literal["propagating", "linked", "removed"]
_ATTEMPTS = 8
_MAX_PAUSE_SECONDS = 0.02
_UNCONFIRMED_VERSION = 2  # of a directory's row; an older release would connect the company
T = TypeVar("T")


class TenantOwnedByOtherAccount(Exception):
    """Another account linked this tenant first."""


class LinkConflict(Exception):
    """The link was changed at the same time: read it again and decide again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantLink:
    """A tenant that is linked.

    `paused_until` (milliseconds): no sync before. `reason`: why consent counts as lost.
    """

    tenant_id: str
    owner: str
    directories: tuple[str, ...]
    reason: str = ""
    since: int = 0
    paused_until: int = 0
    unknown_fields: Mapping[str, Any] = field(
        default_factory=dict, compare=False, repr=False, kw_only=True
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryLink:
    """A directory's connection to a tenant.

    `probe_id` is the object ID of the administrator; Graph is asked for this person's presence
    first. `company` is the domain of the company that signed in, `accepted_by` the administrator's user name there;
    `tenant_name` and `tenant_domain` are those of `graph.tenant_information`, read at `named_at` (0: not yet);
    `begun_by` and `confirmed_by` are the IDs of the actors here who began it and who confirmed the company. Until the
    company `is_confirmed` as the right one, it isn't connected, and the row has a version that no release without
    this rule reads. `probed_at`, `probes` and `reason` are the time, number and result of the checks whether consent
    has arrived. When it arrived,
    Graph was asked for `sampled` of the directory's people and had a presence for `sample_known` of
    them. A removed connection keeps the tenant's ID, so that the end of access can be checked:
    `gone_code` was found at `gone_checked_at`. `tag` is the ETag of the row that was read, "" for a
    connection that isn't stored yet.
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
    company: str = ""
    tenant_name: str = ""
    tenant_domain: str = ""
    named_at: int = 0
    accepted_by: str = ""
    begun_by: str = ""
    confirmed_by: str = ""
    is_confirmed: bool = True
    sampled: int = 0
    sample_known: int = 0
    gone_checked_at: int = 0
    gone_code: str = ""
    tag: str = field(default="", compare=False)
    unknown_fields: Mapping[str, Any] = field(
        default_factory=dict, compare=False, repr=False, kw_only=True
    )

    @property
    def decided_by(self) -> str:
        """The ID of the actor who confirmed the company; who began it, in rows of earlier releases."""
        return self.confirmed_by or self.begun_by

    @property
    def domain(self) -> str:
        """The company's domain: that of the sign-in, else the tenant's primary one, else ""."""
        return self.company or self.tenant_domain


async def tenant(tables: Tables, tenant_id: str) -> TenantLink | None:
    """Return the tenant's link, or None."""
    row = await tables.get(TENANTS, TENANT_LINKS, TENANT_LINK.key(tenant_id))
    return decode_tenant(row) if row else None


async def tenants(tables: Tables) -> list[TenantLink]:
    """Return every linked tenant. One round trip per 1,000; rows of later releases are left out."""
    return await _every(tables, TENANT_LINK, decode_tenant)


async def directory(tables: Tables, directory_id: str) -> DirectoryLink | None:
    """Return the directory's connection, or None."""
    row = await tables.get(TENANTS, TENANT_LINKS, DIRECTORY_LINK.key(directory_id))
    return decode_directory(row) if row else None


async def directories(tables: Tables) -> list[DirectoryLink]:
    """Return every directory's connection, removed ones too. One round trip per 1,000; rows of later releases are left out."""
    return await _every(tables, DIRECTORY_LINK, decode_directory)


async def _every(tables: Tables, family: Family, read: Callable[[Row], T]) -> list[T]:
    found: list[T] = []
    for row in await query_all(tables, TENANTS, TENANT_LINKS, *family.all()):
        with suppress(row_versions.UnsupportedRowVersion):  # which logs it
            found.append(read(row))
    return found


async def save_link(tables: Tables, link: DirectoryLink, events: Sequence[AuditEvent] = ()) -> None:
    """Store a directory's connection with its audit events; `join` and `leave` change the tenant, too.

    Raises:
        LinkConflict: The connection was changed at the same time.
    """
    operations = [_store(link, link), *outbox_rows(events)]
    try:
        await tables.transact(TENANTS, TENANT_LINKS, operations)
    except (AlreadyExists, PreconditionFailed, NotFound):
        raise LinkConflict from None


async def forget(tables: Tables, directory_id: str) -> None:
    """Delete the connection of a directory that doesn't exist any more."""
    try:
        await tables.transact(TENANTS, TENANT_LINKS, [Delete(DIRECTORY_LINK.key(directory_id))])
    except NotFound:
        return


async def join(
    tables: Tables, link: DirectoryLink, now: int, events: Sequence[AuditEvent]
) -> TenantLink:
    """Link the directory to its tenant, which the account owns from the first link on.

    `events` are stored with it. Raise TenantOwnedByOtherAccount or LinkConflict.
    """
    linked = replace(link, state="linked", since=now, probed_at=0, probes=0, reason="")

    def joined(old: TenantLink | None) -> TenantLink:
        if old is not None and old.owner != link.account:
            raise TenantOwnedByOtherAccount
        others = old.directories if old else ()
        directories = tuple(dict.fromkeys((*others, link.directory_id)))
        unknown_fields = old.unknown_fields if old else {}
        return TenantLink(
            tenant_id=link.tenant_id,
            owner=link.account,
            directories=directories,
            since=now,
            unknown_fields=unknown_fields,
        )

    found = await _change(
        tables, link.tenant_id, joined, [_store(linked, link), *outbox_rows(events)]
    )
    assert found is not None
    return found


async def leave(
    tables: Tables, link: DirectoryLink, now: int, events: Sequence[AuditEvent]
) -> TenantLink | None:
    """Unlink the directory, and store `events` with it. Raise LinkConflict.

    Returns:
        The rest of the tenant's link, or None if no other directory shares it.
    """
    removed = replace(
        link,
        state="removed",
        since=now,
        probe_id="",
        accepted_by="",
        begun_by="",
        confirmed_by="",
        is_confirmed=True,
        probed_at=0,
        probes=0,
        reason="",
    )

    def left(old: TenantLink | None) -> TenantLink | None:
        rest = tuple(one for one in old.directories if one != link.directory_id) if old else ()
        return replace(old, directories=rest) if old and rest else None

    return await _change(
        tables, link.tenant_id, left, [_store(removed, link), *outbox_rows(events)]
    )


async def pause(
    tables: Tables, tenant_id: str, reason: str, since: int, until: int, now: int
) -> None:
    """Store why a tenant's presence is lost and when to try again; an empty reason ends the loss.

    `now` is the time of the finding: a tenant that was connected later isn't paused.
    """

    def paused(old: TenantLink | None) -> TenantLink | None:
        if old is None or (reason and old.since > now):
            return old
        return replace(old, reason=reason, since=since, paused_until=until)

    await _change(tables, tenant_id, paused, [])


async def _change(
    tables: Tables,
    tenant_id: str,
    change: Callable[[TenantLink | None], TenantLink | None],
    also: Sequence[Operation],
) -> TenantLink | None:
    """Replace the tenant's row by the result of `change`, in one transaction with `also`.

    Raises:
        LinkConflict: `also` doesn't fit, or others keep changing the row.
    """
    for _ in range(_ATTEMPTS):
        row = await tables.get(TENANTS, TENANT_LINKS, TENANT_LINK.key(tenant_id))
        new = change(decode_tenant(row) if row else None)
        operations = _operations(TENANT_LINK.key(tenant_id), row, new)
        operations += also
        try:
            if operations:
                await tables.transact(TENANTS, TENANT_LINKS, operations)
            return new
        except (AlreadyExists, PreconditionFailed, NotFound) as error:
            if any(error.key == one.key for one in also):
                raise LinkConflict from None
            await asyncio.sleep(random.uniform(0, _MAX_PAUSE_SECONDS))
    raise LinkConflict


def _operations(key: str, row: Row | None, new: TenantLink | None) -> list[Operation]:
    if new is None:
        return [Delete(key, row.etag)] if row else []
    return [Replace(key, encode(new), row.etag) if row else Insert(key, encode(new))]


def _store(link: DirectoryLink, read: DirectoryLink) -> Insert | Replace:
    """Return the operation that stores a link in place of the one that was read."""
    key, value = DIRECTORY_LINK.key(link.directory_id), encode(link)
    return Replace(key, value, read.tag) if read.tag else Insert(key, value)


def encode(link: TenantLink | DirectoryLink) -> bytes:
    """Return the value of a link's row."""
    is_unconfirmed = isinstance(link, DirectoryLink) and not link.is_confirmed
    version = _UNCONFIRMED_VERSION if is_unconfirmed else 1
    return orjson.dumps({**row_versions.as_row(link, "tag"), "v": version})


def decode_tenant(row: Row) -> TenantLink:
    """Return a tenant's link. Raise UnsupportedRowVersion."""
    content = row_versions.read(row.value, "tenant")
    content["directories"] = tuple(content["directories"])
    link: TenantLink = row_versions.build(TenantLink, content)
    return link


def decode_directory(row: Row) -> DirectoryLink:
    """Return a directory's connection. Raise UnsupportedRowVersion."""
    stored = row_versions.read(row.value, "directory link", _UNCONFIRMED_VERSION)
    content = {**stored, "tag": row.etag}
    link: DirectoryLink = row_versions.build(DirectoryLink, content)
    return link
