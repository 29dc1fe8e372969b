"""The rows that link directories to Entra tenants, and tenants to accounts (table `tenants`).

All rows are in one partition, so that a link is one transaction: a row for the tenant (its owner,
its directories, whether presence is on) and a row per directory (its tenant, the progress of its
connection). A directory's row is replaced only in the version that was read, so that a slow worker
doesn't undo a newer change: for example, a check for consent that took a second must not restore a
connection that was removed in that second.
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
from shared.keys import Family
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
from shared.tables.schema.base import TENANT_LINKS, TENANTS
from shared.tables.schema.presence import DIRECTORY_LINK, TENANT_LINK

DirectoryState = Literal["propagating", "linked", "removed"]
_ATTEMPTS = 8
_MAX_PAUSE_SECONDS = 0.02
_UNCONFIRMED_VERSION = 2  # of a directory's row, because an older release would connect the company
T = TypeVar("T")


class TenantOwnedByOtherAccount(Exception):
    """Raised if another account has linked this tenant."""


class LinkConflict(Exception):
    """Raised if the link was changed at the same time; the caller must read it and decide again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantLink:
    """A linked tenant.

    `owner` is the account. There is no sync before `paused_until` (milliseconds since 1970);
    `reason` is why consent counts as lost, or "".
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

    Attributes:
        probe_id: The object ID of the company's administrator, whose presence is requested first.
        probed_at: The time of the last check whether consent has taken effect.
        probes: The number of these checks.
        reason: The result of the last one.
        company: The domain of the company that signed in.
        accepted_by: The user name of the company's administrator.
        tenant_name: The name of the tenant (`graph.tenant_information`).
        tenant_domain: The primary domain of the tenant, from the same source.
        named_at: When these two were read; 0 before that.
        named_tenant: The tenant of this name; the name is dropped if `tenant_id` differs.
        begun_by: The ID of the actor in this product who began the consent.
        is_confirmed: Whether the company was confirmed as the right one. Until then it isn't connected,
            and the row has a version that releases without this rule can't read.
        confirmed_by: The ID of the actor in this product who confirmed the company.
        sampled: For how many of the directory's people presence was requested when consent took
            effect.
        sample_known: For how many of these Graph had a presence.
        gone_checked_at: When the company was last checked for having removed the app. A removed
            connection keeps the tenant's ID for this check.
        gone_code: The result of that check.
        tag: The ETag of the row that was read, "" for a connection that isn't stored yet.
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
    named_tenant: str = ""
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
        """The ID of the actor who confirmed the company; in rows of earlier releases, of the actor who began the consent."""
        return self.confirmed_by or self.begun_by

    @property
    def domain(self) -> str:
        """The company's domain: that of the sign-in, or else the tenant's primary domain, or ""."""
        return self.company or self.tenant_domain


async def tenant(tables: Tables, tenant_id: str) -> TenantLink | None:
    """Return the tenant's link, or None if it isn't linked."""
    row = await tables.get(TENANTS, TENANT_LINKS, TENANT_LINK.key(tenant_id))
    return decode_tenant(row) if row else None


async def tenants(tables: Tables) -> list[TenantLink]:
    """Return every linked tenant; rows that a later release wrote are skipped. One round trip per 1,000."""
    return await _every(tables, TENANT_LINK, decode_tenant)


async def directory(tables: Tables, directory_id: str) -> DirectoryLink | None:
    """Return the directory's connection, or None if it never had one."""
    row = await tables.get(TENANTS, TENANT_LINKS, DIRECTORY_LINK.key(directory_id))
    return decode_directory(row) if row else None


async def directories(tables: Tables) -> list[DirectoryLink]:
    """Return every directory's connection, including removed ones; rows that a later release wrote are skipped.

    One round trip per 1,000.
    """
    return await _every(tables, DIRECTORY_LINK, decode_directory)


async def _every(tables: Tables, family: Family, decode: Callable[[Row], T]) -> list[T]:
    found: list[T] = []
    for row in await query_all(tables, TENANTS, TENANT_LINKS, *family.all()):
        with suppress(row_versions.UnsupportedRowVersion):  # `row_versions.read` has logged it
            found.append(decode(row))
    return found


async def save_link(tables: Tables, link: DirectoryLink, events: Sequence[AuditEvent] = ()) -> None:
    """Store a directory's connection with its audit events; `join` and `leave` also change the tenant.

    Raises:
        LinkConflict: The connection was changed at the same time.
    """
    operations = [_store(link, link), *outbox_rows(events)]
    try:
        await tables.transact(TENANTS, TENANT_LINKS, operations)
    except (AlreadyExists, PreconditionFailed, NotFound):
        raise LinkConflict from None


async def forget(tables: Tables, directory_id: str) -> None:
    """Delete the connection of a directory that was deleted."""
    try:
        await tables.transact(TENANTS, TENANT_LINKS, [Delete(DIRECTORY_LINK.key(directory_id))])
    except NotFound:
        return


async def join(
    tables: Tables, link: DirectoryLink, now: int, events: Sequence[AuditEvent]
) -> TenantLink:
    """Link the directory to its tenant, which the account owns from the first link on; store `events` with it.

    Raise TenantOwnedByOtherAccount or LinkConflict.
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
    """Unlink the directory, and store `events` with it; raise LinkConflict.

    Returns:
        The tenant's link with its other directories, or None if there are none.
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
    """Store why consent counts as lost, and until when the tenant isn't synced.

    With an empty reason, consent no longer counts as lost. `now` is the time at which the failure was
    found: a tenant that was connected later isn't paused.
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
    """Replace the tenant's row by the result of `change`, in one transaction with `also`; return that result.

    If others changed the row at the same time, read it again and retry a few times.

    Raises:
        LinkConflict: An operation of `also` failed, or every retry did.
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


def _store(link: DirectoryLink, stored: DirectoryLink) -> Insert | Replace:
    """Return the operation that stores `link` if the row is still the version `stored`."""
    key, value = DIRECTORY_LINK.key(link.directory_id), encode(link)
    return Replace(key, value, stored.tag) if stored.tag else Insert(key, value)


def encode(link: TenantLink | DirectoryLink) -> bytes:
    """Return the value of a link's row."""
    is_unconfirmed = isinstance(link, DirectoryLink) and not link.is_confirmed
    version = _UNCONFIRMED_VERSION if is_unconfirmed else 1
    return orjson.dumps({**row_versions.as_row(link, "tag"), "v": version})


def decode_tenant(row: Row) -> TenantLink:
    """Return the tenant's link in a row; raise UnsupportedRowVersion if a later release wrote it."""
    content = row_versions.decode(row.value, "tenant")
    content["directories"] = tuple(content["directories"])
    link: TenantLink = row_versions.build(TenantLink, content)
    return link


def decode_directory(row: Row) -> DirectoryLink:
    """Return the directory's connection in a row; raise UnsupportedRowVersion if a later release wrote it."""
    stored = row_versions.decode(row.value, "directory link", _UNCONFIRMED_VERSION)
    content = {**stored, "tag": row.etag}
    # An earlier release keeps the fields that it doesn't know, also with a new tenant.
    if stored.get("named_tenant", "") != stored["tenant_id"]:
        content |= {"tenant_name": "", "tenant_domain": "", "named_at": 0, "named_tenant": ""}
    link: DirectoryLink = row_versions.build(DirectoryLink, content)
    return link
